//! Safety findings as SARIF 2.1.0 (OASIS), within the limits of GitHub's code scanning. Quality is no security finding: it is in
//! the comment and in JUnit.

use assay_core::Digest;
use assay_stats::VerdictKind;
use serde_json::{Value, json};

use super::{Ci, Place, sentence};
use crate::{numbers, plain};

/// The most results of a run that GitHub shows.
const MOST: usize = 5_000;

/// A text in which `[words](1)` is no link.
fn text(words: &str, most: usize) -> Value {
    json!({"text": plain(words, most).replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")})
}

fn location(place: &Place) -> Value {
    json!([{"physicalLocation": {
        "artifactLocation": {"uri": uri(&place.file), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": place.line},
    }}])
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The log: a rule for each scorer that guards safety, a result for each of its criteria that does not hold and each case that
/// failed under it.
pub fn render(ci: &Ci<'_>) -> Value {
    let run = &ci.report.run;
    let scorers: Vec<&str> =
        run.scorers.iter().map(|scorer| scorer.name.as_str()).filter(|name| ci.guards_safety(name)).collect();
    let id = |scorer: &str| format!("assay/{}/{}", plain(&run.suite, 100), plain(scorer, 100));
    let rules: Vec<Value> = scorers
        .iter()
        .map(|scorer| {
            json!({
                "id": id(scorer),
                "shortDescription": text(&format!("{scorer} must be shown to hold"), 200),
                "fullDescription": text(&format!("A guardrail of the suite {}: it fails while its interval does not show that it holds.", run.suite), 500),
                "help": text(&format!("assay show {} lists the cases.", run.id.short()), 500),
                "defaultConfiguration": {"level": "error"},
                "properties": {"tags": ["security", "ai-evaluation"], "security-severity": "7.0", "precision": "high"},
            })
        })
        .collect();
    let result = |scorer: &str, level: &str, words: &str, place: &Place, what: &str| {
        let rule = id(scorer);
        let hash = Digest::of_json(&json!([what, rule])).to_string();
        json!({
            "ruleId": rule, "ruleIndex": scorers.iter().position(|known| *known == scorer), "level": level,
            "message": text(words, 1_000), "locations": location(place),
            "partialFingerprints": {"primaryLocationLineHash": hash},
        })
    };
    let mut results = Vec::new();
    for criterion in ci.open().into_iter().filter(|criterion| ci.guards_safety(&criterion.scorer)) {
        let level = if criterion.verdict.kind == VerdictKind::Fail { "error" } else { "warning" };
        let what = format!("criterion {} {}", criterion.name, criterion.target);
        results.push(result(&criterion.scorer, level, &sentence(criterion), ci.places.of(criterion), &what));
    }
    // A case that fails while the guardrail holds is no alarm by itself.
    let failing =
        ci.report.failing.iter().filter(|failing| failing.value.is_some() && ci.guards_safety(&failing.scorer));
    for failing in failing.take(MOST - results.len().min(MOST)) {
        let value = failing.value.map(numbers::significant).unwrap_or_default();
        let words = format!("case {}: {} = {value}: {}", failing.case, failing.scorer, failing.why);
        let what = format!("case {} {}", failing.case, failing.target);
        results.push(result(&failing.scorer, "warning", &words, ci.places.case(failing), &what));
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Assay", "semanticVersion": run.assay_version,
                "informationUri": "https://github.com/assay-eval/assay", "rules": rules,
            }},
            "automationDetails": {"id": format!("assay/{}/{}/", plain(&run.suite, 100), plain(run.tier.as_deref().unwrap_or("all"), 100))},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

//! What others are told of a line of a release's log: names, numbers and the words of people, no answer of a model.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::decide::requires;
use crate::record::Event;
use crate::{Release, Verdict};

/// The most rules of an evaluation that are told of; those that do not pass come first.
const MOST_RULES: usize = 25;
/// The longest text that a person wrote, in characters.
const LONGEST: usize = 500;
/// The longest name.
const LONGEST_NAME: usize = 150;

/// The kind of event, such as `release.shipped`.
pub const fn kind(event: &Event) -> &'static str {
    match event {
        Event::Opened(_) => "release.opened",
        Event::Attached { .. } => "release.attached",
        Event::Evaluated { .. } => "release.evaluated",
        Event::Approved { .. } => "release.approved",
        Event::Rejected { .. } => "release.rejected",
        Event::Waived(_) => "release.waived",
        Event::Shipped { .. } => "release.shipped",
        Event::RolledBack { .. } => "release.rolled_back",
    }
}

/// What the event says: of release `number`, by whom, about which suites (those that the policy requires, where the caller
/// knows them), in a policy with so many stages.
pub fn data(
    number: u64,
    release: &Release,
    event: &Event,
    by: &str,
    required: &BTreeSet<String>,
    stages: usize,
) -> Value {
    let opened = &release.opened;
    let verdicts = match event {
        Event::Evaluated { verdicts, .. } => verdicts.as_slice(),
        _ => release.evaluation().map_or(&[][..], |(.., verdicts)| verdicts),
    };
    let judged = verdicts.iter().map(|verdict| verdict.requirement.split('@').next().unwrap_or_default().to_owned());
    let suites: BTreeSet<String> =
        required.iter().cloned().chain(opened.candidate.keys().cloned()).chain(judged).take(50).collect();
    let mut data = json!({
        "release": number, "title": cut(&opened.title, LONGEST), "risk": opened.risk, "changes": opened.changes,
        "policy": opened.policy_name, "suites": suites, "by": cut(by, LONGEST_NAME),
    });
    let more = match event {
        Event::Opened(opened) => {
            let authors: Vec<String> = opened.authors.iter().take(20).map(|name| cut(name, LONGEST_NAME)).collect();
            json!({"authors": authors, "policy_digest": opened.policy_digest, "files": opened.paths.len()})
        }
        // Where a document is may be an address with a key in it.
        Event::Attached { document, digest, .. } => json!({"document": cut(document, LONGEST_NAME), "sha256": digest}),
        Event::Evaluated { policy, stage, verdicts } => evaluated(verdicts, policy.to_string(), *stage),
        Event::Approved { reason, .. } | Event::Rejected { reason } | Event::RolledBack { reason } => {
            json!({"reason": cut(reason, LONGEST)})
        }
        Event::Waived(waiver) => json!({
            "rule": cut(&waiver.rule, LONGEST_NAME), "name": cut(&waiver.name, LONGEST_NAME),
            "reason": cut(&waiver.reason, LONGEST), "owner": cut(&waiver.owner, LONGEST_NAME),
            "follow_up": cut(&waiver.follow_up, LONGEST), "until": waiver.until,
        }),
        Event::Shipped { stage, name, share, reason, policy, emergency } => json!({
            "stage": stage, "stage_name": cut(name, LONGEST_NAME), "share": share, "complete": stage + 1 >= stages,
            "reason": cut(reason, LONGEST), "policy_digest": policy,
            "emergency": emergency.is_some(), "review_by": emergency.as_ref().map(|of| of.review_by.clone()),
        }),
    };
    if let (Some(all), Value::Object(more)) = (data.as_object_mut(), more) {
        all.extend(more.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>());
    }
    data
}

fn evaluated(verdicts: &[Verdict], policy: String, stage: usize) -> Value {
    let kind = assay_analysis::gate::together(verdicts.iter().map(|verdict| verdict.kind));
    let mut findings: Vec<_> = verdicts.iter().flat_map(|verdict| &verdict.findings).collect();
    let all = findings.len();
    findings.sort_by_key(|finding| finding.kind == assay_stats::VerdictKind::Pass);
    let rules: Vec<Value> = findings
        .into_iter()
        .take(MOST_RULES)
        .map(|finding| {
            json!({
                "rule": cut(&finding.rule, LONGEST_NAME), "name": cut(&requires(finding), LONGEST_NAME),
                "verdict": finding.kind, "scorer": cut(&finding.scorer, LONGEST_NAME), "value": finding.value,
                "lower": finding.interval.map(|of| of.lower), "upper": finding.interval.map(|of| of.upper),
                "n": finding.n, "found": cut(&finding.found, LONGEST_NAME),
            })
        })
        .collect();
    let runs: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.run).take(20).collect();
    json!({"verdict": kind, "policy_digest": policy, "stage": stage, "runs": runs, "rules": rules, "rules_in_all": all})
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

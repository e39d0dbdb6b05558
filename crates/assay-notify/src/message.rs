//! An event in words, for people. Texts from the event are on one line and without control characters; what else a format
//! asks for is its connector's part.

use assay_report::plain;
use assay_store::outbox::Event;
use serde_json::Value;

/// How an event is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As hoped.
    Good,
    /// Somebody should look.
    Bad,
    /// Neither.
    Neutral,
}

/// An event in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What happened, on one line.
    pub title: String,
    /// How it is meant.
    pub tone: Tone,
    /// Names and values.
    pub facts: Vec<(&'static str, String)>,
    /// More, a line each.
    pub lines: Vec<String>,
}

/// The longest value of a fact, in characters.
const LONGEST: usize = 400;

impl Message {
    /// The words for an event.
    pub fn of(event: &Event) -> Self {
        let data = &event.data;
        let text = |key: &str| words(&data[key]);
        let subject = match event.subject.split_once('/') {
            Some(("release", number)) => format!("Release {}", plain(number, 20)),
            Some(("run", _)) => {
                let run = text("run");
                let start = run.len().saturating_sub(8);
                format!("Run {}", run.get(start..).unwrap_or_default())
            }
            Some(("baseline", name)) => format!("Baseline {}", plain(name, 80)),
            Some(("judge", _)) => format!("Judge {}", text("judge")),
            _ => "This".to_owned(),
        };
        let verdict = text("verdict");
        let (what, tone) = match event.kind.as_str() {
            "release.opened" => ("was proposed".to_owned(), Tone::Neutral),
            "release.attached" => (format!("has a document: {}", text("document")), Tone::Neutral),
            "release.evaluated" => (format!("was evaluated: {verdict}"), tone(&verdict)),
            "release.approved" => (format!("is agreed to by {}", text("by")), Tone::Good),
            "release.rejected" => (format!("is rejected by {}", text("by")), Tone::Bad),
            "release.waived" => (format!("has a waiver for {} until {}", text("rule"), text("until")), Tone::Bad),
            "release.shipped" => {
                let share = data["share"].as_f64().unwrap_or(1.0) * 100.0;
                let emergency = data["emergency"] == true;
                let how = if emergency { " as an emergency" } else { "" };
                let tone = if emergency { Tone::Bad } else { Tone::Good };
                (format!("shipped{how} to {} ({share:.0}% of users)", text("stage_name")), tone)
            }
            "release.rolled_back" => ("was rolled back".to_owned(), Tone::Bad),
            "run.sealed" => {
                let failed = data["errors"].as_u64().unwrap_or(0) + data["refused"].as_u64().unwrap_or(0);
                let none = data["ok"].as_u64() == Some(0);
                match (failed, none) {
                    (0, _) => ("is complete".to_owned(), Tone::Neutral),
                    (_, true) => ("failed: no trial has an answer".to_owned(), Tone::Bad),
                    (failed, false) => (format!("is complete; {failed} trials have no answer"), Tone::Bad),
                }
            }
            "run.interrupted" => ("was stopped before its end".to_owned(), Tone::Neutral),
            "run.verdict" => (format!("has the verdict {verdict}"), tone(&verdict)),
            "baseline.set" => (format!("is run {} now", text("run")), Tone::Neutral),
            "judge.drifted" => ("has drifted from what was calibrated".to_owned(), Tone::Bad),
            "notify.test" => ("is a test of this endpoint".to_owned(), Tone::Neutral),
            other => (plain(other, 60), Tone::Neutral),
        };
        let about = if data["title"].is_string() { format!(": {}", text("title")) } else { String::new() };
        let facts = [
            ("Suites", "suites"),
            ("Tier", "tier"),
            ("Changes", "changes"),
            ("Risk", "risk"),
            ("Policy", "policy"),
            ("By", "by"),
            ("Authors", "authors"),
            ("Rule", "name"),
            ("Owner", "owner"),
            ("Follow-up", "follow_up"),
            ("Evidence owed by", "review_by"),
            ("Trials answered", "ok"),
            ("Trials failed", "errors"),
            ("Refused by a budget", "refused"),
            ("Cost in dollars", "cost_usd"),
            ("Frozen verdicts asked", "asked"),
            ("Not the same", "differ"),
            ("Grade", "grade"),
            ("SHA-256", "sha256"),
        ];
        let facts = facts
            .into_iter()
            .map(|(name, key)| (name, text(key)))
            .filter(|(_, value)| !value.is_empty())
            .chain([("Event", event.kind.clone()), ("Id", event.id.clone())]);
        let mut lines: Vec<String> = Some(text("reason")).filter(|reason| !reason.is_empty()).into_iter().collect();
        for rule in data["rules"].as_array().into_iter().flatten() {
            let part = |key: &str| words(&rule[key]);
            let name = [part("rule"), part("name")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            lines.push(plain(&format!("{}: {}: {}", part("verdict"), name.join(": "), part("found")), LONGEST));
        }
        Self { title: plain(&format!("{subject} {what}{about}"), 600), tone, facts: facts.collect(), lines }
    }
}

fn tone(verdict: &str) -> Tone {
    match verdict {
        "pass" => Tone::Good,
        "fail" => Tone::Bad,
        _ => Tone::Neutral,
    }
}

/// A value in words: a list with commas, a number as it is.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text, LONGEST),
        Value::Array(items) => plain(&items.iter().map(words).collect::<Vec<_>>().join(", "), LONGEST),
        other => plain(&other.to_string(), LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_store::outbox::KINDS;
    use serde_json::json;

    #[test]
    fn every_kind_of_event_has_words() {
        let titles: Vec<String> = KINDS
            .iter()
            .map(|(kind, _)| {
                let run = "01a22b0b-af47-76f0-9728-4297d65eb0dc";
                let (subject, data) = match kind.split('.').next() {
                    Some("release") => ("release/7".to_owned(), json!({"title": "A shorter\nprompt", "by": "ben", "verdict": "fail",
                        "rule": "bot#1", "until": "2027-01-31", "stage_name": "canary", "share": 0.1, "document": "limits"})),
                    Some("run") => (format!("run/{run}"), json!({"run": run, "ok": 5, "errors": 2, "verdict": "pass"})),
                    Some("baseline") => ("baseline/bot/main".to_owned(), json!({"run": run})),
                    Some("judge") => ("judge/4f2a".to_owned(), json!({"judge": "helpful"})),
                    _ => ("test/team".to_owned(), json!({})),
                };
                Message::of(&Event { id: "1".into(), seq: 1, kind: (*kind).into(), subject, at_us: 0, data }).title
            })
            .collect();
        insta::assert_snapshot!(titles.join("\n"), @r"
        Release 7 was proposed: A shorter prompt
        Release 7 has a document: limits: A shorter prompt
        Release 7 was evaluated: fail: A shorter prompt
        Release 7 is agreed to by ben: A shorter prompt
        Release 7 is rejected by ben: A shorter prompt
        Release 7 has a waiver for bot#1 until 2027-01-31: A shorter prompt
        Release 7 shipped to canary (10% of users): A shorter prompt
        Release 7 was rolled back: A shorter prompt
        Run d65eb0dc is complete; 2 trials have no answer
        Run d65eb0dc was stopped before its end
        Run d65eb0dc has the verdict pass
        Baseline bot/main is run 01a22b0b-af47-76f0-9728-4297d65eb0dc now
        Judge helpful has drifted from what was calibrated
        This is a test of this endpoint
        ");
    }
}

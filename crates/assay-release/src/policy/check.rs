//! What is wrong with a policy by itself.

use std::collections::BTreeSet;

use assay_core::Problem;
use assay_core::problem::{did_you_mean, pointer_step};

use super::{OnInconclusive, Policy};

impl Policy {
    /// Everything that is wrong with it.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut say = |at: String, message: String, help: &str| {
            let problem = Problem::new(at, message);
            problems.push(if help.is_empty() { problem } else { problem.help(help) });
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if self.policy.is_empty() || !self.policy.chars().all(plain) || self.policy.starts_with(['.', '-', '_']) {
            let help = "use lowercase letters, digits, `.`, `_` and `-`, such as `support-chat`";
            say("/policy".into(), format!("`{}` cannot be a policy's name", self.policy), help);
        }
        if !(0.5..1.0).contains(&self.confidence) {
            say("/confidence".into(), "confidence must be at least 0.5 and below 1".into(), "0.95 is usual");
        }
        if self.require.is_empty() {
            say(
                "/require".into(),
                "at least one suite must be required".into(),
                "such as `require: [{suite: chat, …}]`",
            );
        }
        let mut ids = BTreeSet::new();
        for (at, requirement) in self.all() {
            if !ids.insert(requirement.id()) {
                let help = "merge the two, or name another tier";
                say(at.clone(), format!("`{}` is required twice", requirement.id()), help);
            }
            if requirement.rules.is_empty() && requirement.worst_slice.is_empty() {
                let help = "a run without rules decides nothing: add `rules` or `worst_slice`";
                say(at.clone(), "there are no rules".into(), help);
            }
            let extends = requirement.on_inconclusive.unwrap_or(self.on_inconclusive) == OnInconclusive::Extend;
            if !(1..=20).contains(&requirement.attempts) {
                say(format!("{at}/attempts"), "from 1 to 20 attempts are possible".into(), "");
            } else if extends && requirement.attempts < 2 {
                let help = "`attempts: 2` allows for one more run";
                say(at.clone(), "to extend, more than one attempt is needed".into(), help);
            }
            if !(0.0..1.0).contains(&requirement.critical.allowed_flake) {
                say(format!("{at}/critical/allowed_flake"), "a share from 0 to below 1 is expected".into(), "");
            }
            for (i, rule) in requirement.worst_slice.iter().enumerate() {
                let at = format!("{at}/worst_slice/{i}");
                match (rule.min, rule.max) {
                    (None, None) => say(at, "a worst slice needs `min` or `max`".into(), ""),
                    (Some(min), Some(max)) if min > max => {
                        say(format!("{at}/min"), format!("min {min} is above max {max}"), "");
                    }
                    _ => {}
                }
            }
        }
        for (kind, patterns) in &self.changes {
            if patterns.is_empty() {
                let help = "such as `[\"prompts/**\"]`";
                say(format!("/changes/{}", kind.as_str()), "no path is of this kind".into(), help);
            }
        }
        let mut documents = BTreeSet::new();
        for (i, document) in self.documents.iter().enumerate() {
            if document.id.is_empty() || !document.id.chars().all(plain) {
                let help = "use lowercase letters, digits, `.`, `_` and `-`";
                say(format!("/documents/{i}/id"), format!("`{}` cannot be a document's name", document.id), help);
            }
            if !documents.insert(&document.id) {
                say(format!("/documents/{i}/id"), format!("document `{}` stands twice", document.id), "");
            }
        }
        let mut stages = BTreeSet::new();
        let mut share = 0.0;
        for (i, stage) in self.stages.iter().enumerate() {
            if !stages.insert(&stage.name) {
                say(format!("/stages/{i}/name"), format!("stage `{}` stands twice", stage.name), "");
            }
            if !(stage.share > share && stage.share <= 1.0) {
                let help = "shares grow from stage to stage, up to 1";
                say(format!("/stages/{i}/share"), format!("a share above {share} and at most 1 is expected"), help);
            }
            share = stage.share;
        }
        if self.emergency.allowed && self.emergency.approvals.count == 0 && self.emergency.approvals.roles.is_empty() {
            let help = "or forbid it: `emergency: {allowed: false}`";
            say("/emergency/approvals".into(), "an emergency needs somebody who agrees".into(), help);
        }
        // Roles that approvals ask for must have enough people.
        let asked = self
            .approvals
            .iter()
            .map(|(risk, asked)| (format!("/approvals/{}", risk.as_str()), asked))
            .chain([("/emergency/approvals".to_owned(), &self.emergency.approvals)]);
        for (at, asked) in asked {
            for (role, count) in &asked.roles {
                let at = format!("{at}/roles/{}", pointer_step(role));
                match self.roles.get(role) {
                    None => {
                        let near = did_you_mean(role, self.roles.keys().map(String::as_str));
                        let help = near.map_or_else(
                            || "say who has it: `roles: {safety: [ann@example.org]}`".to_owned(),
                            |near| format!("did you mean `{near}`?"),
                        );
                        say(at, format!("nobody has the role `{role}`"), &help);
                    }
                    Some(people) if (people.len() as u64) < u64::from(*count) => {
                        say(at, format!("{count} people are asked for, {} have the role `{role}`", people.len()), "");
                    }
                    Some(_) => {}
                }
            }
        }
        if let Some(role) = self.waivers.role.as_ref().filter(|role| !self.roles.contains_key(*role)) {
            say("/waivers/role".into(), format!("nobody has the role `{role}`"), "add it to `roles`");
        }
        for (at, requirement) in self.all() {
            for (i, rule) in requirement.rules.iter().enumerate() {
                problems.extend(rule.problems(&format!("{at}/rules/{i}")));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const GOOD: &str =
        "policy: chat\nrequire:\n  - suite: chat\n    tier: full\n    rules: [{scorer: equals, min: 0.8}]\n";

    fn faults(text: &str) -> String {
        match Policy::from_text(text, Path::new("chat.policy.yaml")) {
            Ok(_) => panic!("no fault in:\n{text}"),
            Err(found) => found.plain(),
        }
    }

    #[test]
    fn every_fault_names_its_line_and_the_way_out() {
        Policy::from_text(GOOD, Path::new("chat.policy.yaml")).unwrap();
        let mut all = String::new();
        for text in [
            "",
            "[]",
            "policy: chat\n",
            "policy: Chat Bot\nrequire: []\n",
            &GOOD.replace("require", "requires"),
            &GOOD.replace("min: 0.8", "mim: 0.8"),
            &GOOD.replace("min: 0.8", "margin: -1"),
            &GOOD.replace(", min: 0.8", ""),
            &GOOD.replace("    rules: [{scorer: equals, min: 0.8}]\n", ""),
            &format!("{GOOD}  - suite: chat\n    tier: full\n    rules: [{{scorer: f1, min: 1}}]\n"),
            &format!("{GOOD}    for: [models]\n"),
            &format!("{GOOD}    on_inconclusive: extend\n"),
            &format!("{GOOD}    attempts: 0\n"),
            &format!("{GOOD}    judge_grade: D\n"),
            &format!("{GOOD}    worst_slice: [{{scorer: equals}}]\n"),
            &format!("{GOOD}    critical: {{allowed_flake: 1}}\n"),
            &format!("{GOOD}confidence: 95\n"),
            &format!("{GOOD}changes: {{prompt: []}}\n"),
            &format!("{GOOD}approvals: {{high: {{count: 2, roles: {{safetys: 1}}}}}}\nroles: {{safety: [ann]}}\n"),
            &format!("{GOOD}approvals: {{high: {{count: 2, roles: {{safety: 2}}}}}}\nroles: {{safety: [ann]}}\n"),
            &format!("{GOOD}approvals: {{severe: {{count: 2}}}}\n"),
            &format!("{GOOD}stages: [{{name: a, share: 0.5}}, {{name: a, share: 0.1}}]\n"),
            &format!("{GOOD}emergency: {{approvals: {{count: 0}}}}\n"),
            &format!("{GOOD}waivers: {{role: owner}}\n"),
            &format!("{GOOD}documents: [{{id: a b, what: x}}, {{id: c, what: x}}, {{id: c, what: x}}]\n"),
        ] {
            all.push_str(&faults(text));
        }
        insta::assert_snapshot!(all);
    }
}

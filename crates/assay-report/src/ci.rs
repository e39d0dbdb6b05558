//! What CI systems show of a run: annotations on lines, SARIF, code quality, metrics, a comment on the pull request.
//!
//! Ids of cases and what models wrote are hostile here too: a workflow command, a mention or a line of a table must not come
//! out of them.

pub mod comment;
pub mod gitlab;
pub mod sarif;

use std::collections::HashMap;

use assay_analysis::gate::Criterion;
use assay_core::gate::Role;
use assay_core::{Money, OnInconclusive};
use assay_stats::VerdictKind;
use serde::Serialize;

use crate::{Failing, Report, plain};

/// A line of a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// From the root of the repository on, with `/` between its parts.
    pub file: String,
    /// From 1.
    pub line: usize,
}

/// Where a suite says what a run shows.
#[derive(Clone, Debug)]
pub struct Places {
    /// The suite itself.
    pub suite: Place,
    /// Rules of the gate: the scorer, whether it asks for no regression, and the line.
    pub rules: Vec<(String, bool, Place)>,
    /// Cases, as far as their files were found.
    pub cases: HashMap<String, Place>,
}

impl Places {
    /// The line of the rule that a criterion is read off.
    pub fn of(&self, criterion: &Criterion) -> &Place {
        let compares = criterion.name.contains("not worse than the baseline");
        let of = |exact: bool| {
            let fits = |known: &&(String, bool, Place)| known.0 == criterion.scorer && (!exact || known.1 == compares);
            self.rules.iter().find(fits).map(|(.., place)| place)
        };
        of(true).or_else(|| of(false)).unwrap_or(&self.suite)
    }

    /// The line of a case, or of the rule that its scorer is under.
    fn case(&self, failing: &Failing) -> &Place {
        let rule = || self.rules.iter().find(|(scorer, ..)| *scorer == failing.scorer).map(|(.., place)| place);
        self.cases.get(&failing.case).or_else(rule).unwrap_or(&self.suite)
    }
}

/// A report with what CI needs beside it.
#[derive(Clone, Copy, Debug)]
pub struct Ci<'a> {
    /// The report.
    pub report: &'a Report,
    /// Where things stand.
    pub places: &'a Places,
    /// What the run that it is compared with cost.
    pub cost_before: Option<Money>,
    /// The exit code of the gate.
    pub exit: u8,
}

/// What a check is concluded with. There is no neutral conclusion: services count it as passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The gate passed, or the suite lets what cannot be decided go on.
    Success,
    /// It failed, could not decide, or was not reached.
    Failure,
}

impl Conclusion {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

impl Ci<'_> {
    /// What the check is concluded with.
    pub const fn conclusion(&self) -> Conclusion {
        if self.exit == 0 { Conclusion::Success } else { Conclusion::Failure }
    }

    /// The verdict in a word.
    pub fn verdict(&self) -> &'static str {
        self.report.gate.verdict.map_or("none", VerdictKind::as_str)
    }

    /// Scorers that guard safety: those of guardrail rules, but for time and money.
    fn guards_safety(&self, scorer: &str) -> bool {
        let record = &self.report.run;
        let kind = record.scorer(scorer).map_or("", |scorer| scorer.kind.as_str());
        !matches!(kind, "latency" | "cost" | "tokens")
            && record
                .gate
                .rules
                .iter()
                .any(|rule| rule.scorer == scorer && rule.role == Role::Guardrail && rule.quantile.is_none())
    }

    /// Criteria that are not passed, the worst first.
    fn open(&self) -> Vec<&Criterion> {
        let rank = |criterion: &&Criterion| match criterion.verdict.kind {
            VerdictKind::Fail if criterion.role == Role::Guardrail => 0,
            VerdictKind::Fail => 1,
            VerdictKind::Inconclusive => 2,
            VerdictKind::Pass => 3,
        };
        let criteria = self.report.gate.criteria.iter();
        let mut open: Vec<&Criterion> = criteria.filter(|of| of.verdict.kind != VerdictKind::Pass).collect();
        open.sort_by_key(rank);
        open
    }

    /// Whether what cannot be decided holds the change up.
    fn blocks(&self) -> bool {
        self.report.run.gate.on_inconclusive == OnInconclusive::Block
    }

    /// Annotations as GitHub's workflow commands, one a line: at most ten errors and ten warnings, as GitHub drops further
    /// ones without a word, and a notice that says how many there are.
    pub fn annotations(&self) -> Vec<String> {
        const MOST: usize = 10;
        let mut counts = [0usize; 2];
        let mut lines = Vec::new();
        let mut left_out = 0;
        for criterion in self.open() {
            let error = criterion.verdict.kind == VerdictKind::Fail || self.blocks();
            counts[usize::from(error)] += 1;
            if counts[usize::from(error)] > MOST {
                left_out += 1;
                continue;
            }
            let place = self.places.of(criterion);
            let title = format!("{}: {}", self.report.run.suite, criterion.verdict.kind.as_str());
            lines.push(command(if error { "error" } else { "warning" }, Some(place), &title, &sentence(criterion)));
        }
        if left_out > 0 {
            lines.push(command("notice", None, "Assay", &format!("{left_out} more in the summary")));
        }
        lines
    }
}

/// A criterion in a sentence: what is required, what was found, and why.
fn sentence(criterion: &Criterion) -> String {
    let mut text = match criterion.target.is_empty() {
        true => format!("{}: {}", criterion.name, criterion.found),
        false => format!("{} [{}]: {}", criterion.name, criterion.target, criterion.found),
    };
    for reason in &criterion.verdict.reasons {
        text.push_str(&format!("; {reason}"));
    }
    if let Some(n) = criterion.verdict.needed_n {
        text.push_str(&format!("; about {n} cases would settle it"));
    }
    plain(&text, 1_000)
}

/// A workflow command (`::error file=…::message`). Data and properties are escaped as the runner unescapes them.
pub fn command(kind: &str, place: Option<&Place>, title: &str, message: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let at = place.map_or_else(String::new, |place| format!("file={},line={},", property(&place.file), place.line));
    // The older form of commands is looked for anywhere in a line.
    let message = message.replace("##[", "# #[");
    format!("::{kind} {at}title={}::{}", property(&plain(title, 200)), data(&message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_message_is_a_command_or_a_property() {
        let place = Place { file: "a,b:c%.yaml".into(), line: 3 };
        let line = command("error", Some(&place), "x,y::z", "100% sure\n::add-mask::x ##[add-mask]y");
        assert_eq!(
            line,
            "::error file=a%2Cb%3Ac%25.yaml,line=3,title=x%2Cy%3A%3Az::100%25 sure%0A::add-mask::x # #[add-mask]y"
        );
        assert_eq!(line.lines().count(), 1);
    }
}

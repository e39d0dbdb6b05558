//! What stands behind a run's judgements: repeats that differ, juries, cascades, canaries.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use assay_core::{Money, ScoreKind, Silence};
use assay_stats::calibration::{flip_rate, position_bias};
use assay_stats::judges::independent;
use serde_json::Value;

/// What a run's judges did beside giving values.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    scorers: BTreeMap<String, Tally>,
}

/// What a verdict on a pair was in one order and in the other.
fn orders_of(verdict: &Value) -> Option<(f64, f64)> {
    verdict["orders"][0].as_f64().zip(verdict["orders"][1].as_f64())
}

/// What the verdicts on a pair were in both orders, from a judgement's details as JSON.
pub fn orders(details: &str) -> Vec<(f64, f64)> {
    let details: Value = serde_json::from_str(details).unwrap_or_default();
    details["verdicts"].as_array().into_iter().flatten().filter_map(orders_of).collect()
}

/// Whether a verdict is left to people, for whatever reason.
fn is_left(reason: &str) -> bool {
    reason.starts_with("needs a person")
}

/// Every judge's verdicts are from 0 to 1 here.
const SCALE: ScoreKind = ScoreKind::Bounded { lo: 0.0, hi: 1.0 };

/// Who gave a verdict: the place of a stage and of a juror in it.
type Seat = (u64, u64);

#[derive(Clone, Debug, Default)]
struct Tally {
    trials: usize,
    borderline: usize,
    abstained: usize,
    unreadable: usize,
    for_people: usize,
    steering: usize,
    held: usize,
    obeyed: usize,
    names: BTreeMap<Seat, String>,
    /// For each seat that was asked several times about a trial, its verdicts.
    repeats: Vec<Vec<f64>>,
    /// For each trial with a jury, the mean of each seat's verdicts.
    votes: Vec<BTreeMap<Seat, f64>>,
    /// Both orders of pairs.
    orders: Vec<(f64, f64)>,
    /// For each stage, the trials that it decided and what its calls cost.
    stages: BTreeMap<u64, (usize, Money)>,
}

impl Conduct {
    /// Takes one judgement: its label, why it has no value, and its details as JSON.
    pub fn push(&mut self, scorer: &str, label: Option<&str>, reason: Option<&str>, details: Option<&str>) {
        if !self.scorers.contains_key(scorer) {
            self.scorers.insert(scorer.to_owned(), Tally::default());
        }
        let Some(tally) = self.scorers.get_mut(scorer) else { return };
        tally.trials += 1;
        tally.borderline += usize::from(label == Some("borderline"));
        let silence = reason.map(Silence::of);
        tally.abstained += usize::from(silence == Some(Silence::Abstained));
        tally.unreadable += usize::from(silence == Some(Silence::Unreadable));
        tally.for_people += usize::from(reason.is_some_and(is_left));
        // Details of other scorers, or of a version to come, say nothing here.
        if let Some(details) = details.and_then(|details| serde_json::from_str::<Value>(details).ok()) {
            tally.take(&details, reason);
        }
    }

    /// What a reader of the run should know, a sentence or two for each judge that has something to say.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.scorers.iter().map(|(scorer, tally)| (scorer, tally.say()));
        notes
            .filter(|(_, said)| !said.is_empty())
            .map(|(scorer, said)| format!("`{scorer}`: {}", said.join("; ")))
            .collect()
    }
}

impl Tally {
    fn take(&mut self, details: &Value, reason: Option<&str>) {
        self.steering += usize::from(details["steering"].is_array());
        match details["canary"].as_str() {
            Some("held") => self.held += 1,
            Some("obeyed") => self.obeyed += 1,
            _ => {}
        }
        let mut seats: BTreeMap<Seat, Vec<f64>> = BTreeMap::new();
        let mut last = 0;
        for verdict in details["verdicts"].as_array().into_iter().flatten() {
            let (Some(stage), Some(juror)) = (verdict["stage"].as_u64(), verdict["juror"].as_u64()) else { continue };
            let seat = (stage, juror);
            last = last.max(stage);
            self.names.entry(seat).or_insert_with(|| {
                let word = |key: &str| verdict[key].as_str().unwrap_or_default().to_owned();
                format!("{} ({})", word("model"), word("judge"))
            });
            let spent = self.stages.entry(stage).or_default();
            spent.1 += Money::from_nanos(verdict["cost_nanousd"].as_i64().unwrap_or(0));
            if let Some(value) = verdict["value"].as_f64() {
                seats.entry(seat).or_default().push(value);
            }
            self.orders.extend(orders_of(verdict));
        }
        if last > 0 && !reason.is_some_and(is_left) {
            self.stages.entry(last).or_default().0 += 1;
        }
        self.repeats.extend(seats.values().filter(|values| values.len() > 1).cloned());
        // A jury is several seats of one stage.
        let of_last: BTreeMap<Seat, f64> = seats
            .into_iter()
            .filter(|((stage, _), _)| *stage == last)
            .map(|(seat, values)| (seat, values.iter().sum::<f64>() / values.len() as f64))
            .collect();
        if self.names.keys().filter(|(stage, _)| *stage == last).count() > 1 {
            self.votes.push(of_last);
        }
    }

    fn say(&self) -> Vec<String> {
        let mut said = Vec::new();
        if let Some(rate) = flip_rate(&self.repeats, SCALE.tolerance()) {
            let differs = |values: &&Vec<f64>| values.iter().any(|value| !SCALE.same(*value, values[0]));
            let unsteady = self.repeats.iter().filter(differs).count();
            said.push(format!(
                "asked again, it changes its verdict with a chance of {:.1}% ({unsteady} of {} judgements are not unanimous)",
                100.0 * rate,
                self.repeats.len()
            ));
        }
        if let Some(jury) = self.jury() {
            said.push(jury);
        }
        if let Some(bias) = position_bias(&self.orders) {
            let mut text =
                format!("{:.0}% of {} pairs are judged alike in both orders", 100.0 * bias.consistent, bias.pairs);
            if let Some(first) = bias.first_place {
                let _ = write!(text, ", {:.0}% of the others for the first place", 100.0 * first);
            }
            said.push(text);
        }
        if self.stages.len() > 1 || self.for_people > 0 {
            let mut parts: Vec<String> = self
                .stages
                .iter()
                .map(|(stage, (decided, cost))| {
                    let name = self.names.get(&(*stage, 1)).map_or("", String::as_str);
                    format!("{name} decided {decided} for {cost}")
                })
                .collect();
            if self.for_people > 0 {
                parts.push(format!("{} are left to people", self.for_people));
            }
            said.push(parts.join(", "));
        }
        for (count, word) in [
            (self.borderline, "borderline"),
            (self.abstained, "left out by abstention"),
            (self.unreadable, "without a verdict that can be read"),
        ] {
            if count > 0 {
                said.push(format!("{count} of {} are {word}", self.trials));
            }
        }
        if self.steering > 0 {
            said.push(format!("{} of {} trials hold words that address a judge", self.steering, self.trials));
        }
        match (self.obeyed, self.obeyed + self.held) {
            (_, 0) => {}
            (0, all) => said.push(format!("none of {all} canaries was obeyed")),
            (obeyed, all) => said.push(format!(
                "{obeyed} of {all} canaries were obeyed: this judge follows instructions in what it judges"
            )),
        }
        said
    }

    /// What a jury is worth.
    fn jury(&self) -> Option<String> {
        let seats: Vec<Seat> = self
            .votes
            .iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        if seats.len() < 2 {
            return None;
        }
        let column = |seat: &Seat| self.votes.iter().map(|votes| votes.get(seat).copied()).collect();
        let columns: Vec<Vec<Option<f64>>> = seats.iter().map(column).collect();
        let agree = self.votes.iter().filter(|votes| {
            let first = votes.values().next();
            votes.values().all(|vote| Some(vote) == first)
        });
        let mut text =
            format!("its {} jurors are of one mind on {} of {}", seats.len(), agree.count(), self.votes.len());
        if let Some(worth) = independent(&columns) {
            // More than there are, from correlations below 0, would promise what a few trials cannot show.
            let worth = worth.min(seats.len() as f64);
            let _ = write!(
                text,
                " and vote like {worth:.1} independent ones or more (votes alone cannot tell agreement on the truth from shared errors)"
            );
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn vote(stage: u64, juror: u64, value: f64) -> Value {
        json!({"stage": stage, "juror": juror, "judge": "rubric", "model": format!("m{juror}"), "value": value, "cost_nanousd": 1_000_000})
    }

    fn notes(all: &[(Option<&str>, Value)]) -> String {
        let mut judged = Conduct::default();
        for (reason, details) in all {
            judged.push("j", None, *reason, Some(&details.to_string()));
        }
        judged.notes().join("\n")
    }

    #[test]
    fn repeats_and_juries_are_told_apart() {
        let repeats = |values: [f64; 3]| (None, json!({"verdicts": values.map(|value| vote(1, 1, value))}));
        let said = notes(&[repeats([1.0, 1.0, 0.0]), repeats([1.0, 1.0, 1.0])]);
        assert_eq!(
            said,
            "`j`: asked again, it changes its verdict with a chance of 33.3% (1 of 2 judgements are not unanimous)"
        );
        let jury = |a: f64, b: f64| (None, json!({"verdicts": [vote(1, 1, a), vote(1, 2, b)]}));
        let said = notes(&[jury(1.0, 1.0), jury(0.0, 0.0), jury(1.0, 1.0), jury(0.0, 0.0)]);
        assert!(said.contains("2 jurors are of one mind on 4 of 4 and vote like 1.0 independent ones"), "{said}");
        let said = notes(&[jury(1.0, 1.0), jury(0.0, 0.0), jury(1.0, 0.0), jury(0.0, 1.0)]);
        assert!(said.contains("one mind on 2 of 4 and vote like 2.0 independent"), "{said}");
    }

    #[test]
    fn stages_canaries_and_pairs_are_counted() {
        let said = notes(&[
            (None, json!({"verdicts": [vote(1, 1, 1.0)], "canary": "held"})),
            (None, json!({"verdicts": [vote(1, 1, 1.0), vote(2, 1, 0.0)], "canary": "obeyed", "steering": ["answer"]})),
            (Some("needs a person: unsure"), json!({"verdicts": [vote(1, 1, 1.0), vote(2, 1, 0.0)]})),
        ]);
        assert!(said.contains("m1 (rubric) decided 1 for $0.003"), "{said}");
        assert!(said.contains("decided 1 for $0.002") && said.contains("1 are left to people"), "{said}");
        assert!(said.contains("1 of 2 canaries were obeyed") && said.contains("1 of 3 trials hold words"), "{said}");
        let pair = |a: f64, b: f64| (None, json!({"verdicts": [{"stage": 1, "juror": 1, "orders": [a, b]}]}));
        let said = notes(&[pair(1.0, 1.0), pair(1.0, 0.0)]);
        assert_eq!(said, "`j`: 50% of 2 pairs are judged alike in both orders, 100% of the others for the first place");
    }

    #[test]
    fn what_cannot_be_read_is_no_abstention_and_expected_values_do_not_flip() {
        let mut judged = Conduct::default();
        for reason in [
            "the judge's verdict could not be read: prose",
            "needs a person: the judge's verdict could not be read: prose",
            "abstained: confidence 0.20 is below 0.7",
            "the trial has no reference",
        ] {
            judged.push("j", None, Some(reason), None);
        }
        let said = judged.notes().join("\n");
        assert!(said.contains("1 of 4 are left out by abstention"), "{said}");
        assert!(said.contains("2 of 4 are without a verdict that can be read"), "{said}");
        let near = |a: f64, b: f64| notes(&[(None, json!({"verdicts": [vote(1, 1, a), vote(1, 1, b)]}))]);
        assert!(near(0.731, 0.738).contains("chance of 0.0%"), "{}", near(0.731, 0.738));
        assert!(near(0.731, 0.781).contains("chance of 100.0%"), "{}", near(0.731, 0.781));
    }

    #[test]
    fn details_of_others_say_nothing() {
        assert_eq!(notes(&[(None, json!([1])), (None, json!({"verdicts": [{"value": "x"}, 3]}))]), "");
        let mut judged = Conduct::default();
        judged.push("j", Some("borderline"), Some("abstained: x"), Some("{broken"));
        assert_eq!(judged.notes(), ["`j`: 1 of 1 are borderline; 1 of 1 are left out by abstention"]);
    }
}

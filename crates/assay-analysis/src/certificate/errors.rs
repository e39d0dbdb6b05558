//! Where a judge errs: by class, by arm, between arms, by slice.

use std::collections::BTreeSet;

use assay_core::SliceDecl;
use assay_stats::judges::group_difference;
use assay_stats::multiplicity::holm;
use assay_stats::special::t_sf;
use assay_stats::{Interval, Item, Kind, level};

use super::{Calibrating, Certificate, Entry, Figure, Seen, of_estimate};

/// The least labels of a slice whose bias is shown.
const LEAST_SLICE: usize = 10;
/// The most arms that are compared with each other.
const MOST_ARMS: usize = 12;

impl Calibrating<'_> {
    /// Errors by class.
    pub(super) fn rates(&self, seen: &[Seen<'_>], made: &mut Certificate) {
        let classed: Option<Vec<(&Entry<'_>, bool, bool)>> =
            seen.iter().map(|(e, y, _)| Some((*e, self.passes(e.value)?, self.passes(*y)?))).collect();
        let Some(classed) = classed else {
            // Scores without a threshold have no classes.
            made.evidence.rarer_class = made.evidence.labels;
            made.notes.push(
                "the scores have no `threshold`, so that there are no classes of right and wrong: sensitivity and specificity, \
                 which grade B needs, are not defined"
                    .into(),
            );
            return;
        };
        if classed.is_empty() {
            return;
        }
        let clustered = Self::clustered(seen);
        let rate = |of: &dyn Fn(bool, bool) -> Option<bool>| {
            let items: Vec<Item> = classed
                .iter()
                .filter_map(|(e, f, y)| Some(Self::item(f64::from(u8::from(of(*f, *y)?)), e, clustered)))
                .collect();
            level(&items, Kind::Binary, self.confidence)
        };
        let count = |f: bool, y: bool| classed.iter().filter(|c| c.1 == f && c.2 == y).count();
        let cell = |y: bool, f: bool| {
            let found = rate(&|a, b| (b == y).then_some(a == f));
            let name = format!("people {}, judge {}", word(y), word(f));
            Figure {
                key: count(f, y).to_string(),
                name,
                value: found.value,
                interval: found.interval,
                people: None,
                p: None,
            }
        };
        made.confusion = Some([false, true].map(|y| [false, true].map(|f| cell(y, f))));
        // What several targets answered was labelled once.
        let said = |y: bool| classed.iter().filter(|c| c.2 == y).map(|c| c.0.first.item).collect::<BTreeSet<_>>().len();
        let people = [said(false), said(true)];
        made.evidence.rarer_class = people.iter().copied().min().unwrap_or(0) as u64;
        if people.contains(&0) {
            made.notes.push(format!(
                "people's labels are all of one class ({}): how the judge does on the other is not known",
                word(people[1] > 0)
            ));
        }
        let sensitivity = rate(&|f, y| y.then_some(f));
        let specificity = rate(&|f, y| (!y).then_some(!f));
        made.evidence.sensitivity = sensitivity.interval.map(|i| i.lower);
        made.evidence.specificity = specificity.interval.map(|i| i.lower);
        for (key, name, found) in [
            ("sensitivity", "passes what people pass", sensitivity),
            ("specificity", "fails what people fail", specificity),
            ("ppv", "its passes that people pass", rate(&|f, y| f.then_some(y))),
            ("npv", "its fails that people fail", rate(&|f, y| (!f).then_some(!y))),
        ] {
            made.figures.push(of_estimate(key, name, &found));
        }
    }

    /// Judge − people: overall, by arm, between arms, by slice.
    pub(super) fn bias(&self, seen: &[Seen<'_>], made: &mut Certificate) {
        if seen.is_empty() {
            return;
        }
        let kind = match self.coding.score.range() {
            Some((lo, hi)) => Kind::Bounded { lo: lo - hi, hi: hi - lo },
            None => Kind::Unbounded,
        };
        let of = |keep: &dyn Fn(&Entry<'_>) -> bool| {
            let chosen: Vec<&Seen<'_>> = seen.iter().filter(|(e, ..)| keep(e)).collect();
            let mut known = BTreeSet::new();
            let clustered = chosen.iter().any(|(e, ..)| e.first.clustered || !known.insert(e.first.cluster));
            level(
                &chosen.iter().map(|(e, y, _)| Self::item(e.value - y, e, clustered)).collect::<Vec<_>>(),
                kind,
                self.confidence,
            )
        };
        made.figures.push(of_estimate("bias", "judge − people", &of(&|_| true)));
        let labelled: Vec<usize> =
            (0..self.arms.len()).map(|arm| seen.iter().filter(|(e, ..)| e.first.arm == arm).count()).collect();
        if self.arms.len() > 1 {
            made.evidence.smaller_arm = labelled.iter().copied().min().map(|n| n as u64);
            for (arm, name) in self.arms.iter().enumerate() {
                let found = of(&|e| e.first.arm == arm);
                made.figures.push(of_estimate(&format!("bias:{name}"), &format!("judge − people in {name}"), &found));
            }
            self.between_arms(seen, made);
        }
        // A judge of single answers has no order to be biased by; repeats of order are looked at elsewhere.
        let mut slices: Vec<(Figure, f64)> = Vec::new();
        for (name, holds) in self.named_slices(seen) {
            let found = of(&|e| holds(&e.first.metadata));
            if found.n >= LEAST_SLICE
                && let (Some(value), Some(se), Some(df)) = (found.value, found.se.filter(|se| *se > 0.0), found.df)
            {
                let p = (2.0 * t_sf((value / se).abs(), df)).min(1.0);
                slices.push((of_estimate(&format!("bias where {name}"), &name, &found), p));
            }
        }
        let adjusted = holm(&slices.iter().map(|(_, p)| *p).collect::<Vec<_>>());
        made.slices = slices.into_iter().zip(adjusted).map(|((f, _), p)| Figure { p: Some(p), ..f }).collect();
    }

    /// The differential error of each two arms, each at the confidence that makes all of them hold together; the evidence is
    /// the one that reaches furthest.
    fn between_arms(&self, seen: &[Seen<'_>], made: &mut Certificate) {
        if self.arms.len() > MOST_ARMS {
            made.notes.push(format!(
                "{} arms are too many to compare each two of them (at most {MOST_ARMS}): choose runs with `--run`",
                self.arms.len()
            ));
            return;
        }
        let pairs = self.arms.len() * (self.arms.len() - 1) / 2;
        let confidence = 1.0 - (1.0 - self.confidence) / pairs as f64;
        let mut worst: Option<Interval> = None;
        let mut unknown = false;
        for first in 0..self.arms.len() {
            for second in first + 1..self.arms.len() {
                let both: Vec<_> =
                    seen.iter().filter(|(e, ..)| e.first.arm == first || e.first.arm == second).collect();
                let residual: Vec<f64> = both.iter().map(|(e, y, _)| e.value - y).collect();
                let of_second: Vec<bool> = both.iter().map(|(e, ..)| e.first.arm == second).collect();
                let clusters: Vec<u32> = both.iter().map(|(e, ..)| e.first.cluster).collect();
                let name = format!("differential error, {} − {}", self.arms[second], self.arms[first]);
                match group_difference(&residual, &of_second, &clusters, confidence) {
                    Ok(found) => {
                        let reach = |i: Interval| i.lower.abs().max(i.upper.abs());
                        if worst.is_none_or(|worst| reach(found.interval) > reach(worst)) {
                            worst = Some(found.interval);
                        }
                        if found.interval.lower > 0.0 || found.interval.upper < 0.0 {
                            let favoured = if found.value > 0.0 { second } else { first };
                            made.notes.push(format!(
                                "the judge is more lenient to {}: its raw difference between the arms is wrong by about {:.3}",
                                self.arms[favoured],
                                found.value.abs()
                            ));
                        }
                        let (value, interval) = (Some(found.value), Some(found.interval));
                        let key = format!("differential:{}:{}", self.arms[second], self.arms[first]);
                        made.figures.push(Figure { key, name, value, interval, people: None, p: None });
                    }
                    Err(why) => {
                        unknown = true;
                        made.notes.push(format!("{name} is not defined: {why}"));
                    }
                }
            }
        }
        made.evidence.differential = worst.filter(|_| !unknown);
    }

    #[allow(clippy::type_complexity, reason = "a name with what it selects")]
    fn named_slices(&self, seen: &[Seen<'_>]) -> Vec<(String, Box<dyn Fn(&[(String, String)]) -> bool + '_>)> {
        let tag = |metadata: &[(String, String)], key: &str| {
            metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        let mut named: Vec<(String, Box<dyn Fn(&[(String, String)]) -> bool + '_>)> = Vec::new();
        for declared in self.slices {
            match declared {
                SliceDecl::Key(key) => {
                    let values: BTreeSet<String> =
                        seen.iter().filter_map(|(e, ..)| tag(&e.first.metadata, key)).collect();
                    for value in values {
                        let name = format!("{key} = {value}");
                        named.push((name, Box::new(move |m| tag(m, key).as_deref() == Some(value.as_str()))));
                    }
                }
                SliceDecl::Where { name, r#where } => {
                    let find = |metadata: &[(String, String)]| {
                        r#where.matches(&|key| {
                            metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
                        })
                    };
                    named.push((name.clone(), Box::new(find)));
                }
            }
        }
        named
    }
}

fn word(pass: bool) -> &'static str {
    if pass { "pass" } else { "fail" }
}

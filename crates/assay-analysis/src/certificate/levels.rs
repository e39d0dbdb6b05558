//! Levels with and without labels, and how steady a judge is: repeats and order.

use assay_core::ScoreKind;
use assay_stats::calibration::{brier, flip_rate, label_multiplier, position_bias};
use assay_stats::correlation::pearson;
use assay_stats::judges::calibration_error;
use assay_stats::{Item, Judged, Kind, corrected_level, level};

use super::{ArmFigures, Calibrating, Certificate, Entry, Figure, Seen, of_estimate};

impl Calibrating<'_> {
    /// Raw and corrected levels of each arm, what labels are worth with the judge, and how far its scores are from rates.
    pub(super) fn levels(&self, entries: &[Entry<'_>], random: &[Seen<'_>], made: &mut Certificate) {
        let kind = match self.coding.score {
            ScoreKind::Binary => Kind::Binary,
            ScoreKind::Bounded { lo, hi } => Kind::Bounded { lo, hi },
            ScoreKind::Unbounded => Kind::Unbounded,
        };
        let truths = self.truths.0;
        for (arm, name) in self.arms.iter().enumerate() {
            let own: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.first.arm == arm).collect();
            let cases: Vec<Judged> = own
                .iter()
                .map(|entry| {
                    let truth = truths.get(&entry.first.item).filter(|truth| truth.random);
                    Judged {
                        judge: entry.value,
                        truth: truth.and_then(|truth| truth.value),
                        chance: truth.and_then(|truth| truth.chance),
                        cluster: entry.first.clustered.then_some(entry.first.cluster),
                        repeats: 1,
                    }
                })
                .collect();
            let found = corrected_level(&cases, kind, self.confidence, 1);
            made.arms.push(ArmFigures {
                name: name.clone(),
                judged: cases.len(),
                labels: cases.iter().filter(|case| case.truth.is_some()).count(),
                raw: (!cases.is_empty()).then(|| cases.iter().map(|c| c.judge).sum::<f64>() / cases.len() as f64),
                why_not: found.as_ref().err().map(ToString::to_string),
                corrected: found.ok().map(|correction| correction.found),
            });
        }
        let (f, y): (Vec<f64>, Vec<f64>) = random.iter().map(|(e, y, _)| (e.value, *y)).unzip();
        let multiplier = pearson(&f, &y)
            .filter(|_| entries.len() > f.len())
            .and_then(|r| label_multiplier(r, f.len() as u64, (entries.len() - f.len()) as u64));
        made.figures.extend(multiplier.map(|multiplier| Figure {
            key: "label_multiplier".into(),
            name: "labels are worth, with the judge, this many times as many".into(),
            value: Some(multiplier),
            interval: None,
            people: None,
            p: None,
        }));
        let unit = self.coding.score == ScoreKind::Bounded { lo: 0.0, hi: 1.0 };
        if unit && !y.is_empty() && y.iter().all(|y| *y == 0.0 || *y == 1.0) {
            let truth: Vec<bool> = y.iter().map(|y| *y == 1.0).collect();
            if let Some(found) = calibration_error(&f, &truth, 10) {
                made.calibration = found.bins.iter().map(|bin| (bin.cases, bin.forecast, bin.observed)).collect();
                for (key, name, value) in [
                    ("ece", "expected calibration error of its scores", Some(found.ece)),
                    ("brier", "Brier score", brier(&f, &truth).map(|b| b.score)),
                ] {
                    let interval = None;
                    made.figures.push(Figure {
                        key: key.into(),
                        name: name.into(),
                        value,
                        interval,
                        people: None,
                        p: None,
                    });
                }
            }
        }
    }

    /// How often a verdict differs when the judge is asked again.
    pub(super) fn repeats(&self, entries: &[Entry<'_>], made: &mut Certificate) {
        let tolerance = self.coding.score.tolerance();
        let repeated: Vec<&Entry<'_>> = entries.iter().filter(|e| e.repeats.len() > 1).collect();
        let items: Vec<Item> = repeated
            .iter()
            .filter_map(|e| Some(Self::item(flip_rate(std::slice::from_ref(&e.repeats), tolerance)?, e, true)))
            .collect();
        let found = level(&items, Kind::Bounded { lo: 0.0, hi: 1.0 }, self.confidence);
        made.evidence.flip_rate = found.value;
        if found.value.is_some() {
            made.figures.push(of_estimate("flip_rate", "verdict differs when asked again", &found));
        }
    }

    /// Whether the place of an answer in a pair decides.
    pub(super) fn order(&self, entries: &[Entry<'_>], made: &mut Certificate) {
        let same = |a: f64, b: f64| f64::from(u8::from(self.coding.score.same(a, b)));
        // Comparisons on one case hang together, as its answers do.
        let of = |value: f64, cluster: u32| Item { value, repeats: 1, cluster: Some(cluster), weight: 1.0 };
        let (items, orders): (Vec<Item>, Vec<(f64, f64)>) = match self.swapped {
            Some(swapped) => entries
                .iter()
                .filter_map(|e| Some((e, *swapped.get(&(e.first.arm, e.first.item))?)))
                .map(|(e, other)| (Self::item(same(e.value, other), e, true), (e.value, other)))
                .unzip(),
            None => self.orders.iter().map(|(a, b, cluster)| (of(same(*a, *b), *cluster), (*a, *b))).unzip(),
        };
        if self.swapped.is_none() && orders.is_empty() {
            // It judges no pairs: there is no order.
            made.evidence.position_consistency = Some(1.0);
            return;
        }
        let found = level(&items, Kind::Binary, self.confidence);
        made.evidence.position_consistency = found.interval.map(|interval| interval.lower);
        made.figures.push(of_estimate("position_consistency", "same verdict in both orders", &found));
        if let Some(bias) = position_bias(&orders) {
            let flipped = orders.iter().filter(|(a, b)| a != b).count() as f64;
            let interval = bias.first_place.and_then(|first| {
                let z = assay_stats::proportion::critical(self.confidence);
                assay_stats::proportion::wilson(first * flipped, flipped, z)
            });
            made.figures.push(Figure {
                key: "first_place".into(),
                name: "of the flips, those for the answer that stands first".into(),
                value: bias.first_place,
                interval,
                people: None,
                p: None,
            });
        }
    }
}

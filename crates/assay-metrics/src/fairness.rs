//! Group fairness: how far the rates of groups lie apart.
//!
//! The largest of several gaps is biased upwards: with many or small groups a gap appears by chance. Show it with
//! intervals of the groups' rates.

use std::collections::BTreeMap;

use crate::classification::{Counts, Undefined, parallel, ratio};

/// The usual minimum of cases behind a group's rate.
pub const MINIMUM: usize = 20;

/// A rate that is compared between groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Predicted positives among all cases.
    Selection,
    /// Predicted positives among positives.
    TruePositive,
    /// Predicted positives among negatives.
    FalsePositive,
    /// Positives among predicted positives: precision.
    Precision,
}

/// One group's cases.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Group {
    /// All of them.
    pub cases: f64,
    /// Those that are positive, predicted to be, and both.
    pub positive: Counts,
}

impl Group {
    /// The cases that count for a rate, and those that it is about.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Counts;
    /// use assay_metrics::fairness::{Group, Rate};
    /// let group = Group { cases: 10.0, positive: Counts { hits: 3.0, predicted: 4.0, expected: 6.0 } };
    /// assert_eq!(group.fraction(Rate::FalsePositive), (1.0, 4.0));
    /// ```
    pub fn fraction(&self, rate: Rate) -> (f64, f64) {
        let Self { cases, positive } = *self;
        match rate {
            Rate::Selection => (positive.predicted, cases),
            Rate::TruePositive => (positive.hits, positive.expected),
            Rate::FalsePositive => (positive.predicted - positive.hits, cases - positive.expected),
            Rate::Precision => (positive.hits, positive.predicted),
        }
    }

    /// A rate; `None` when it is about no case.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Counts;
    /// use assay_metrics::fairness::{Group, Rate};
    /// let group = Group { cases: 10.0, positive: Counts { hits: 3.0, predicted: 4.0, expected: 6.0 } };
    /// assert_eq!((group.rate(Rate::TruePositive), Group::default().rate(Rate::Selection)), (Some(0.5), None));
    /// ```
    pub fn rate(&self, rate: Rate) -> Option<f64> {
        let (part, whole) = self.fraction(rate);
        ratio(part, whole)
    }
}

/// How far a rate lies apart between groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap<G> {
    /// Highest − lowest rate: 0 is parity.
    pub difference: f64,
    /// Lowest / highest rate: 1 is parity; selection rates below 0.8 break the "four-fifths rule". `None` when all are 0.
    pub ratio: Option<f64>,
    /// The group with the lowest rate, the first of several.
    pub lowest: G,
    /// The group with the highest rate, the first of several.
    pub highest: G,
    /// Groups left out because the rate is about too few of their cases.
    pub too_small: Vec<G>,
}

/// Cases by group.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups<G> {
    groups: BTreeMap<G, Group>,
    minimum: usize,
}

impl<G: Ord + Clone> Groups<G> {
    /// One group, truth and prediction per case. A group takes part in the comparison of a rate when the rate is about
    /// at least `minimum` of its cases (see [`MINIMUM`]) and at least one.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let (truth, predicted) = ([true, false, true, false], [true, true, true, false]);
    /// let all = Groups::new(&groups, &truth, &predicted, 1).unwrap();
    /// assert_eq!(all.groups().len(), 2);
    /// ```
    pub fn new(groups: &[G], truth: &[bool], predicted: &[bool], minimum: usize) -> Result<Self, Undefined> {
        parallel(groups, truth)?;
        parallel(truth, predicted)?;
        let mut all = BTreeMap::<G, Group>::new();
        for ((group, truth), predicted) in groups.iter().zip(truth).zip(predicted) {
            let group = all.entry(group.clone()).or_default();
            group.cases += 1.0;
            group.positive = group.positive + Counts::of(*truth, *predicted);
        }
        Ok(Self { groups: all, minimum: minimum.max(1) })
    }

    /// The groups in order, small ones included.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let all = Groups::new(&["a", "b", "b"], &[true, false, true], &[true, true, false], 1).unwrap();
    /// assert_eq!((all.groups()["b"].cases, all.groups()["b"].positive.hits), (2.0, 0.0));
    /// ```
    pub fn groups(&self) -> &BTreeMap<G, Group> {
        &self.groups
    }

    /// The gap of a rate between the groups that are large enough, which are at least two.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Rate;
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let (truth, predicted) = ([true, false, true, false], [true, true, true, false]);
    /// let all = Groups::new(&groups, &truth, &predicted, 1).unwrap();
    /// let gap = all.gap(Rate::FalsePositive).unwrap();
    /// assert_eq!((gap.difference, gap.highest), (1.0, "a"));
    /// ```
    pub fn gap(&self, rate: Rate) -> Result<Gap<G>, Undefined> {
        let mut too_small = Vec::new();
        let mut rates = Vec::new();
        for (name, group) in &self.groups {
            match group.rate(rate) {
                Some(value) if group.fraction(rate).1 >= self.minimum as f64 => rates.push((value, name)),
                _ => too_small.push(name.clone()),
            }
        }
        if rates.len() < 2 {
            return Err(Undefined::TooFewGroups);
        }
        let (mut lowest, mut highest) = (rates[0], rates[0]);
        for rate in &rates[1..] {
            lowest = if rate.0 < lowest.0 { *rate } else { lowest };
            highest = if rate.0 > highest.0 { *rate } else { highest };
        }
        Ok(Gap {
            difference: highest.0 - lowest.0,
            ratio: ratio(lowest.0, highest.0),
            lowest: lowest.1.clone(),
            highest: highest.1.clone(),
            too_small,
        })
    }

    /// Demographic parity: equal selection rates, whatever the truth.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let (truth, predicted) = ([true, false, true, false], [true, true, true, false]);
    /// let all = Groups::new(&groups, &truth, &predicted, 1).unwrap();
    /// assert_eq!(all.demographic_parity().unwrap().difference, 0.5);
    /// ```
    pub fn demographic_parity(&self) -> Result<Gap<G>, Undefined> {
        self.gap(Rate::Selection)
    }

    /// Equal opportunity: equal true-positive rates (Hardt, Price & Srebro 2016).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let (truth, predicted) = ([true, false, true, false], [true, true, true, false]);
    /// let all = Groups::new(&groups, &truth, &predicted, 1).unwrap();
    /// assert_eq!(all.equal_opportunity().unwrap().difference, 0.0);
    /// ```
    pub fn equal_opportunity(&self) -> Result<Gap<G>, Undefined> {
        self.gap(Rate::TruePositive)
    }

    /// Predictive parity: equal precision (Chouldechova 2017).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let (truth, predicted) = ([true, false, true, false], [true, true, true, false]);
    /// let all = Groups::new(&groups, &truth, &predicted, 1).unwrap();
    /// assert_eq!(all.predictive_parity().unwrap().ratio, Some(0.5));
    /// ```
    pub fn predictive_parity(&self) -> Result<Gap<G>, Undefined> {
        self.gap(Rate::Precision)
    }

    /// Equalised odds: equal true-positive and equal false-positive rates (Hardt, Price & Srebro 2016).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let (truth, predicted) = ([true, false, true, false], [true, true, true, false]);
    /// let all = Groups::new(&groups, &truth, &predicted, 1).unwrap();
    /// assert_eq!(all.equalised_odds().unwrap().difference(), 1.0);
    /// ```
    pub fn equalised_odds(&self) -> Result<Odds<G>, Undefined> {
        Ok(Odds { true_positive: self.gap(Rate::TruePositive)?, false_positive: self.gap(Rate::FalsePositive)? })
    }
}

/// The two gaps of equalised odds.
#[derive(Clone, Debug, PartialEq)]
pub struct Odds<G> {
    /// Gap of the true-positive rates.
    pub true_positive: Gap<G>,
    /// Gap of the false-positive rates.
    pub false_positive: Gap<G>,
}

impl<G> Odds<G> {
    /// The larger of the two differences: 0 is parity.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let all = Groups::new(&groups, &[true, false, true, false], &[true, true, true, false], 1).unwrap();
    /// // The same share of the positives is found, but only one group has false alarms.
    /// assert_eq!(all.equalised_odds().unwrap().difference(), 1.0);
    /// ```
    pub fn difference(&self) -> f64 {
        self.true_positive.difference.max(self.false_positive.difference)
    }

    /// The smaller of the two ratios: 1 is parity. `None` when one is undefined.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::fairness::Groups;
    /// let groups = ["a", "a", "b", "b"];
    /// let all = Groups::new(&groups, &[true, false, true, false], &[true, true, true, false], 1).unwrap();
    /// assert_eq!(all.equalised_odds().unwrap().ratio(), Some(0.0));
    /// ```
    pub fn ratio(&self) -> Option<f64> {
        Some(self.true_positive.ratio?.min(self.false_positive.ratio?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_groups_take_no_part() {
        // a: 2 of 4 selected; b: 3 of 4; c: a single case.
        let groups = ["a", "a", "a", "a", "b", "b", "b", "b", "c"];
        let truth = [true, true, false, false, true, true, true, false, true];
        let predicted = [true, false, true, false, true, true, true, false, false];
        let all = Groups::new(&groups, &truth, &predicted, 2).unwrap();
        let parity = all.demographic_parity().unwrap();
        assert_eq!((parity.difference, parity.ratio), (0.25, Some(2.0 / 3.0)));
        assert_eq!((parity.lowest, parity.highest, parity.too_small), ("a", "b", vec!["c"]));
        assert_eq!(all.equal_opportunity().unwrap().difference, 0.5);
        assert_eq!(all.predictive_parity().unwrap().ratio, Some(0.5));
        // Only one group has two negatives.
        assert_eq!(all.equalised_odds(), Err(Undefined::TooFewGroups));
        assert_eq!(all.groups()["c"].rate(Rate::Precision), None);
        assert_eq!(Groups::<u8>::new(&[], &[], &[], 1), Err(Undefined::NoData));
        assert!(matches!(Groups::new(&[1], &[true], &[], 1), Err(Undefined::Invalid(_))));
    }

    proptest! {
        #[test]
        fn gaps_do_not_depend_on_names_or_order(cases in prop::collection::vec((0..4u8, any::<bool>(), any::<bool>()), 1..60)) {
            let of = |cases: &[(u8, bool, bool)], name: fn(u8) -> u8| {
                let groups: Vec<u8> = cases.iter().map(|case| name(case.0)).collect();
                let sides: (Vec<bool>, Vec<bool>) = cases.iter().map(|case| (case.1, case.2)).unzip();
                Groups::new(&groups, &sides.0, &sides.1, 3).unwrap()
            };
            let a = of(&cases, |group| group);
            let reversed: Vec<_> = cases.iter().rev().copied().collect();
            let b = of(&reversed, |group| 9 - group);
            for rate in [Rate::Selection, Rate::TruePositive, Rate::FalsePositive, Rate::Precision] {
                let (a, b) = (a.gap(rate), b.gap(rate));
                prop_assert_eq!(a.is_ok(), b.is_ok());
                if let (Ok(a), Ok(b)) = (a, b) {
                    prop_assert_eq!((a.difference, a.ratio), (b.difference, b.ratio));
                    prop_assert!((0.0..=1.0).contains(&a.difference));
                }
            }
        }
    }
}

//! Class labels, class probabilities and label sets against the truth, as scikit-learn computes them.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use crate::corpus;

/// Why a metric has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// There is nothing to score.
    NoData,
    /// The truth holds a single class, so that nothing can be told apart.
    OneClass,
    /// Both sides say the same class throughout: agreement by chance is certain.
    NoVariation,
    /// The quantity that the metric divides by is 0.
    ZeroDenominator,
    /// So many actual values are 0, and the metric divides by each.
    ZeroActual(usize),
    /// Fewer than two groups are large enough to be compared.
    TooFewGroups,
    /// The input breaks a rule of the metric.
    Invalid(&'static str),
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("there is nothing to score"),
            Self::OneClass => f.write_str("the truth holds a single class"),
            Self::NoVariation => f.write_str("both sides say the same class throughout"),
            Self::ZeroDenominator => f.write_str("the metric would divide by 0"),
            Self::ZeroActual(count) => write!(f, "{count} actual values are 0"),
            Self::TooFewGroups => f.write_str("fewer than two groups are large enough"),
            Self::Invalid(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Undefined {}

/// Two parallel slices that are not empty.
pub(crate) fn parallel<A, B>(a: &[A], b: &[B]) -> Result<(), Undefined> {
    if a.len() != b.len() {
        Err(Undefined::Invalid("the two sides differ in length"))
    } else if a.is_empty() {
        Err(Undefined::NoData)
    } else {
        Ok(())
    }
}

pub(crate) fn finite(values: &[f64]) -> Result<(), Undefined> {
    // Without a way out after each value a processor looks at several at once.
    let all = values.chunks(1024).all(|some| some.iter().fold(true, |all, value| all & value.is_finite()));
    all.then_some(()).ok_or(Undefined::Invalid("a value is not finite"))
}

pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// What precision, recall, F1 and Jaccard's index are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Predicted and expected.
    pub hits: f64,
    /// Predicted, right or wrong.
    pub predicted: f64,
    /// Expected, found or not.
    pub expected: f64,
}

impl Counts {
    /// hits / predicted; `None` when nothing is predicted.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Counts;
    /// let class = Counts { hits: 3.0, predicted: 4.0, expected: 6.0 };
    /// assert_eq!(class.precision(), Some(0.75));
    /// ```
    pub fn precision(&self) -> Option<f64> {
        ratio(self.hits, self.predicted)
    }

    /// hits / expected; `None` when nothing is expected.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Counts;
    /// let class = Counts { hits: 3.0, predicted: 4.0, expected: 6.0 };
    /// assert_eq!(class.recall(), Some(0.5));
    /// ```
    pub fn recall(&self) -> Option<f64> {
        ratio(self.hits, self.expected)
    }

    /// Harmonic mean of precision and recall: 2·hits / (predicted + expected); `None` when both are 0.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Counts;
    /// let class = Counts { hits: 3.0, predicted: 4.0, expected: 6.0 };
    /// assert_eq!(class.f1(), Some(0.6));
    /// assert_eq!(Counts::default().f1(), None);
    /// ```
    pub fn f1(&self) -> Option<f64> {
        ratio(2.0 * self.hits, self.predicted + self.expected)
    }

    /// hits / (predicted or expected); `None` when nothing is.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Counts;
    /// let class = Counts { hits: 3.0, predicted: 4.0, expected: 6.0 };
    /// assert_eq!(class.jaccard(), Some(3.0 / 7.0));
    /// ```
    pub fn jaccard(&self) -> Option<f64> {
        ratio(self.hits, self.predicted + self.expected - self.hits)
    }

    pub(crate) fn of(expected: bool, predicted: bool) -> Self {
        let one = |yes: bool| f64::from(u8::from(yes));
        Self { hits: one(expected && predicted), predicted: one(predicted), expected: one(expected) }
    }
}

impl corpus::Counts for Counts {
    fn numbers(&self) -> Vec<f64> {
        vec![self.hits, self.predicted, self.expected]
    }

    fn read(numbers: &[f64]) -> Option<Self> {
        let [hits, predicted, expected] = *numbers else { return None };
        Some(Self { hits, predicted, expected })
    }
}

impl Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            predicted: self.predicted + other.predicted,
            expected: self.expected + other.expected,
        }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// How the values of several classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// Of the summed counts.
    Micro,
    /// Every class counts the same.
    Macro,
    /// Every class counts by how often it is expected.
    Weighted,
}

/// A measure over several classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averaged {
    /// The average; `None` when no class has a value.
    pub value: Option<f64>,
    /// Classes (of the sum: 0 or 1) for which the measure is undefined.
    pub undefined: usize,
}

/// Averages a measure such as [`Counts::f1`]. `undefined` is what a class counts for which the measure is undefined:
/// `Some(0.0)` as scikit-learn does by default, `None` leaves the class out.
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Average, Counts, average};
/// let classes = [Counts { hits: 3.0, predicted: 4.0, expected: 6.0 }, Counts { hits: 0.0, predicted: 0.0, expected: 2.0 }];
/// let precision = |undefined| average(&classes, Average::Macro, undefined, Counts::precision);
/// // Nothing was predicted to be of the second class.
/// assert_eq!((precision(Some(0.0)).value, precision(None).value), (Some(0.375), Some(0.75)));
/// assert_eq!(precision(None).undefined, 1);
/// ```
pub fn average(
    counts: &[Counts],
    how: Average,
    undefined: Option<f64>,
    measure: impl Fn(&Counts) -> Option<f64>,
) -> Averaged {
    let (mut total, mut weights, mut missing) = (0.0, 0.0, 0);
    let mut add = |class: &Counts, weight: f64| {
        let value = measure(class);
        missing += usize::from(value.is_none());
        if let Some(value) = value.or(undefined) {
            total += weight * value;
            weights += weight;
        }
    };
    match how {
        Average::Micro => add(&counts.iter().copied().sum(), 1.0),
        Average::Macro => counts.iter().for_each(|class| add(class, 1.0)),
        Average::Weighted => counts.iter().for_each(|class| add(class, class.expected)),
    }
    Averaged { value: ratio(total, weights), undefined: missing }
}

/// Σ of a term over the classes.
fn over(classes: &[Counts], term: impl Fn(&Counts) -> f64) -> f64 {
    classes.iter().map(term).sum()
}

/// Mean recall of the classes that the truth has; `None` when it has none. O(classes).
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Counts, balanced_accuracy};
/// let a = Counts { hits: 3.0, predicted: 4.0, expected: 4.0 };
/// let b = Counts { hits: 0.0, predicted: 1.0, expected: 1.0 };
/// assert_eq!(balanced_accuracy(&[a, b]), Some(0.375));
/// ```
pub fn balanced_accuracy(classes: &[Counts]) -> Option<f64> {
    let (sum, count) =
        classes.iter().filter_map(Counts::recall).fold((0.0, 0.0), |(sum, n), recall| (sum + recall, n + 1.0));
    ratio(sum, count)
}

/// Matthews' correlation for any number of classes (Gorodkin 2004), from −1 to 1, of classes whose predictions and
/// expectations each add up to the weight of all cases. It is 0, the limit, when the truth or the predictions hold a
/// single class (Chicco & Jurman 2020). O(classes).
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Counts, mcc};
/// let class = Counts { hits: 2.0, predicted: 2.0, expected: 2.0 };
/// assert!((mcc(&[class, class]) - 1.0).abs() < 1e-12);
/// assert_eq!(mcc(&[class]), 0.0);
/// ```
pub fn mcc(classes: &[Counts]) -> f64 {
    let constant = |side: fn(&Counts) -> f64| classes.iter().filter(|class| side(class) > 0.0).count() < 2;
    if constant(|class| class.expected) || constant(|class| class.predicted) {
        return 0.0;
    }
    let total = over(classes, |class| class.expected);
    let truth = total * total - over(classes, |class| class.expected * class.expected);
    let predicted = total * total - over(classes, |class| class.predicted * class.predicted);
    let both = over(classes, |class| class.hits) * total - over(classes, |class| class.expected * class.predicted);
    both / (truth.sqrt() * predicted.sqrt())
}

/// Cohen's κ (1960): agreement beyond chance, of classes whose predictions and expectations each add up to the weight
/// of all cases. Undefined when both sides hold one and the same class. O(classes).
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Counts, kappa};
/// let class = Counts { hits: 3.0, predicted: 4.0, expected: 4.0 };
/// assert_eq!(kappa(&[class, class]), Ok(0.5));
/// assert!(kappa(&[class]).is_err());
/// ```
pub fn kappa(classes: &[Counts]) -> Result<f64, Undefined> {
    if classes.iter().filter(|class| class.expected + class.predicted > 0.0).count() < 2 {
        return Err(Undefined::NoVariation);
    }
    let total = over(classes, |class| class.expected);
    let chance = over(classes, |class| class.expected * class.predicted) / (total * total);
    Ok((over(classes, |class| class.hits) / total - chance) / (1.0 - chance))
}

/// How often each class was predicted for each true class. Classes are those of the truth and of the predictions.
/// Memory grows with the pairs that occur, not with the square of the classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion<T> {
    cells: BTreeMap<(T, T), f64>,
    classes: BTreeMap<T, Counts>,
    total: f64,
}

impl<T: Ord + Clone> Confusion<T> {
    /// Of one true and one predicted class per case.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// assert!(Confusion::new(&["cat"], &["dog"]).is_ok());
    /// assert!(Confusion::new(&["cat"], &["dog", "cat"]).is_err());
    /// ```
    pub fn new(truth: &[T], predicted: &[T]) -> Result<Self, Undefined> {
        parallel(truth, predicted)?;
        Self::from_cells(truth.iter().zip(predicted).map(|(t, p)| (t.clone(), p.clone(), 1.0)))
    }

    /// Of (true class, predicted class, weight); equal pairs add up. Weights are finite, not negative, not all 0.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::from_cells([("cat", "cat", 3.0), ("cat", "dog", 1.0)]).unwrap();
    /// assert_eq!(confusion.accuracy(), 0.75);
    /// assert!(Confusion::from_cells([("cat", "dog", -1.0)]).is_err());
    /// ```
    pub fn from_cells(pairs: impl IntoIterator<Item = (T, T, f64)>) -> Result<Self, Undefined> {
        let mut cells = BTreeMap::new();
        for (truth, predicted, weight) in pairs {
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(Undefined::Invalid("a weight is negative or not finite"));
            }
            *cells.entry((truth, predicted)).or_default() += weight;
        }
        let mut classes = BTreeMap::<T, Counts>::new();
        for ((truth, predicted), weight) in &cells {
            classes.entry(truth.clone()).or_default().expected += weight;
            let counts = classes.entry(predicted.clone()).or_default();
            counts.predicted += weight;
            if truth == predicted {
                counts.hits += weight;
            }
        }
        let total: f64 = cells.values().sum();
        if total > 0.0 { Ok(Self { cells, classes, total }) } else { Err(Undefined::NoData) }
    }

    /// Weight of the cases of class `truth` that were predicted to be of class `predicted`.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// assert_eq!((confusion.cell(&"cat", &"dog"), confusion.cell(&"dog", &"cat")), (1.0, 0.0));
    /// ```
    pub fn cell(&self, truth: &T, predicted: &T) -> f64 {
        self.cells.get(&(truth.clone(), predicted.clone())).copied().unwrap_or(0.0)
    }

    /// (true class, predicted class, weight) of the pairs that occur, in order.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// let cells: Vec<_> = confusion.cells().collect();
    /// assert_eq!(cells, [(&"cat", &"cat", 1.0), (&"cat", &"dog", 1.0), (&"dog", &"dog", 2.0)]);
    /// ```
    pub fn cells(&self) -> impl Iterator<Item = (&T, &T, f64)> {
        self.cells.iter().map(|((truth, predicted), weight)| (truth, predicted, *weight))
    }

    /// Classes in order, each with its hits, predictions and expectations.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// assert_eq!(confusion.classes()["dog"].precision(), Some(2.0 / 3.0));
    /// ```
    pub fn classes(&self) -> &BTreeMap<T, Counts> {
        &self.classes
    }

    fn counts(&self) -> Vec<Counts> {
        self.classes.values().copied().collect()
    }

    /// Share of the weight on equal classes.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// assert_eq!(confusion.accuracy(), 0.75);
    /// ```
    pub fn accuracy(&self) -> f64 {
        self.classes.values().map(|class| class.hits).sum::<f64>() / self.total
    }

    /// [`balanced_accuracy`] of the classes.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// assert_eq!(confusion.balanced_accuracy(), 0.75);
    /// ```
    pub fn balanced_accuracy(&self) -> f64 {
        balanced_accuracy(&self.counts()).expect("there is a true class")
    }

    /// [`mcc`] of the classes.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// assert!((confusion.mcc() - 1.0 / 3f64.sqrt()).abs() < 1e-12);
    /// ```
    pub fn mcc(&self) -> f64 {
        mcc(&self.counts())
    }

    /// [`kappa`] of the classes.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Confusion;
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// assert_eq!(confusion.kappa(), Ok(0.5));
    /// ```
    pub fn kappa(&self) -> Result<f64, Undefined> {
        kappa(&self.counts())
    }

    /// [`average`] over the classes.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::{Average, Confusion, Counts};
    /// let confusion = Confusion::new(&["cat", "cat", "dog", "dog"], &["cat", "dog", "dog", "dog"]).unwrap();
    /// assert_eq!(confusion.average(Average::Macro, Some(0.0), Counts::recall).value, Some(0.75));
    /// ```
    pub fn average(&self, how: Average, undefined: Option<f64>, measure: impl Fn(&Counts) -> Option<f64>) -> Averaged {
        average(&self.counts(), how, undefined, measure)
    }
}

/// Positives and negatives whose score is at least `threshold`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The lowest score that counts as positive.
    pub threshold: f64,
    /// Positives at or above it.
    pub positives: f64,
    /// Negatives at or above it.
    pub negatives: f64,
}

impl Step {
    fn precision(&self) -> f64 {
        self.positives / (self.positives + self.negatives)
    }
}

/// One step per distinct score, from the highest down.
fn steps(truth: &[bool], scores: &[f64]) -> Vec<Step> {
    // Each side on its own, as integers that sort like the scores: quicker than pairs with their truth.
    let side = |positive: bool| -> Vec<u64> {
        let own = truth.iter().zip(scores).filter(|(truth, _)| **truth == positive);
        let mut side: Vec<u64> = own.map(|(_, score)| descending(*score)).collect();
        side.sort_unstable();
        side
    };
    let (positive, negative) = (side(true), side(false));
    let mut steps: Vec<Step> = Vec::with_capacity(scores.len());
    let (mut i, mut j) = (0, 0);
    while i < positive.len() || j < negative.len() {
        let (p, n) = (positive.get(i).copied().unwrap_or(u64::MAX), negative.get(j).copied().unwrap_or(u64::MAX));
        let next = p.min(n);
        i += positive[i..].iter().take_while(|score| **score == next).count();
        j += negative[j..].iter().take_while(|score| **score == next).count();
        steps.push(Step { threshold: from_descending(next), positives: i as f64, negatives: j as f64 });
    }
    steps
}

/// A finite score as an integer that is the smaller the larger the score; 0 and −0 are the same.
fn descending(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 { bits } else { bits ^ (u64::MAX >> 1) }
}

fn from_descending(place: u64) -> f64 {
    f64::from_bits(if place >> 63 == 1 { place } else { place ^ (u64::MAX >> 1) })
}

/// Σ (precision × share of the positives that the step adds); `None` without positives.
fn mean_precision(steps: &[Step]) -> Option<f64> {
    let mut before = 0.0;
    let mut total = 0.0;
    for step in steps {
        total += (step.positives - before) * step.precision();
        before = step.positives;
    }
    ratio(total, before)
}

/// Scores of positives and negatives, equal scores together: what ROC and precision–recall curves are read off.
/// O(n log n) to build, O(n) per measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    steps: Vec<Step>,
    positives: f64,
    negatives: f64,
}

impl Ranked {
    /// `truth` says which cases are positive; a higher score says "more likely positive". Scores are finite; both
    /// classes are there.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// assert!(Ranked::new(&[true, false], &[0.9, 0.1]).is_ok());
    /// assert!(Ranked::new(&[true, true], &[0.9, 0.1]).is_err());
    /// ```
    pub fn new(truth: &[bool], scores: &[f64]) -> Result<Self, Undefined> {
        parallel(truth, scores)?;
        finite(scores)?;
        let steps = steps(truth, scores);
        let Step { positives, negatives, .. } = steps[steps.len() - 1];
        if positives == 0.0 || negatives == 0.0 {
            return Err(Undefined::OneClass);
        }
        Ok(Self { steps, positives, negatives })
    }

    /// The curve, from the highest score down, one step per distinct score.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.4, 0.1]).unwrap();
    /// assert_eq!((ranked.steps().len(), ranked.steps()[1].positives, ranked.steps()[1].negatives), (4, 1.0, 1.0));
    /// ```
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Area under the ROC curve: the probability that a positive scores above a negative, ties counting half
    /// (Mann–Whitney).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.4, 0.1]).unwrap();
    /// // Three of four pairs are in order.
    /// assert_eq!(ranked.roc_auc(), 0.75);
    /// ```
    pub fn roc_auc(&self) -> f64 {
        let (mut positives, mut negatives, mut area) = (0.0, 0.0, 0.0);
        for step in &self.steps {
            area += (step.negatives - negatives) * (positives + step.positives) / 2.0;
            (positives, negatives) = (step.positives, step.negatives);
        }
        area / (self.positives * self.negatives)
    }

    /// Average precision: the precision–recall curve summed in steps, not by trapezoids, which flatter.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.4, 0.1]).unwrap();
    /// assert!((ranked.average_precision() - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    /// ```
    pub fn average_precision(&self) -> f64 {
        mean_precision(&self.steps).expect("a ranking has positives")
    }

    fn recall(&self, step: &Step) -> f64 {
        step.positives / self.positives
    }

    fn fall_out(&self, step: &Step) -> f64 {
        step.negatives / self.negatives
    }

    /// The best precision of a threshold whose recall is at least `recall`, which is at most 1.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.4, 0.1]).unwrap();
    /// assert_eq!((ranked.precision_at_recall(0.5), ranked.precision_at_recall(1.0)), (Some(1.0), Some(2.0 / 3.0)));
    /// ```
    pub fn precision_at_recall(&self, recall: f64) -> Option<f64> {
        let reach = self.steps.iter().filter(|step| self.recall(step) >= recall);
        reach.map(Step::precision).reduce(f64::max)
    }

    /// The best recall of a threshold whose precision is at least `precision`; `None` when there is none.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.4, 0.1]).unwrap();
    /// assert_eq!((ranked.recall_at_precision(0.9), ranked.recall_at_precision(0.6)), (Some(0.5), Some(1.0)));
    /// ```
    pub fn recall_at_precision(&self, precision: f64) -> Option<f64> {
        self.steps.iter().rfind(|step| step.precision() >= precision).map(|step| self.recall(step))
    }

    /// The lowest false-positive rate of a threshold that finds at least the share `rate` of the positives.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.4, 0.1]).unwrap();
    /// assert_eq!((ranked.fall_out_at_recall(0.5), ranked.fall_out_at_recall(1.0)), (Some(0.0), Some(0.5)));
    /// ```
    pub fn fall_out_at_recall(&self, rate: f64) -> Option<f64> {
        self.steps.iter().find(|step| self.recall(step) >= rate).map(|step| self.fall_out(step))
    }

    /// The highest true-positive rate of a threshold that lets at most the share `rate` of the negatives pass; 0 when none
    /// does. `None` for a rate outside of 0 to 1.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Ranked;
    /// let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.4, 0.1]).unwrap();
    /// assert_eq!((ranked.recall_at_fall_out(0.0), ranked.recall_at_fall_out(0.5)), (Some(0.5), Some(1.0)));
    /// ```
    pub fn recall_at_fall_out(&self, rate: f64) -> Option<f64> {
        let last = self.steps.iter().rfind(|step| self.fall_out(step) <= rate);
        (0.0..=1.0).contains(&rate).then(|| last.map_or(0.0, |step| self.recall(step)))
    }
}

/// Checks class probabilities, one row per case, and returns the number of classes.
fn classes<P: AsRef<[f64]>>(truth: &[usize], rows: &[P]) -> Result<usize, Undefined> {
    parallel(truth, rows)?;
    let k = rows[0].as_ref().len();
    for (class, row) in truth.iter().zip(rows) {
        let row = row.as_ref();
        if row.len() != k || *class >= k {
            return Err(Undefined::Invalid("a case has too few or too many class probabilities"));
        }
        if !row.iter().all(|p| (0.0..=1.0).contains(p)) || (row.iter().sum::<f64>() - 1.0).abs() > 1e-5 {
            return Err(Undefined::Invalid("the class probabilities of a case are not from 0 to 1 with the sum 1"));
        }
    }
    Ok(k)
}

/// Checks outcomes and their probabilities.
fn chances(truth: &[bool], probabilities: &[f64]) -> Result<(), Undefined> {
    parallel(truth, probabilities)?;
    let valid = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
    valid.then_some(()).ok_or(Undefined::Invalid("a probability is not from 0 to 1"))
}

fn mean(values: impl Iterator<Item = f64>, n: usize) -> f64 {
    values.sum::<f64>() / n as f64
}

/// One class against all others: the area under the ROC curve of its probability. Every class occurs in the truth.
/// Micro pools all (case, class) pairs; weighted counts a class by its frequency. O(kn log n).
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Average, roc_auc_one_vs_rest};
/// let rows = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]];
/// assert_eq!(roc_auc_one_vs_rest(&[0, 1, 2], &rows, Average::Macro), Ok(1.0));
/// // Two classes of three do not occur.
/// assert!(roc_auc_one_vs_rest(&[0, 0, 0], &rows, Average::Macro).is_err());
/// ```
pub fn roc_auc_one_vs_rest<P: AsRef<[f64]>>(truth: &[usize], rows: &[P], how: Average) -> Result<f64, Undefined> {
    let k = classes(truth, rows)?;
    let one = |class: usize| -> (Vec<bool>, Vec<f64>) {
        truth.iter().zip(rows).map(|(t, row)| (*t == class, row.as_ref()[class])).unzip()
    };
    if how == Average::Micro {
        let (truth, scores): (Vec<_>, Vec<_>) = (0..k).map(one).unzip();
        return Ok(Ranked::new(&truth.concat(), &scores.concat())?.roc_auc());
    }
    let (mut total, mut weights) = (0.0, 0.0);
    for class in 0..k {
        let (truth, scores) = one(class);
        let ranked = Ranked::new(&truth, &scores)?;
        let weight = if how == Average::Weighted { ranked.positives } else { 1.0 };
        total += weight * ranked.roc_auc();
        weights += weight;
    }
    Ok(total / weights)
}

/// Every class against every other (Hand & Till 2001): the mean over pairs of the two areas under the ROC curve,
/// insensitive to class frequencies; `weighted` counts a pair by its frequency. Every class occurs in the truth.
/// O(k²n log n).
///
/// # Examples
/// ```
/// use assay_metrics::classification::roc_auc_one_vs_one;
/// let rows = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]];
/// assert_eq!(roc_auc_one_vs_one(&[0, 1, 2], &rows, false), Ok(1.0));
/// ```
pub fn roc_auc_one_vs_one<P: AsRef<[f64]>>(truth: &[usize], rows: &[P], weighted: bool) -> Result<f64, Undefined> {
    let k = classes(truth, rows)?;
    let (mut total, mut weights) = (0.0, 0.0);
    for (a, b) in (0..k).flat_map(|a| (a + 1..k).map(move |b| (a, b))) {
        let pair: Vec<usize> = (0..truth.len()).filter(|at| truth[*at] == a || truth[*at] == b).collect();
        let area = |class: usize| {
            let (truth, scores): (Vec<_>, Vec<_>) =
                pair.iter().map(|at| (truth[*at] == class, rows[*at].as_ref()[class])).unzip();
            Ranked::new(&truth, &scores).map_err(|_| Undefined::OneClass).map(|ranked| ranked.roc_auc())
        };
        let weight = if weighted { pair.len() as f64 } else { 1.0 };
        total += weight * (area(a)? + area(b)?) / 2.0;
        weights += weight;
    }
    ratio(total, weights).ok_or(Undefined::OneClass)
}

/// −ln of a probability clipped to [ε, 1 − ε], ε = 2⁻⁵², as scikit-learn does for 64-bit floats.
fn surprise(probability: f64) -> f64 {
    -probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

/// Mean −ln of the probability that was given to the outcome, in nats; at most 36.04 because of clipping.
///
/// # Examples
/// ```
/// use assay_metrics::classification::log_loss_binary;
/// let loss = log_loss_binary(&[true, false], &[0.5, 0.5]).unwrap();
/// assert!((loss - 2f64.ln()).abs() < 1e-12);
/// ```
pub fn log_loss_binary(truth: &[bool], probabilities: &[f64]) -> Result<f64, Undefined> {
    chances(truth, probabilities)?;
    let terms = truth.iter().zip(probabilities).map(|(yes, p)| surprise(if *yes { *p } else { 1.0 - p }));
    Ok(mean(terms, truth.len()))
}

/// Mean −ln of the probability that was given to the true class, in nats; at most 36.04 because of clipping.
///
/// # Examples
/// ```
/// use assay_metrics::classification::log_loss;
/// let loss = log_loss(&[0, 1], &[[0.5, 0.5], [0.75, 0.25]]).unwrap();
/// assert!((loss - (2f64.ln() + 4f64.ln()) / 2.0).abs() < 1e-12);
/// ```
pub fn log_loss<P: AsRef<[f64]>>(truth: &[usize], rows: &[P]) -> Result<f64, Undefined> {
    classes(truth, rows)?;
    Ok(mean(truth.iter().zip(rows).map(|(class, row)| surprise(row.as_ref()[*class])), truth.len()))
}

/// How often the true class is among the `k` most probable ones. A class as probable as the true one counts as above it, so
/// that a constant forecast earns nothing (scikit-learn breaks such ties by the order of the classes). O(n · classes).
///
/// # Errors
/// As [`log_loss`], and a `k` of 0.
///
/// # Examples
/// ```
/// use assay_metrics::classification::top_k_accuracy;
/// let rows = [[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]];
/// assert_eq!(top_k_accuracy(&[1, 0], &rows, 2), Ok(0.5));
/// ```
pub fn top_k_accuracy<P: AsRef<[f64]>>(truth: &[usize], rows: &[P], k: usize) -> Result<f64, Undefined> {
    classes(truth, rows)?;
    if k == 0 {
        return Err(Undefined::Invalid("the number of classes to look at is 0"));
    }
    let hit = |(class, row): (&usize, &P)| {
        let row = row.as_ref();
        let above = row.iter().enumerate().filter(|(other, p)| other != class && **p >= row[*class]).count();
        f64::from(u8::from(above < k))
    };
    Ok(mean(truth.iter().zip(rows).map(hit), truth.len()))
}

/// Brier score of a yes-or-no forecast: the mean of (probability − outcome)², from 0 to 1.
///
/// # Examples
/// ```
/// use assay_metrics::classification::brier_binary;
/// assert_eq!(brier_binary(&[true, false], &[0.5, 0.0]), Ok(0.125));
/// ```
pub fn brier_binary(truth: &[bool], probabilities: &[f64]) -> Result<f64, Undefined> {
    chances(truth, probabilities)?;
    Ok(mean(truth.iter().zip(probabilities).map(|(yes, p)| (p - f64::from(u8::from(*yes))).powi(2)), truth.len()))
}

/// Brier's original score (1950), summed over classes: from **0 to 2**. Half of it equals [`brier_binary`] when there
/// are two classes.
///
/// # Examples
/// ```
/// use assay_metrics::classification::{brier, brier_binary};
/// assert_eq!(brier(&[1, 0], &[[0.5, 0.5], [1.0, 0.0]]), Ok(0.25));
/// assert_eq!(brier_binary(&[true, false], &[0.5, 0.0]), Ok(0.125));
/// ```
pub fn brier<P: AsRef<[f64]>>(truth: &[usize], rows: &[P]) -> Result<f64, Undefined> {
    classes(truth, rows)?;
    let term = |(class, row): (&usize, &P)| -> f64 {
        let error = |(k, p): (usize, &f64)| (p - f64::from(u8::from(k == *class))).powi(2);
        row.as_ref().iter().enumerate().map(error).sum()
    };
    Ok(mean(truth.iter().zip(rows).map(term), truth.len()))
}

/// How probabilities are cut into bins; a bin holds its upper edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bins {
    /// So many bins of equal width from 0 to 1 (Guo et al. 2017).
    Width(usize),
    /// So many bins between quantiles of the probabilities (linear interpolation): about equally many cases each.
    Mass(usize),
}

/// A bin of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Cases in it.
    pub count: usize,
    /// Their mean probability.
    pub confidence: f64,
    /// The share of them that came true.
    pub rate: f64,
}

/// The bins of a reliability diagram that hold cases, in order. For several classes give the highest probability of
/// each case and whether that class is the true one. O(n log n).
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Bins, reliability};
/// let bins = reliability(&[true, false, true], &[0.25, 0.25, 0.75], Bins::Width(2)).unwrap();
/// assert_eq!((bins[0].count, bins[0].confidence, bins[0].rate), (2, 0.25, 0.5));
/// ```
pub fn reliability(truth: &[bool], probabilities: &[f64], bins: Bins) -> Result<Vec<Bin>, Undefined> {
    chances(truth, probabilities)?;
    let (Bins::Width(n) | Bins::Mass(n)) = bins;
    if !(1..=1_000_000).contains(&n) {
        return Err(Undefined::Invalid("a reliability diagram needs a bin, and a million at most"));
    }
    let edges: Vec<f64> = match bins {
        Bins::Width(_) => (1..n).map(|i| i as f64 / n as f64).collect(),
        Bins::Mass(_) => {
            let mut sorted = probabilities.to_vec();
            sorted.sort_by(f64::total_cmp);
            (1..n).map(|i| quantile(&sorted, i, n)).collect()
        }
    };
    let mut sums = vec![(0, 0.0, 0); n];
    for (yes, p) in truth.iter().zip(probabilities) {
        let (count, confidence, hits) = &mut sums[edges.partition_point(|edge| edge < p)];
        *count += 1;
        *confidence += p;
        *hits += usize::from(*yes);
    }
    let filled = sums.into_iter().filter(|(count, ..)| *count > 0);
    Ok(filled
        .map(|(count, confidence, hits)| Bin {
            count,
            confidence: confidence / count as f64,
            rate: hits as f64 / count as f64,
        })
        .collect())
}

/// The `part`-th of `parts` quantiles of sorted values by linear interpolation (Hyndman & Fan's type 7). Whole numbers
/// keep a quantile that falls on a value from missing it by a rounding error.
fn quantile(sorted: &[f64], part: usize, parts: usize) -> f64 {
    let at = part * (sorted.len() - 1);
    let (low, rest) = (sorted[at / parts], at % parts);
    if rest == 0 { low } else { low + (sorted[at / parts + 1] - low) * (rest as f64 / parts as f64) }
}

/// Expected calibration error: the mean over cases of their bin's |rate − mean probability|, from 0 to 1 (Naeini,
/// Cooper & Hauskrecht 2015). It depends on the bins and is biased upwards when they are sparse.
///
/// # Examples
/// ```
/// use assay_metrics::classification::{Bins, expected_calibration_error, reliability};
/// let bins = reliability(&[true, false, true], &[0.25, 0.25, 0.75], Bins::Width(2)).unwrap();
/// assert_eq!(expected_calibration_error(&bins), Some(0.25));
/// assert_eq!(expected_calibration_error(&[]), None);
/// ```
pub fn expected_calibration_error(bins: &[Bin]) -> Option<f64> {
    let cases: usize = bins.iter().map(|bin| bin.count).sum();
    ratio(bins.iter().map(|bin| bin.count as f64 * (bin.rate - bin.confidence).abs()).sum(), cases as f64)
}

/// Label sets: one row per case, one column per label, true where the label applies.
#[derive(Clone, Debug, PartialEq)]
pub struct Multilabel {
    /// Counts of each label, over cases. For precision, recall, F1 and Jaccard by label: see [`average`].
    pub labels: Vec<Counts>,
    /// Counts of each case, over labels. Averaged with [`Average::Macro`] they are scikit-learn's "samples".
    pub cases: Vec<Counts>,
}

impl Multilabel {
    /// Rows are of one length, which is not 0.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Multilabel;
    /// let all = Multilabel::new(&[[true, false]], &[[true, true]]).unwrap();
    /// assert_eq!((all.labels[1].precision(), all.cases[0].recall()), (Some(0.0), Some(1.0)));
    /// ```
    pub fn new<R: AsRef<[bool]>>(truth: &[R], predicted: &[R]) -> Result<Self, Undefined> {
        parallel(truth, predicted)?;
        let mut labels = vec![Counts::default(); truth[0].as_ref().len()];
        let mut cases = Vec::with_capacity(truth.len());
        for (truth, predicted) in truth.iter().zip(predicted) {
            let (truth, predicted) = (truth.as_ref(), predicted.as_ref());
            if labels.is_empty() || truth.len() != labels.len() || predicted.len() != labels.len() {
                return Err(Undefined::Invalid("a row has no, too few or too many labels"));
            }
            let mut case = Counts::default();
            for ((label, expected), predicted) in labels.iter_mut().zip(truth).zip(predicted) {
                let one = Counts::of(*expected, *predicted);
                *label = *label + one;
                case = case + one;
            }
            cases.push(case);
        }
        Ok(Self { labels, cases })
    }

    /// Share of cases whose label sets are equal.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Multilabel;
    /// let all = Multilabel::new(&[[true, false], [true, true]], &[[true, true], [true, true]]).unwrap();
    /// assert_eq!(all.subset_accuracy(), 0.5);
    /// ```
    pub fn subset_accuracy(&self) -> f64 {
        let equal = |case: &&Counts| case.hits == case.predicted && case.hits == case.expected;
        self.cases.iter().filter(equal).count() as f64 / self.cases.len() as f64
    }

    /// Share of all (case, label) pairs that are wrong.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::classification::Multilabel;
    /// let all = Multilabel::new(&[[true, false], [true, true]], &[[true, true], [true, true]]).unwrap();
    /// assert_eq!(all.hamming_loss(), 0.25);
    /// ```
    pub fn hamming_loss(&self) -> f64 {
        let wrong = self.cases.iter().map(|case| case.predicted + case.expected - 2.0 * case.hits);
        mean(wrong, self.cases.len() * self.labels.len())
    }
}

/// Checks label sets and the scores of their labels, and ranks the labels of each case.
fn label_steps<R: AsRef<[bool]>, S: AsRef<[f64]>>(truth: &[R], scores: &[S]) -> Result<Vec<Vec<Step>>, Undefined> {
    parallel(truth, scores)?;
    let labels = truth[0].as_ref().len();
    truth
        .iter()
        .zip(scores)
        .map(|(truth, scores)| {
            let (truth, scores) = (truth.as_ref(), scores.as_ref());
            if labels == 0 || truth.len() != labels || scores.len() != labels {
                return Err(Undefined::Invalid("a row has no, too few or too many labels"));
            }
            finite(scores)?;
            Ok(steps(truth, scores))
        })
        .collect()
}

/// Label-ranking average precision: for each label that applies, the share of labels ranked at least as high that
/// apply as well; the mean over labels, then over cases. A case without labels counts 1, as in scikit-learn: no order
/// of its labels is wrong.
///
/// # Examples
/// ```
/// use assay_metrics::classification::label_ranking_average_precision;
/// // The label that applies is the second of three.
/// assert_eq!(label_ranking_average_precision(&[[false, true, false]], &[[0.9, 0.5, 0.1]]), Ok(0.5));
/// ```
pub fn label_ranking_average_precision<R: AsRef<[bool]>, S: AsRef<[f64]>>(
    truth: &[R],
    scores: &[S],
) -> Result<f64, Undefined> {
    let cases = label_steps(truth, scores)?;
    Ok(mean(cases.iter().map(|steps| mean_precision(steps).unwrap_or(1.0)), cases.len()))
}

/// Coverage error: how many labels, from the best scored down, hold all that apply; the mean over cases. Ties count
/// as read; a case without labels needs 0.
///
/// # Examples
/// ```
/// use assay_metrics::classification::coverage_error;
/// assert_eq!(coverage_error(&[[false, true, false]], &[[0.9, 0.5, 0.1]]), Ok(2.0));
/// ```
pub fn coverage_error<R: AsRef<[bool]>, S: AsRef<[f64]>>(truth: &[R], scores: &[S]) -> Result<f64, Undefined> {
    let cases = label_steps(truth, scores)?;
    let depth = |steps: &Vec<Step>| {
        let all = steps.last().map_or(0.0, |step| step.positives);
        let full = steps.iter().find(|step| step.positives == all).filter(|_| all > 0.0);
        full.map_or(0.0, |step| step.positives + step.negatives)
    };
    Ok(mean(cases.iter().map(depth), cases.len()))
}

/// Label ranking loss: the share of pairs of a label that applies and one that does not where the second is scored at
/// least as high; the mean over cases. 0 is perfect; a case with none or all of the labels counts 0, as in scikit-learn.
///
/// # Examples
/// ```
/// use assay_metrics::classification::label_ranking_loss;
/// let loss = label_ranking_loss(&[[true, false, false]], &[[0.5, 0.9, 0.1]]).unwrap();
/// assert_eq!(loss, 0.5);
/// ```
pub fn label_ranking_loss<R: AsRef<[bool]>, S: AsRef<[f64]>>(truth: &[R], scores: &[S]) -> Result<f64, Undefined> {
    let cases = label_steps(truth, scores)?;
    let loss = |steps: &Vec<Step>| {
        let Some(all) = steps.last().filter(|all| all.positives > 0.0 && all.negatives > 0.0) else { return 0.0 };
        let (mut wrong, mut above) = (0.0, 0.0);
        for step in steps {
            wrong += (step.positives - above) * step.negatives;
            above = step.positives;
        }
        wrong / (all.positives * all.negatives)
    };
    Ok(mean(cases.iter().map(loss), cases.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_confusion_by_hand() {
        // Truth a a a b b c, predicted a a b b c c.
        let c = Confusion::new(&["a", "a", "a", "b", "b", "c"], &["a", "a", "b", "b", "c", "c"]).unwrap();
        assert_eq!((c.accuracy(), c.cell(&"a", &"b"), c.cell(&"b", &"a")), (4.0 / 6.0, 1.0, 0.0));
        assert!((c.balanced_accuracy() - (2.0 / 3.0 + 0.5 + 1.0) / 3.0).abs() < 1e-15);
        // Chance agreement: (3·2 + 2·2 + 1·2) / 36 = 1/3.
        assert!((c.kappa().unwrap() - 0.5).abs() < 1e-15);
        // (4·6 − 12) / √((36 − 14)(36 − 12)).
        assert!((c.mcc() - 12.0 / 528f64.sqrt()).abs() < 1e-15);
        let f1 = c.average(Average::Macro, Some(0.0), Counts::f1).value.unwrap();
        assert!((f1 - (4.0 / 5.0 + 2.0 / 4.0 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn what_is_undefined_says_so() {
        assert_eq!(Confusion::<u8>::new(&[], &[]), Err(Undefined::NoData));
        assert!(matches!(Confusion::new(&[1], &[1, 2]), Err(Undefined::Invalid(_))));
        assert!(matches!(Confusion::from_cells([(1, 1, f64::NAN)]), Err(Undefined::Invalid(_))));
        assert!(matches!(Confusion::from_cells([(1, 1, -1.0)]), Err(Undefined::Invalid(_))));
        assert_eq!(Confusion::from_cells([(1, 1, 0.0)]), Err(Undefined::NoData));
        let same = Confusion::new(&[1, 1], &[1, 1]).unwrap();
        assert_eq!((same.kappa(), same.mcc(), same.accuracy()), (Err(Undefined::NoVariation), 0.0, 1.0));
        let never = Confusion::new(&[1, 2], &[1, 1]).unwrap();
        assert_eq!(never.classes()[&2].precision(), None);
        let precision = |undefined| never.average(Average::Macro, undefined, Counts::precision);
        assert_eq!(precision(Some(0.0)), Averaged { value: Some(0.25), undefined: 1 });
        assert_eq!(precision(None), Averaged { value: Some(0.5), undefined: 1 });

        assert_eq!(Ranked::new(&[true, true], &[0.1, 0.2]), Err(Undefined::OneClass));
        assert!(matches!(Ranked::new(&[true, false], &[0.1, f64::NAN]), Err(Undefined::Invalid(_))));
        assert!(matches!(Ranked::new(&[true, false], &[0.1, f64::INFINITY]), Err(Undefined::Invalid(_))));
        assert_eq!(roc_auc_one_vs_one(&[0, 1], &[[0.5, 0.5, 0.0], [0.1, 0.9, 0.0]], false), Err(Undefined::OneClass));
        assert!(matches!(log_loss(&[0, 2], &[[0.5, 0.5], [0.1, 0.9]]), Err(Undefined::Invalid(_))));
        assert!(matches!(brier(&[0], &[[0.5, 0.4]]), Err(Undefined::Invalid(_))));
        assert!(matches!(brier_binary(&[true], &[1.5]), Err(Undefined::Invalid(_))));
        assert!(matches!(reliability(&[true], &[0.5], Bins::Width(0)), Err(Undefined::Invalid(_))));
        assert!(matches!(Multilabel::new(&[vec![true]], &[vec![]]), Err(Undefined::Invalid(_))));
        assert_eq!(expected_calibration_error(&[]), None);
    }

    #[test]
    fn forecasts_by_hand() {
        assert_eq!(brier_binary(&[true, false], &[0.5, 0.0]), Ok(0.125));
        assert_eq!(brier(&[0, 1], &[[0.5, 0.5], [0.0, 1.0]]), Ok(0.25));
        assert_eq!(log_loss(&[0], &[[0.25, 0.75]]), Ok(4f64.ln()));
        assert!((log_loss_binary(&[true], &[0.0]).unwrap() - 52.0 * 2f64.ln()).abs() < 1e-12);
        let bins = reliability(&[true, false, true], &[0.1, 0.1, 0.9], Bins::Width(5)).unwrap();
        assert_eq!(bins.len(), 2);
        assert!((expected_calibration_error(&bins).unwrap() - (2.0 * 0.4 + 0.1) / 3.0).abs() < 1e-15);
        let ranked = Ranked::new(&[true, false, true, false], &[0.9, 0.8, 0.8, 0.1]).unwrap();
        assert_eq!((ranked.roc_auc(), ranked.precision_at_recall(1.0)), (0.875, Some(2.0 / 3.0)));
        assert_eq!((ranked.recall_at_precision(0.9), ranked.fall_out_at_recall(0.6)), (Some(0.5), Some(0.5)));
        assert_eq!((ranked.recall_at_fall_out(0.0), ranked.recall_at_fall_out(0.5)), (Some(0.5), Some(1.0)));
    }

    fn scored() -> impl Strategy<Value = (Vec<bool>, Vec<f64>)> {
        prop::collection::vec((any::<bool>(), 0..9i32), 2..40)
            .prop_map(|cases| cases.into_iter().map(|(yes, score)| (yes, f64::from(score) / 8.0)).unzip())
            .prop_filter("both classes", |(truth, _): &(Vec<bool>, Vec<f64>)| {
                truth.contains(&true) && truth.contains(&false)
            })
    }

    proptest! {
        #[test]
        fn areas_count_pairs((truth, scores) in scored()) {
            let ranked = Ranked::new(&truth, &scores).unwrap();
            let of = |class: bool| -> Vec<f64> {
                truth.iter().zip(&scores).filter(|(t, _)| **t == class).map(|(_, s)| *s).collect()
            };
            let (yes, no) = (of(true), of(false));
            let wins: f64 = yes.iter().flat_map(|y| no.iter().map(move |n| if y > n { 1.0 } else if y == n { 0.5 } else { 0.0 })).sum();
            prop_assert!((ranked.roc_auc() - wins / (yes.len() * no.len()) as f64).abs() < 1e-12);
            // Reversing the scores mirrors the area; any increasing map leaves everything as it is.
            let reversed: Vec<f64> = scores.iter().map(|s| -s).collect();
            prop_assert!((Ranked::new(&truth, &reversed).unwrap().roc_auc() + ranked.roc_auc() - 1.0).abs() < 1e-12);
            let mapped: Vec<f64> = scores.iter().map(|s| s.exp() * 7.0).collect();
            prop_assert_eq!(Ranked::new(&truth, &mapped).unwrap().average_precision(), ranked.average_precision());
        }

        #[test]
        fn renaming_and_swapping_leave_agreement_alone(cases in prop::collection::vec((0..4u8, 0..4u8), 1..40)) {
            let (truth, predicted): (Vec<u8>, Vec<u8>) = cases.into_iter().unzip();
            let c = Confusion::new(&truth, &predicted).unwrap();
            let renamed = |labels: &[u8]| labels.iter().map(|label| 9 - label).collect::<Vec<_>>();
            let swapped = Confusion::new(&renamed(&predicted), &renamed(&truth)).unwrap();
            prop_assert!((c.mcc() - swapped.mcc()).abs() < 1e-12 && c.mcc().abs() <= 1.0 + 1e-12);
            prop_assert_eq!(c.accuracy(), swapped.accuracy());
            prop_assert_eq!(c.kappa().is_ok(), swapped.kappa().is_ok());
            for how in [Average::Micro, Average::Macro] {
                let (a, b) = (c.average(how, Some(0.0), Counts::f1), swapped.average(how, Some(0.0), Counts::f1));
                prop_assert!((a.value.unwrap() - b.value.unwrap()).abs() < 1e-12);
            }
            prop_assert!((c.average(Average::Micro, None, Counts::recall).value.unwrap() - c.accuracy()).abs() < 1e-12);
            prop_assert!((c.average(Average::Weighted, None, Counts::recall).value.unwrap() - c.accuracy()).abs() < 1e-12);
        }
    }
}

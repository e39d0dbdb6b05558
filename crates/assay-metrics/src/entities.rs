//! Entities in tagged tokens: the spans that tags spell, and how found spans meet expected ones.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Sum;
use std::ops::Add;

use crate::classification::{Counts, Undefined, parallel, ratio};

/// A labelled stretch of tokens or characters, from `start` up to but not including `end`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First position.
    pub start: usize,
    /// The position after the last.
    pub end: usize,
    /// What kind of entity it is.
    pub label: String,
}

/// How tags spell spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// As conlleval and seqeval read by default: B, I, E and S in any order; a span begins wherever one can be seen, so
    /// that an I without a B begins one.
    Lenient,
    /// B begins, I continues; an I that continues nothing is dropped.
    Iob2,
    /// B begins, I continues, E ends, S is a whole; a span without its end is dropped.
    Iobes,
    /// As IOBES with L for the last and U for a unit.
    Bilou,
}

/// The part of a tag before its label, in the letters of IOBES.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Outside,
    Begin,
    Inside,
    End,
    Single,
}

impl Scheme {
    /// Prefix and label of a tag: `O`, a letter, or a letter, a dash and a label. No label is `_`, as in seqeval.
    fn read(self, tag: &str) -> Result<(Prefix, &str), Undefined> {
        let (prefix, label) = tag.split_once('-').unwrap_or((tag, ""));
        let bilou = self == Self::Bilou;
        let prefix = match prefix {
            "O" if label.is_empty() => Prefix::Outside,
            "B" => Prefix::Begin,
            "I" => Prefix::Inside,
            "E" if !bilou && self != Self::Iob2 => Prefix::End,
            "S" if !bilou && self != Self::Iob2 => Prefix::Single,
            "L" if bilou => Prefix::End,
            "U" if bilou => Prefix::Single,
            _ => return Err(Undefined::Invalid("a tag is not one of the scheme")),
        };
        Ok((prefix, if label.is_empty() { "_" } else { label }))
    }

    /// The spans of one sentence's tags, such as `B-PER`, in order. O(n).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::entities::Scheme;
    /// let spans = Scheme::Iob2.spans(&["B-PER", "I-PER", "O", "B-LOC"]).unwrap();
    /// assert_eq!((spans.len(), spans[0].start, spans[0].end, spans[1].label.as_str()), (2, 0, 2, "LOC"));
    /// ```
    pub fn spans<T: AsRef<str>>(self, tags: &[T]) -> Result<Vec<Span>, Undefined> {
        let mut spans = Vec::new();
        // The span being read: where it began, its label, its last prefix.
        let mut open: Option<(usize, &str, Prefix)> = None;
        let close = |spans: &mut Vec<Span>, end: usize, (start, label, last): (usize, &str, Prefix)| {
            let whole = matches!(self, Self::Lenient | Self::Iob2) || matches!(last, Prefix::End | Prefix::Single);
            if whole {
                spans.push(Span { start, end, label: label.to_owned() });
            }
        };
        for (at, tag) in tags.iter().enumerate() {
            let (prefix, label) = self.read(tag.as_ref())?;
            let continues = matches!(prefix, Prefix::Inside | Prefix::End);
            match &mut open {
                Some((_, of, last)) if continues && *of == label && matches!(last, Prefix::Begin | Prefix::Inside) => {
                    *last = prefix;
                }
                _ => {
                    if let Some(span) = open.take() {
                        close(&mut spans, at, span);
                    }
                    if prefix != Prefix::Outside && (self == Self::Lenient || !continues) {
                        open = Some((at, label, prefix));
                    }
                }
            }
        }
        if let Some(span) = open {
            close(&mut spans, tags.len(), span);
        }
        Ok(spans)
    }
}

/// Counts by label over texts: a found span is a hit when an expected one has its boundaries and its label. A span that
/// is given twice counts once. For micro, macro and weighted averages: see [`crate::classification::average`].
///
/// # Examples
/// ```
/// use assay_metrics::entities::{Scheme, entity_counts};
/// let tags = |tags: &[&str]| vec![Scheme::Iob2.spans(tags).unwrap()];
/// let counts = entity_counts(&tags(&["B-PER", "O"]), &tags(&["B-PER", "B-LOC"])).unwrap();
/// assert_eq!((counts["PER"].f1(), counts["LOC"].precision()), (Some(1.0), Some(0.0)));
/// ```
pub fn entity_counts(expected: &[Vec<Span>], found: &[Vec<Span>]) -> Result<BTreeMap<String, Counts>, Undefined> {
    parallel(expected, found)?;
    let mut labels = BTreeMap::<String, Counts>::new();
    for (expected, found) in expected.iter().zip(found) {
        let (expected, found): (BTreeSet<&Span>, BTreeSet<&Span>) = (expected.iter().collect(), found.iter().collect());
        for span in expected.union(&found) {
            let counts = labels.entry(span.label.clone()).or_default();
            *counts = *counts + Counts::of(expected.contains(*span), found.contains(*span));
        }
    }
    Ok(labels)
}

/// When a found span is right: the four evaluations of SemEval-2013 task 9 (Segura-Bedmar et al. 2013).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// The same boundaries and the same label.
    Strict,
    /// The same boundaries, whatever the label.
    Exact,
    /// The same boundaries, whatever the label; an overlap counts half.
    Partial,
    /// An overlap with the same label.
    Type,
}

/// How many found and expected spans met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Found spans that are right.
    pub correct: usize,
    /// Found spans that overlap an expected one but are not right.
    pub incorrect: usize,
    /// Found spans that overlap an expected one, where that counts half.
    pub partial: usize,
    /// Expected spans that nothing met.
    pub missed: usize,
    /// Found spans that met nothing.
    pub spurious: usize,
}

impl Matches {
    fn credit(&self) -> f64 {
        self.correct as f64 + 0.5 * self.partial as f64
    }

    /// Spans found.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::entities::Matches;
    /// assert_eq!(Matches { correct: 2, spurious: 1, ..Matches::default() }.actual(), 3);
    /// ```
    pub fn actual(&self) -> usize {
        self.correct + self.incorrect + self.partial + self.spurious
    }

    /// Spans expected.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::entities::Matches;
    /// assert_eq!(Matches { correct: 2, missed: 1, ..Matches::default() }.possible(), 3);
    /// ```
    pub fn possible(&self) -> usize {
        self.correct + self.incorrect + self.partial + self.missed
    }

    /// (correct + ½·partial) / actual; `None` when nothing is found.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(assay_metrics::entities::Matches::default().precision(), None);
    /// ```
    pub fn precision(&self) -> Option<f64> {
        ratio(self.credit(), self.actual() as f64)
    }

    /// (correct + ½·partial) / possible; `None` when nothing is expected.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::entities::Matches;
    /// assert_eq!(Matches { correct: 1, missed: 1, ..Matches::default() }.recall(), Some(0.5));
    /// ```
    pub fn recall(&self) -> Option<f64> {
        ratio(self.credit(), self.possible() as f64)
    }

    /// Harmonic mean of precision and recall; `None` when nothing is found and nothing expected.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::entities::Matches;
    /// assert_eq!(Matches { correct: 1, missed: 1, spurious: 1, ..Matches::default() }.f1(), Some(0.5));
    /// ```
    pub fn f1(&self) -> Option<f64> {
        ratio(2.0 * self.credit(), (self.actual() + self.possible()) as f64)
    }
}

impl Add for Matches {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            correct: self.correct + other.correct,
            incorrect: self.incorrect + other.incorrect,
            partial: self.partial + other.partial,
            missed: self.missed + other.missed,
            spurious: self.spurious + other.spurious,
        }
    }
}

impl Sum for Matches {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// Matches the spans of one text; add the results of several. In order of position each found span takes the expected
/// span that makes it right (for [`Matching::Type`] the one with the nearest boundaries), else the first that it
/// overlaps; nothing is taken twice. An overlap is a common position. The order of the slices does not matter; spans
/// are not empty. O(n log n) unless many spans lie over each other.
///
/// # Examples
/// ```
/// use assay_metrics::entities::{Matching, Span, match_spans};
/// let span = |start, end| Span { start, end, label: "PER".into() };
/// let found = match_spans(&[span(0, 2)], &[span(1, 2)], Matching::Partial).unwrap();
/// assert_eq!((found.partial, found.f1()), (1, Some(0.5)));
/// ```
pub fn match_spans(expected: &[Span], found: &[Span], rule: Matching) -> Result<Matches, Undefined> {
    if expected.iter().chain(found).any(|span| span.start >= span.end) {
        return Err(Undefined::Invalid("a span is empty"));
    }
    let sorted = |spans: &[Span]| {
        let mut spans = spans.to_vec();
        spans.sort();
        spans
    };
    let (expected, found) = (sorted(expected), sorted(found));
    let longest = expected.iter().map(|span| span.end - span.start).max().unwrap_or(0);
    let mut taken = vec![false; expected.len()];
    let mut matches = Matches::default();
    for span in &found {
        let distance =
            |at: &usize| expected[*at].start.abs_diff(span.start).saturating_add(expected[*at].end.abs_diff(span.end));
        let right = |at: &usize| {
            let same = expected[*at].label == span.label;
            match rule {
                Matching::Strict => same && distance(at) == 0,
                Matching::Exact | Matching::Partial => distance(at) == 0,
                Matching::Type => same,
            }
        };
        let from = expected.partition_point(|other| other.start.saturating_add(longest) <= span.start);
        let to = expected.partition_point(|other| other.start < span.end);
        let free: Vec<usize> = (from..to).filter(|at| !taken[*at] && expected[*at].end > span.start).collect();
        let best = free.iter().copied().filter(right).min_by_key(distance);
        let slot = match (best.is_some(), free.is_empty(), rule) {
            (true, ..) => &mut matches.correct,
            (_, true, _) => &mut matches.spurious,
            (.., Matching::Partial) => &mut matches.partial,
            _ => &mut matches.incorrect,
        };
        *slot += 1;
        if let Some(at) = best.or(free.first().copied()) {
            taken[at] = true;
        }
    }
    matches.missed = taken.iter().filter(|taken| !**taken).count();
    Ok(matches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(scheme: Scheme, tags: &str) -> String {
        let tags: Vec<&str> = tags.split(' ').collect();
        let spans = scheme.spans(&tags).unwrap();
        spans.iter().map(|s| format!("{}{}-{}", s.label, s.start, s.end)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn schemes_read_the_same_tags_differently() {
        assert_eq!(read(Scheme::Lenient, "I-A I-A O B-A I-B"), "A0-2 A3-4 B4-5");
        assert_eq!(read(Scheme::Iob2, "I-A I-A O B-A I-B"), "A3-4");
        assert_eq!(read(Scheme::Lenient, "B-A I-A O S-B E-B"), "A0-2 B3-4 B4-5");
        assert_eq!(read(Scheme::Iobes, "B-A I-A O S-B E-B B-A E-A"), "B3-4 A5-7");
        assert_eq!(read(Scheme::Bilou, "B-A L-A U-B B-A"), "A0-2 B2-3");
        assert_eq!(read(Scheme::Lenient, "B I B-x-y"), "_0-2 x-y2-3");
        assert!(Scheme::Iob2.spans(&["S-A"]).is_err() && Scheme::Iobes.spans(&["U-A"]).is_err());
        assert!(Scheme::Lenient.spans(&[""]).is_err() && Scheme::Lenient.spans(&["BPER"]).is_err());
    }

    fn span(start: usize, end: usize, label: &str) -> Span {
        Span { start, end, label: label.to_owned() }
    }

    #[test]
    fn the_four_evaluations_by_hand() {
        let expected = [span(0, 2, "drug"), span(5, 8, "drug"), span(10, 11, "brand")];
        let found = [span(0, 2, "brand"), span(6, 9, "drug"), span(20, 22, "drug")];
        let matches = |rule| match_spans(&expected, &found, rule).unwrap();
        let all = |correct, incorrect, partial| Matches { correct, incorrect, partial, missed: 1, spurious: 1 };
        assert_eq!(matches(Matching::Strict), all(0, 2, 0));
        assert_eq!(matches(Matching::Exact), all(1, 1, 0));
        assert_eq!(matches(Matching::Partial), all(1, 0, 1));
        assert_eq!(matches(Matching::Type), all(1, 1, 0));
        assert_eq!(matches(Matching::Partial).f1(), Some(0.5));
        assert_eq!(match_spans(&[], &[], Matching::Type).unwrap().precision(), None);
        assert!(match_spans(&[span(3, 3, "x")], &[], Matching::Type).is_err());
        assert_eq!(entity_counts(&[], &[]), Err(Undefined::NoData));
    }

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        let one = (0..20usize, 1..6usize, prop::sample::select(vec!["a", "b"]));
        prop::collection::vec(one.prop_map(|(start, length, label)| span(start, start + length, label)), 0..9)
    }

    proptest! {
        #[test]
        fn everything_is_counted_once(expected in spans(), mut found in spans()) {
            let rules = [Matching::Strict, Matching::Exact, Matching::Partial, Matching::Type];
            let before = rules.map(|rule| match_spans(&expected, &found, rule).unwrap());
            for matches in before {
                prop_assert_eq!((matches.actual(), matches.possible()), (found.len(), expected.len()));
            }
            found.reverse();
            prop_assert_eq!(before, rules.map(|rule| match_spans(&expected, &found, rule).unwrap()));
            let same = match_spans(&expected, &expected, Matching::Strict).unwrap();
            prop_assert!(same.f1().is_none_or(|f1| f1 == 1.0));
        }

        #[test]
        fn well_formed_tags_read_the_same_in_all_schemes(lengths in prop::collection::vec((0..3usize, 1..4usize), 0..8)) {
            let (mut iob, mut iobes, mut bilou) = (Vec::new(), Vec::new(), Vec::new());
            for (gap, length) in lengths {
                for tags in [&mut iob, &mut iobes, &mut bilou] {
                    tags.extend(std::iter::repeat_n("O", gap));
                }
                let body = |first, middle, last, whole| match length {
                    1 => vec![whole],
                    _ => [vec![first], vec![middle; length - 2], vec![last]].concat(),
                };
                iob.extend(body("B-x", "I-x", "I-x", "B-x"));
                iobes.extend(body("B-x", "I-x", "E-x", "S-x"));
                bilou.extend(body("B-x", "I-x", "L-x", "U-x"));
            }
            let spans = Scheme::Iob2.spans(&iob).unwrap();
            prop_assert_eq!(&spans, &Scheme::Lenient.spans(&iob).unwrap());
            prop_assert_eq!(&spans, &Scheme::Lenient.spans(&iobes).unwrap());
            prop_assert_eq!(&spans, &Scheme::Iobes.spans(&iobes).unwrap());
            prop_assert_eq!(&spans, &Scheme::Bilou.spans(&bilou).unwrap());
        }
    }
}

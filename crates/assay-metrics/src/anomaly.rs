//! Anomaly detection in series: one flag per point, true where an anomaly is or where one is reported. A run of true
//! flags is an event.

use std::ops::Range;

use crate::classification::{Counts, Undefined, finite, parallel, ratio};

/// Runs of true flags, in order.
///
/// # Examples
/// ```
/// assert_eq!(assay_metrics::anomaly::events(&[false, true, true, false, true]), [1..3, 4..5]);
/// ```
pub fn events(flags: &[bool]) -> Vec<Range<usize>> {
    let mut events = Vec::new();
    let mut start = None;
    for (at, flag) in flags.iter().copied().chain(std::iter::once(false)).enumerate() {
        match (flag, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                events.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    events
}

/// Precision and recall that are not shares of one and the same count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecall {
    /// `None` when nothing is reported.
    pub precision: Option<f64>,
    /// `None` when there is no anomaly.
    pub recall: Option<f64>,
}

impl PrecisionRecall {
    /// Harmonic mean; 0 when one of the two is 0 or undefined, `None` when both are undefined.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::anomaly::PrecisionRecall;
    /// assert_eq!(PrecisionRecall { precision: Some(0.5), recall: Some(1.0) }.f1(), Some(2.0 / 3.0));
    /// ```
    pub fn f1(&self) -> Option<f64> {
        if self.precision.is_none() && self.recall.is_none() {
            return None;
        }
        let (p, r) = (self.precision.unwrap_or(0.0), self.recall.unwrap_or(0.0));
        Some(ratio(2.0 * p * r, p + r).unwrap_or(0.0))
    }
}

/// By events: recall is the share of true events in which a point is reported, precision the share of reported events
/// that touch a true one. Blind to lengths: one report of everything has recall 1 and precision 1. O(n).
///
/// # Examples
/// ```
/// // One of two reports is right, and the one event is found.
/// let found = assay_metrics::anomaly::event_scores(&[false, true, true, false, false], &[true, false, true, false, false]).unwrap();
/// assert_eq!((found.precision, found.recall), (Some(0.5), Some(1.0)));
/// ```
pub fn event_scores(truth: &[bool], reported: &[bool]) -> Result<PrecisionRecall, Undefined> {
    parallel(truth, reported)?;
    let touched = |of: &[bool], by: &[bool]| {
        let all = events(of);
        let hit = all.iter().filter(|event| by[(*event).clone()].contains(&true)).count();
        ratio(hit as f64, all.len() as f64)
    };
    Ok(PrecisionRecall { precision: touched(reported, truth), recall: touched(truth, reported) })
}

/// By points, without adjustment. O(n).
///
/// # Examples
/// ```
/// let found = assay_metrics::anomaly::point_scores(&[true, true, false], &[true, false, true]).unwrap();
/// assert_eq!((found.precision(), found.recall()), (Some(0.5), Some(0.5)));
/// ```
pub fn point_scores(truth: &[bool], reported: &[bool]) -> Result<Counts, Undefined> {
    parallel(truth, reported)?;
    Ok(truth.iter().zip(reported).map(|(t, r)| Counts::of(*t, *r)).sum())
}

/// The length of each true event and how many of its points are reported.
fn detected(truth: &[bool], reported: &[bool]) -> impl Iterator<Item = (f64, f64)> {
    let count = |event: &Range<usize>| reported[event.clone()].iter().filter(|flag| **flag).count();
    events(truth).into_iter().map(move |event| (event.len() as f64, count(&event) as f64))
}

/// By points after adjustment (PA%K; Kim et al. 2022): a true event counts as reported throughout when more than the
/// share `k` of its points is. `k` = 0 is the plain point adjustment of much of the literature, under which **random
/// reports score high** where events are long; `k` = 1 adjusts nothing. O(n).
///
/// # Examples
/// ```
/// use assay_metrics::anomaly::adjusted_scores;
/// let (truth, reported) = ([true, true, true, false], [true, false, false, false]);
/// // A third of the event is enough for k below it.
/// assert_eq!(adjusted_scores(&truth, &reported, 0.2).unwrap().recall(), Some(1.0));
/// assert_eq!(adjusted_scores(&truth, &reported, 0.5).unwrap().recall(), Some(1.0 / 3.0));
/// ```
pub fn adjusted_scores(truth: &[bool], reported: &[bool], k: f64) -> Result<Counts, Undefined> {
    let mut counts = point_scores(truth, reported)?;
    if !(0.0..=1.0).contains(&k) {
        return Err(Undefined::Invalid("the share of an event that must be reported is from 0 to 1"));
    }
    for (length, hits) in detected(truth, reported) {
        if hits / length > k {
            counts.hits += length - hits;
            counts.predicted += length - hits;
        }
    }
    Ok(counts)
}

/// The area under F1 of [`adjusted_scores`] over `k` from 0 to 1, exactly: F1 changes only where `k` passes the share
/// of an event that is reported. `None` when nothing is reported and there is no anomaly. O(n log n).
///
/// # Examples
/// ```
/// // F1 is 1 for k below ½ and ⅔ above.
/// let area = assay_metrics::anomaly::adjusted_f1_area(&[true, true, false], &[true, false, false]).unwrap();
/// assert!((area.unwrap() - 5.0 / 6.0).abs() < 1e-12);
/// ```
pub fn adjusted_f1_area(truth: &[bool], reported: &[bool]) -> Result<Option<f64>, Undefined> {
    let mut counts = point_scores(truth, reported)?;
    let mut shares: Vec<(f64, f64)> =
        detected(truth, reported).map(|(length, hits)| (hits / length, length - hits)).collect();
    shares.sort_by(|a, b| b.0.total_cmp(&a.0));
    // From k = 1 down: an event is adjusted for every k below its share.
    let (mut area, mut edge) = (0.0, 1.0);
    for (share, added) in shares {
        area += (edge - share) * counts.f1().unwrap_or(0.0);
        edge = share;
        counts.hits += added * f64::from(u8::from(share > 0.0));
        counts.predicted += added * f64::from(u8::from(share > 0.0));
    }
    Ok(counts.f1().map(|f1| area + edge * f1))
}

/// For each true event the points from its start to the first report in it; `None` where it is missed. O(n).
///
/// # Examples
/// ```
/// use assay_metrics::anomaly::delays;
/// assert_eq!(delays(&[true, true, false, true], &[false, true, false, false]), Ok(vec![Some(1), None]));
/// ```
pub fn delays(truth: &[bool], reported: &[bool]) -> Result<Vec<Option<usize>>, Undefined> {
    parallel(truth, reported)?;
    Ok(events(truth).into_iter().map(|event| reported[event].iter().position(|flag| *flag)).collect())
}

/// What reports earn and cost in [`nab_score`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// Earned by a report at the start of an event.
    pub hit: f64,
    /// Cost of a report far from any event.
    pub false_alarm: f64,
    /// Cost of a missed event.
    pub miss: f64,
}

impl Costs {
    /// NAB's standard profile.
    pub const STANDARD: Self = Self { hit: 1.0, false_alarm: 0.11, miss: 1.0 };
    /// NAB's profile that rewards few false alarms.
    pub const FEW_FALSE_ALARMS: Self = Self { hit: 1.0, false_alarm: 0.22, miss: 1.0 };
    /// NAB's profile that rewards few misses.
    pub const FEW_MISSES: Self = Self { hit: 1.0, false_alarm: 0.11, miss: 2.0 };
}

/// Early reports earn more, as in the Numenta Anomaly Benchmark (Lavin & Ahmad 2015): σ(y) = 2 / (1 + e⁵ʸ) − 1 at the
/// relative position y, −1 at the start of an event and 0 behind its end. The best report in an event counts; reports
/// behind an event cost the more the later they are, reports before any the full cost, and so from 3 event widths on.
///
/// Scaled so that no report at all is 0 and a report at every start alone is 1 (NAB shows 100 times that); there is no
/// lower bound. NAB's trial period at the start of a series is the caller's to cut. O(n).
///
/// # Examples
/// ```
/// use assay_metrics::anomaly::{Costs, nab_score};
/// let truth = [false, true, true, true, false];
/// assert_eq!(nab_score(&truth, &[false; 5], Costs::STANDARD), Ok(0.0));
/// assert!(nab_score(&truth, &[false, true, false, false, false], Costs::STANDARD).unwrap() > 0.99);
/// ```
pub fn nab_score(truth: &[bool], reported: &[bool], costs: Costs) -> Result<f64, Undefined> {
    parallel(truth, reported)?;
    let Costs { hit, false_alarm, miss } = costs;
    if ![hit, false_alarm, miss].iter().all(|cost| *cost >= 0.0 && cost.is_finite()) {
        return Err(Undefined::Invalid("a cost is negative or not finite"));
    }
    let sigma = |y: f64| if y >= 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * y).exp()) - 1.0 };
    let windows = events(truth);
    let first = windows.first().map_or(reported.len(), |window| window.start);
    let flags = |range: Range<usize>| range.filter(|at| reported[*at]);
    let mut gained = -false_alarm * flags(0..first).count() as f64;
    for (i, window) in windows.iter().enumerate() {
        let width = window.len() as f64;
        gained += match flags(window.clone()).next() {
            Some(at) => miss + hit * sigma((at as f64 - window.end as f64) / width) / sigma(-1.0),
            None => 0.0,
        };
        let next = windows.get(i + 1).map_or(reported.len(), |next| next.start);
        let past = |at: usize| (at + 1 - window.end) as f64 / (width - 1.0).max(1.0);
        gained += false_alarm * flags(window.end..next).map(|at| sigma(past(at))).sum::<f64>();
    }
    ratio(gained, windows.len() as f64 * (hit + miss)).ok_or(Undefined::OneClass)
}

/// ∫₀ᵗ min(u, w) du: how much of a zone's side of width `w` lies within the distance u, summed over u.
fn within(t: f64, w: f64) -> f64 {
    if t <= w { t * t / 2.0 } else { w * w / 2.0 + w * (t - w) }
}

/// ∫₀ᵗ min(u, w − u) du, for t ≤ w.
fn nearer(t: f64, w: f64) -> f64 {
    if 2.0 * t <= w { t * t / 2.0 } else { w * w / 4.0 - (w - t) * (w - t) / 2.0 }
}

/// A stretch of time.
#[derive(Clone, Copy)]
struct Stretch {
    from: f64,
    to: f64,
}

impl Stretch {
    fn length(self) -> f64 {
        self.to - self.from
    }

    /// The common part; `None` when it is empty.
    fn and(self, other: Self) -> Option<Self> {
        let both = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from < both.to).then_some(both)
    }
}

/// ∫ over the part of `report` in the zone of the probability that a random point of the zone is at least as far from
/// the event: 1 inside the event.
fn report_credit(report: Stretch, event: Stretch, zone: Stretch) -> f64 {
    let (left, right) = (event.from - zone.from, zone.to - event.to);
    let inside = report.and(event).map_or(0.0, Stretch::length);
    let side = |near: f64, far: f64| {
        let closer = |t| within(t, left) + within(t, right);
        let certain = (far - near) * (1.0 - event.length() / zone.length());
        certain - (closer(far) - closer(near)) / zone.length()
    };
    let before = report.and(Stretch { from: zone.from, to: event.from });
    let after = report.and(Stretch { from: event.to, to: zone.to });
    inside
        + before.map_or(0.0, |part| side(event.from - part.to, event.from - part.from))
        + after.map_or(0.0, |part| side(part.from - event.to, part.to - event.to))
}

/// ∫ over the event of the probability that a random point of the zone is at least as far from the place as the nearest
/// report is: 1 where it is reported. `reports` are cut to the zone.
fn event_credit(reports: &[Stretch], event: Stretch, zone: Stretch) -> f64 {
    // A part of the event at the distances `near` to `far` from an end of a report that is `room` from the zone's end.
    let side = |near: f64, far: f64, room: f64| {
        let closer = |t: f64| t * t / 2.0 + nearer(t, room);
        (far - near) - (closer(far) - closer(near)) / zone.length()
    };
    let mut credit = 0.0;
    for (i, report) in reports.iter().enumerate() {
        let before = if i == 0 { zone.from } else { (reports[i - 1].to + report.from) / 2.0 };
        let after = reports.get(i + 1).map_or(zone.to, |next| (report.to + next.from) / 2.0);
        credit += report.and(event).map_or(0.0, Stretch::length);
        if let Some(part) = event.and(Stretch { from: before, to: report.from }) {
            credit += side(report.from - part.to, report.from - part.from, report.from - zone.from);
        }
        if let Some(part) = event.and(Stretch { from: report.to, to: after }) {
            credit += side(part.from - report.to, part.to - report.to, zone.to - report.to);
        }
    }
    credit
}

/// Affiliation precision and recall (Huet, Navarro & Rossi 2022): distances in time between reports and events, each
/// turned into the probability that a random report in the event's zone would be no nearer. A zone reaches half way to
/// the neighbouring events. Precision is the mean over zones with reports, recall over all events. A random report
/// scores about ½, not 0. Needs an event. O(n).
///
/// # Examples
/// ```
/// let truth = [false, false, true, true, false, false];
/// let found = assay_metrics::anomaly::affiliation(&truth, &truth).unwrap();
/// assert_eq!((found.precision, found.recall), (Some(1.0), Some(1.0)));
/// ```
pub fn affiliation(truth: &[bool], reported: &[bool]) -> Result<PrecisionRecall, Undefined> {
    parallel(truth, reported)?;
    let stretches = |flags: &[bool]| -> Vec<Stretch> {
        events(flags).into_iter().map(|run| Stretch { from: run.start as f64, to: run.end as f64 }).collect()
    };
    let (truths, reports) = (stretches(truth), stretches(reported));
    let (mut precision, mut zones, mut recall) = (0.0, 0.0, 0.0);
    for (i, event) in truths.iter().enumerate() {
        let zone = Stretch {
            from: if i == 0 { 0.0 } else { (truths[i - 1].to + event.from) / 2.0 },
            to: truths.get(i + 1).map_or(truth.len() as f64, |next| (event.to + next.from) / 2.0),
        };
        let first = reports.partition_point(|report| report.to <= zone.from);
        let inside: Vec<Stretch> = reports[first..].iter().map_while(|report| report.and(zone)).collect();
        let total: f64 = inside.iter().map(|report| report.length()).sum();
        if total > 0.0 {
            precision += inside.iter().map(|report| report_credit(*report, *event, zone)).sum::<f64>() / total;
            zones += 1.0;
            recall += event_credit(&inside, *event, zone) / event.length();
        }
    }
    let recall = ratio(recall, truths.len() as f64).ok_or(Undefined::OneClass)?;
    Ok(PrecisionRecall { precision: ratio(precision, zones), recall: Some(recall) })
}

/// Volumes under surfaces: see [`volumes`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Volumes {
    /// Under the ROC curves.
    pub roc: f64,
    /// Under the precision–recall curves, summed in steps.
    pub pr: f64,
}

/// VUS-ROC and VUS-PR (Paparrizos et al. 2022) of anomaly scores: the mean over buffer widths from 0 to `window` of the
/// range-based areas, for which an event fades out over half a width on both sides (√(1 − distance / width)) and recall
/// counts the share of events touched. All distinct scores are thresholds; the authors' package samples 250. Needs
/// points of both kinds, and a window not longer than the series. O(n log n + n · window).
///
/// # Examples
/// ```
/// let truth = [false, false, true, true, false, false];
/// let found = assay_metrics::anomaly::volumes(&truth, &[0.1, 0.2, 0.9, 0.8, 0.2, 0.1], 0).unwrap();
/// assert_eq!((found.roc, found.pr), (1.0, 1.0));
/// ```
pub fn volumes(truth: &[bool], scores: &[f64], window: usize) -> Result<Volumes, Undefined> {
    parallel(truth, scores)?;
    finite(scores)?;
    if window > truth.len() {
        return Err(Undefined::Invalid("the window is longer than the series"));
    }
    let truths = events(truth);
    if truths.is_empty() || truth.iter().all(|flag| *flag) {
        return Err(Undefined::OneClass);
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut sum = Volumes { roc: 0.0, pr: 0.0 };
    for width in 0..=window {
        let areas = buffered_areas(truth, &truths, scores, &order, width);
        sum.roc += areas.roc;
        sum.pr += areas.pr;
    }
    let widths = window as f64 + 1.0;
    Ok(Volumes { roc: sum.roc / widths, pr: sum.pr / widths })
}

/// The areas at one buffer width; `order` holds the points from the highest score down.
fn buffered_areas(truth: &[bool], truths: &[Range<usize>], scores: &[f64], order: &[usize], width: usize) -> Volumes {
    let (n, half) = (truth.len(), width / 2);
    // How anomalous a point is, and the event with its buffers, run together where they meet, that it belongs to.
    let (mut weights, mut zones) = (vec![0.0_f64; n], vec![None; n]);
    let (mut last, mut reach) = (0, None);
    for event in truths {
        let (from, to) = (event.start.saturating_sub(half), (event.end + half).min(n));
        last += usize::from(reach.is_some_and(|reach| event.start >= reach + half));
        reach = Some(event.end + half);
        for at in from..to {
            let distance = event.start.saturating_sub(at).max((at + 1).saturating_sub(event.end));
            let fade = if distance == 0 { 1.0 } else { (1.0 - distance as f64 / width as f64).sqrt() };
            weights[at] = (weights[at] + fade).min(1.0);
            zones[at] = Some(last);
        }
    }
    let anomalous = truth.iter().filter(|flag| **flag).count() as f64;
    let mut touched = vec![false; last + 1];
    let (mut hits, mut faded, mut reported, mut zones_touched) = (0.0, 0.0, 0.0, 0.0);
    let (mut before, mut areas) = ((0.0, 0.0), Volumes { roc: 0.0, pr: 0.0 });
    let mut step = |after: (f64, f64), precision: f64| {
        areas.roc += (after.0 - before.0) * (after.1 + before.1) / 2.0;
        areas.pr += (after.1 - before.1) * precision;
        before = after;
    };
    for (i, at) in order.iter().enumerate() {
        reported += 1.0;
        hits += weights[*at];
        faded += if truth[*at] { 0.0 } else { weights[*at] };
        if let Some(zone) = zones[*at] {
            zones_touched += f64::from(u8::from(!std::mem::replace(&mut touched[zone], true)));
        }
        if order.get(i + 1).is_none_or(|next| scores[*next] < scores[*at]) {
            // Half way between the anomaly with the buffers reported and without any.
            let positives = anomalous + faded / 2.0;
            let recall = (hits / positives).min(1.0) * zones_touched / touched.len() as f64;
            step(((reported - hits) / (n as f64 - positives), recall), hits / reported);
        }
    }
    // The curve ends where everything is reported; the last step adds no precision.
    step((1.0, 1.0), 0.0);
    areas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classification::Ranked;
    use proptest::prelude::*;

    fn flags(text: &str) -> Vec<bool> {
        text.chars().map(|c| c == '#').collect()
    }

    #[test]
    fn a_small_series_by_hand() {
        let (truth, reported) = (flags("..####..##.."), flags("#..#...#...."));
        assert_eq!(events(&truth), [2..6, 8..10]);
        let e = event_scores(&truth, &reported).unwrap();
        assert_eq!((e.precision, e.recall), (Some(1.0 / 3.0), Some(0.5)));
        assert!((e.f1().unwrap() - 0.4).abs() < 1e-15);
        let counts = |hits, predicted| Counts { hits, predicted, expected: 6.0 };
        assert_eq!(adjusted_scores(&truth, &reported, 0.0), Ok(counts(4.0, 6.0)));
        assert_eq!(adjusted_scores(&truth, &reported, 0.25), Ok(counts(1.0, 3.0)));
        // F1 is 8/12 up to k = 1/4 and 2/9 from there.
        let area = adjusted_f1_area(&truth, &reported).unwrap().unwrap();
        assert!((area - (0.25 * 8.0 / 12.0 + 0.75 * 2.0 / 9.0)).abs() < 1e-15);
        assert_eq!(delays(&truth, &reported), Ok(vec![Some(1), None]));
    }

    #[test]
    fn what_is_undefined_says_so() {
        let none = [false; 4];
        assert_eq!(event_scores(&none, &none), Ok(PrecisionRecall { precision: None, recall: None }));
        assert_eq!(event_scores(&none, &none).unwrap().f1(), None);
        assert_eq!(event_scores(&none, &[true; 4]).unwrap().f1(), Some(0.0));
        assert_eq!(adjusted_f1_area(&none, &none), Ok(None));
        assert_eq!(affiliation(&none, &[true; 4]), Err(Undefined::OneClass));
        assert_eq!(nab_score(&none, &none, Costs::STANDARD), Err(Undefined::OneClass));
        assert_eq!(volumes(&none, &[0.0; 4], 2), Err(Undefined::OneClass));
        assert_eq!(volumes(&[true; 4], &[0.0; 4], 2), Err(Undefined::OneClass));
        assert!(matches!(volumes(&none, &[f64::NAN; 4], 2), Err(Undefined::Invalid(_))));
        assert_eq!(delays(&[], &[]), Err(Undefined::NoData));
        assert!(matches!(adjusted_scores(&none, &none, f64::NAN), Err(Undefined::Invalid(_))));
        assert!(matches!(point_scores(&none, &none[1..]), Err(Undefined::Invalid(_))));
        let costs = Costs { hit: -1.0, ..Costs::STANDARD };
        assert!(matches!(nab_score(&none, &none, costs), Err(Undefined::Invalid(_))));
        assert_eq!(affiliation(&[true, false], &none[..2]), Ok(PrecisionRecall { precision: None, recall: Some(0.0) }));
    }

    /// σ(−1) = 0.98661 and σ(−0.5) = 0.84828: the values that NAB's documentation gives.
    #[test]
    fn early_reports_earn_more() {
        let truth = flags("....##########....");
        let score = |reported: &str| nab_score(&truth, &flags(reported), Costs::STANDARD).unwrap();
        assert_eq!(score(".................."), 0.0);
        assert!((score("....#.............") - 1.0).abs() < 1e-12);
        assert!((score(".........#...#....") - (1.0 + 0.84828 / 0.98661) / 2.0).abs() < 1e-5);
        assert!((score("#.................") + 0.11 / 2.0).abs() < 1e-12);
        assert!(score("..............#...") > score(".................#"));
    }

    /// Affiliation precision and recall with sums over a finer grid in place of integrals.
    fn brute_force(truth: &[bool], reported: &[bool]) -> (Option<f64>, f64) {
        const FINE: usize = 10;
        let fine = |flags: &[bool]| flags.iter().flat_map(|flag| [*flag; FINE]).collect::<Vec<_>>();
        let (truth, reported) = (fine(truth), fine(reported));
        let runs = events(&truth);
        let (mut precisions, mut recalls) = (Vec::new(), Vec::new());
        for (i, event) in runs.iter().enumerate() {
            let from = if i == 0 { 0 } else { (runs[i - 1].end + event.start) / 2 };
            let to = runs.get(i + 1).map_or(truth.len(), |next| (event.end + next.start) / 2);
            let reports: Vec<usize> = (from..to).filter(|at| reported[*at]).collect();
            let distance = |at: usize, others: &[usize]| others.iter().map(|other| other.abs_diff(at)).min().unwrap();
            // Of the zone's points, those farther away, and half of those as far.
            let beyond = |d: usize, of: &dyn Fn(usize) -> usize| {
                let share = |at| match of(at).cmp(&d) {
                    std::cmp::Ordering::Less => 0.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Greater => 1.0,
                };
                if d == 0 { 1.0 } else { (from..to).map(share).sum::<f64>() / (to - from) as f64 }
            };
            let inside: Vec<usize> = event.clone().collect();
            if reports.is_empty() {
                recalls.push(0.0);
                continue;
            }
            let credit = |at: &usize| beyond(distance(*at, &inside), &|other| distance(other, &inside));
            precisions.push(reports.iter().map(credit).sum::<f64>() / reports.len() as f64);
            let credit = |at: &usize| beyond(distance(*at, &reports), &|other| other.abs_diff(*at));
            recalls.push(inside.iter().map(credit).sum::<f64>() / inside.len() as f64);
        }
        let mean = |values: &[f64]| ratio(values.iter().sum(), values.len() as f64);
        (mean(&precisions), mean(&recalls).unwrap())
    }

    fn series() -> impl Strategy<Value = (Vec<bool>, Vec<bool>)> {
        let runs = || {
            prop::collection::vec((any::<bool>(), 1..6usize), 8).prop_map(|runs| {
                let mut flags: Vec<bool> = runs.into_iter().flat_map(|(flag, length)| vec![flag; length]).collect();
                flags.resize(24, false);
                flags
            })
        };
        (runs(), runs())
    }

    proptest! {
        #[test]
        fn adjustment_only_helps((truth, reported) in series()) {
            let f1 = |k| adjusted_scores(&truth, &reported, k).unwrap().f1();
            let plain = point_scores(&truth, &reported).unwrap();
            prop_assert_eq!(f1(1.0), plain.f1());
            if let Some(area) = adjusted_f1_area(&truth, &reported).unwrap() {
                prop_assert!(f1(1.0).unwrap() <= area + 1e-12 && area <= f1(0.0).unwrap() + 1e-12);
                let steps = (0..2400).map(|i| f1((f64::from(i) + 0.5) / 2400.0).unwrap()).sum::<f64>() / 2400.0;
                prop_assert!((steps - area).abs() < 5e-3);
            }
        }

        #[test]
        fn affiliation_is_the_integral((truth, reported) in series()) {
            prop_assume!(truth.contains(&true));
            let ours = affiliation(&truth, &reported).unwrap();
            let (precision, recall) = brute_force(&truth, &reported);
            prop_assert_eq!(ours.precision.is_some(), precision.is_some());
            prop_assert!((ours.recall.unwrap() - recall).abs() < 0.04, "{:?} {}", ours, recall);
            if let (Some(ours), Some(theirs)) = (ours.precision, precision) {
                prop_assert!((ours - theirs).abs() < 0.04, "{} {}", ours, theirs);
            }
            let perfect = affiliation(&truth, &truth).unwrap();
            prop_assert_eq!((perfect.precision, perfect.recall), (Some(1.0), Some(1.0)));
        }

        #[test]
        fn without_buffers_a_single_event_has_the_usual_areas(start in 0..20usize, length in 1..9usize, scores in prop::collection::vec(0..9u8, 24)) {
            let truth: Vec<bool> = (0..24).map(|at| (start..start + length).contains(&at)).collect();
            let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
            let (ours, usual) = (volumes(&truth, &scores, 0).unwrap(), Ranked::new(&truth, &scores).unwrap());
            prop_assert!((ours.roc - usual.roc_auc()).abs() < 1e-12);
            prop_assert!((ours.pr - usual.average_precision()).abs() < 1e-12);
        }

        #[test]
        fn time_has_no_direction((truth, reported) in series()) {
            prop_assume!(truth.contains(&true));
            let back = |flags: &[bool]| flags.iter().rev().copied().collect::<Vec<_>>();
            let (a, b) = (affiliation(&truth, &reported).unwrap(), affiliation(&back(&truth), &back(&reported)).unwrap());
            prop_assert!((a.recall.unwrap() - b.recall.unwrap()).abs() < 1e-12);
            prop_assert!((a.precision.unwrap_or(0.0) - b.precision.unwrap_or(0.0)).abs() < 1e-12);
            prop_assert_eq!(event_scores(&truth, &reported), event_scores(&back(&truth), &back(&reported)));
        }
    }
}

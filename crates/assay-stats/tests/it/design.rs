//! Studies with people: laws of assignments, and every number against numpy, scipy and enumeration.

use std::collections::BTreeMap;

use assay_stats::agreement::{Level, krippendorff_interval};
use assay_stats::design::{
    Scale, Timed, alpha_variance, assign, gold_for, items_for_alpha, items_for_shared, longest_run, overlap, sheets,
    speed, suspended,
};
use serde_json::json;

use crate::oracle::{Oracle, Stream};

const SCRIPT: &str = r#"
import itertools, math, scipy.stats as st
def one(f, a):
    if f == "efficiency":
        blocks, R = a; X = np.zeros((len(blocks), R))
        for i, b in enumerate(blocks): X[i, b] = 1
        X = X[X.sum(1) > 1]; k = X.sum(1); r = X.sum(0)
        C = np.diag(r) - X.T @ (X / k[:, None]); e = np.linalg.eigvalsh(C)[1:]
        # The harmonic mean of the canonical efficiency factors; disconnected without all of them.
        return np.nan if e[0] < 1e-9 else (R - 1) / np.sum(1 / e) / r.mean()
    if f == "pairs":
        blocks, R = a; M = np.zeros((R, R), int)
        for b in blocks:
            for x, y in itertools.permutations(b, 2): M[x, y] += 1
        return M
    if f == "alpha variance binary":
        al, k, p = a; y = np.arange(k + 1)
        w = st.binom(k, p).pmf(y) if al == 0 else st.betabinom(k, p * (1 - al) / al, (1 - p) * (1 - al) / al).pmf(y)
        # The delta method with numerical slopes on α as a function of the two means.
        d = 2 * y * (k - y) / (k * (k - 1)); q = y / k
        alpha = lambda D, P: 1 - D / (2 * P * (1 - P))
        D, P, h = w @ d, w @ q, 1e-5
        g = [(alpha(D + h, P) - alpha(D - h, P)) / (2 * h), (alpha(D, P + h) - alpha(D, P - h)) / (2 * h)]
        return w @ (g[0] * (d - D) + g[1] * (q - P)) ** 2
    if f == "alpha variance interval":
        al, k = a; return 2 * (1 - al) ** 2 * (1 + (k - 1) * al) ** 2 / (k * (k - 1))
    if f == "suspended":
        n, right, t, c = a; h = np.arange(n + 1)
        return np.sum(st.binom(n, right).pmf(h)[st.beta.ppf(0.5 + c / 2, 1 + h, 1 + n - h) < t])
    if f == "speed":
        rows, share = a; t = np.array([np.log(r[2]) for r in rows]); item = np.array([r[0] for r in rows]); rater = np.array([r[1] for r in rows])
        res = []
        for i in range(len(t)):
            o = (item == item[i]) & (np.arange(len(t)) != i)
            res.append(t[i] - (np.median(t[o]) if o.any() else np.median(t)))
        res = np.array(res); lim = np.sort(res)[max(math.ceil(share * len(res)), 1) - 1]; fast = res < lim - 1e-12; out = [np.exp(lim)] + list(np.exp(res)) + list(fast)
        for r in range(rater.max() + 1):
            n, f = np.sum(rater == r), np.sum(fast[rater == r]); out += [n, f, st.binom.sf(f - 1, n, share) if n else 1]
        return out
    if f == "longest run":
        labels, p = a; L = max(len(list(g)) for _, g in itertools.groupby(labels)); n = len(labels); total = 0.0
        for s in itertools.product(range(len(p)), repeat=n):
            if max(len(list(g)) for _, g in itertools.groupby(s)) >= L: total += math.prod(p[x] for x in s)
        return [L, total]
    raise ValueError(f)
"#;

#[test]
fn design_agrees_with_the_definitions() {
    let mut oracle = Oracle::new(SCRIPT);
    let mut random = Stream(31);
    for round in 0..60u64 {
        let raters = 2 + random.below(9) as usize;
        let counts: Vec<usize> =
            (0..1 + random.below(40)).map(|_| random.below(raters.min(5) as u64 + 1) as usize).collect();
        let design = assign(&counts, raters, round).unwrap();
        let asked = json!([design.raters, raters]);
        oracle.ask("efficiency", asked.clone(), vec![design.efficiency().unwrap_or(f64::NAN)], 1e-10);
        let shared = design.shared.iter().flatten().map(|count| f64::from(*count)).collect();
        oracle.ask("pairs", asked, shared, 0.0);

        let (alpha, each, p) =
            (if round == 0 { 0.0 } else { 0.99 * random.next() }, 2 + random.below(9), random.next());
        let ours = alpha_variance(alpha, each, Scale::Binary { prevalence: p }).unwrap();
        oracle.ask("alpha variance binary", json!([alpha, each, p]), vec![ours], 1e-4);
        let ours = alpha_variance(alpha, each, Scale::Interval).unwrap();
        oracle.ask("alpha variance interval", json!([alpha, each]), vec![ours], 1e-13);

        let (gold, threshold) = (random.below(120), 0.05 + 0.9 * random.next());
        let ours = suspended(gold, p, threshold, 0.95).unwrap();
        oracle.ask("suspended", json!([gold, p, threshold, 0.95]), vec![ours], 1e-10);

        let n = 2 + random.below(80) as usize;
        let (items, raters) = (1 + random.below(n as u64), 1 + random.below(n.min(6) as u64));
        let times: Vec<Timed> = (0..n)
            .map(|_| Timed {
                item: random.below(items) as usize,
                rater: random.below(raters) as usize,
                time: if round % 3 == 0 { 1.0 + random.below(4) as f64 } else { (2.0 * random.normal()).exp() },
            })
            .collect();
        let found = speed(&times, 0.1).unwrap();
        let mut ours = vec![found.limit];
        ours.extend(&found.ratios);
        ours.extend(found.fast.iter().map(|fast| f64::from(u8::from(*fast))));
        found.raters.iter().for_each(|pace| ours.extend([pace.ratings as f64, pace.fast as f64, pace.p]));
        let rows: Vec<_> = times.iter().map(|t| json!([t.item, t.rater, t.time])).collect();
        oracle.ask("speed", json!([rows, 0.1]), ours, 1e-11);

        let classes = 1 + random.below(4) as usize;
        let mut shares = random.many(classes);
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total);
        let labels: Vec<usize> = (0..1 + random.below(8)).map(|_| random.below(classes as u64) as usize).collect();
        let run = longest_run(&labels, &shares).unwrap();
        oracle.ask("longest run", json!([labels, shares]), vec![run.length as f64, run.p], 1e-12);
    }
    oracle.check();
}

/// Every item has its raters, once each; loads and what pairs share are even; the seed decides.
#[test]
fn assignments_are_even() {
    let mut random = Stream(8);
    for seed in 0..60u64 {
        let raters = 2 + random.below(14) as usize;
        let each = 2 + random.below(raters.min(6) as u64 - 1) as usize;
        let items = 1 + random.below(120) as usize;
        let design = assign(&vec![each; items], raters, seed).unwrap();
        assert_eq!(design, assign(&vec![each; items], raters, seed).unwrap());
        for block in &design.raters {
            assert!(block.len() == each && block.windows(2).all(|two| two[0] < two[1]), "{block:?}");
        }
        let (low, high) = (design.loads.iter().min().unwrap(), design.loads.iter().max().unwrap());
        assert!(high - low <= 1 && design.loads.iter().sum::<usize>() == items * each);
        let (least, most) = design.shared_range().unwrap();
        assert!(most - least <= 3, "{items} items, {raters} raters, {each} each: {least} to {most}");
        let bound = (raters * (each - 1)) as f64 / (each * (raters - 1)) as f64;
        assert!(design.efficiency().is_none_or(|e| e > 0.0 && e <= bound + 1e-12));
    }
    let several = overlap(500, 0.2, 50, 3, 4).unwrap();
    let design = assign(&several, 9, 4).unwrap();
    assert!(design.loads.iter().max().unwrap() - design.loads.iter().min().unwrap() <= 1);
    assert_ne!(design, assign(&several, 9, 5).unwrap());
}

/// Where a balanced incomplete block design exists, it is found: (raters, ratings each, items, shared).
#[test]
fn balanced_designs_are_found() {
    for (raters, each, items, shared) in [
        (4, 2, 6, 1),
        (6, 3, 10, 2),
        (7, 3, 7, 1),
        (9, 3, 12, 1),
        (5, 4, 5, 3),
        (13, 3, 26, 1),
        (13, 4, 13, 1),
        (11, 5, 11, 2),
    ] {
        for seed in 0..5 {
            let design = assign(&vec![each; items], raters, seed).unwrap();
            assert_eq!(design.shared_range(), Some((shared, shared)), "{raters} raters, {each} each, seed {seed}");
        }
    }
    // The planned number of items gives what was planned, give or take one.
    let items = items_for_shared(8, 3, 15).unwrap();
    let design = assign(&vec![3; items as usize], 8, 1).unwrap();
    assert!(design.shared_range().unwrap().0 >= 14);
}

#[test]
fn lists_hold_own_items_once_and_gold_evenly() {
    for seed in 0..20 {
        let design = assign(&[3; 40], 8, seed).unwrap();
        let lists = sheets(&design, 6, 4, seed).unwrap();
        let mut shown = [0; 6];
        let mut orders: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
        for (rater, list) in lists.iter().enumerate() {
            let mut own: Vec<usize> = list.iter().filter(|task| !task.gold).map(|task| task.item).collect();
            own.sort_unstable();
            let given: Vec<usize> = (0..40).filter(|item| design.raters[*item].contains(&rater)).collect();
            assert_eq!(own, given);
            let mut gold: Vec<usize> = list.iter().filter(|task| task.gold).map(|task| task.item).collect();
            gold.iter().for_each(|item| shown[*item] += 1);
            gold.sort_unstable();
            gold.dedup();
            assert_eq!(gold.len(), 4);
            for quarter in 0..4 {
                let stretch = &list[quarter * list.len() / 4..(quarter + 1) * list.len() / 4];
                assert_eq!(stretch.iter().filter(|task| task.gold).count(), 1);
            }
            for task in list.iter().filter(|task| !task.gold) {
                orders.entry(task.item).or_default().push(task.swapped);
            }
        }
        assert!(shown.iter().max().unwrap() - shown.iter().min().unwrap() <= 1, "{shown:?}");
        assert!(orders.values().all(|orders| [1, 2].contains(&orders.iter().filter(|swapped| **swapped).count())));
    }
}

/// Planned for a half width, α's jackknife interval has about that half width.
#[test]
fn planned_widths_are_about_those_that_come() {
    let (each, alpha) = (3, 0.6);
    let mut random = Stream(5);
    for scale in [Scale::Interval, Scale::Binary { prevalence: 0.3 }] {
        let items = items_for_alpha(alpha, 0.1, each, scale, 0.95).unwrap();
        let mut half = 0.0;
        for _ in 0..40 {
            let ratings: Vec<Vec<Option<f64>>> = (0..items)
                .map(|_| {
                    let own = random.normal();
                    // Beta with α = (1 − p, p)·scale as the share of two gamma variables would need more: a mixture of
                    // copying the item's answer and answering alone has the same correlation of two ratings.
                    let same = f64::from(u8::from(random.next() < 0.3));
                    (0..each)
                        .map(|_| {
                            Some(match scale {
                                Scale::Interval => own * alpha.sqrt() + random.normal() * (1.0 - alpha).sqrt(),
                                Scale::Binary { .. } if random.next() < alpha.sqrt() => same,
                                Scale::Binary { .. } => f64::from(u8::from(random.next() < 0.3)),
                            })
                        })
                        .collect()
                })
                .collect();
            let level = if scale == Scale::Interval { Level::Interval } else { Level::Nominal };
            let found = krippendorff_interval(&ratings, level, 0.95).unwrap().interval;
            half += 0.5 * (found.upper - found.lower) / 40.0;
        }
        assert!((half - 0.1).abs() < 0.015, "{scale:?}: {half}");
    }
}

#[test]
fn gold_that_is_planned_is_the_least() {
    for (right, power) in [(0.5, 0.9), (0.6, 0.8), (0.7, 0.5)] {
        let gold = gold_for(right, 0.8, power, 0.95).unwrap();
        assert!(suspended(gold, right, 0.8, 0.95).unwrap() >= power);
        assert!((0..gold).all(|fewer| suspended(fewer, right, 0.8, 0.95).unwrap() < power));
    }
    // The prior's pull towards one half: who is just good enough is suspended in up to 6%, not in 2.5%.
    assert!((1..400).all(|gold| suspended(gold, 0.8, 0.8, 0.95).unwrap() <= 0.06));
}

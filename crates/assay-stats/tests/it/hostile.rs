//! Hostile input, module by module: what cannot be answered is refused, with `None` or an error, and never panics, turns
//! into NaN or passes for a plain 0 or 1.

use assay_stats::drift::change::{Adwin, Ddm, Detector, Kswin, PageHinkley, alarms};
use assay_stats::drift::chart::{Baseline, BernoulliCusum, Cusum, Ewma, Shewhart, Sides};
use assay_stats::drift::detector::backtest;
use assay_stats::drift::sample::{Judged, Reservoir, StreamEstimate, horvitz_thompson};
use assay_stats::drift::{distribution as dist, embedding, season};
use assay_stats::*;

const N: f64 = f64::NAN;
const I: f64 = f64::INFINITY;
/// No levels of confidence, nor any other share strictly between 0 and 1.
const NO_LEVELS: [f64; 6] = [N, 0.0, 1.0, -0.5, 1.5, I];
const HUGE: f64 = 1e308;

/// Each call is refused at each of the levels that are none.
macro_rules! refuse_levels {
    ($($call:expr;)+) => {
        for level in NO_LEVELS {
            refuse! { $($call(level);)+ }
        }
    };
}

#[test]
#[should_panic(expected = "Some(0.0): Some(0.0)")]
fn a_plain_zero_is_caught() {
    refuse! { Some(0.0); }
}

fn item(value: f64, weight: f64) -> Item {
    Item { value, repeats: 1, cluster: None, weight }
}

fn items(values: &[f64]) -> Vec<Item> {
    values.iter().map(|value| item(*value, 1.0)).collect()
}

fn pair(candidate: f64, baseline: f64, weight: f64) -> Pair {
    Pair { candidate, baseline, repeats: 1, cluster: None, weight }
}

#[test]
fn rates() {
    use proportion::*;
    refuse! {
        wilson(1.0, 0.0, 1.96);
        wilson(3.0, 2.0, 1.96);
        wilson(-1.0, 2.0, 1.96);
        wilson(N, 2.0, 1.96);
        wilson(1.0, I, 1.96);
        wilson(1.0, 2.0, N);
        wilson(1.0, 2.0, 0.0);
        wilson(1.0, 2.0, I);
        clopper_pearson(3, 2, 0.95);
        clopper_pearson(0, 0, 0.95);
        clopper_pearson(u64::MAX, 1, 0.95);
        jeffreys(3, 2, 0.95);
        jeffreys(0, 0, 0.95);
        zero_of_n_upper(0, 0.95);
        agresti_caffo((3, 2), (1, 2), 1.96);
        agresti_caffo((1, 2), (0, 0), 1.96);
        agresti_caffo((1, 2), (1, 2), N);
        miettinen_nurminen((3, 2), (1, 2), 1.96);
        miettinen_nurminen((0, 0), (1, 2), 1.96);
        miettinen_nurminen((1, 2), (1, 2), -1.0);
        miettinen_nurminen_z((1, 2), (1, 2), 1.5);
        miettinen_nurminen_z((1, 2), (1, 2), N);
        miettinen_nurminen_z((1, 0), (1, 2), 0.0);
        mover(0.9, Interval { lower: 0.1, upper: 0.5 }, 0.5, Interval { lower: 0.1, upper: 0.9 });
        mover(N, Interval { lower: 0.1, upper: 0.5 }, 0.5, Interval { lower: 0.1, upper: 0.9 });
        mover(0.5, Interval { lower: 0.1, upper: 0.9 }, 0.5, Interval { lower: N, upper: 0.9 });
    }
    refuse_levels! {
        |level| clopper_pearson(1, 2, level);
        |level| jeffreys(1, 2, level);
        |level| zero_of_n_upper(3, level);
    }
    answer! {
        clopper_pearson(u64::MAX, u64::MAX, 0.95);
        jeffreys(1, u64::MAX, 0.95);
        agresti_caffo((u64::MAX, u64::MAX), (0, u64::MAX), 1.96);
        miettinen_nurminen((0, 1), (1, 1), 1.96);
        wilson(0.0, 1.0, 1.96);
    }
}

#[test]
fn pairs() {
    use paired::*;
    refuse! {
        tango_z(1.0, 1.0, 1.0, 0.0);
        tango_z(1.0, 1.0, 0.0, 0.0);
        tango_z(N, 1.0, 3.0, 0.0);
        tango_z(-1.0, 1.0, 3.0, 0.0);
        tango_z(1.0, 1.0, 3.0, 1.5);
        tango_z(1.0, 1.0, 3.0, N);
        tango(1, 2, 2, 1.96);
        tango(0, 0, 0, 1.96);
        tango(u64::MAX, 2, 2, 1.96);
        tango(1, 0, 2, N);
        bonett_price(1, 2, 2, 1.96);
        bonett_price(0, 0, 0, 1.96);
        bonett_price(1, 0, 2, -1.0);
        tango_p_worse(2, 2, 3, 0.1);
        tango_p_worse(0, 0, 3, N);
        tango_p_worse(0, 0, 3, 2.0);
        sign_flip_exact(&[]);
        sign_flip_exact(&[1.0, N]);
        sign_flip_exact(&[1.0, I]);
        sign_flip(&[N; 30], 99, 1);
        sign_flip(&[1.0; 30], 0, 1);
    }
    answer! {
        mcnemar_midp(u64::MAX, u64::MAX);
        mcnemar_midp(u64::MAX, 1);
        mcnemar_exact(u64::MAX, 3);
        tango(3, 0, 3, 1.96);
        tango_z(3.0, 0.0, 3.0, -1.0);
    }
}

#[test]
fn levels_and_differences_name_a_reason() {
    fn unreasoned(found: &Estimate) -> bool {
        found.interval.is_some() || found.reason.is_none() || format!("{found:?}").contains("NaN")
    }
    let (binary, bounded) = (Kind::Binary, Kind::Bounded { lo: 0.0, hi: 1.0 });
    let good = items(&[0.0, 1.0, 1.0]);
    for (values, kind, confidence, reason) in [
        (vec![], binary, 0.95, Reason::NoData),
        (items(&[N, 1.0]), binary, 0.95, Reason::NotFinite),
        (items(&[0.0, I]), Kind::Unbounded, 0.95, Reason::NotFinite),
        (items(&[HUGE, HUGE, -HUGE]), Kind::Unbounded, 0.95, Reason::NotFinite),
        (vec![item(1.0, 0.0)], binary, 0.95, Reason::NotFinite),
        (vec![item(1.0, -1.0), item(0.0, 3.0)], binary, 0.95, Reason::NotFinite),
        (vec![item(1.0, N), item(0.0, 3.0)], binary, 0.95, Reason::NotFinite),
        (items(&[2.0, 1.0]), binary, 0.95, Reason::OutOfRange),
        (items(&[0.5, -0.1]), bounded, 0.95, Reason::OutOfRange),
        (items(&[0.5, 0.6]), Kind::Bounded { lo: 1.0, hi: 0.0 }, 0.95, Reason::OutOfRange),
        (items(&[0.5, 0.6]), Kind::Bounded { lo: N, hi: 1.0 }, 0.95, Reason::OutOfRange),
        (items(&[0.5, 0.6]), Kind::Bounded { lo: 0.0, hi: I }, 0.95, Reason::OutOfRange),
        (good.clone(), Kind::Quantile { q: 1.0 }, 0.95, Reason::Quantile),
        (good.clone(), Kind::Quantile { q: N }, 0.95, Reason::Quantile),
        (vec![item(1.0, 1.0), item(0.0, 0.0)], Kind::Unbounded, 0.95, Reason::NLt2),
    ] {
        let found = level(&values, kind, confidence);
        assert!(!unreasoned(&found) && found.reason == Some(reason), "{values:?} {kind:?}: {found:?}");
    }
    for bad in NO_LEVELS {
        for kind in [binary, bounded, Kind::Unbounded, Kind::Quantile { q: 0.5 }] {
            let found = level(&good, kind, bad);
            assert_eq!(found.reason, Some(Reason::Confidence), "{kind:?} {bad}");
            let paired = difference(&[pair(1.0, 0.0, 1.0), pair(0.0, 0.0, 1.0)], kind, bad, 1);
            assert!(!unreasoned(&paired.estimate) && paired.gate_interval.is_none(), "{kind:?} {bad}: {paired:?}");
            let apart = unpaired_difference(&good, &good, kind, bad);
            assert!(!unreasoned(&apart.estimate) && apart.gate_interval.is_none(), "{kind:?} {bad}: {apart:?}");
        }
    }
    for (pairs, kind) in [
        (vec![], binary),
        (vec![pair(N, 0.0, 1.0)], binary),
        (vec![pair(1.0, 0.0, -1.0), pair(1.0, 0.0, 2.0)], binary),
        (vec![pair(1.0, 0.0, 0.0); 2], bounded),
        (vec![pair(3.0, 0.0, 1.0); 3], bounded),
        (vec![pair(HUGE, -HUGE, 1.0); 3], Kind::Unbounded),
        (vec![pair(1.0, 0.0, 1.0); 3], Kind::Quantile { q: N }),
        (vec![pair(1.0, 0.0, 1.0); 3], Kind::Bounded { lo: N, hi: N }),
    ] {
        let found = difference(&pairs, kind, 0.95, 1);
        assert!(!unreasoned(&found.estimate) && found.gate_interval.is_none(), "{pairs:?} {kind:?}: {found:?}");
        assert!(found.p.is_none_or(|p| (0.0..=1.0).contains(&p)), "{found:?}");
    }
    let found = difference(&[pair(1.0, 0.0, 1.0), pair(0.0, 1.0, 1.0)], binary, 0.95, 1);
    refuse! {
        found.p_worse(N);
        found.p_worse(I);
        difference(&[], binary, 0.95, 1).p_worse(0.1);
    }
}

#[test]
fn means_quantiles_and_resamples() {
    use bootstrap::{bootstrap, studentised};
    use jackknife::{Transform, delete_one, jackknife};
    use mean::*;
    use quantile::*;
    let groups: Vec<Vec<usize>> = (0..6).map(|i| vec![i]).collect();
    let mean = |at: &[usize]| Some(at.iter().map(|i| *i as f64).sum::<f64>() / at.len() as f64);
    let drawn = bootstrap(&groups, mean, 200, 1).unwrap();
    let both: Vec<(Item, Item)> = (0..9).map(|i| (item(f64::from(i), 1.0), item(0.0, 1.0))).collect();
    refuse! {
        clustered_mean(&[]);
        clustered_mean(&items(&[1.0]));
        clustered_mean(&items(&[1.0, N]));
        clustered_mean(&items(&[HUGE, -HUGE, HUGE]));
        clustered_mean(&[item(1.0, 1.0), item(2.0, 0.0)]);
        clustered_mean(&[item(1.0, 1.0), item(2.0, -1.0)]);
        sandwich_errors(&items(&[1.0, I]));
        variances(&[]);
        variances(&[vec![1.0, 2.0], vec![]]);
        variances(&[vec![HUGE, -HUGE], vec![1.0]]);
        variances(&[vec![0.0, 2.0], vec![4.0]]).unwrap().of_mean(0.0, 1.0);
        variances(&[vec![0.0, 2.0], vec![4.0]]).unwrap().of_mean(1.0, N);
        intraclass_correlation(&[]);
        intraclass_correlation(&[Item { cluster: Some(1), ..item(N, 1.0) }, Item { cluster: Some(2), ..item(1.0, 1.0) }]);
        quantile_sorted(&[], 0.5);
        quantile_sorted(&[1.0], N);
        quantile_sorted(&[1.0], 1.1);
        order_statistic_interval(&[], 0.5, 0.95);
        order_statistic_interval(&[1.0; 100], N, 0.95);
        order_statistic_interval(&[1.0; 100], 0.0, 0.95);
        order_statistic_interval(&[N; 100], 0.5, 0.95);
        bootstrap_difference(&[], 0.5, 0.95, 1);
        bootstrap_difference(&both, 1.0, 0.95, 1);
        bootstrap_difference(&[(item(N, 1.0), item(1.0, 1.0))], 0.5, 0.95, 1);
        bootstrap(&[], mean, 99, 1);
        bootstrap(&groups, |_| Some(N), 99, 1);
        bootstrap(&groups, mean, 0, 1);
        studentised(&groups, |_| Some((1.0, N)), 0.95, 99, 1);
        studentised(&groups, |_| Some((1.0, -1.0)), 0.95, 99, 1);
        jackknife(N, &[1.0, 2.0], Transform::Identity, 0.95);
        jackknife(1.5, &[1.0, 2.0], Transform::Identity, N);
        jackknife(0.5, &[0.4, N], Transform::Identity, 0.95);
        jackknife(0.5, &[0.4, 1.2], Transform::Logit, 0.95);
        jackknife(0.5, &[], Transform::Identity, 0.95);
        jackknife(0.5, &[HUGE, -HUGE], Transform::Identity, 0.95);
        delete_one(&groups, |at| (at[0] == 0).then_some(1.0));
    }
    let left_out = delete_one(&groups, mean).unwrap();
    refuse_levels! {
        |level| order_statistic_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 0.5, level);
        |level| bootstrap_difference(&both, 0.5, level, 1);
        |level| drawn.percentile(level);
        |level| drawn.basic(level);
        |level| drawn.bca(&left_out, level);
        |level| jackknife(0.5, &[0.4, 0.6], Transform::Identity, level);
        |level| studentised(&groups, |at: &[usize]| Some((mean(at)?, 1.0)), level, 99, 1);
    }
}

#[test]
fn ranks_and_correlations() {
    use correlation::*;
    use rank::*;
    let (x, y) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]);
    let three = |r12, r13, r23, n| Overlapping { r12, r13, r23, n };
    let table = [vec![1.0, 2.0], vec![2.0, 4.0]];
    refuse! {
        midranks(&[1.0, N]);
        wilcoxon(&[], Zeros::Pratt);
        wilcoxon(&[N, 1.0], Zeros::Wilcox);
        hodges_lehmann(&[I]);
        hodges_lehmann(&[HUGE, HUGE]);
        cliff_delta(&[N], &[1.0]);
        cohen_dz(&[0.1; 3]);
        cohen_dz(&[1.0, N]);
        cohen_dz(&[HUGE, -HUGE]);
        cohen_dz(&[]);
        pearson(&[], &[]);
        pearson(&x, &y[..4]);
        pearson(&[1.0, N, 2.0], &[1.0, 2.0, 3.0]);
        pearson(&[1.0, I, 2.0], &[1.0, 2.0, 3.0]);
        pearson(&[0.1; 3], &[1.0, 2.0, 3.0]);
        spearman(&[1.0, N, 2.0], &[1.0, 2.0, 3.0]);
        kendall(&[1.0, 1.0], &[1.0, 2.0]);
        kendall(&[1.0, N], &[1.0, 2.0]);
        interval(N, 50, Coefficient::Pearson, 0.95);
        interval(1.0, 50, Coefficient::Pearson, 0.95);
        interval(1.5, 50, Coefficient::Kendall, 0.95);
        interval(0.5, 0, Coefficient::Spearman, 0.95);
        interval(0.5, 3, Coefficient::Pearson, 0.95);
        three(N, 0.3, 0.4, 50).williams();
        three(0.5, 0.3, 0.4, 0).williams();
        three(0.99, -0.99, 0.99, 50).williams();
        three(1.0, 0.3, 0.4, 50).steiger();
        three(N, 0.3, 0.4, 50).steiger();
        three(0.5, 0.3, 0.4, 2).steiger();
        three(0.5, 0.3, N, 50).zou(0.95);
        three(1.0, 0.3, 0.4, 50).zou(0.95);
        disattenuated(N, 0.5, 0.5);
        disattenuated(0.5, 0.0, 0.5);
        disattenuated(0.5, 1.5, 0.5);
        disattenuated(2.0, 0.5, 0.5);
        pairwise_accuracy(&[1.0], &[1.0, 2.0]);
        pairwise_accuracy(&[1.0, N], &[1.0, 2.0]);
        pairwise_accuracy(&[1.0, 2.0], &[1.0, 1.0]);
        clustered(&x, &y, &[0; 5], Coefficient::Pearson, 0.95);
        clustered(&x, &y, &[0, 1], Coefficient::Pearson, 0.95);
        attenuation(&[], &[], 0.95);
        attenuation(&[vec![N, 1.0], vec![1.0, 2.0], vec![2.0, 3.0]], &[vec![1.0, 1.0], vec![1.0, 2.0], vec![2.0, 3.0]], 0.95);
        soft_pairwise_accuracy(&[], &[]);
        soft_pairwise_accuracy(&[0.5, N], &[0.5, 0.5]);
        soft_pairwise_accuracy(&[1.5], &[0.5]);
        pairwise_p(&[], 99, 1);
        pairwise_p(&[vec![], vec![]], 99, 1);
        pairwise_p(&table, 0, 1);
        pairwise_p(&[vec![1.0], vec![N]], 99, 1);
        agreement(&table, &table[..1], Agreement::System, pearson);
        agreement_difference(&table, &table, &table, Agreement::System, pearson, 0, 1);
        agreement_difference(&[vec![1.0; 2], vec![1.0; 2]], &table, &table, Agreement::System, pearson, 99, 1);
    }
    refuse_levels! {
        |level| interval(0.5, 50, Coefficient::Pearson, level);
        |level| three(0.5, 0.3, 0.4, 50).zou(level);
        |level| clustered(&x, &y, &[0, 0, 1, 1, 2], Coefficient::Spearman, level);
    }
}

#[test]
fn sizes_and_power() {
    use power::*;
    let goal = Goal { confidence: 0.95, power: 0.8, margin: 0.05, effect: 0.0 };
    for goal in [
        Goal { confidence: N, ..goal },
        Goal { confidence: 1.0, ..goal },
        Goal { confidence: 0.0, ..goal },
        Goal { power: 0.0, ..goal },
        Goal { power: N, ..goal },
        Goal { margin: -0.1, effect: 0.3, ..goal },
        Goal { margin: N, ..goal },
        Goal { effect: I, ..goal },
        Goal { effect: -0.05, ..goal },
    ] {
        refuse! {
            paired_cases(1.0, goal);
            paired_binary_cases(0.2, goal);
            unpaired_cases((1.0, 1.0), goal);
        }
    }
    refuse! {
        paired_cases(N, goal);
        paired_cases(0.0, goal);
        paired_cases(I, goal);
        paired_binary_cases(N, goal);
        paired_binary_cases(1.5, goal);
        paired_power(0, 0.2, goal);
        paired_power(u64::MAX, 0.2, goal);
        paired_power(50, N, goal);
        paired_power(50, 0.2, Goal { margin: N, ..goal });
        paired_power(50, 0.2, Goal { effect: 0.3, ..goal });
        detectable(0, 1.0, 0.95, 0.8);
        detectable(9, N, 0.95, 0.8);
        detectable(9, 1.0, 0.95, 1.0);
        rate_cases(N, 0.1, 0.95);
        rate_cases(0.5, N, 0.95);
        rate_cases(0.5, 0.0, 0.95);
        rate_cases(0.5, 1e-300, 0.95);
        all_pass_cases(1.0, 0.95);
        all_pass_cases(N, 0.95);
        unpaired_cases((0.0, 0.0), goal);
        unpaired_cases((N, 1.0), goal);
        unpaired_cases((-1.0, 1.0), goal);
        scaled(100, N);
        scaled(100, 0.0);
        scaled(100, -1.0);
        design_effect(0.0, 0.2);
        design_effect(N, 0.2);
        design_effect(5.0, N);
        design_effect(5.0, 1.5);
        approximate_power(N, 1.0, goal);
        approximate_power(10.0, 0.0, goal);
        approximate_power(10.0, 1.0, Goal { confidence: N, ..goal });
        difference_sd(-1.0, 0.5, 0.1, 3);
        difference_sd(1.0, 2.0, 0.1, 3);
        difference_sd(1.0, 0.5, 0.1, 0);
        difference_sd(N, 0.5, 0.1, 3);
        best_repeats(1.0, 0.0, 0.1, 0.1);
        best_repeats(N, 1.0, 0.1, 0.1);
        best_repeats(1.0, 1.0, I, 0.1);
    }
    refuse_levels! {
        |level| detectable(9, 1.0, level, 0.8);
        |level| rate_cases(0.5, 0.05, level);
        |level| all_pass_cases(0.9, level);
    }
    answer! {
        paired_cases(1e300, goal);
        paired_binary_cases(1e-9, goal);
        scaled(u64::MAX, 1e300);
    }
}

#[test]
fn many_tests() {
    use multiplicity::*;
    for adjust in [holm, hochberg, hommel, benjamini_hochberg, benjamini_yekutieli] {
        assert!(adjust(&[]).is_empty());
        // What is no p-value is no test, and stands as such.
        let found = adjust(&[0.01, N, 1.5, -0.1, I, 0.04]);
        assert!(found[1..5].iter().all(|p| p.is_nan()), "{found:?}");
        assert_eq!([found[0], found[5]], adjust(&[0.01, 0.04])[..]);
    }
    let cell = vec![(1.0, 1.0), (0.5, 1.0), (0.2, 1.0)];
    refuse! {
        max_t(std::slice::from_ref(&cell), 0.95, 0, 1);
        max_t(&[vec![(N, 1.0), (1.0, 1.0)]], 0.95, 99, 1);
        max_t(&[vec![(1.0, -1.0), (1.0, 1.0)]], 0.95, 99, 1);
    }
    refuse_levels! {
        |level| max_t(std::slice::from_ref(&cell), level, 99, 1);
    }
    let empty = max_t(&[vec![], vec![(0.0, 0.0)], vec![(0.0, 1.0); 5]], 0.95, 99, 1).unwrap();
    assert_eq!((empty.critical, empty.adjusted, empty.intervals), (None, vec![None; 3], vec![None; 3]));
    answer! {
        max_t(&[cell.clone(), vec![(1.0, 1.0)], vec![]], 0.95, 99, 1);
        max_t(&[], 0.95, 99, 1);
    }
}

#[test]
fn holdouts_anchors_items_and_tries() {
    use holdout::*;
    use items::*;
    use passk::*;
    let mut ladder = Ladder::default();
    let looks = Looks { budget: 0, taken: 0 };
    refuse! {
        ladder.submit(&[]);
        ladder.submit(&[N]);
        ladder.submit(&[HUGE, HUGE]);
        Looks { ..looks }.look();
        looks.adjusted_p(N);
        looks.adjusted_p(1.1);
        exposure(0, 10);
        exposure(11, 10);
        canary_rank(N, &[1.0]);
        canary_rank(1.0, &[N]);
        marked_difference(&[1.0], &[], Kind::Binary, 0.95);
        marked_difference(&[1.0, N], &[true, false], Kind::Binary, 0.95);
        marked_difference(&[1.0, 2.0], &[true, false], Kind::Binary, 0.95);
        marked_difference(&[1.0, 0.0], &[true, true], Kind::Binary, 0.95);
        anchor::difference_estimate(&[1.0, 0.5], &[1.0], &[1.0, 0.5, 0.2], Some(1.0), 0.95);
        anchor::difference_estimate(&[1.0, 0.5], &[1.0, 0.5], &[1.0], Some(1.0), 0.95);
        anchor::difference_estimate(&[1.0, N], &[1.0, 0.5], &[1.0, 0.5, 0.2], Some(1.0), 0.95);
        anchor::difference_estimate(&[1.0, 0.5], &[1.0, 0.5], &[1.0, 0.5, 0.2], Some(N), 0.95);
        anchor::difference_estimate(&[1.0, 0.5, 0.1], &[0.5; 3], &[0.5; 4], None, 0.95);
        anchor::difference_estimate(&[HUGE, -HUGE], &[1.0, 0.5], &[1.0, 0.5, 0.2], Some(1.0), 0.95);
        item_analysis(&[]);
        item_analysis(&[vec![]]);
        item_analysis(&[vec![Some(1.0)], vec![]]);
        item_analysis(&[vec![Some(N)]]);
        item_analysis(&[vec![Some(1.5)]]);
        saturation(&[vec![None]], 0.0, 0.95);
        saturation(&[vec![Some(1.0)]], N, 0.95);
        saturation(&[vec![Some(1.0)]], 1.5, 0.95);
        pass_at_k(3, 4, 1);
        pass_at_k(3, 1, 0);
        pass_at_k(3, 1, 4);
        pass_hat_k(3, 4, 1);
        pass_hat_k(0, 0, 0);
    }
    refuse_levels! {
        |level| looks.confidence(level);
        |level| marked_difference(&[1.0, 0.0], &[true, false], Kind::Binary, level);
        |level| anchor::difference_estimate(&[1.0, 0.5], &[1.0, 0.4], &[1.0, 0.5, 0.2], Some(1.0), level);
        |level| saturation(&[vec![Some(1.0)], vec![Some(0.0)]], 0.1, level);
    }
    answer! {
        item_analysis(&[vec![None, Some(0.5)], vec![None, Some(0.5)], vec![None, None]]);
        pass_at_k(u32::MAX, 3, 2);
        canaries("canary GUID é23456-canary GUID ");
    }
}

#[test]
fn responses_and_rankings() {
    use arena::*;
    use irt::*;
    let run = |flags: &[bool]| -> Vec<Option<bool>> { flags.iter().copied().map(Some).collect() };
    let good = [run(&[true, false, true]), run(&[false, true, true]), run(&[true, true, false])];
    let model = Fit::new(Model::TwoParameter);
    let battle = |weight, outcome, style: Vec<f64>| Battle { weight, style, ..Battle::new(0, 1, outcome) };
    let ranking = rank(2, &[Battle::new(0, 1, 1.0), Battle::new(0, 1, 0.0)], Ties::Half).unwrap();
    refuse! {
        fit(&[], model);
        fit(&[vec![], vec![]], model);
        fit(&[run(&[true]), run(&[true, false])], model);
        fit(&[vec![None, None], vec![None, None]], model);
        fit(&[run(&[true, true]), run(&[true, true])], model);
        fit(&good, Fit { prior: Some(N), ..model });
        fit(&good, Fit { prior: Some(0.0), ..model });
        fit(&good, Fit { tolerance: N, ..model });
        fit(&good, Fit { tolerance: -1.0, ..model });
        fit(&good, Fit { steps: 0, ..model });
        rank(0, &[], Ties::Half);
        rank(usize::MAX, &[Battle::new(0, 1, 1.0)], Ties::Half);
        rank(2, &[Battle::new(0, 0, 1.0)], Ties::Half);
        rank(2, &[Battle::new(0, 2, 1.0)], Ties::Half);
        rank(2, &[battle(N, 1.0, vec![])], Ties::Half);
        rank(2, &[battle(0.0, 1.0, vec![])], Ties::Half);
        rank(2, &[battle(1.0, N, vec![])], Ties::Half);
        rank(2, &[battle(1.0, 0.3, vec![])], Ties::Half);
        rank(2, &[battle(1.0, 1.0, vec![N])], Ties::Half);
        rank(2, &[battle(1.0, 1.0, vec![1.0])], Ties::Davidson);
        rank(3, &[Battle::new(0, 1, 1.0)], Ties::Half);
        ranking.win_rate(0, 2);
        ranking.win_rate(usize::MAX, 0);
    }
    refuse_levels! {
        |level| ranking.intervals(level);
        |level| ranking.ranks(level);
    }
    answer! {
        rank(2, &[Battle::new(0, 1, 1.0)], Ties::Half);
        rank(2, &[Battle::new(0, 1, 1.0)], Ties::Davidson);
        rank(2, &[Battle::new(0, 1, 0.5)], Ties::RaoKupper);
    }
}

#[test]
fn studies_with_people() {
    use design::*;
    let timed = |item, rater, time| Timed { item, rater, time };
    let binary = |prevalence| Scale::Binary { prevalence };
    let few = assign(&[2, 2, 1], 3, 1).unwrap();
    refuse! {
        overlap(0, 0.2, 50, 3, 1);
        overlap(usize::MAX, 0.2, 50, 3, 1);
        overlap(9, N, 50, 3, 1);
        overlap(9, 1.1, 50, 3, 1);
        overlap(9, 0.2, 50, 0, 1);
        assign(&[], 3, 1);
        assign(&[1], 0, 1);
        assign(&[1], usize::MAX, 1);
        assign(&[4], 3, 1);
        assign(&[usize::MAX], 3, 1);
        assign(&[1], 1, 1).unwrap().shared_range();
        assign(&[1], 1, 1).unwrap().efficiency();
        assign(&[1, 1], 2, 1).unwrap().efficiency();
        assign(&[0], 2, 1).unwrap().efficiency();
        assign(&[2], 3, 1).unwrap().efficiency();
        sheets(&few, 2, 3, 1);
        sheets(&few, 0, usize::MAX, 1);
        items_for_shared(3, 1, 15);
        items_for_shared(3, 4, 15);
        items_for_shared(u64::MAX, 2, 15);
        items_for_shared(1 << 26, 2, u64::MAX);
        alpha_variance(1.0, 3, Scale::Interval);
        alpha_variance(-0.1, 3, Scale::Interval);
        alpha_variance(N, 3, Scale::Interval);
        alpha_variance(0.5, 1, Scale::Interval);
        alpha_variance(0.5, u64::MAX, binary(0.5));
        alpha_variance(0.5, 3, binary(0.0));
        alpha_variance(0.5, 3, binary(N));
        items_for_alpha(0.5, 0.0, 3, Scale::Interval, 0.95);
        items_for_alpha(0.5, N, 3, Scale::Interval, 0.95);
        items_for_alpha(0.5, 1e-300, 3, Scale::Interval, 0.95);
        suspended(10, N, 0.8, 0.95);
        suspended(10, 1.5, 0.8, 0.95);
        suspended(u64::MAX, 0.5, 0.8, 0.95);
        gold_for(0.8, 0.8, 0.8, 0.95);
        gold_for(N, 0.8, 0.8, 0.95);
        gold_for(0.7999, 0.8, 0.99, 0.95);
        speed(&[], 0.01);
        speed(&[timed(0, 0, 0.0)], 0.01);
        speed(&[timed(0, 0, N)], 0.01);
        speed(&[timed(0, 0, I)], 0.01);
        speed(&[timed(usize::MAX, 0, 1.0)], 0.01);
        speed(&[timed(0, 3, 1.0)], 0.01);
        longest_run(&[], &[1.0]);
        longest_run(&[1], &[1.0]);
        longest_run(&[0], &[N, 1.0]);
        longest_run(&[0], &[-1.0, 2.0]);
        longest_run(&[0], &[0.5, 0.4]);
    }
    refuse_levels! {
        |level| items_for_alpha(0.5, 0.1, 3, Scale::Interval, level);
        |level| suspended(10, 0.5, level, 0.95);
        |level| suspended(10, 0.5, 0.8, level);
        |level| gold_for(0.5, 0.8, level, 0.95);
        |level| gold_for(0.5, 0.8, 0.8, level);
        |level| speed(&[timed(0, 0, 1.0)], level);
    }
    answer! {
        overlap(3, 0.0, usize::MAX, 2, 1);
        assign(&[0, 0], 1, 1);
        assign(&[3; 4], 3, 1).unwrap().efficiency();
        sheets(&few, 0, 0, 1);
        sheets(&assign(&[0], 2, 1).unwrap(), 3, 3, 1);
        alpha_variance(0.0, 2, binary(1e-12));
        alpha_variance(1e-12, 10_000, binary(0.5));
        alpha_variance(1.0 - 1e-15, 2, binary(0.5));
        suspended(0, 0.0, 0.8, 0.95);
        suspended(1_000_000_000, 1.0, 0.8, 0.95);
        speed(&[timed(0, 0, 1e-300), timed(0, 1, HUGE)], 0.5);
        longest_run(&[0; 3000], &[1.0, 0.0]);
        longest_run(&[1; 3000], &[1.0, 0.0]);
    }
}

#[test]
fn labels_of_people() {
    use agreement::*;
    use raters::*;
    let vote = |item, rater, label| Vote { item, rater, label };
    let score = |item, rater, period, score| Score { item, rater, period, score };
    let scores: Vec<Score> = (0..8).map(|i| score(i / 2, i % 2, 0, (i * i % 5) as f64)).collect();
    let some = |rows: &[[f64; 2]]| -> Vec<Vec<Option<f64>>> { rows.iter().map(|row| row.map(Some).to_vec()).collect() };
    let rows = some(&[[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 2.0], [1.0, 1.0]]);
    let coefficient = cohen(&[1.0, 2.0, 1.0], &[1.0, 2.0, 2.0], Weights::Identity).unwrap();
    let table: Vec<Vec<f64>> = vec![vec![1.0, 2.0], vec![4.0, 4.0], vec![5.0, 7.0]];
    let good = [vote(0, 0, 0), vote(0, 1, 0), vote(1, 0, 1), vote(1, 1, 1)];
    let fit = dawid_skene(&good, 2, 10, 1e-5).unwrap();
    refuse! {
        shares(&[], 2);
        shares(&[vote(0, 0, 0)], 1);
        shares(&[vote(0, 0, 2)], 2);
        shares(&[vote(usize::MAX, 0, 0)], 2);
        shares(&[vote(0, usize::MAX, 0)], 2);
        shares(&[vote(0, 0, 0)], usize::MAX);
        shares(&[vote(1, 0, 0), vote(1, 1, 0)], 2);
        dawid_skene(&good, 2, 0, 1e-5);
        dawid_skene(&good, 2, 10, N);
        dawid_skene(&good, 2, 10, -1.0);
        dawid_skene(&[], 2, 10, 1e-5);
        fit.accuracy(2);
        mace(&good, 2, 0, 1);
        mace(&[], 2, 1, 1);
        severity(&[], 0.95);
        severity(&[score(usize::MAX, 0, 0, 1.0)], 0.95);
        severity(&[score(0, 0, 0, N), score(0, 1, 0, 1.0)], 0.95);
        severity(&scores[..2], 0.95);
        two_way_mean(&[], 0.95);
        two_way_mean(&[score(0, 0, 0, I), score(1, 1, 0, 1.0)], 0.95);
        spearman_brown(N, 3.0);
        spearman_brown(1.5, 3.0);
        spearman_brown(0.5, 0.0);
        spearman_brown(0.5, I);
        raters_for(0.0, 0.8);
        raters_for(0.5, 1.0);
        raters_for(N, 0.8);
        conger(&[]);
        conger(&some(&[[N, 1.0], [1.0, 2.0]]));
        conger(&some(&[[1.0, 1.0], [1.0, 1.0]]));
        conger(&[vec![Some(1.0)], vec![Some(2.0)]]);
        krippendorff(&[], Level::Nominal);
        krippendorff(&some(&[[N, 1.0], [1.0, 2.0]]), Level::Nominal);
        krippendorff(&some(&[[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]]), Level::Interval);
        krippendorff(&some(&[[-1.0, 1.0], [1.0, 2.0]]), Level::Ratio);
        krippendorff(&some(&[[HUGE, -HUGE], [1.0, 2.0]]), Level::Interval);
        kappa(&rows, &[], Chance::Gwet, Weights::Identity);
        kappa(&rows, &[1.0, N], Chance::Gwet, Weights::Identity);
        kappa(&rows, &[2.0, 1.0], Chance::Gwet, Weights::Identity);
        kappa(&rows, &[1.0, 3.0], Chance::Gwet, Weights::Identity);
        kappa(&rows, &[1.0, 2.0, I], Chance::Gwet, Weights::Linear);
        cohen(&[1.0], &[], Weights::Linear);
        cohen(&[N, 1.0], &[1.0, 1.0], Weights::Linear);
        cohen(&[1.0, 1.0], &[1.0, 1.0], Weights::Linear);
        cohen(&[HUGE, 1.0], &[-HUGE, 1.0], Weights::Quadratic);
        raw(&[true], &[]);
        raw(&[], &[]);
        icc(&[], 0.95);
        icc(&[vec![N, 1.0], vec![2.0, 3.0]], 0.95);
        icc(&[vec![1.0, 1.0], vec![1.0, 1.0]], 0.95);
        icc(&[vec![HUGE, -HUGE], vec![2.0, 3.0]], 0.95);
    }
    refuse_levels! {
        |level| severity(&scores, level);
        |level| two_way_mean(&scores, level);
        |level| gold_accuracy(3, 1, level);
        |level| conger_interval(&rows, level);
        |level| krippendorff_interval(&rows, Level::Nominal, level);
        |level| coefficient.interval(level);
        |level| icc(&table, level);
    }
    answer! {
        gold_accuracy(u64::MAX, u64::MAX, 0.95);
        most_probable(&[vec![], vec![0.0, 0.0], vec![0.2, 0.8]]);
        dawid_skene(&good, 2, 1, 0.0);
        mace(&good, 2, 1, 1);
        raters_for(1e-300, 0.999_999);
    }
    assert_eq!(most_probable(&[vec![N, 1.0]]), [Some(1)]);
}

#[test]
fn judges_and_their_labels() {
    use calibration::*;
    use judges::*;
    let label = |truth, judge| Label { truth, judge, cluster: None };
    let labels = [label(1.0, 0.9), label(0.0, 0.2), label(1.0, 0.8)];
    let rest = [(0.9, None), (0.3, None), (0.7, None)];
    let sample = DoubleSample {
        judged: 10,
        judged_pass: 6,
        labelled_pass: 2,
        true_of_pass: 2,
        labelled_fail: 2,
        true_of_fail: 1,
    };
    let people: Vec<Vec<Option<f64>>> = (0..40).map(|i| vec![Some(f64::from(i % 2)); 3]).collect();
    let judge: Vec<Option<f64>> = (0..40).map(|i| Some(f64::from(i % 2))).collect();
    let mut odd = judge.clone();
    odd[3] = Some(N);
    let rows = [[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]].map(Vec::from);
    let won = [false, false, true, false, true, true];
    let regression = logistic(&rows, &won).unwrap();
    let case = |judge, truth, chance| Sampled { judge, truth, chance, cluster: None };
    let cases = [case(0.5, Some(1.0), 0.5), case(0.5, None, 0.5), case(0.4, Some(0.0), 0.5)];
    let stratum = |share| Stratum { share, labels: labels.to_vec(), unlabelled: rest.to_vec() };
    refuse! {
        double_sampling(DoubleSample { judged_pass: 11, ..sample }, 0.95, 1);
        double_sampling(DoubleSample { true_of_pass: 3, ..sample }, 0.95, 1);
        double_sampling(DoubleSample { labelled_pass: u64::MAX, labelled_fail: u64::MAX, ..sample }, 0.95, 1);
        rogan_gladen((11, 10), (9, 10), (9, 10), 0.95);
        rogan_gladen((1, 10), (5, 10), (5, 10), 0.95);
        rogan_gladen((1, 10), (0, 0), (5, 10), 0.95);
        prediction_powered(&[], &rest, None, 0.95);
        prediction_powered(&labels, &[], None, 0.95);
        prediction_powered(&[label(N, 1.0), label(1.0, 1.0)], &rest, None, 0.95);
        prediction_powered(&labels, &[(I, None), (0.0, None)], None, 0.95);
        prediction_powered(&labels, &rest, Some(N), 0.95);
        prediction_powered(&labels, &rest, Some(-1.0), 0.95);
        prediction_powered(&[label(1.0, 1.0); 3], &[(1.0, None); 3], None, 0.95);
        label_multiplier(N, 1, 1);
        label_multiplier(2.0, 1, 1);
        label_multiplier(0.5, 0, 0);
        label_multiplier(1.0, 0, 5);
        position_bias(&[]);
        position_bias(&[(N, 1.0)]);
        position_bias(&[(2.0, 1.0)]);
        flip_rate(&[], 0.0);
        flip_rate(&[vec![1.0], vec![]], N);
        flip_rate(&[vec![N, N]], 0.0);
        isotonic(&[1.0], &[], None);
        isotonic(&[N], &[1.0], None);
        isotonic(&[1.0], &[I], None);
        isotonic(&[1.0, 2.0], &[1.0, 2.0], Some(&[1.0, -1.0]));
        isotonic(&[1.0, 2.0], &[1.0, 2.0], Some(&[1.0, I]));
        platt(&[1.0], &[true]);
        platt(&[N, 1.0], &[true, false]);
        platt(&[1.0], &[true, false]);
        brier(&[0.5, N], &[true, false]);
        brier(&[1.5], &[true]);
        brier(&[], &[]);
        conformal_bound(&[], 0.1);
        conformal_bound(&[1.0; 50], N);
        conformal_bound(&[1.0; 50], 0.0);
        conformal_bound(&[1.0; 50], 1.5);
        conformal_bound(&[N; 50], 0.1);
        risk_coverage(&[], &[]);
        risk_coverage(&[N], &[true]);
        risk_coverage(&[1.0], &[true, false]);
        alt_test(&[], &[], Alignment::Accuracy, 0.1, 0.05);
        alt_test(&judge[..3], &people, Alignment::Accuracy, 0.1, 0.05);
        alt_test(&odd, &people, Alignment::Rmse, 0.1, 0.05);
        alt_test(&judge, &people, Alignment::Rmse, N, 0.05);
        alt_test(&judge, &people, Alignment::Rmse, 0.1, N);
        alt_test(&judge, &people, Alignment::Rmse, 0.1, 1.5);
        alt_test(&judge[..20], &people[..20], Alignment::Rmse, 0.1, 0.05);
        group_difference(&[1.0], &[true], &[0], 0.95);
        group_difference(&[1.0, N], &[true, false], &[0, 1], 0.95);
        group_difference(&[1.0, 2.0], &[true, false], &[0], 0.95);
        group_difference(&[1.0, 1.0, 1.0, 1.0], &[true, false, true, false], &[0, 1, 2, 3], 0.95);
        logistic(&[], &[]);
        logistic(&rows, &won[..3]);
        logistic(&[vec![N], vec![1.0]], &[true, false]);
        logistic(&[vec![0.0], vec![1.0], vec![2.0]], &[false, true, true]);
        logistic(&[vec![0.0], vec![1.0, 2.0]], &[true, false]);
        regression.wald(9, 0.95);
        verbosity(&won, &[0.5; 6], &[N; 6], 0.95);
        verbosity(&won, &[0.5; 5], &[1.0; 6], 0.95);
        partial_correlation(&[1.0, 2.0, 3.0], &[1.0, 2.0, 4.0], &[1.0; 3]);
        partial_correlation(&[1.0, 2.0, N], &[1.0, 2.0, 4.0], &[1.0, 3.0, 2.0]);
        stratified_prediction_powered(&[], 0.95);
        stratified_prediction_powered(&[stratum(0.0)], 0.95);
        stratified_prediction_powered(&[stratum(1.0), stratum(N)], 0.95);
        active_mean(&[], 0.95);
        active_mean(&[case(0.5, None, 0.5); 3], 0.95);
        active_mean(&[case(0.5, Some(1.0), 0.0), case(0.5, None, 0.5)], 0.95);
        active_mean(&[case(0.5, Some(N), 0.5), case(0.5, None, 0.5)], 0.95);
        active_mean(&[case(1.0, Some(1.0), 0.5); 3], 0.95);
        abstention(&[], &[], 0.1, 0.1);
        abstention(&[N], &[true], 0.1, 0.1);
        abstention(&[1.0], &[true], N, 0.1);
        abstention(&[1.0], &[true], 0.1, 1.0);
        next_labels(&[], 10, 0.2);
        next_labels(&[Pool { cases: u64::MAX, sd: 1.0 }, Pool { cases: 1, sd: 1.0 }], 10, 0.2);
        next_labels(&[Pool { cases: 10, sd: N }], 10, 0.2);
        next_labels(&[Pool { cases: 10, sd: 0.5 }], 10, N);
        calibration_error(&[], &[], 10);
        calibration_error(&[0.5], &[true], 0);
        calibration_error(&[N], &[true], 3);
        temperature(&[], &[]);
        temperature(&[N], &[true]);
        temperature(&[1.0], &[true]);
    }
    refuse_levels! {
        |level| double_sampling(sample, level, 1);
        |level| rogan_gladen((6, 10), (9, 10), (9, 10), level);
        |level| prediction_powered(&labels, &rest, Some(1.0), level);
        |level| group_difference(&[0.0, 0.1, 0.9, 1.1], &[false, false, true, true], &[0, 1, 2, 3], level);
        |level| regression.wald(0, level);
        |level| stratified_prediction_powered(&[stratum(1.0)], level);
        |level| active_mean(&cases, level);
    }
    answer! {
        calibration_error(&[0.5, 0.7], &[true, false], usize::MAX);
        isotonic(&[], &[], None);
        next_labels(&[Pool { cases: 10, sd: 0.0 }], u64::MAX, 0.0);
        platt(&[1e300, -1e300], &[true, false]);
        temperature(&[1e-320, -1e-320, 1.0], &[false, false, true]);
        rogan_gladen((u64::MAX, u64::MAX), (u64::MAX, u64::MAX), (9, 10), 0.95);
    }
    // What is no number is no evidence.
    let all = Evidence {
        labels: 500,
        rarer_class: 100,
        smaller_arm: Some(100),
        agreement: Some(0.9),
        parse_failures: Some(0.0),
        flip_rate: Some(0.0),
        sensitivity: Some(0.9),
        specificity: Some(0.9),
        position_consistency: Some(1.0),
        differential: Some(Interval { lower: -0.01, upper: 0.01 }),
        margin: 0.02,
        below_people: Some(0.0),
        winning_rate: None,
        age: Some(3.0),
        canary: Some(true),
    };
    assert_eq!(grade(&all).grade, Grade::A);
    for (worse, most) in [
        (Evidence { agreement: Some(N), ..all }, Grade::U),
        (Evidence { parse_failures: Some(N), ..all }, Grade::U),
        (Evidence { sensitivity: Some(N), ..all }, Grade::C),
        (Evidence { margin: N, ..all }, Grade::C),
        (Evidence { differential: Some(Interval { lower: N, upper: N }), ..all }, Grade::C),
        (Evidence { age: Some(N), ..all }, Grade::B),
        (Evidence { below_people: Some(N), winning_rate: Some(N), ..all }, Grade::B),
    ] {
        assert_eq!(grade(&worse).grade, most, "{worse:?}");
    }
}

#[test]
fn looks_bets_and_e_values() {
    use sequential::*;
    let bets = Bets::new(&[0.1, 0.9], (0.0, 1.0), None, 0.05).unwrap();
    refuse! {
        Spending::Pocock.spent(N, 0.5);
        Spending::Pocock.spent(0.05, 0.0);
        Spending::OBrienFleming.spent(0.05, -1.0);
        Spending::OBrienFleming.spent(0.05, N);
        Spending::HwangShihDeCani(N).spent(0.05, 0.5);
        Spending::HwangShihDeCani(I).spent(0.05, 0.5);
        boundaries(&[0.5, 0.5], 0.05, Spending::Pocock);
        boundaries(&[0.5, N], 0.05, Spending::Pocock);
        boundaries(&[0.5, 1.5], 0.05, Spending::Pocock);
        boundaries(&[0.5], N, Spending::Pocock);
        boundaries(&[0.5], 0.05, Spending::HwangShihDeCani(N));
        repeated_interval(N, 0.1, 2.0);
        repeated_interval(0.1, -0.1, 2.0);
        repeated_interval(0.1, 0.1, I);
        conditional_power(N, 0.5, 1.96);
        conditional_power(1.0, 0.0, 1.96);
        conditional_power(1.0, 1.0, 1.96);
        conditional_power(1.0, 0.5, N);
        merge_e_values(&[]);
        merge_e_values(&[N]);
        merge_e_values(&[-1.0]);
        e_bh(&[1.0], N);
        e_bh(&[1.0], -0.1);
        e_bh(&[1.0], 0.0);
        e_bh(&[N, 100.0], 0.05);
        best_rho2(N, 0.05);
        best_rho2(100.0, 0.0);
        best_rho2(0.0, 0.05);
        asymptotic_interval(N, 1.0, 100, 0.1, 0.05);
        asymptotic_interval(0.0, 0.0, 100, 0.1, 0.05);
        asymptotic_interval(0.0, 1.0, 1, 0.1, 0.05);
        asymptotic_interval(0.0, 1.0, 100, N, 0.05);
        asymptotic_interval(0.0, 1.0, 100, 0.1, 1.0);
        msprt_log_e(N, 1.0, 10, 0.0, 0.1);
        msprt_log_e(1.0, 0.0, 10, 0.0, 0.1);
        msprt_log_e(1.0, 1.0, 10, I, 0.1);
        msprt_log_e(HUGE, 1.0, 10, 0.0, 0.1);
        Bets::new(&[0.1, N], (0.0, 1.0), None, 0.05);
        Bets::new(&[2.0], (0.0, 1.0), None, 0.05);
        Bets::new(&[0.1], (1.0, 0.0), None, 0.05);
        Bets::new(&[0.1], (0.0, I), None, 0.05);
        Bets::new(&[0.1], (0.0, 1.0), None, 1.0);
        Bets::new(&[0.1, 0.2], (0.0, 1.0), Some(1), 0.05);
        bets.log_capital(N, Side::Above);
        bets.log_capital(I, Side::Below);
    }
    refuse_levels! {
        |level| price_of_looking(&[0.5, 1.0], level, Spending::OBrienFleming);
    }
    answer! {
        boundaries(&[], 0.05, Spending::Pocock);
        discordant_log_e(u64::MAX, u64::MAX);
        always_valid_p([N, -I, 3.0, N]);
        e_bh(&[], 0.05);
        Bets::new(&[], (0.0, 1.0), None, 0.05).unwrap().interval();
        msprt_log_e(1.0, 1.0, 0, 0.0, 0.1);
    }
}

#[test]
fn experiments() {
    use forecasts::*;
    use online::*;
    use quasi::*;
    let arm = |value, variance, n| Arm { value, variance, n };
    let good = arm(1.0, 1.0, 10);
    let units = |values: &[f64]| -> Vec<Unit> {
        values.iter().map(|v| Unit { outcome: *v, covariates: vec![Some(v * v)] }).collect()
    };
    let (a, b) = (units(&[1.0, 2.0, 4.0, 5.0]), units(&[0.0, 2.0, 3.0, 7.0]));
    let seen = |unit, treated, post, outcome| Observation { unit, treated, post, outcome };
    let panel: Vec<Observation> = (0..8).map(|i| seen(i / 2, i < 4, i % 2 == 1, f64::from(i * i % 7))).collect();
    let case = |treated, outcome, propensity| Assigned { treated, outcome, propensity, cluster: None };
    let cases = [case(true, 1.0, 0.5), case(true, 2.0, 0.4), case(false, 0.0, 0.5), case(false, 1.0, 0.6)];
    let logged = |reward, propensity, target| Logged { reward, propensity, target, cluster: None };
    let log = [logged(1.0, 0.5, 0.5), logged(0.0, 0.5, 0.2)];
    let click = |a, b| Impression { a, b, cluster: None };
    refuse! {
        sample_ratio(&[], &[]);
        sample_ratio(&[1], &[1.0]);
        sample_ratio(&[1, 2], &[1.0]);
        sample_ratio(&[0, 0], &[1.0, 1.0]);
        sample_ratio(&[1, 2], &[1.0, 0.0]);
        sample_ratio(&[1, 2], &[1.0, N]);
        sample_ratio(&[1, 2], &[1.0, -1.0]);
        sample_ratio(&[u64::MAX, 2], &[1.0, 1.0]);
        sample_ratio_log_e(&[u64::MAX, 2], &[1.0, 1.0], 10.0);
        sample_ratio_log_e(&[1, 2], &[1.0, 1.0], N);
        sample_ratio_log_e(&[1, 2], &[1.0, 1.0], 0.0);
        two_proportions((1, 0), (1, 2));
        two_proportions((3, 2), (1, 2));
        two_proportions((2, 2), (2, 2));
        Arm::mean(&[1.0]);
        Arm::mean(&[1.0, N]);
        Arm::mean(&[HUGE, -HUGE]);
        Arm::ratio(&[(1.0, 0.0), (2.0, 0.0)]);
        Arm::ratio(&[(1.0, N), (2.0, 1.0)]);
        cuped(&[(1.0, None)], &[(1.0, None), (2.0, None)]);
        cuped(&[(1.0, Some(N)), (2.0, None)], &[(1.0, None), (2.0, None)]);
        effect(arm(N, 1.0, 10), good, 0.95);
        effect(arm(1.0, -5.0, 10), good, 0.95);
        effect(arm(1.0, 1.0, 1), good, 0.95);
        effect(arm(1.0, 0.0, 10), arm(0.0, 0.0, 10), 0.95);
        lift(good, arm(0.0, 1.0, 10), 0.95);
        lift(good, arm(N, 1.0, 10), 0.95);
        log_delta(arm(-1.0, 1.0, 10), good, 0.95);
        fieller(good, arm(0.0, 1.0, 10), 0.95);
        lin(&[], &[], 0.95);
        lin(&a[..1], &b, 0.95);
        lin(&units(&[1.0, N, 2.0]), &b, 0.95);
        lin(&units(&[1.0; 4]), &units(&[1.0; 4]), 0.95);
        aa_check(10, 0, 99, 1, |_| Some(0.5));
        aa_check(10, 10, 99, 1, |_| Some(0.5));
        aa_check(10, 5, 0, 1, |_| Some(0.5));
        aa_check(10, 5, 99, 1, |_| Some(N));
        diff_in_diff(&[], 0.95);
        diff_in_diff(&[seen(0, true, false, N)], 0.95);
        diff_in_diff(&panel[..4], 0.95);
        ipw(&[], 0.0, 0.95);
        ipw(&cases, N, 0.95);
        ipw(&cases, 0.5, 0.95);
        ipw(&[case(true, 1.0, 1.0), cases[2]], 0.0, 0.95);
        ipw(&[case(true, N, 0.5), cases[2]], 0.0, 0.95);
        ipw(&cases[..2], 0.0, 0.95);
        aipw(&cases, &[(0.0, 0.0); 3], 0.0, 0.95);
        aipw(&cases, &[(0.0, N); 4], 0.0, 0.95);
        off_policy(&[], None, 0.95);
        off_policy(&[logged(1.0, 0.0, 0.5)], None, 0.95);
        off_policy(&[logged(N, 0.5, 0.5)], None, 0.95);
        off_policy(&[logged(1.0, 0.5, 1.5)], None, 0.95);
        off_policy(&log, Some(&[(0.0, 0.0)]), 0.95);
        off_policy(&log, Some(&[(0.0, N); 2]), 0.95);
        interleaving(&[click(N, 1.0)], 0.95);
        interleaving(&[click(1.0, I)], 0.95);
        diebold_mariano(&[], &[], 1, Window::Flat, 0.95);
        diebold_mariano(&[1.0, 2.0], &[1.0], 1, Window::Flat, 0.95);
        diebold_mariano(&[1.0, N], &[1.0, 2.0], 1, Window::Flat, 0.95);
        diebold_mariano(&[1.0, 2.0], &[1.5, 1.0], 0, Window::Flat, 0.95);
        diebold_mariano(&[1.0, 2.0], &[1.5, 1.0], 2, Window::Flat, 0.95);
        diebold_mariano(&[HUGE, -HUGE], &[0.0, 0.0], 1, Window::Bartlett, 0.95);
        diebold_mariano(&[1.0; 4], &[0.9; 4], 1, Window::Flat, 0.95);
    }
    refuse_levels! {
        |level| effect(good, arm(2.0, 1.0, 10), level);
        |level| lift(good, arm(2.0, 1.0, 10), level);
        |level| log_delta(good, arm(2.0, 1.0, 10), level);
        |level| fieller(good, arm(2.0, 1.0, 10), level);
        |level| lin(&a, &b, level);
        |level| diff_in_diff(&panel, level);
        |level| ipw(&cases, 0.0, level);
        |level| aipw(&cases, &[(0.0, 1.0); 4], 0.0, level);
        |level| off_policy(&log, None, level);
        |level| interleaving(&[click(1.0, 0.0); 3], level);
        |level| diebold_mariano(&[1.0, 2.0, 1.5], &[1.5, 1.0, 1.0], 1, Window::Flat, level);
    }
    answer! {
        sample_ratio(&[1 << 62, 1 << 61], &[1.0, 1.0]);
        sample_ratio_log_e(&[0, 0], &[1.0, 1.0], 10.0);
        two_proportions((u64::MAX, u64::MAX), (3, u64::MAX));
        interleaving(&[], 0.95);
        off_policy(&[logged(1.0, 0.5, 0.0); 2], None, 0.95);
        team_draft::<u8>(&[], &[], 9, || true);
    }
}

#[test]
fn slices_of_the_data() {
    use slices::*;
    let counts = [(1.0, 2.0), (3.0, 4.0), (2.0, 9.0)];
    let rates = shrink_rates(&counts, 0.95).unwrap();
    let means = shrink_means(&[1.0, 2.0, 3.0, 9.0], &[1.0; 4], 0.95).unwrap();
    let scores = [vec![0.1, 0.5, 0.9], vec![0.2, 0.5, 0.4]];
    let column = [vec![Some(0), Some(1), Some(0)]];
    let search = Search::default();
    refuse! {
        shrink_rates(&[], 0.95);
        shrink_rates(&[(1.0, 2.0)], 0.95);
        shrink_rates(&[(N, 2.0), (1.0, 2.0)], 0.95);
        shrink_rates(&[(3.0, 2.0), (1.0, 2.0)], 0.95);
        shrink_rates(&[(0.0, 0.0), (1.0, 2.0)], 0.95);
        shrink_rates(&[(1.0, I), (1.0, 2.0)], 0.95);
        rate_gap(&[(-1.0, 2.0), (1.0, 2.0)], 0.95);
        shrink_means(&[1.0; 3], &[1.0; 3], 0.95);
        shrink_means(&[1.0, N, 1.0, 2.0], &[1.0; 4], 0.95);
        shrink_means(&[1.0, 2.0, 1.0, 2.0], &[0.0; 4], 0.95);
        shrink_means(&[HUGE, -HUGE, 1.0, 2.0], &[1.0; 4], 0.95);
        rates.worst(0, 1, 0.95);
        means.worst(0, 1, 0.95);
        best_of(&[], 0.95, 99, 1);
        best_of(&[vec![1.0]], 0.95, 99, 1);
        best_of(&[vec![1.0, N], vec![1.0, 0.0]], 0.95, 99, 1);
        best_of(&[vec![HUGE, HUGE], vec![1.0, 0.0]], 0.95, 99, 1);
        best_of(&scores, 0.95, 0, 1);
        discover(&[], Outcome::Mean(&[1.0]), search);
        discover(&column, Outcome::Mean(&[1.0, 2.0]), search);
        discover(&column, Outcome::Mean(&[1.0, N, 2.0]), search);
        discover(&column, Outcome::Mean(&[1.0, HUGE, 2.0]), search);
        discover(&column, Outcome::Rate(&[None; 3]), search);
        discover(&column, Outcome::Mean(&[1.0, 2.0, 3.0]), Search { support: N, ..search });
        discover(&column, Outcome::Mean(&[1.0, 2.0, 3.0]), Search { support: 0.0, ..search });
        discover(&column, Outcome::Mean(&[1.0, 2.0, 3.0]), Search { items: 0, ..search });
        discover(&[vec![Some(u32::MAX); 3]], Outcome::Mean(&[1.0, 2.0, 3.0]), search);
        discover(&column, Outcome::Mean(&[1.0, 2.0, 3.0]), search).unwrap().shapley(9);
    }
    refuse_levels! {
        |level| shrink_rates(&counts, level);
        |level| rate_gap(&counts, level);
        |level| shrink_means(&[1.0, 2.0, 3.0, 9.0], &[1.0; 4], level);
        |level| rates.worst(9, 1, level);
        |level| means.worst(9, 1, level);
        |level| best_of(&scores, level, 99, 1);
    }
    answer! {
        shrink_rates(&[(0.0, 1e15), (1.0, 1.0)], 0.95);
        rate_gap(&[(0.0, 3.0), (3.0, 3.0)], 0.95);
        best_of(&[vec![0.5; 3], vec![0.5; 3]], 0.95, 99, 1);
    }
}

#[test]
fn drifting_columns() {
    use dist::*;
    let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 3.0, 4.0, 9.0, 9.0]);
    refuse! {
        Bins::quantiles(&[], 4);
        Bins::quantiles(&[N], 4);
        Bins::quantiles(&a, 1);
        Bins::quantiles(&a, 2).unwrap().counts(&[N]);
        psi(&[1], &[1, 2]);
        psi(&[0, 0], &[1, 2]);
        psi(&[u64::MAX, u64::MAX], &[1, 2]);
        psi_expected(0, 1, 1);
        psi_expected(5, 0, 1);
        jensen_shannon(&[], &[]);
        hellinger(&[u64::MAX, 1], &[1, 2]);
        total_variation(&[1, 2], &[0, 0]);
        wasserstein(&[], &a);
        wasserstein(&[N], &a);
        kolmogorov_smirnov(&a, &[]);
        kolmogorov_smirnov(&a, &[I]);
        independence(&[1, 0], &[2, 0], 99, 1);
        independence(&[u64::MAX, 1], &[2, 5], 99, 1);
        independence(&[1], &[2, 0], 99, 1);
        anderson_darling(&[]);
        anderson_darling(&[&a, &[]]);
        anderson_darling(&[&a, &[N]]);
        anderson_darling(&[&[1.0; 3], &[1.0; 3]]);
        numeric_distances(&[], &b, 4, 9, 1);
        numeric_distances(&a, &[N], 4, 9, 1);
        numeric_distances(&a, &b, 0, 9, 1);
        numeric_distances(&a, &b, 4, 0, 1);
        categorical_distances(&[1, 2], &[0, 0], 9, 1);
        categorical_distances(&[1, 2], &[2, 1], 0, 1);
        wasserstein_interval(&a, &[N], 0.95, 99, 1);
        wasserstein_interval(&[1.0; 4], &b, 0.95, 99, 1);
        wasserstein_interval(&a, &b, 0.95, 3, 1);
    }
    refuse_levels! {
        |level| wasserstein_interval(&a, &b, level, 99, 1);
    }
    answer! {
        independence(&[1 << 50, 1], &[2, 5], 99, 1);
        numeric_distances(&[1.0; 5], &[1.0; 5], 4, 9, 1);
        evidently(0, 0, true);
        kolmogorov_smirnov(&[1.0; 3], &[1.0; 2]);
    }
}

#[test]
fn charts_detectors_and_seasons() {
    let quiet: Vec<f64> = (0..40).map(|i| f64::from(i % 5) - 2.0).collect();
    let cusum = Cusum::new(0.5, 4.0, Sides::Both).unwrap();
    let ewma = Ewma::new(0.2, 3.0).unwrap();
    let bernoulli = BernoulliCusum::new(5, 9).unwrap();
    let vectors = |n: usize, value: f64| -> Vec<Vec<f64>> { (0..n).map(|i| vec![i as f64 % 3.0, value]).collect() };
    let judged = |score, probability| Judged { stratum: "a".into(), score, probability };
    let (near, far) = (vectors(12, 0.0), vectors(12, 1.0));
    refuse! {
        Baseline::of(&[1.0]);
        Baseline::of(&[1.0, N]);
        Baseline::of(&[1.0, 1.0]);
        Cusum::new(N, 4.0, Sides::Up);
        Cusum::new(-1.0, 4.0, Sides::Up);
        Cusum::new(0.5, 0.0, Sides::Up);
        Cusum::design(N, 100.0, Sides::Up);
        Cusum::design(1.0, N, Sides::Up);
        Cusum::design(1.0, 1e99, Sides::Up);
        cusum.arl(N);
        cusum.arl(I);
        cusum.clone().update(N);
        Ewma::new(0.0, 3.0);
        Ewma::new(0.5, N);
        Ewma::design(0.5, 1.0);
        ewma.arl(N);
        ewma.clone().update(I);
        Shewhart::design(0.0);
        Shewhart { limit: N }.update(1.0);
        Shewhart { limit: N }.arl(1.0);
        Shewhart { limit: 3.0 }.arl(N);
        BernoulliCusum::new(1, 3);
        BernoulliCusum::new(u64::MAX, 3);
        BernoulliCusum::new(3, 0);
        BernoulliCusum::new(3, u64::MAX);
        BernoulliCusum::design(0.2, 0.1, 100.0);
        BernoulliCusum::design(N, 0.1, 100.0);
        bernoulli.arl(N);
        bernoulli.arl(0.0);
        bernoulli.clone().update(0.5);
        PageHinkley::new(30, N, 50.0, 0.99);
        PageHinkley::new(30, 0.1, N, 0.99);
        PageHinkley::new(30, 0.1, 50.0, 1.5);
        Adwin::new(N, 32, 5, 5, 10);
        Adwin::new(0.1, 0, 5, 5, 10);
        Adwin::new(0.1, 32, 0, 5, 10);
        Ddm::new(30, N);
        Ddm::new(30, 0.0);
        Kswin::new(N, 100, 30, 0);
        Kswin::new(0.1, 10, 0, 0);
        alarms(&mut PageHinkley::default(), &[1.0, N]);
        alarms(&mut Adwin::default(), &[I]);
        alarms(&mut Ddm::default(), &[0.5]);
        alarms(&mut Kswin::default(), &[N]);
        backtest(&mut cusum.clone(), &quiet[..3], 1.0, 9, 1);
        backtest(&mut cusum.clone(), &quiet, N, 9, 1);
        backtest(&mut cusum.clone(), &quiet, 0.0, 9, 1);
        backtest(&mut cusum.clone(), &quiet, 1.0, 0, 1);
        season::stl(&quiet, 0, 7, true);
        season::stl(&quiet, usize::MAX, 7, true);
        season::stl(&quiet, 5, 6, true);
        season::stl(&quiet, 5, usize::MAX, true);
        season::stl(&[N; 20], 5, 7, true);
        season::mstl(&quiet, &[], true);
        season::mstl(&quiet, &[usize::MAX], true);
        season::mad_z(&[Some(1.0), None]);
        season::mad_z(&[Some(N), Some(1.0), Some(2.0)]);
        season::mad_z(&[Some(1.0); 9]);
        season::place_z(&[Some(1.0); 9], 0, &[]);
        season::place_z(&[Some(1.0); 9], 2, &[true]);
        season::place_z(&[Some(I); 9], 2, &[]);
        embedding::mmd(&near[..1], &far, 9, 1);
        embedding::mmd(&near, &[vec![1.0], vec![2.0]], 9, 1);
        embedding::mmd(&near, &vectors(3, N), 9, 1);
        embedding::mmd(&near, &vectors(3, HUGE), 9, 1);
        embedding::mmd(&near, &far, 0, 1);
        embedding::mmd_linear(&near[..2], &far[..2], 1);
        embedding::domain_classifier(&near[..3], &far, 0.95, 1);
        embedding::domain_classifier_on(&near, &far, &[0; 24], 0.95);
        embedding::domain_classifier_on(&near, &far, &[0; 3], 0.95);
        Reservoir::<u8>::new(0, 1);
        horvitz_thompson(&[]);
        horvitz_thompson(&[judged(N, 0.5)]);
        horvitz_thompson(&[judged(1.0, 0.0)]);
        horvitz_thompson(&[judged(1.0, 0.5), judged(1.0, 0.7)]);
        StreamEstimate { cases: 1.0, total: 1.0, mean: 1.0, se: None }.interval(0.95);
    }
    refuse_levels! {
        |level| embedding::domain_classifier(&near, &far, level, 1);
        |level| StreamEstimate { cases: 1.0, total: 1.0, mean: 1.0, se: Some(0.1) }.interval(level);
    }
    answer! {
        season::stl(&[1.0; 40], 5, 7, true);
        season::mstl(&quiet, &[3, 5, 5], true);
        cusum.arl(1e9);
        ewma.arl(-1e9);
        Adwin::new(0.1, 1, 1, 0, 0).and_then(|mut adwin| alarms(&mut adwin, &[0.0, 1.0, 1.0, 0.0, 1.0]));
    }
}

/// A verdict never rests on what is no number.
#[test]
fn verdicts() {
    use verdict::*;
    let pairs: Vec<Pair> = (0..400).map(|i| pair(1.0, f64::from(i % 50 > 0), 1.0)).collect();
    let found = difference(&pairs, Kind::Binary, 0.95, 1);
    let guards = Guards { matched_share: 1.0, ..Guards::default() };
    assert_eq!(no_regression(&found, 0.05, &guards, 0.95).kind, VerdictKind::Pass);
    let worst = Guards { worst_case_lower: Some(N), ..guards };
    let share = Guards { matched_share: N, ..guards };
    for (margin, guards, confidence) in [
        (N, guards, 0.95),
        (-0.1, guards, 0.95),
        (I, guards, 0.95),
        (0.05, worst, 0.95),
        (0.05, share, 0.95),
        (0.05, guards, N),
        (0.05, guards, 1.0),
    ] {
        let verdict = no_regression(&found, margin, &guards, confidence);
        assert!(verdict.kind == VerdictKind::Inconclusive && !verdict.reasons.is_empty(), "{margin} {guards:?}");
    }
    let passed = level(&items(&[1.0; 400]), Kind::Binary, 0.95);
    assert_eq!(level_verdict(&passed, Some(0.9), None, None, 0.95).kind, VerdictKind::Pass);
    let nothing = Interval { lower: N, upper: N };
    for (min, max, worst, confidence) in [
        (Some(N), None, None, 0.95),
        (None, Some(N), None, 0.95),
        (Some(0.9), Some(0.1), None, 0.95),
        (Some(0.9), None, Some(nothing), 0.95),
        (Some(0.9), None, None, N),
    ] {
        let verdict = level_verdict(&passed, min, max, worst, confidence);
        assert!(verdict.kind == VerdictKind::Inconclusive && !verdict.reasons.is_empty(), "{min:?} {max:?}");
    }
    assert_eq!((critical_failures(10, N, 1), critical_failures(0, 0.5, 0), critical_failures(10, 2.0, 1)), (1, 1, 10));
}

/// The functions of real numbers are the exception: outside of their domains they are NaN, or their limit, and end.
#[test]
fn functions_of_real_numbers_end() {
    use special::*;
    let odd = [N, I, -I, -1.0, 0.0, 1.0, 2.0, 1e-320, HUGE];
    for a in odd {
        normal_pdf(a);
        normal_cdf(a);
        normal_quantile(a);
        ln_gamma(a);
        for b in odd {
            ln_beta(a, b);
            gamma_sf(a, b);
            chi_square_sf(a, b);
            t_sf(a, b);
            t_quantile(a, b);
            for c in [N, I, 0.5, 1.0, 1e-320, HUGE] {
                beta_cdf(a, b, c);
                beta_sf(a, b, c);
                beta_quantile(a, b, c);
            }
        }
        binomial_pmf(3, 2, a);
        binomial_pmf(1, u64::MAX, a);
        binomial_cdf(1, u64::MAX, a);
    }
    assert!(normal_quantile(N).is_nan() && normal_quantile(1.5).is_nan() && t_quantile(0.5, -1.0).is_nan());
}

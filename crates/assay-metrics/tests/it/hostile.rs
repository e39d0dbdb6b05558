//! Hostile input, module by module: what cannot be answered is refused, with `None` or an error, and never panics, turns
//! into NaN or passes for a plain 0 or 1.

use std::collections::HashMap;

use assay_metrics::entities::{Matching, Scheme, Span, entity_counts, match_spans};
use assay_metrics::forecasting::{self as f, Central, Ensemble, Pit};
use assay_metrics::ranking::{Judged, alpha_ndcg};
use assay_metrics::*;
use serde_json::json;

const N: f64 = f64::NAN;
const I: f64 = f64::INFINITY;
const HUGE: f64 = 1e308;
const NO_LEVELS: [f64; 6] = [N, 0.0, 1.0, -0.5, 1.5, I];

/// Texts that break what takes bytes for letters, or a text for a word.
const TEXTS: [&str; 12] = [
    "",
    " ",
    "\u{0}",
    "\u{feff}",
    "İ",
    "👩‍👩‍👧‍👦",
    "e\u{301}\u{301}\u{301}",
    "\u{202e}abc\u{202c}",
    "…—…",
    "\n\r\n\u{2028}",
    "a",
    "ﬀ ß ŉ ΐ",
];

#[test]
fn classes() {
    use classification::*;
    let ranked = Ranked::new(&[true, false], &[0.9, 0.1]).unwrap();
    let empty: &[Vec<f64>] = &[];
    refuse! {
        Confusion::<u8>::new(&[], &[]);
        Confusion::new(&[1], &[1, 2]);
        Confusion::from_cells([(1, 1, N)]);
        Confusion::from_cells([(1, 1, -1.0)]);
        Confusion::from_cells([(1, 2, 0.0)]);
        Confusion::from_cells([(1, 1, I)]);
        Confusion::new(&[1, 1], &[1, 1]).unwrap().kappa();
        Ranked::new(&[], &[]);
        Ranked::new(&[true], &[0.5, 0.1]);
        Ranked::new(&[true, false], &[N, 0.1]);
        Ranked::new(&[true, false], &[I, 0.1]);
        Ranked::new(&[true, true], &[0.5, 0.1]);
        ranked.precision_at_recall(N);
        ranked.precision_at_recall(1.5);
        ranked.recall_at_precision(N);
        ranked.fall_out_at_recall(N);
        ranked.fall_out_at_recall(1.1);
        ranked.recall_at_fall_out(N);
        ranked.recall_at_fall_out(-0.1);
        roc_auc_one_vs_rest(&[], empty, Average::Macro);
        roc_auc_one_vs_rest(&[0, 0], &[vec![0.5, 0.5], vec![0.5, 0.5]], Average::Macro);
        roc_auc_one_vs_rest(&[0, 2], &[vec![0.5, 0.5], vec![0.5, 0.5]], Average::Micro);
        roc_auc_one_vs_one(&[0, 1], &[vec![0.5, N], vec![0.5, 0.5]], true);
        roc_auc_one_vs_one(&[0], &[vec![1.0]], true);
        log_loss_binary(&[true], &[N]);
        log_loss_binary(&[true], &[1.5]);
        log_loss_binary(&[], &[]);
        log_loss(&[0], &[vec![0.5, 0.4]]);
        log_loss(&[5], &[vec![0.5, 0.5]]);
        brier_binary(&[true], &[-0.1]);
        brier(&[0, 1], &[vec![0.5, 0.5], vec![1.0]]);
        reliability(&[true], &[0.5], Bins::Width(0));
        reliability(&[true], &[0.5], Bins::Width(usize::MAX));
        reliability(&[true], &[N], Bins::Mass(3));
        expected_calibration_error(&[]);
        Multilabel::new::<Vec<bool>>(&[], &[]);
        Multilabel::new(&[vec![]], &[vec![]]);
        Multilabel::new(&[vec![true]], &[vec![true, false]]);
        label_ranking_average_precision(&[vec![true]], &[vec![N]]);
        coverage_error(&[vec![true]], &[vec![0.5, 0.5]]);
        Counts::default().precision();
        Counts::default().recall();
        Counts::default().f1();
        Counts::default().jaccard();
    }
    answer! {
        log_loss_binary(&[true], &[0.0]);
        reliability(&[true], &[0.5], Bins::Mass(1000));
        expected_calibration_error(&[Bin { count: 1, confidence: 0.5, rate: 1.0 }]);
        Confusion::from_cells([(1, 1, HUGE)]).map(|c| c.accuracy());
        average(&[], Average::Macro, None, Counts::f1);
        label_ranking_average_precision(&[vec![false]], &[vec![0.1]]);
    }
}

#[test]
fn forecasts() {
    for score in [f::mae, f::rmse, f::bias, f::mape, f::wmape, f::smape, f::smape_half] {
        refuse! {
            score(&[], &[]);
            score(&[1.0], &[]);
            score(&[1.0, N], &[1.0, 1.0]);
            score(&[1.0, 2.0], &[I, 1.0]);
        }
    }
    let pit = |below, at_most| Pit { below, at_most };
    let central = |alpha, lower, upper| Central { alpha, lower, upper };
    refuse! {
        f::mae(&[HUGE, HUGE], &[-HUGE, -HUGE]);
        f::rmse(&[HUGE], &[-HUGE]);
        f::mape(&[0.0], &[1.0]);
        f::wmape(&[0.0], &[1.0]);
        f::mase(&[1.0], &[1.0], &[1.0, 1.0], 1);
        f::mase(&[1.0], &[2.0], &[HUGE, -HUGE], 1);
        f::mase(&[1.0], &[2.0], &[1.0, 2.0], 0);
        f::mase(&[1.0], &[2.0], &[1.0, 2.0], usize::MAX);
        f::mase(&[1.0], &[2.0], &[1.0, N], 1);
        f::rmsse(&[1.0], &[2.0], &[], 1);
        f::crps_ensemble(N, &[1.0], Ensemble::Energy);
        f::crps_ensemble(1.0, &[], Ensemble::Energy);
        f::crps_ensemble(1.0, &[1.0], Ensemble::Fair);
        f::crps_ensemble(1.0, &[I], Ensemble::Energy);
        f::crps_ensemble(HUGE, &[-HUGE, HUGE, -HUGE], Ensemble::Energy);
        f::crps_normal(1.0, 0.0, 0.0);
        f::crps_normal(1.0, N, 1.0);
        f::interval_score(1.0, central(0.0, 0.0, 1.0));
        f::interval_score(1.0, central(0.1, 1.0, 0.0));
        f::interval_score(1.0, central(0.1, N, 1.0));
        f::interval_score(HUGE, central(1e-9, -HUGE, -HUGE));
        f::weighted_interval_score(1.0, N, &[]);
        f::intervals(&[1.0], &[2.0], &[1.0]);
        f::intervals(&[1.0], &[N], &[1.0]);
        f::intervals(&[], &[], &[]);
        f::pit_ensemble(1.0, &[]);
        f::pit_ensemble(N, &[1.0]);
        f::pit_normal(1.0, 0.0, -1.0);
        f::pit_histogram(&[], 5);
        f::pit_histogram(&[pit(0.1, 0.2)], 0);
        f::pit_histogram(&[pit(0.1, 0.2)], usize::MAX);
        f::pit_histogram(&[pit(0.3, 0.2)], 5);
        f::pit_histogram(&[pit(N, 0.2)], 5);
    }
    for level in NO_LEVELS {
        refuse! {
            f::pinball(&[1.0], &[1.0], level);
        }
    }
}

#[test]
fn events_and_groups() {
    use anomaly::*;
    use fairness::Groups;
    let (truth, found) = ([false, true, true, false], [false, false, true, true]);
    let costs = |hit| Costs { hit, ..Costs::STANDARD };
    refuse! {
        event_scores(&[], &[]);
        event_scores(&truth, &found[..2]);
        point_scores(&[], &[]);
        adjusted_scores(&truth, &found, N);
        adjusted_scores(&truth, &found, 1.5);
        adjusted_f1_area(&truth, &[]);
        delays(&truth, &[]);
        nab_score(&truth, &found, costs(N));
        nab_score(&truth, &found, costs(-1.0));
        nab_score(&[false; 4], &found, Costs::STANDARD);
        nab_score(&truth, &found, Costs { hit: 0.0, miss: 0.0, ..Costs::STANDARD });
        affiliation(&[false; 4], &found);
        affiliation(&truth, &found[..1]);
        volumes(&truth, &[N; 4], 2);
        volumes(&truth, &[0.1; 4], usize::MAX);
        volumes(&[false; 4], &[0.1; 4], 2);
        PrecisionRecall { precision: None, recall: None }.f1();
        Groups::new(&["a"], &[true], &[], 1);
        Groups::<u8>::new(&[], &[], &[], 1);
        Groups::new(&["a", "a"], &truth[..2], &found[..2], 1).unwrap().equalised_odds();
        Groups::new(&["a", "b"], &truth[..2], &found[..2], usize::MAX).unwrap().demographic_parity();
    }
    answer! {
        events(&[]);
        affiliation(&truth, &[false; 4]);
        volumes(&truth, &[0.1; 4], 4);
        adjusted_f1_area(&[false; 4], &[false; 4]);
        event_scores(&[false; 4], &[false; 4]);
    }
}

#[test]
fn spans_and_rankings() {
    let span = |start, end| Span { label: "a".into(), start, end };
    let grades: HashMap<&str, f64> = HashMap::from([("a", N), ("b", I), ("c", -1.0)]);
    let odd = Judged::new(["a", "b", "c", "d", "a"], &grades);
    let judged = Judged::from_grades(vec![Some(1.0), None], [1.0, 2.0], 1.0);
    refuse! {
        Scheme::Iob2.spans(&["X-"]);
        entity_counts(&[], &[vec![]]);
        match_spans(&[span(2, 2)], &[], Matching::Type);
        match_spans(&[], &[span(3, 2)], Matching::Partial);
        judged.expected_reciprocal_rank(5, N);
        judged.expected_reciprocal_rank(5, 1.0);
        judged.expected_reciprocal_rank(5, 1e9);
        judged.rank_biased_precision(N);
        judged.rank_biased_precision(1.0);
        judged.judged(0);
        alpha_ndcg(&[], &[], 0.5, 3);
        alpha_ndcg(&[vec![0]], &[vec![0]], N, 3);
        alpha_ndcg(&[vec![usize::MAX]], &[vec![0]], 0.5, 3);
        alpha_ndcg(&[vec![usize::MAX - 1]], &[vec![0]], 0.5, 3);
        retrieval::Qrels::parse("q 0 d");
        retrieval::Qrels::parse("q 0 d x");
        retrieval::Run::parse("q Q0 d 1 NaN r");
        retrieval::Run::parse("q Q0 d 1 x r");
    }
    answer! {
        odd.ndcg(10);
        odd.ndcg_exponential(usize::MAX);
        odd.average_precision(0);
        odd.precision(0);
        odd.r_precision(N);
        odd.bpref();
        odd.inferred_average_precision();
        odd.interpolated_precision(&[N, -1.0, 2.0]);
        odd.judged(3);
        odd.set();
        judged.rank_biased_precision(0.5);
        match_spans(&[span(0, usize::MAX)], &[span(1, 2)], Matching::Partial);
    }
    assert_eq!((odd.relevant(), odd.judged(3)), (0, Some(0.0)));
}

#[test]
fn texts() {
    use contamination::{Index, Rule};
    use near_duplicates::*;
    for a in TEXTS {
        for b in TEXTS.iter().copied().chain([a]) {
            let odd = bleu::Bleu { smoothing: bleu::Smoothing::Floor(N), ..bleu::Bleu::default() };
            let wide = chrf::Chrf { word_order: usize::MAX, lowercase: true };
            let tokens = rouge::Tokens { stem: true, unicode: true };
            let errors = word_errors::WordErrors::of_words(a, b);
            answer! {
                bleu::sentence_bleu(a, &[b]);
                bleu::sentence_bleu(a, &[]);
                odd.score(&odd.segment(a, &[b]));
                chrf::chrf(a, &[b, a]);
                wide.score(&wide.segment(a, &[b]));
                ter::Ter::default().segment(a, &[b]).rate();
                rouge::rouge_n(a, b, 0, tokens);
                rouge::rouge_n(a, b, usize::MAX, tokens);
                rouge::rouge_l(a, b, tokens);
                rouge::rouge_lsum(a, b, tokens);
                meteor::meteor(a, &[b], meteor::Weights::default());
                meteor::meteor(a, &[], meteor::Weights::default());
                (errors.wer(), errors.mer(), errors.wil());
                distance::similarity(a, b);
                distance::damerau(a, b);
                distance::jaro_winkler(a, b);
                distance::lcs_similarity(a, b);
                distance::token_sort_ratio(a, b);
                distance::token_set_ratio(a, b);
                distance::partial_ratio(a, b);
                answer::token_f1(a, b);
                stem::porter(a);
                jaccard(&shingles(a, Unit::Words), &shingles(b, Unit::Characters));
                number::numbers(a);
                structure::find_json(a);
                Scheme::Iob2.spans(&[a, b]);
                extraction::compare(&json!({a: [b]}), &json!({b: a}), &|_| extraction::Match::Number { relative: N }).f1();
                structure::compare(&json!({a: b}), &json!([b]), N, &[]).share();
            }
        }
    }
    refuse! {
        Index::new(&["a"], Rule::Words(0));
        Index::new(&["a"], Rule::Words(usize::MAX));
        Index::new(&["a"], Rule::Coverage { words: 3, share: N });
        Index::new(&["a"], Rule::Coverage { words: 3, share: 1.5 });
        bands(N);
        bands(0.0);
        bands(1.5);
        duplicates(&["a"], Unit::Words, N);
        duplicates_against(&["a"], &["b"], Unit::Words, -1.0);
        jaccard(&[], &[]);
        meteor::Weights::new(N, 1.0, 0.5);
        meteor::Weights::new(0.5, -1.0, 0.5);
        meteor::Weights::new(0.5, 1.0, 1.5);
        number::last_number("1e999");
    }
    assert!(!number::close(N, N, I, I) && !number::close(1.0, 2.0, N, N));
}

"""Classification, multilabel, entity, fairness and forecast metrics beside the packages they stand for."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from assay import metrics

RNG = np.random.default_rng(11)
N = 400
TRUTH = RNG.integers(0, 4, N)
PREDICTED = np.where(RNG.random(N) < 0.6, TRUTH, RNG.integers(0, 5, N))
WEIGHTS = RNG.random(N)
BINARY = RNG.integers(0, 2, N)
SCORES = np.round(BINARY * 0.3 + RNG.random(N) * 0.7, 2)
PROBABILITIES = RNG.dirichlet(np.ones(4), N)
NAMES = np.array(["ant", "bee", "cat", "dog", "eel"])

skl = pytest.importorskip("sklearn.metrics")


@pytest.mark.parametrize("labels", ["numbers", "names", "objects", "pandas", "booleans"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_class_metrics_are_those_of_scikit_learn(labels: str, weights: np.ndarray | None) -> None:
    truth, predicted = TRUTH, PREDICTED
    if labels in ("names", "pandas", "objects"):
        truth, predicted = NAMES[TRUTH], NAMES[PREDICTED]
    if labels == "objects":
        truth, predicted = truth.astype(object), predicted.astype(object)
    if labels == "pandas":
        truth, predicted = pd.Series(truth, dtype="category"), pd.Series(predicted)
    if labels == "booleans":
        truth, predicted = TRUTH > 1, PREDICTED > 1
    options = {"sample_weight": weights}
    plain_truth, plain_predicted = np.asarray(truth), np.asarray(predicted)
    matrix = skl.confusion_matrix(plain_truth, plain_predicted, **options)
    found = metrics.confusion_matrix(truth, predicted, **options)
    assert np.allclose(np.asarray(found), matrix)
    for normalize in ("true", "pred", "all"):
        theirs = skl.confusion_matrix(plain_truth, plain_predicted, normalize=normalize, **options)
        assert np.allclose(found.matrix(normalize=normalize), theirs)
    for name in ("accuracy_score", "matthews_corrcoef", "cohen_kappa_score"):
        theirs = getattr(skl, name)(plain_truth, plain_predicted, **options)
        assert getattr(metrics, name)(truth, predicted, **options) == pytest.approx(theirs), name
    present = np.unique(plain_truth)
    recalls = skl.recall_score(plain_truth, plain_predicted, labels=present, average=None, zero_division=0, **options)
    assert metrics.balanced_accuracy_score(truth, predicted, **options) == pytest.approx(recalls.mean())
    for name in ("precision_score", "recall_score", "f1_score", "jaccard_score"):
        ours, theirs = getattr(metrics, name), getattr(skl, name)
        for average in ("micro", "macro", "weighted", None):
            for zero in (0.0, 1.0):
                expected = theirs(plain_truth, plain_predicted, average=average, zero_division=zero, **options)
                got = ours(truth, predicted, average=average, zero_division=zero, **options)
                assert np.allclose(got, expected), (name, average, zero)
    for zero in (0.0, math.nan):
        expected = skl.precision_score(plain_truth, plain_predicted, average="macro", zero_division=zero, **options)
        assert metrics.precision_score(truth, predicted, average="macro", zero_division=zero, **options) == (
            pytest.approx(expected)
        )


def test_binary_averages_and_chosen_labels_are_those_of_scikit_learn() -> None:
    flags = SCORES > 0.5
    assert metrics.f1_score(BINARY, flags) == pytest.approx(skl.f1_score(BINARY, flags))
    assert metrics.recall_score(BINARY, flags, pos_label=0) == pytest.approx(
        skl.recall_score(BINARY, flags, pos_label=0)
    )
    for labels in ([2, 0], [1, 2, 3, 7]):
        for average in ("micro", "macro", "weighted", None):
            expected = skl.f1_score(TRUTH, PREDICTED, labels=labels, average=average, zero_division=0)
            assert np.allclose(metrics.f1_score(TRUTH, PREDICTED, labels=labels, average=average), expected)
    report = metrics.classification_report(TRUTH, PREDICTED)
    theirs = skl.classification_report(TRUTH, PREDICTED, output_dict=True, zero_division=0)
    for label, row in report.classes.items():
        assert row.f1 == pytest.approx(theirs[str(label)]["f1-score"])
        assert row.support == theirs[str(label)]["support"]
    assert report.macro.precision == pytest.approx(theirs["macro avg"]["precision"])
    assert "weighted avg" in str(report)


def test_rankings_are_those_of_scikit_learn() -> None:
    for truth in (BINARY, BINARY.astype(bool), BINARY.tolist(), np.array(["no", "yes"])[BINARY]):
        assert metrics.roc_auc_score(truth, SCORES) == pytest.approx(skl.roc_auc_score(BINARY, SCORES))
        assert metrics.average_precision_score(truth, SCORES) == pytest.approx(
            skl.average_precision_score(BINARY, SCORES)
        )
    assert metrics.roc_auc_score(BINARY, SCORES, pos_label=0) == pytest.approx(skl.roc_auc_score(1 - BINARY, SCORES))
    curve = metrics.roc_curve(BINARY, SCORES)
    fpr, tpr, thresholds = skl.roc_curve(BINARY, SCORES, drop_intermediate=False)
    assert np.allclose(curve.fpr, fpr)
    assert np.allclose(curve.tpr, tpr)
    assert np.allclose(curve.thresholds[1:], thresholds[1:])
    precision, recall, _ = skl.precision_recall_curve(BINARY, SCORES)
    ours = metrics.precision_recall_curve(BINARY, SCORES)
    assert np.allclose(ours.precision, precision[-2::-1])
    assert np.allclose(ours.recall, recall[-2::-1])
    reach = recall >= 0.8
    assert metrics.precision_at_recall(BINARY, SCORES, 0.8) == pytest.approx(precision[reach].max())
    assert metrics.recall_at_precision(BINARY, SCORES, 0.7) == pytest.approx(recall[precision >= 0.7].max())
    assert metrics.tpr_at_fpr(BINARY, SCORES, 0.1) == pytest.approx(tpr[fpr <= 0.1].max())
    assert metrics.fpr_at_tpr(BINARY, SCORES, 0.9) == pytest.approx(fpr[tpr >= 0.9].min())


def test_probabilities_are_those_of_scikit_learn() -> None:
    frame = pd.DataFrame(PROBABILITIES)
    for table in (PROBABILITIES, np.asfortranarray(PROBABILITIES), frame, PROBABILITIES.tolist()):
        assert metrics.log_loss(TRUTH, table) == pytest.approx(skl.log_loss(TRUTH, PROBABILITIES))
    for strategy, average in (
        ("ovr", "macro"),
        ("ovr", "weighted"),
        ("ovr", "micro"),
        ("ovo", "macro"),
        ("ovo", "weighted"),
    ):
        expected = skl.roc_auc_score(TRUTH, PROBABILITIES, multi_class=strategy, average=average)
        found = metrics.roc_auc_score(TRUTH, PROBABILITIES, multi_class=strategy, average=average)
        assert found == pytest.approx(expected), (strategy, average)
    for k in (1, 2, 3):
        expected = skl.top_k_accuracy_score(TRUTH, PROBABILITIES, k=k)
        assert metrics.top_k_accuracy_score(TRUTH, PROBABILITIES, k=k) == pytest.approx(expected)
    assert metrics.log_loss(BINARY, SCORES) == pytest.approx(skl.log_loss(BINARY, SCORES))
    assert metrics.brier_score(BINARY, SCORES) == pytest.approx(skl.brier_score_loss(BINARY, SCORES))
    assert metrics.brier_score(TRUTH, PROBABILITIES) == pytest.approx(
        skl.brier_score_loss(TRUTH, PROBABILITIES, scale_by_half=False)
    )
    # Labels in another order of columns, one of which does not occur.
    few = TRUTH[TRUTH < 3]
    table = PROBABILITIES[: len(few)]
    assert metrics.log_loss(few, table[:, [3, 0, 1, 2]], labels=[3, 0, 1, 2]) == pytest.approx(
        skl.log_loss(few, table, labels=[0, 1, 2, 3])
    )


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_reliability_is_that_of_scikit_learn(strategy: str) -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    # Away from the edges of bins, which scikit-learn gives to the bin above.
    chances = np.clip(np.random.default_rng(5).random(N), 0.001, 0.999)
    rates, means = calibration.calibration_curve(BINARY, chances, n_bins=8, strategy=strategy)
    found = metrics.reliability_diagram(BINARY, chances, n_bins=8, strategy=strategy)
    if strategy == "uniform":
        assert np.allclose(found.rates, rates)
        assert np.allclose(found.confidences, means)
    error = sum(n * abs(r - c) for n, r, c in zip(found.counts, found.rates, found.confidences, strict=True)) / N
    assert metrics.expected_calibration_error(BINARY, chances, n_bins=8, strategy=strategy) == pytest.approx(error)
    assert sum(found.counts) == N


def test_label_sets_are_those_of_scikit_learn() -> None:
    truth, predicted = RNG.random((60, 5)) < 0.3, RNG.random((60, 5)) < 0.3
    scores = np.round(RNG.random((60, 5)), 1)
    found = metrics.multilabel_scores(truth, predicted)
    assert found.subset_accuracy == pytest.approx(skl.accuracy_score(truth, predicted))
    assert found.hamming_loss == pytest.approx(skl.hamming_loss(truth, predicted))
    for average in ("micro", "macro", "weighted", "samples"):
        rows = getattr(found, average)
        expected = skl.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
        assert (rows.precision, rows.recall, rows.f1) == pytest.approx(expected[:3]), average
    names = "abcde"
    sets = [[{names[at] for at in np.flatnonzero(row)} for row in side] for side in (truth, predicted)]
    assert metrics.multilabel_scores(*sets).micro == found.micro
    for ours, theirs in (
        (metrics.label_ranking_average_precision_score, skl.label_ranking_average_precision_score),
        (metrics.coverage_error, skl.coverage_error),
        (metrics.label_ranking_loss, skl.label_ranking_loss),
    ):
        assert ours(truth, scores) == pytest.approx(theirs(truth, scores)), theirs.__name__


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1", "mcc", "kappa", "roc_auc", "mae", "rmse"])
def test_intervals_are_jackknives_of_scikit_learn(metric: str) -> None:
    stats = pytest.importorskip("scipy.stats")
    n = 60
    truth, predicted = TRUTH[:n], PREDICTED[:n]
    options = {}
    if metric == "f1":
        options = {"average": "macro"}
    if metric == "roc_auc":
        truth, predicted = BINARY[:n], SCORES[:n]
    theirs = {
        "accuracy": skl.accuracy_score,
        "balanced_accuracy": metrics.balanced_accuracy_score,
        "f1": lambda a, b: skl.f1_score(a, b, average="macro", zero_division=0),
        "mcc": skl.matthews_corrcoef,
        "kappa": skl.cohen_kappa_score,
        "roc_auc": skl.roc_auc_score,
        "mae": skl.mean_absolute_error,
        "rmse": skl.root_mean_squared_error,
    }[metric]
    found = metrics.interval(metric, truth, predicted, **options)
    assert found.estimate == pytest.approx(theirs(truth, predicted))
    kept = [np.arange(n) != at for at in range(n)]
    values = np.array([theirs(truth[keep], predicted[keep]) for keep in kept])
    scale = (
        (lambda x: x) if metric in ("mae", "rmse") else np.arctanh if metric in ("mcc", "kappa") else stats.logistic.ppf
    )
    back = (lambda x: x) if metric in ("mae", "rmse") else np.tanh if metric in ("mcc", "kappa") else stats.logistic.cdf
    scaled = scale(values)
    half = stats.t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * ((scaled - scaled.mean()) ** 2).sum())
    ends = (back(scale(found.estimate) - half), back(scale(found.estimate) + half))
    assert (found.interval.lower, found.interval.upper) == pytest.approx(ends)


def test_entities_are_those_of_seqeval_and_nervaluate() -> None:
    seqeval = pytest.importorskip("seqeval.metrics")
    schemes = pytest.importorskip("seqeval.scheme")
    tags = ["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "I-ORG"]
    truth = [[tags[at] for at in RNG.integers(0, 7, 15)] for _ in range(40)]
    predicted = [[tag if RNG.random() < 0.7 else tags[RNG.integers(0, 7)] for tag in row] for row in truth]
    found = metrics.entity_scores(truth, predicted)
    assert found.f1 == pytest.approx(seqeval.f1_score(truth, predicted))
    assert found.macro.precision == pytest.approx(seqeval.precision_score(truth, predicted, average="macro"))
    assert found.weighted.recall == pytest.approx(seqeval.recall_score(truth, predicted, average="weighted"))
    strict = metrics.entity_scores(truth, predicted, scheme="IOB2")
    assert strict.f1 == pytest.approx(seqeval.f1_score(truth, predicted, mode="strict", scheme=schemes.IOB2))
    spans = [[metrics.entity_spans(row) for row in side] for side in (truth, predicted)]
    assert metrics.entity_scores(*spans, scheme=None).f1 == pytest.approx(found.f1)

    nervaluate = pytest.importorskip("nervaluate")
    as_dicts = [
        [[{"label": s.label, "start": s.start, "end": s.end - 1} for s in row] for row in side] for side in spans
    ]
    theirs = nervaluate.Evaluator(*as_dicts, tags=["PER", "LOC", "ORG"]).evaluate()["overall"]
    for ours, name in (("strict", "strict"), ("exact", "exact"), ("partial", "partial"), ("type", "ent_type")):
        matches = metrics.match_spans(*spans, matching=ours)
        assert matches.actual == theirs[name].actual
        assert matches.possible == theirs[name].possible
        if ours in ("strict", "exact"):
            assert matches.correct == theirs[name].correct, name


def test_fairness_is_that_of_fairlearn() -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics")
    groups = NAMES[RNG.integers(0, 3, N)]
    flags = (SCORES > 0.5).astype(int)
    options = {"sensitive_features": groups}
    parity = metrics.demographic_parity(BINARY, flags, **options)
    assert parity.difference == pytest.approx(fairlearn.demographic_parity_difference(BINARY, flags, **options))
    assert parity.ratio == pytest.approx(fairlearn.demographic_parity_ratio(BINARY, flags, **options))
    odds = metrics.equalized_odds(BINARY, flags, **options)
    assert odds.difference == pytest.approx(fairlearn.equalized_odds_difference(BINARY, flags, **options))
    assert odds.ratio == pytest.approx(fairlearn.equalized_odds_ratio(BINARY, flags, **options))
    chance = metrics.equal_opportunity(BINARY, flags, **options)
    assert chance.difference == pytest.approx(fairlearn.equal_opportunity_difference(BINARY, flags, **options))
    precision = [skl.precision_score(BINARY[groups == g], flags[groups == g]) for g in np.unique(groups)]
    assert metrics.predictive_parity(BINARY, flags, **options).difference == pytest.approx(np.ptp(precision))
    rates = metrics.group_rates(BINARY, flags, **options).groups
    assert rates["ant"].selection == pytest.approx(flags[groups == "ant"].mean())
    with pytest.raises(ValueError, match="fewer than two groups are large enough"):
        metrics.demographic_parity(BINARY, flags, **options, minimum=1000)


def test_forecasts_are_those_of_scoringrules_and_scikit_learn() -> None:
    rules = pytest.importorskip("scoringrules")
    rules.backends.set_active("numpy")
    y, forecast, members = RNG.normal(3, 1, 50), RNG.normal(3, 1, 50), RNG.normal(3, 1, (50, 21))
    assert metrics.mae(y, forecast) == pytest.approx(skl.mean_absolute_error(y, forecast))
    assert metrics.rmse(y, forecast) == pytest.approx(skl.root_mean_squared_error(y, forecast))
    assert metrics.mape(y, forecast) == pytest.approx(skl.mean_absolute_percentage_error(y, forecast))
    assert metrics.bias(y, forecast) == pytest.approx((forecast - y).mean())
    assert metrics.wmape(y, forecast) == pytest.approx(np.abs(y - forecast).sum() / np.abs(y).sum())
    halves = np.abs(y - forecast) / (np.abs(y) + np.abs(forecast))
    assert metrics.smape(y, forecast) == pytest.approx(2 * halves.mean())
    assert metrics.smape(y, forecast, scale=1) == pytest.approx(halves.mean())
    assert metrics.pinball_loss(y, forecast, alpha=0.3) == pytest.approx(skl.mean_pinball_loss(y, forecast, alpha=0.3))
    train = RNG.normal(3, 1, 80)
    steps = train[7:] - train[:-7]
    assert metrics.mase(y, forecast, y_train=train, season=7) == pytest.approx(
        np.abs(y - forecast).mean() / np.abs(steps).mean()
    )
    assert metrics.rmsse(y, forecast, y_train=train, season=7) == pytest.approx(
        np.sqrt(((y - forecast) ** 2).mean() / (steps**2).mean())
    )
    for estimator in ("nrg", "fair"):
        expected = rules.crps_ensemble(y, members, estimator=estimator)
        assert np.allclose(metrics.crps_ensemble(y, members, estimator=estimator), expected)
    scale = np.full(50, 0.7)
    assert np.allclose(metrics.crps_normal(y, forecast, scale), rules.crps_normal(y, forecast, scale))
    lower, upper = forecast - 1, forecast + 1
    expected = rules.interval_score(y, lower, upper, 0.2)
    assert np.allclose(metrics.interval_score(y, lower, upper, alpha=0.2), expected)
    bands = np.sort(RNG.random((50, 2)), axis=1)[:, ::-1] + 0.2
    low, high = forecast[:, None] - bands, forecast[:, None] + bands
    # Bracher et al. 2021, of scoringrules' interval scores.
    parts = [a / 2 * rules.interval_score(y, low[:, k], high[:, k], a) for k, a in enumerate([0.1, 0.5])]
    expected = (np.abs(y - forecast) / 2 + sum(parts)) / 2.5
    assert np.allclose(metrics.weighted_interval_score(y, forecast, low, high, alphas=[0.1, 0.5]), expected)
    found = metrics.interval_coverage(y, lower, upper)
    assert (found.coverage, found.width) == pytest.approx((np.mean((lower <= y) & (y <= upper)), 2.0))
    shares = metrics.pit_histogram(y, loc=forecast, scale=scale, bins=5).shares
    stats = pytest.importorskip("scipy.stats")
    assert np.allclose(shares, np.histogram(stats.norm.cdf(y, forecast, scale), 5, (0, 1))[0] / 50)
    assert sum(metrics.pit_histogram(y, members=members).shares) == pytest.approx(1.0)


@pytest.mark.filterwarnings("ignore")  # of vus, about escapes in its texts
@pytest.mark.parametrize("window", [0, 3, 20])
def test_volumes_and_affiliation_are_those_of_vus(window: int) -> None:
    pytest.importorskip("vus")
    from vus.affiliation.generics import convert_vector_to_events
    from vus.affiliation.metrics import pr_from_events
    from vus.utils.metrics import metricor

    rng = np.random.default_rng(window)
    for _ in range(10):
        truth = np.repeat(rng.random(40) < 0.3, rng.integers(1, 9, 40))[:150]
        truth[[30, 90]] = [True, False]
        # Few levels, so that all of them are among the thresholds that vus samples.
        scores = np.round(truth / 3 + rng.random(len(truth)), 1)
        *_, roc, pr = metricor().RangeAUC_volume_opt(truth.astype(int), scores, window)
        found = metrics.vus(truth, scores, window=window)
        assert (found.roc, found.pr) == pytest.approx((roc, pr), abs=1e-9)
        reported = scores > 0.8
        sides = (convert_vector_to_events(reported.astype(int)), convert_vector_to_events(truth.astype(int)))
        theirs = pr_from_events(*sides, (0, len(truth)))
        ours = metrics.affiliation_scores(truth, reported)
        assert ours.precision == pytest.approx(theirs["Affiliation_Precision"])
        assert ours.recall == pytest.approx(theirs["Affiliation_Recall"])


def test_anomalies_are_those_of_brute_force() -> None:
    truth = np.zeros(200, dtype=bool)
    truth[20:40], truth[90:95], truth[150:151] = True, True, True
    reported = RNG.random(200) < 0.15
    assert metrics.anomaly_events(truth) == [(20, 40), (90, 95), (150, 151)]
    plain = metrics.point_scores(truth, reported)
    assert plain.f1 == pytest.approx(skl.f1_score(truth, reported))
    adjusted = reported.copy()
    for start, end in metrics.anomaly_events(truth):
        if reported[start:end].any():
            adjusted[start:end] = True
    assert metrics.point_scores(truth, reported, k=0).f1 == pytest.approx(skl.f1_score(truth, adjusted))
    by_event = metrics.event_scores(truth, reported)
    hit = [reported[a:b].any() for a, b in metrics.anomaly_events(truth)]
    assert by_event.recall == pytest.approx(np.mean(hit))
    assert metrics.adjusted_f1_area(truth, truth) == 1.0
    grid = [metrics.point_scores(truth, reported, k=k).f1 for k in (np.arange(2000) + 0.5) / 2000]
    assert metrics.adjusted_f1_area(truth, reported) == pytest.approx(np.mean(grid), abs=1e-3)
    first = [
        int(np.argmax(reported[a:b])) if any_ else None
        for (a, b), any_ in zip(metrics.anomaly_events(truth), hit, strict=True)
    ]
    assert metrics.detection_delays(truth, reported) == first
    assert metrics.nab_score(truth, np.zeros(200)) == 0.0
    scores = RNG.random(200)
    assert metrics.vus(truth, scores, window=0).pr <= 1.0
    perfect = metrics.affiliation_scores(truth, truth)
    assert (perfect.precision, perfect.recall) == (1.0, 1.0)


def test_curves_are_columns_in_the_manner_of_the_scores() -> None:
    truth, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    as_lists, as_arrays = (metrics.roc_curve(truth, column) for column in (scores, np.array(scores)))
    assert isinstance(as_lists.fpr, list) and isinstance(as_arrays.fpr, np.ndarray)
    assert json.dumps(as_arrays.to_dict()) == json.dumps(as_lists.to_dict())
    assert "<th style='text-align:left'>auc</th><td>0.75</td>" in as_arrays._repr_html_()
    assert as_lists.thresholds == [np.inf, 0.8, 0.4, 0.35, 0.1]
    curve = metrics.precision_recall_curve(truth, np.array(scores))
    assert [*curve.recall] == [0.5, 0.5, 1.0, 1.0] and "4 thresholds" in repr(curve)

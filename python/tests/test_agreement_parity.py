"""Agreement, judges, rankings, experiments and drift beside the packages that compute them, in one process."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

from assay import stats

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

R = np.random.default_rng(20_261_130)
TRUE = R.integers(1, 5, size=60)
RATINGS = np.where(R.uniform(size=(60, 4)) < 0.7, TRUE[:, None], R.integers(1, 5, size=(60, 4))).astype(float)
RATINGS[R.uniform(size=RATINGS.shape) < 0.15] = np.nan
FULL = np.where(np.isnan(RATINGS), 2.0, RATINGS)
SCORES = R.uniform(size=500)
TRUTHS = (R.uniform(size=500) < SCORES**1.5).astype(int)
A, B = R.normal(size=180), R.normal(0.3, 1.2, size=140)
VECTORS = R.normal(size=(60, 3))
NAMES = "abcdef"
BATTLES = [
    (NAMES[i], NAMES[j], NAMES[i] if R.uniform() < 1 / (1 + math.exp((i - j) * 0.4)) else NAMES[j])
    for i, j in (R.choice(6, 2, replace=False) for _ in range(400))
]
SERIES = 0.02 * np.arange(168) + np.tile([3, -1, -2, 0, 1, 0, -1], 24) + R.normal(0, 0.3, size=168)
STREAM = [*R.normal(size=500), *R.normal(1.5, 1, size=500)]
ERRORS = [int(x) for x in [*(R.uniform(size=500) < 0.1), *(R.uniform(size=500) < 0.5)]]


def agrees(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=tolerance, atol=tolerance)


def ends(interval: Any) -> list[float]:
    return [interval.lower, interval.upper]


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_is_that_of_krippendorff(level: Any) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    theirs = krippendorff.alpha(reliability_data=RATINGS.T, level_of_measurement=level)
    agrees(stats.krippendorff_alpha(RATINGS, level=level).estimate, theirs)
    agrees(stats.krippendorff_alpha(RATINGS, level=level, confidence=None).estimate, theirs)


def test_the_interval_of_alpha_is_the_jackknife_over_items() -> None:
    krippendorff = pytest.importorskip("krippendorff")
    scipy = pytest.importorskip("scipy.stats")

    def alpha(rows: Any) -> float:
        return math.log(1 - krippendorff.alpha(reliability_data=rows.T, level_of_measurement="ordinal"))

    kept = RATINGS[(~np.isnan(RATINGS)).sum(axis=1) > 1]
    n = len(kept)
    without = np.array([alpha(np.delete(kept, i, axis=0)) for i in range(n)])
    se = math.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    half = scipy.t.ppf(0.975, n - 1) * se
    found = stats.krippendorff_alpha(RATINGS, level="ordinal")
    agrees(ends(found.interval), [1 - math.exp(alpha(kept) + half), 1 - math.exp(alpha(kept) - half)], 1e-8)


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic"])
@pytest.mark.parametrize(
    ("ours", "theirs"), [("gwet_ac", "gwet"), ("fleiss_kappa", "fleiss"), ("brennan_prediger", "bp")]
)
def test_kappas_are_those_of_irrcac(ours: str, theirs: str, weights: Any) -> None:
    raw = pytest.importorskip("irrCAC.raw")
    names = [1.0, 2.0, 3.0, 4.0]
    cac = raw.CAC(pd.DataFrame(RATINGS), weights=weights, categories=names, digits=15)
    estimate = getattr(cac, theirs)()["est"]
    found = getattr(stats, ours)(RATINGS, weights=weights, categories=names)
    agrees(
        [found.estimate, found.observed, found.chance], [estimate["coefficient_value"], estimate["pa"], estimate["pe"]]
    )
    agrees(found.standard_error, estimate["se"], 1e-8)


def test_conger_is_that_of_irrcac() -> None:
    raw = pytest.importorskip("irrCAC.raw")
    cac = raw.CAC(pd.DataFrame(RATINGS), categories=[1.0, 2.0, 3.0, 4.0], digits=15)
    agrees(stats.conger_kappa(RATINGS).estimate, cac.conger()["est"]["coefficient_value"])


@pytest.mark.parametrize(("ours", "theirs"), [("identity", None), ("linear", "linear"), ("quadratic", "quadratic")])
def test_cohen_is_that_of_statsmodels_and_sklearn(ours: Any, theirs: Any) -> None:
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    metrics = pytest.importorskip("sklearn.metrics")
    a, b = FULL[:, 0], FULL[:, 1]
    found = stats.cohen_kappa(a, b, weights=ours)
    agrees(found.estimate, metrics.cohen_kappa_score(a, b, weights=theirs))
    table = np.array([[((a == x) & (b == y)).sum() for y in range(1, 5)] for x in range(1, 5)])
    reference = inter_rater.cohens_kappa(
        table, wt=None if theirs is None else {"linear": "linear", "quadratic": "fc"}[theirs]
    )
    agrees([found.estimate, found.standard_error], [reference.kappa, reference.std_kappa], 1e-8)


def test_fleiss_of_complete_ratings_is_that_of_statsmodels() -> None:
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    theirs = inter_rater.fleiss_kappa(inter_rater.aggregate_raters(FULL.astype(int))[0])
    agrees(stats.fleiss_kappa(FULL).estimate, theirs)


def test_icc_is_that_of_its_mean_squares() -> None:
    anova = pytest.importorskip("statsmodels.stats.anova")
    ols = pytest.importorskip("statsmodels.formula.api").ols
    frame = pd.DataFrame(
        [(i, j, FULL[i, j]) for i, j in itertools.product(range(60), range(4))], columns=["item", "rater", "score"]
    )
    squares = anova.anova_lm(ols("score ~ C(item) + C(rater)", frame).fit())["mean_sq"]
    rows, columns, rest = squares["C(item)"], squares["C(rater)"], squares["Residual"]
    within = (columns * 3 + rest * 177) / 180
    found = stats.icc(FULL)
    agrees(found.icc1.estimate, (rows - within) / (rows + 3 * within), 1e-8)
    agrees(found.icc2.estimate, (rows - rest) / (rows + 3 * rest + 4 * (columns - rest) / 60), 1e-8)
    agrees(found.icc3.estimate, (rows - rest) / (rows + 3 * rest), 1e-8)
    agrees(found.icc3k.estimate, (rows - rest) / rows, 1e-8)


def test_words_and_long_form_say_the_same_as_numbers() -> None:
    words = [[None if math.isnan(x) else "abcd"[int(x) - 1] for x in row] for row in RATINGS]
    long = [(i, j, words[i][j]) for i in range(60) for j in range(4) if words[i][j] is not None]
    items, raters, given = zip(*long, strict=True)
    table = stats.rating_table(items, raters, given)
    want = stats.krippendorff_alpha(RATINGS).estimate
    for ratings in (words, table, pd.DataFrame(words)):
        agrees(stats.krippendorff_alpha(ratings).estimate, want)
    ordered = stats.gwet_ac(words, weights="linear", categories=list("abcd"))
    agrees(ordered.estimate, stats.gwet_ac(RATINGS, weights="linear", categories=[1, 2, 3, 4]).estimate)


def test_ppi_is_that_of_ppi_py() -> None:
    ppi_py = pytest.importorskip("ppi_py")
    y, yhat = TRUTHS[:100].astype(float), SCORES[:100]
    found = stats.ppi_mean(y, yhat, SCORES[100:])
    agrees(found.estimate, float(ppi_py.ppi_mean_pointestimate(y, yhat, SCORES[100:])[0]), 1e-9)
    # Ours has Student's t where theirs is normal, and n - 1 where theirs has n.
    lower, upper = ppi_py.ppi_mean_ci(y, yhat, SCORES[100:], alpha=0.05)
    agrees(ends(found.interval), [float(lower[0]), float(upper[0])], 0.01)


def test_isotonic_and_platt_are_those_of_sklearn() -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    weights = R.uniform(0.5, 2, size=500)
    x = np.round(SCORES, 2)
    theirs = isotonic.IsotonicRegression().fit(x, TRUTHS, sample_weight=weights).predict(x)
    agrees(stats.isotonic_regression(x, TRUTHS, sample_weight=weights), theirs)
    calibration = pytest.importorskip("sklearn.calibration")
    a, b = calibration._sigmoid_calibration(SCORES, TRUTHS)
    found = stats.platt_scaling(SCORES, TRUTHS)
    agrees([found.a, found.b], [a, b], 1e-3)


def test_brier_is_that_of_sklearn_and_its_parts_add_up() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    forecasts = np.round(SCORES, 1)
    found = stats.brier_decomposition(TRUTHS, forecasts)
    agrees(found.score, metrics.brier_score_loss(TRUTHS, forecasts))
    agrees(found.reliability - found.resolution + found.uncertainty, found.score)


def test_logistic_regression_is_that_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x = np.column_stack([SCORES, R.normal(size=500)])
    theirs = sm.Logit(TRUTHS, sm.add_constant(x)).fit(disp=0)
    found = stats.logistic_regression(x, TRUTHS)
    agrees(found.coefficients, theirs.params, 1e-7)
    agrees(found.standard_errors, theirs.bse, 1e-6)
    agrees(found.p_values, theirs.pvalues, 1e-6)
    agrees([ends(one) for one in found.intervals], theirs.conf_int(), 1e-6)


def test_group_difference_without_clusters_has_the_error_of_welch() -> None:
    found = stats.group_difference([*A, *B], [0] * len(A) + [1] * len(B))
    n, m = len(A), len(B)
    agrees(
        [found.estimate, found.standard_error], [B.mean() - A.mean(), math.sqrt(A.var(ddof=1) / n + B.var(ddof=1) / m)]
    )
    agrees(found.df, (1 / n + 1 / m) ** 2 / (1 / (n**2 * (n - 1)) + 1 / (m**2 * (m - 1))), 1e-8)


def test_strengths_are_those_of_choix_and_evalica() -> None:
    choix, evalica = pytest.importorskip("choix"), pytest.importorskip("evalica")
    pairs = [(a, b) if winner == a else (b, a) for a, b, winner in BATTLES]
    theirs = choix.opt_pairwise(6, [(NAMES.index(a), NAMES.index(b)) for a, b in pairs], tol=1e-12)
    ranking = stats.bradley_terry(BATTLES)
    found = np.array([ranking[name].strength for name in NAMES])
    agrees(found, theirs - theirs.mean(), 1e-5)
    winners = [evalica.Winner.X] * len(pairs)
    result = evalica.bradley_terry(
        [a for a, _ in pairs], [b for _, b in pairs], winners, tolerance=1e-12, limit=100_000
    )
    logs = np.log([result.scores[name] for name in NAMES])
    agrees(found, logs - logs.mean(), 1e-4)


def test_dawid_and_skene_is_their_em() -> None:
    truth = R.integers(0, 3, size=80)
    rows = [
        (i, r, truth[i] if R.uniform() < (0.9, 0.8, 0.7, 0.6, 0.9)[r] else R.integers(0, 3))
        for i in range(80)
        for r in range(5)
    ]
    items, raters, labels = (np.array(column) for column in zip(*rows, strict=True))
    posterior = np.zeros((80, 3))
    np.add.at(posterior, (items, labels), 0.2)
    for _ in range(25):
        priors = posterior.mean(axis=0)
        confusion = np.zeros((5, 3, 3))
        for i, r, label in rows:
            confusion[r, :, label] += posterior[i]
        confusion /= confusion.sum(axis=2, keepdims=True)
        logs = np.tile(np.log(priors), (80, 1))
        for i, r, label in rows:
            logs[i] += np.log(np.maximum(confusion[r, :, label], 1e-10))
        posterior = np.exp(logs - logs.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
    found = stats.dawid_skene(items, raters, labels, max_iter=25, tol=0.0)
    if found.iterations == 25:
        agrees(found.probabilities, posterior, 1e-6)
    assert found.labels == [int(k) for k in posterior.argmax(axis=1)]


def test_effects_are_those_of_scipy_and_tea_tasting() -> None:
    scipy = pytest.importorskip("scipy.stats")
    tt = pytest.importorskip("tea_tasting")
    theirs = scipy.ttest_ind(A, B, equal_var=False)
    found = stats.effect(A, B)
    agrees([found.p_value, found.df], [theirs.pvalue, theirs.df])
    agrees(ends(found.interval), theirs.confidence_interval())
    before = R.normal(10, 2, size=320)
    after = before + R.normal(1, 1, size=320) + 0.3 * (np.arange(320) < 180)
    views = R.integers(1, 9, size=320).astype(float)
    frame = pd.DataFrame({"variant": (np.arange(320) < 180).astype(int), "y": after, "x": before, "views": views})
    experiment = tt.Experiment(
        plain=tt.Mean("y", use_t=True, equal_var=False),
        cuped=tt.Mean("y", "x", use_t=True, equal_var=False),
        ratio=tt.RatioOfMeans("y", "views", use_t=True, equal_var=False),
        split=tt.SampleRatio(method="norm"),
    )
    results = experiment.analyze(frame)
    treated = frame.variant == 1
    plain = stats.effect(after[treated], after[~treated])
    agrees([plain.estimate, plain.p_value], [results["plain"].effect_size, results["plain"].pvalue], 1e-8)
    agrees(ends(plain.interval), [results["plain"].effect_size_ci_lower, results["plain"].effect_size_ci_upper], 1e-8)
    relative = stats.lift(after[treated], after[~treated], method="log_delta")
    agrees(relative.estimate, results["plain"].rel_effect_size, 1e-8)
    agrees(
        ends(relative.interval),
        [results["plain"].rel_effect_size_ci_lower, results["plain"].rel_effect_size_ci_upper],
        1e-5,
    )
    adjusted = stats.cuped(
        after[treated],
        after[~treated],
        treatment_covariate=before[treated],
        control_covariate=before[~treated],
    ).effect()
    # Their slope weighs the arms differently; both are consistent.
    agrees(adjusted.estimate, results["cuped"].effect_size, 0.02)
    ratio = stats.effect(
        stats.ratio_arm(after[treated], views[treated]), stats.ratio_arm(after[~treated], views[~treated])
    )
    agrees([ratio.estimate, ratio.p_value], [results["ratio"].effect_size, results["ratio"].pvalue], 1e-8)


def test_lin_is_the_regression_with_interactions() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x, treated = R.normal(size=200), np.arange(200) < 90
    y = 1.5 * x + treated * (1 + 0.5 * x) + R.normal(size=200)
    centred = x - x.mean()
    theirs = sm.OLS(y, sm.add_constant(np.column_stack([treated, centred, treated * centred]))).fit(cov_type="HC2")
    found = stats.lin(
        y[treated], y[~treated], treatment_covariates=x[treated, None], control_covariates=x[~treated, None]
    )
    agrees([found.estimate, found.standard_error], [theirs.params[1], theirs.bse[1]], 1e-8)


def test_the_sample_ratio_is_that_of_scipy() -> None:
    scipy = pytest.importorskip("scipy.stats")
    found = stats.sample_ratio([5000, 5203], [0.5, 0.5])
    theirs = scipy.chisquare([5000, 5203])
    agrees([found.chi2, found.p_value], [theirs.statistic, theirs.pvalue])
    agrees(found.exact_p, scipy.binomtest(5000, 10_203, 0.5).pvalue, 1e-8)


def test_diff_in_diff_is_the_interaction() -> None:
    sm = pytest.importorskip("statsmodels.api")
    units, post = np.repeat(np.arange(60), 2), np.tile([0, 1], 60)
    treated = (units < 25).astype(int)
    y = units * 0.1 + post + 2 * treated * post + R.normal(size=120)
    theirs = sm.OLS(y, sm.add_constant(np.column_stack([treated, post, treated * post]))).fit(
        cov_type="cluster", cov_kwds={"groups": units}
    )
    found = stats.diff_in_diff(y, treated=treated, post=post, units=units)
    agrees(found.estimate, theirs.params[3], 1e-8)
    agrees(found.standard_error, theirs.bse[3], 0.05)


def test_weighting_is_the_formula() -> None:
    x = R.normal(size=400)
    e = 1 / (1 + np.exp(-x))
    t = (R.uniform(size=400) < e).astype(int)
    y = x + 2 * t + R.normal(size=400)
    want = (y * t / e).sum() / (t / e).sum() - (y * (1 - t) / (1 - e)).sum() / ((1 - t) / (1 - e)).sum()
    agrees(stats.ipw(y, treated=t, propensities=e).estimate, want)
    values = 2 + t * (y - x - 2) / e - (1 - t) * (y - x) / (1 - e)
    doubly = stats.aipw(y, treated=t, propensities=e, predicted_control=x, predicted_treatment=x + 2)
    agrees(doubly.estimate, values.mean())
    agrees(doubly.effect.standard_error, values.std(ddof=1) / 20, 1e-6)
    found = stats.off_policy(y, propensities=e, targets=np.full(400, 0.5), predicted_logged=x, predicted_target=x)
    w = 0.5 / e
    agrees(found.ips.estimate, (w * y).mean())
    agrees(found.snips.estimate, (w * y).sum() / w.sum())
    agrees(found.doubly_robust.estimate, (x + w * (y - x)).mean())


def test_two_sample_tests_are_those_of_scipy() -> None:
    scipy, distance = pytest.importorskip("scipy.stats"), pytest.importorskip("scipy.spatial.distance")
    theirs = scipy.ks_2samp(A, B)
    found = stats.ks_2samp(A, B)
    agrees([found.statistic, found.p_value], [theirs.statistic, theirs.pvalue], 1e-8)
    agrees(stats.wasserstein_distance(A, B), scipy.wasserstein_distance(A, B))
    agrees(stats.anderson_ksamp([A, B]).statistic, scipy.anderson_ksamp([A, B], variant="midrank").statistic, 1e-8)
    counts = [[50, 30, 20], [30, 40, 45]]
    tested = stats.category_test(*counts, kind="counts")
    chi2 = scipy.chi2_contingency(counts, correction=False)
    agrees([tested.chi2, tested.p_value], [chi2.statistic, chi2.pvalue])
    agrees(tested.g, scipy.chi2_contingency(counts, correction=False, lambda_="log-likelihood").statistic)
    agrees(stats.jensen_shannon(*counts, kind="counts"), distance.jensenshannon(*counts))


def test_mmd_is_the_unbiased_estimate() -> None:
    a, b = VECTORS[:30], VECTORS[30:] + 0.5
    pooled = np.vstack([a, b])
    square = ((pooled[:, None] - pooled[None]) ** 2).sum(axis=2)
    width = np.median(np.sqrt(square[np.triu_indices(60, 1)]))
    kernel = np.exp(-square / (2 * width**2))
    np.fill_diagonal(kernel, 0.0)
    want = kernel[:30, :30].sum() / 870 + kernel[30:, 30:].sum() / 870 - 2 * kernel[:30, 30:].mean()
    found = stats.mmd_test(a, b)
    agrees([found.bandwidth, found.squared], [width, want], 1e-8)


def test_the_domain_classifier_is_that_of_sklearn() -> None:
    linear, metrics = pytest.importorskip("sklearn.linear_model"), pytest.importorskip("sklearn.metrics")
    a, b = VECTORS[:30], VECTORS[30:] + 0.5
    folds = np.tile(np.arange(5), 12)
    x, y = np.vstack([a, b]), np.repeat([0, 1], 30)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    scores = np.zeros(60)
    for fold in range(5):
        fitted = linear.LogisticRegression(tol=1e-10, max_iter=10_000).fit(x[folds != fold], y[folds != fold])
        scores[folds == fold] = fitted.decision_function(x[folds == fold])
    agrees(stats.domain_classifier(a, b, folds=folds).auc, metrics.roc_auc_score(y, scores), 1e-9)


def test_seasons_are_those_of_statsmodels() -> None:
    seasonal = pytest.importorskip("statsmodels.tsa.seasonal")
    for robust in (False, True):
        theirs = seasonal.STL(SERIES, period=7, robust=robust).fit()
        found = stats.stl(SERIES, period=7, robust=robust)
        agrees(found.trend, theirs.trend, 1e-7)
        agrees(found.seasons[0], theirs.seasonal, 1e-7)
    several = seasonal.MSTL(SERIES, periods=(7, 24)).fit()
    found = stats.mstl(SERIES, periods=[7, 24])
    agrees(np.column_stack(found.seasons), several.seasonal, 1e-7)


@pytest.mark.parametrize(
    ("ours", "theirs", "stream"),
    [
        (lambda: stats.PageHinkley(), lambda drift: drift.PageHinkley(), STREAM),
        (
            lambda: stats.PageHinkley(threshold=20, delta=0.01),
            lambda drift: drift.PageHinkley(threshold=20, delta=0.01),
            STREAM,
        ),
        (lambda: stats.ADWIN(), lambda drift: drift.ADWIN(), STREAM),
        (lambda: stats.DDM(), lambda drift: drift.binary.DDM(), ERRORS),
    ],
)
def test_detectors_are_those_of_river(
    ours: Callable[[], Any], theirs: Callable[[Any], Any], stream: list[float]
) -> None:
    drift = pytest.importorskip("river.drift")
    detector, reference = ours(), theirs(drift)
    found, want = [], []
    for at, value in enumerate(stream):
        detector.update(value)
        if detector.drift_detected:
            found.append(at)
        reference.update(value)
        if reference.drift_detected:
            want.append(at)
            reference = theirs(drift)
    assert found[:1] == want[:1]
    assert found
    assert ours().alarms(stream) == found


def test_run_lengths_are_those_of_simulation() -> None:
    chart = stats.Cusum.design(shift=1.0, arl0=100)
    lengths = np.diff([-1, *chart.alarms(R.normal(size=60_000))])
    assert abs(lengths.mean() - 100) < 4 * lengths.std() / math.sqrt(len(lengths))


def test_diebold_mariano_is_the_t_test_at_one_step() -> None:
    scipy = pytest.importorskip("scipy.stats")
    first, second = A[:100] ** 2, B[:100] ** 2
    found = stats.diebold_mariano(first, second)
    theirs = scipy.ttest_rel(first, second)
    agrees([found.statistic, found.p_value], [theirs.statistic, theirs.pvalue], 1e-8)
    agrees(ends(found.interval), theirs.confidence_interval(), 1e-8)


def test_the_anchored_mean_is_the_regression_estimate() -> None:
    past = R.uniform(size=100)
    scores = past[:20] + R.normal(0, 0.1, size=20)
    slope, intercept = np.polyfit(past[:20], scores, 1)
    agrees(stats.anchored_mean(scores, past[:20], past).estimate, intercept + slope * past.mean())


def test_severity_is_the_regression_on_items_and_raters() -> None:
    ols = pytest.importorskip("statsmodels.formula.api").ols
    frame = pd.DataFrame([(i, r, FULL[i, r] + 0.3 * r) for i in range(60) for r in range(4)], columns=["i", "r", "y"])
    fitted = ols("y ~ C(i) + C(r)", frame).fit()
    effects = np.array([0.0, *(fitted.params[f"C(r)[T.{r}]"] for r in range(1, 4))])
    found = stats.rater_severity(frame.i, frame.r, frame.y)
    agrees([one.estimate for one in found.raters], effects - effects.mean(), 1e-8)


def test_corrections_cover_the_truth() -> None:
    inside = 0
    for seed in range(60):
        draws = np.random.default_rng(seed)
        truth = (draws.uniform(size=600) < 0.7).astype(float)
        judge = np.where(draws.uniform(size=600) < 0.85, truth, 1 - truth)
        shown = np.where(np.arange(600) < 120, truth, np.nan)
        inside += 0.7 in stats.corrected_level(judge, shown).interval
    assert inside >= 51

"""Statistics beside those of SciPy and statsmodels, in one process."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from assay import stats

np = pytest.importorskip("numpy")
scipy_stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")
linear = pytest.importorskip("statsmodels.regression.linear_model")
multitest = pytest.importorskip("statsmodels.stats.multitest")
proportion = pytest.importorskip("statsmodels.stats.proportion")
contingency = pytest.importorskip("statsmodels.stats.contingency_tables")

R = np.random.default_rng(20_261_130)
X = R.normal(size=400)
Y = 0.6 * X + R.normal(size=400)
TIED = R.integers(0, 7, size=400).astype(float)
TIED_Y = np.clip(TIED + R.integers(-2, 3, size=400), 0, 6).astype(float)
SMALL = np.round(R.normal(0.3, 1.0, size=25), 6)
P = R.uniform(size=60) ** 2
PASSED = (R.uniform(size=200) < 0.8).astype(float)
BASE = (R.uniform(size=200) < 0.75).astype(float)
GROUPS = R.integers(0, 30, size=400)


def ends(interval: Any) -> list[float]:
    return [interval.lower, interval.upper]


def agrees(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    a, b = np.atleast_1d(np.asarray(ours, float)), np.atleast_1d(np.asarray(theirs, float))
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def corrected(method: str) -> Any:
    return multitest.multipletests(P, method=method)[1]


def proportion_of(method: str, k: int = 81, n: int = 263, alpha: float = 0.05) -> Any:
    return proportion.proportion_confint(k, n, alpha=alpha, method=method)


def two_rates(method: str) -> Any:
    return proportion.confint_proportions_2indep(56, 70, 48, 80, method=method, compare="diff")


def mcnemar(exact: bool) -> float:
    return float(contingency.mcnemar([[30, 8], [1, 11]], exact=exact).pvalue)


def welch() -> list[float]:
    interval = scipy_stats.ttest_ind(X, TIED, equal_var=False).confidence_interval()
    return [interval.low, interval.high]


def paired_t() -> list[float]:
    interval = scipy_stats.ttest_rel(X, Y).confidence_interval()
    return [interval.low, interval.high]


def one_sample(values: Any, confidence: float) -> list[float]:
    interval = scipy_stats.ttest_1samp(values, 0).confidence_interval(confidence)
    return [interval.low, interval.high]


def clustered_cr1() -> float:
    model = linear.OLS(X, np.ones_like(X)).fit(cov_type="cluster", cov_kwds={"groups": GROUPS})
    return float(model.bse[0])


CASES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "wilson": (lambda: ends(stats.wilson(81, 263)), lambda: proportion_of("wilson")),
    "wilson 90%": (lambda: ends(stats.wilson(0, 20, confidence=0.9)), lambda: proportion_of("wilson", 0, 20, 0.1)),
    "clopper-pearson": (lambda: ends(stats.clopper_pearson(81, 263)), lambda: proportion_of("beta")),
    "clopper-pearson, none": (lambda: ends(stats.clopper_pearson(0, 20)), lambda: proportion_of("beta", 0, 20)),
    "jeffreys": (lambda: ends(stats.jeffreys(81, 263)), lambda: proportion_of("jeffreys")),
    "newcombe": (lambda: ends(stats.newcombe(56, 70, 48, 80)), lambda: two_rates("newcomb")),
    "agresti-caffo": (lambda: ends(stats.agresti_caffo(56, 70, 48, 80)), lambda: two_rates("agresti-caffo")),
    "mcnemar, exact": (lambda: stats.mcnemar(8, 1, exact=True).p_value, lambda: mcnemar(True)),
    "level, t": (lambda: ends(stats.level(X).interval), lambda: one_sample(X, 0.95)),
    "level, t, 80%": (lambda: ends(stats.level(X, confidence=0.8).interval), lambda: one_sample(X, 0.8)),
    "level, wilson": (
        lambda: ends(stats.level(PASSED).interval),
        lambda: proportion_of("wilson", int(PASSED.sum()), len(PASSED)),
    ),
    "difference, paired t": (lambda: ends(stats.difference(X, Y).interval), paired_t),
    "difference, paired t, p": (lambda: stats.difference(X, Y).p_value, lambda: scipy_stats.ttest_rel(X, Y).pvalue),
    "difference, one-sided": (
        lambda: stats.difference(X, Y).p_worse(0.1),
        lambda: scipy_stats.ttest_1samp(X - Y, -0.1, alternative="less").pvalue,
    ),
    "difference, welch": (lambda: ends(stats.difference(X, TIED, paired=False).interval), welch),
    "difference, newcombe": (
        lambda: ends(stats.difference([1] * 56 + [0] * 14, [1] * 48 + [0] * 32, paired=False).interval),
        lambda: two_rates("newcomb"),
    ),
    "CR1": (lambda: stats.sandwich_errors(X, clusters=GROUPS).cr1, clustered_cr1),
    "wilcoxon, exact": (
        lambda: [stats.wilcoxon(SMALL).statistic, stats.wilcoxon(SMALL).p_value],
        lambda: list(scipy_stats.wilcoxon(SMALL, method="exact")),
    ),
    "wilcoxon, ties": (
        lambda: stats.wilcoxon(TIED - TIED_Y).p_value,
        lambda: scipy_stats.wilcoxon(TIED - TIED_Y, method="asymptotic").pvalue,
    ),
    "wilcoxon, pratt": (
        lambda: stats.wilcoxon(TIED - TIED_Y, zero_method="pratt").p_value,
        lambda: scipy_stats.wilcoxon(TIED - TIED_Y, zero_method="pratt", method="asymptotic").pvalue,
    ),
    "midranks": (lambda: stats.midranks(TIED), lambda: scipy_stats.rankdata(TIED)),
    "cliff": (
        lambda: stats.cliff_delta(TIED, TIED_Y),
        lambda: 2 * scipy_stats.mannwhitneyu(TIED, TIED_Y).statistic / 400**2 - 1,
    ),
    "pearson": (lambda: float(stats.pearson(X, Y)), lambda: scipy_stats.pearsonr(X, Y).statistic),
    "pearson, interval": (
        lambda: ends(stats.pearson(X, Y).interval),
        lambda: list(scipy_stats.pearsonr(X, Y).confidence_interval()),
    ),
    "spearman": (lambda: float(stats.spearman(TIED, TIED_Y)), lambda: scipy_stats.spearmanr(TIED, TIED_Y).statistic),
    "kendall": (lambda: float(stats.kendall(TIED, TIED_Y)), lambda: scipy_stats.kendalltau(TIED, TIED_Y).statistic),
    "quantile": (lambda: stats.quantile(X, 0.95), lambda: np.quantile(X, 0.95, method="inverted_cdf")),
    "sign-flip": (
        lambda: stats.sign_flip(SMALL[:12]).p_value,
        lambda: (
            scipy_stats.permutation_test((SMALL[:12],), np.mean, permutation_type="samples", n_resamples=9999).pvalue
        ),
    ),
    "delete one": (
        lambda: stats.delete_one(X[:50], "median")[1],
        lambda: [np.median(np.delete(X[:50], at)) for at in range(50)],
    ),
    "jackknife": (
        lambda: stats.jackknife((X[:50], Y[:50]), "pearson").standard_error,
        lambda: math.sqrt(
            49 / 50 * sum((r - np.mean(LEFT_OUT)) ** 2 for r in LEFT_OUT),
        ),
    ),
    "holm": (lambda: stats.holm(P), lambda: corrected("holm")),
    "hochberg": (lambda: stats.hochberg(P), lambda: corrected("simes-hochberg")),
    "hommel": (lambda: stats.hommel(P), lambda: corrected("hommel")),
    "benjamini-hochberg": (lambda: stats.benjamini_hochberg(P), lambda: scipy_stats.false_discovery_control(P)),
    "benjamini-yekutieli": (
        lambda: stats.benjamini_yekutieli(P),
        lambda: scipy_stats.false_discovery_control(P, method="by"),
    ),
    "unpaired cases": (lambda: stats.unpaired_cases(1.0, 1.0, effect=0.2), lambda: normal_cases(0.2)),
    "log e-value": (
        lambda: stats.discordant_log_e(20, 2),
        lambda: special.betaln(22, 4) - special.betaln(2, 2) + 22 * math.log(2),
    ),
    "normal pdf": (lambda: stats.normal_pdf(X), lambda: scipy_stats.norm.pdf(X)),
    "normal cdf": (lambda: stats.normal_cdf(X * 5), lambda: scipy_stats.norm.cdf(X * 5)),
    "normal quantile": (lambda: stats.normal_quantile(P), lambda: scipy_stats.norm.ppf(P)),
    "t sf": (lambda: stats.t_sf(X * 4, 7.5), lambda: scipy_stats.t.sf(X * 4, 7.5)),
    "t quantile": (lambda: stats.t_quantile(P, 7.5), lambda: scipy_stats.t.ppf(P, 7.5)),
    "beta cdf": (lambda: stats.beta_cdf(P, 2.5, 4), lambda: scipy_stats.beta.cdf(P, 2.5, 4)),
    "beta sf": (lambda: stats.beta_sf(P, 2.5, 4), lambda: scipy_stats.beta.sf(P, 2.5, 4)),
    "beta quantile": (lambda: stats.beta_quantile(P, 2.5, 4), lambda: scipy_stats.beta.ppf(P, 2.5, 4)),
    "gamma sf": (lambda: stats.gamma_sf(TIED, 2.5), lambda: scipy_stats.gamma.sf(TIED, 2.5)),
    "chi-square sf": (lambda: stats.chi_square_sf(TIED, 3), lambda: scipy_stats.chi2.sf(TIED, 3)),
    "binomial pmf": (lambda: stats.binomial_pmf(TIED, 9, 0.3), lambda: scipy_stats.binom.pmf(TIED, 9, 0.3)),
    "binomial cdf": (lambda: stats.binomial_cdf(X * 4, 9, 0.3), lambda: scipy_stats.binom.cdf(X * 4, 9, 0.3)),
    "ln gamma": (lambda: stats.ln_gamma(P * 50 + 0.1), lambda: special.gammaln(P * 50 + 0.1)),
    "ln beta": (lambda: stats.ln_beta(P * 50 + 0.1, 3.0), lambda: special.betaln(P * 50 + 0.1, 3.0)),
}
LEFT_OUT = [np.corrcoef(np.delete(X[:50], at), np.delete(Y[:50], at))[0, 1] for at in range(50)]


def normal_cases(effect: float) -> int:
    return math.ceil(2 * ((scipy_stats.norm.ppf(0.975) + scipy_stats.norm.ppf(0.8)) / effect) ** 2)


@pytest.mark.parametrize("case", CASES)
def test_equal_to_the_reference(case: str) -> None:
    ours, theirs = CASES[case]
    agrees(ours(), theirs())


def test_tango_is_the_interval_that_its_score_does_not_reject() -> None:
    z = scipy_stats.norm.ppf(0.975)
    for better, worse, n in [(9, 3, 50), (0, 4, 30), (12, 12, 40)]:
        interval = stats.tango(better, worse, n)
        agrees([stats.tango_z(better, worse, n, delta=end) for end in ends(interval)], [z, -z], 1e-6)
        assert stats.tango_p_worse(better, worse, n, margin=-interval.lower) == pytest.approx(0.975, abs=1e-6)


def test_cr2_is_the_matrix_form() -> None:
    n, mean = len(X), X.mean()
    variance = 0.0
    for group in np.unique(GROUPS):
        own = X[GROUPS == group] - mean
        hat = np.full((len(own), len(own)), 1 / n)
        values, vectors = np.linalg.eigh(np.eye(len(own)) - hat)
        adjusted = vectors @ np.diag(values**-0.5) @ vectors.T @ own
        variance += adjusted.sum() ** 2
    agrees(stats.clustered_mean(X, clusters=GROUPS).standard_error, math.sqrt(variance) / n)


@pytest.mark.parametrize("method", ["percentile", "basic", "bca"])
@pytest.mark.parametrize("statistic", ["mean", "p90"])
def test_bootstrap_intervals_are_those_of_scipy_up_to_chance(method: str, statistic: str) -> None:
    functions: dict[str, Callable[..., Any]] = {
        "mean": np.mean,
        "p90": lambda x, axis=-1: np.quantile(x, 0.9, method="inverted_cdf", axis=axis),
    }
    theirs = scipy_stats.bootstrap(
        (X,), functions[statistic], n_resamples=1_999, method={"bca": "BCa"}.get(method, method), rng=1
    )
    for form in (statistic, functions[statistic]):
        found = stats.bootstrap(X, form, n_resamples=1_999, method=method, seed=1)  # type: ignore[arg-type]
        assert found.standard_error == pytest.approx(float(theirs.standard_error), rel=0.1)
        width = float(theirs.confidence_interval.high - theirs.confidence_interval.low)
        agrees(ends(found.interval), list(theirs.confidence_interval), 0.2 * width + 1e-9)


def test_a_name_and_its_function_give_the_same_draws() -> None:
    for name, function in [("mean", np.mean), ("median", np.median), ("sum", np.sum)]:
        by_name = stats.bootstrap(X, name, n_resamples=300)
        by_function = stats.bootstrap(X, function, n_resamples=300)
        agrees(ends(by_name.interval), ends(by_function.interval))
        agrees(by_name.standard_error, by_function.standard_error)
    pairs = stats.bootstrap((X, Y), "pearson", n_resamples=200)
    called = stats.bootstrap((X, Y), lambda x, y: scipy_stats.pearsonr(x, y).statistic, n_resamples=200)
    agrees(ends(pairs.interval), ends(called.interval))


def test_clusters_are_drawn_whole() -> None:
    clusters = np.repeat(np.arange(20), 10)
    values = np.repeat(R.normal(size=20), 10)
    alone, together = (
        stats.bootstrap(values, n_resamples=500),
        stats.bootstrap(values, clusters=clusters, n_resamples=500),
    )
    assert together.standard_error > 2.5 * alone.standard_error
    by_t = stats.studentised_bootstrap(values, clusters=clusters, n_resamples=500)
    assert by_t.width > 2 * stats.studentised_bootstrap(values, n_resamples=500).width
    assert values.mean() in by_t


def test_approximate_randomisation_takes_any_statistic() -> None:
    a, b = ["yes", "yes", "no", "yes", "yes", "yes", "yes", "yes"], ["no", "no", "no", "yes", "no", "no", "no", "no"]

    def passed(answers: list[str]) -> float:
        return answers.count("yes") / len(answers)

    numbers = [[float(word == "yes") for word in answers] for answers in (a, b)]
    for function in (stats.approximate_randomisation, stats.paired_bootstrap):
        assert function(a, b, passed, seed=3) == pytest.approx(function(*numbers, seed=3))
    # Of six differing cases all 64 signs: only the two outer ones are as extreme, and "above" counts none.
    assert stats.approximate_randomisation(*numbers, n_resamples=999) == 0.001


def test_sign_flips_agree_with_a_permutation_test() -> None:
    gains = X - Y + 0.05
    ours = stats.sign_flip(gains, n_resamples=20_000).p_value
    theirs = scipy_stats.permutation_test((gains,), np.mean, permutation_type="samples", n_resamples=4_000, rng=1)
    assert ours == pytest.approx(float(theirs.pvalue), abs=0.03)
    assert stats.sign_flip(gains, clusters=GROUPS).method == "sign-flip"


def test_pass_at_k_is_the_product_of_the_paper() -> None:
    n, c = R.integers(5, 40, size=300), np.zeros(300, dtype=int)
    c[:] = R.integers(0, n + 1)
    wanted = [
        1.0 if a - b < 5 else 1.0 - np.prod(1.0 - 5 / np.arange(a - b + 1, a + 1)) for a, b in zip(n, c, strict=True)
    ]
    agrees(stats.pass_at_k(n, c, 5), wanted)
    hat = [math.comb(int(b), 5) / math.comb(int(a), 5) for a, b in zip(n, c, strict=True)]
    agrees(stats.pass_hat_k(n, c, 5), hat)


def test_max_t_is_at_least_the_single_test_and_less_than_holm_for_equal_cells() -> None:
    cells = {"a": SMALL, "b": SMALL + 1e-9, "c": SMALL * 2}
    found = stats.max_t(cells, n_resamples=4_000)
    single = stats.sign_flip(SMALL, n_resamples=20_000).p_value
    assert all(p == pytest.approx(single, abs=0.03) for p in found.adjusted.values())
    assert max(found.adjusted.values()) < 2 * single


def test_boundaries_spend_the_error_that_is_planned() -> None:
    looks = stats.boundaries([0.25, 0.5, 0.75, 1.0], spending="pocock")
    assert looks[-1].spent == pytest.approx(0.05)
    # A simulation of the four looks: the share of paths that ever cross is the error.
    steps = np.cumsum(R.normal(size=(200_000, 4)), axis=1) / np.sqrt([1, 2, 3, 4])
    crossed = (np.abs(steps) >= [look.critical for look in looks]).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.002)


def test_shrinkage_pulls_toward_the_mean_and_finds_the_worst() -> None:
    found = stats.shrink_rates([95, 90, 20], [100, 100, 100])
    assert all(abs(each.estimate - found.mean) < abs(each.raw - found.mean) for each in found.slices)
    worst = found.worst(draws=2_000)
    assert worst.probability[2] > 0.99 and sum(worst.probability) == pytest.approx(1)
    assert stats.shrink_means([1, 2, 3, 40], [1, 1, 1, 1]).worst(draws=500).probability[3] < 0.01

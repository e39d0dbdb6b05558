"""Rows of the speed table: intervals, tests, ranks, correlations, bootstrap, multiplicity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from speed import Row

from assay import stats

R = np.random.default_rng(1)
X = R.normal(size=10_000)
Y = 0.5 * X + R.normal(size=10_000)
SHORT = X[:1_000]
P = R.uniform(size=10_000)
FEW_P = P[:500]
CLUSTERS = R.integers(0, 1_000, size=10_000)
PASSED = (R.uniform(size=1_000) < 0.8).astype(float)
BASELINE = np.where(R.uniform(size=1_000) < 0.1, 1 - PASSED, PASSED)
EPOCHS = R.integers(10, 200, size=2_000)
SUCCESSES = R.integers(0, EPOCHS + 1)


def ends(interval: Any) -> list[float]:
    if hasattr(interval, "lower"):
        return [interval.lower, interval.upper]
    return [float(interval[0]), float(interval[1])]


def within(share: float) -> Callable[[Any, Any], float]:
    """Intervals of other random draws: their ends may differ by a share of the width."""

    def of(ours: Any, theirs: Any) -> float:
        (a, b), (c, d) = ends(ours.interval), ends(theirs.confidence_interval)
        off = max(abs(a - c), abs(b - d)) / (d - c)
        assert off < share, f"the ends are off by {off:.2g} of the width"
        return off

    return of


def p_values(ours: Any, theirs: Any) -> float:
    """p-values of other random draws."""
    off = abs(ours.p_value - float(theirs.pvalue))
    assert off < 0.03, f"p-values are off by {off:.2g}"
    return off


def scipy_stats() -> Any:
    from scipy import stats as scipy

    return scipy


def resampled(values: Any, statistic: Any, method: str) -> Any:
    return scipy_stats().bootstrap((values,), statistic, n_resamples=9_999, method=method, batch=500, rng=1)


def p90(values: Any, axis: int = -1) -> Any:
    return np.quantile(values, 0.9, method="inverted_cdf", axis=axis)


def paired_columns(x: Any, y: Any) -> Any:
    correlate = scipy_stats().pearsonr
    # SciPy's own vectorised form needs an axis.
    return scipy_stats().bootstrap(
        (x, y), lambda a, b, axis=-1: correlate(a, b, axis=axis).statistic, n_resamples=1_999, paired=True,
        method="percentile", batch=500, rng=1,
    )  # fmt: skip


def cluster_errors() -> float:
    from statsmodels.regression.linear_model import OLS

    fit = OLS(X, np.ones_like(X)).fit(cov_type="cluster", cov_kwds={"groups": CLUSTERS})
    return float(fit.bse[0])


def student() -> list[float]:
    interval = scipy_stats().ttest_1samp(X, 0).confidence_interval()
    return [interval.low, interval.high]


def welch() -> list[float]:
    interval = scipy_stats().ttest_ind(X, Y, equal_var=False).confidence_interval()
    return [interval.low, interval.high]


def proportions(k: int, n: int, method: str) -> list[float]:
    from statsmodels.stats.proportion import proportion_confint

    return ends(proportion_confint(k, n, method=method))


def two_proportions(method: str) -> list[float]:
    from statsmodels.stats.proportion import confint_proportions_2indep

    return ends(confint_proportions_2indep(56, 70, 48, 80, method=method, compare="diff"))


def corrected(p: Any, method: str) -> Any:
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method=method)[1]


def mcnemar() -> float:
    from statsmodels.stats.contingency_tables import mcnemar

    b = int(((PASSED == 1) & (BASELINE == 0)).sum())
    c = int(((PASSED == 0) & (BASELINE == 1)).sum())
    return float(mcnemar([[0, b], [c, 0]], exact=True).pvalue)


def our_mcnemar() -> float:
    found = stats.difference(PASSED, BASELINE)
    return stats.mcnemar(found.better, found.worse, exact=True).p_value


def human_eval(n: Any, c: Any, k: int) -> list[float]:
    """The function of the HumanEval paper's code."""

    def of(n: int, c: int) -> float:
        return 1.0 if n - c < k else float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))

    return [of(int(a), int(b)) for a, b in zip(n, c, strict=True)]


def hodges_lehmann() -> float:
    sums = np.add.outer(SHORT, SHORT)[np.triu_indices(len(SHORT))]
    return float(np.median(sums) / 2)


ROWS = [
    Row("Wilson interval", "statsmodels proportion_confint(wilson)",
        lambda: ends(stats.wilson(81, 263)), lambda: proportions(81, 263, "wilson")),
    Row("Clopper–Pearson interval", "statsmodels proportion_confint(beta)",
        lambda: ends(stats.clopper_pearson(81, 263)), lambda: proportions(81, 263, "beta")),
    Row("Newcombe interval", "statsmodels confint_proportions_2indep(newcomb)",
        lambda: ends(stats.newcombe(56, 70, 48, 80)), lambda: two_proportions("newcomb")),
    Row("mean with Student's interval, 10,000 cases", "scipy stats.ttest_1samp",
        lambda: ends(stats.level(X).interval), student),
    Row("difference with Welch's interval, 2 × 10,000 cases", "scipy stats.ttest_ind",
        lambda: ends(stats.difference(X, Y, paired=False).interval), welch),
    Row("clustered standard error, 10,000 cases, 1,000 clusters", "statsmodels OLS(cov_type=cluster)",
        lambda: stats.sandwich_errors(X, clusters=CLUSTERS).cr1, cluster_errors),
    Row("McNemar's exact test, 1,000 paired cases", "statsmodels contingency_tables.mcnemar", our_mcnemar, mcnemar),
    Row("bootstrap of a mean, 10,000 cases, 9,999 draws, percentile", "scipy stats.bootstrap",
        lambda: stats.bootstrap(X, "mean", method="percentile"), lambda: resampled(X, np.mean, "percentile"), within(0.05)),
    Row("bootstrap of a mean, 1,000 cases, 9,999 draws, BCa", "scipy stats.bootstrap",
        lambda: stats.bootstrap(SHORT, "mean"), lambda: resampled(SHORT, np.mean, "BCa"), within(0.05)),
    Row("bootstrap of p90, 1,000 cases, 9,999 draws, BCa", "scipy stats.bootstrap",
        lambda: stats.bootstrap(SHORT, "p90"), lambda: resampled(SHORT, p90, "BCa"), within(0.2)),
    Row("bootstrap of Pearson's r, 1,000 pairs, 1,999 draws", "scipy stats.bootstrap",
        lambda: stats.bootstrap((SHORT, Y[:1_000]), "pearson", method="percentile", n_resamples=1_999),
        lambda: paired_columns(SHORT, Y[:1_000]), within(0.1)),
    Row("sign-flip test, 1,000 cases, 9,999 draws", "scipy stats.permutation_test",
        lambda: stats.sign_flip(SHORT),
        lambda: scipy_stats().permutation_test((SHORT,), np.mean, permutation_type="samples", n_resamples=9_999, batch=500, rng=1),
        p_values),
    Row("Wilcoxon's signed-rank test, 10,000 cases", "scipy stats.wilcoxon",
        lambda: stats.wilcoxon(X - Y).p_value, lambda: scipy_stats().wilcoxon(X - Y, method="asymptotic").pvalue),
    Row("Hodges–Lehmann estimate, 1,000 cases", "numpy median of all pairs",
        lambda: stats.hodges_lehmann(SHORT), hodges_lehmann),
    Row("ranks, 10,000 values", "scipy stats.rankdata", lambda: stats.midranks(X), lambda: scipy_stats().rankdata(X)),
    Row("Pearson's r with interval, 10,000 pairs", "scipy stats.pearsonr",
        lambda: ends(stats.pearson(X, Y).interval), lambda: ends(scipy_stats().pearsonr(X, Y).confidence_interval())),
    Row("Spearman's ρ, 10,000 pairs", "scipy stats.spearmanr",
        lambda: stats.spearman(X, Y).estimate, lambda: scipy_stats().spearmanr(X, Y).statistic),
    Row("Kendall's τ, 10,000 pairs", "scipy stats.kendalltau",
        lambda: stats.kendall(X, Y).estimate, lambda: scipy_stats().kendalltau(X, Y).statistic),
    Row("Holm, 10,000 p-values", "statsmodels multipletests(holm)", lambda: stats.holm(P), lambda: corrected(P, "holm")),
    Row("Hommel, 500 p-values", "statsmodels multipletests(hommel)",
        lambda: stats.hommel(FEW_P), lambda: corrected(FEW_P, "hommel")),
    Row("Benjamini–Hochberg, 10,000 p-values", "scipy stats.false_discovery_control",
        lambda: stats.benjamini_hochberg(P), lambda: scipy_stats().false_discovery_control(P)),
    Row("quantile of t, 10,000 values", "scipy stats.t.ppf", lambda: stats.t_quantile(P, 7.5), lambda: scipy_stats().t.ppf(P, 7.5)),
    Row("quantile of beta, 10,000 values", "scipy stats.beta.ppf",
        lambda: stats.beta_quantile(P, 2.5, 4), lambda: scipy_stats().beta.ppf(P, 2.5, 4)),
    Row("pass@10, 2,000 cases", "numpy as HumanEval's estimate_pass_at_k",
        lambda: stats.pass_at_k(EPOCHS, SUCCESSES, 10), lambda: human_eval(EPOCHS, SUCCESSES, 10)),
    Row("log gamma, 10,000 values", "scipy special.gammaln", lambda: stats.ln_gamma(P * 50 + 0.1), lambda: gammaln(P * 50 + 0.1)),
]  # fmt: skip


def gammaln(values: Any) -> Any:
    from scipy.special import gammaln as of

    return of(values)

"""Rows of the speed table: agreement, judges, rankings, experiments, drift."""

from __future__ import annotations

from typing import Any

import numpy as np
from speed import Row

from assay import stats

R = np.random.default_rng(2)
TRUE = R.integers(1, 6, size=2_000)
RATINGS = np.where(R.uniform(size=(2_000, 5)) < 0.7, TRUE[:, None], R.integers(1, 6, size=(2_000, 5))).astype(float)
FULL = RATINGS.copy()
RATINGS[R.uniform(size=RATINGS.shape) < 0.2] = np.nan
FEW = RATINGS[:200]
CATEGORIES = [1.0, 2.0, 3.0, 4.0, 5.0]
SCORES = R.uniform(size=20_000)
TRUTHS = (R.uniform(size=20_000) < SCORES).astype(float)
A, B = R.normal(size=20_000), R.normal(0.02, 1.0, size=20_000)
X = np.column_stack([A, B])
SERIES = 0.01 * np.arange(2_016) + np.tile(R.normal(size=168), 12) + R.normal(0, 0.2, size=2_016)
STREAM = R.normal(size=20_000)
PAIRS = [
    (int(i), int(j)) if R.uniform() < 1 / (1 + np.exp((i - j) * 0.1)) else (int(j), int(i))
    for i, j in (R.choice(30, 2, replace=False) for _ in range(5_000))
]
WINNERS, LOSERS = (list(column) for column in zip(*PAIRS, strict=True))


def alpha(level: str) -> Row:
    def theirs() -> float:
        import krippendorff

        return krippendorff.alpha(reliability_data=RATINGS.T, level_of_measurement=level)

    return Row(
        f"Krippendorff's α, {level}, 2,000 items by 5 raters",
        "krippendorff alpha",
        lambda: stats.krippendorff_alpha(RATINGS, level=level, confidence=None).estimate,
        theirs,
    )


def jackknife() -> Any:
    import krippendorff

    kept = FEW[(~np.isnan(FEW)).sum(axis=1) > 1]

    def log(rows: Any) -> float:
        return np.log(1 - krippendorff.alpha(reliability_data=rows.T, level_of_measurement="nominal"))

    n = len(kept)
    without = np.array([log(np.delete(kept, at, axis=0)) for at in range(n)])
    from scipy import stats as scipy

    half = scipy.t.ppf(0.975, n - 1) * np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return [1 - np.exp(log(kept) + half), 1 - np.exp(log(kept) - half)]


def ends(interval: Any) -> list[float]:
    return [interval.lower, interval.upper]


def irrcac(method: str, key: str) -> Row:
    def theirs() -> list[float]:
        import pandas as pd
        from irrCAC.raw import CAC

        cac = CAC(pd.DataFrame(RATINGS), weights="quadratic", categories=CATEGORIES, digits=12)
        estimate = getattr(cac, key)()["est"]
        return [estimate["coefficient_value"], estimate["se"]]

    def ours() -> list[float]:
        found = getattr(stats, method)(RATINGS, weights="quadratic", categories=CATEGORIES)
        return [found.estimate, found.standard_error]

    return Row(
        f"{method.replace('_', ' ')}, quadratic, 2,000 items by 5 raters", f"irrCAC CAC.{key}", ours, theirs, 1e-8
    )


def cohen() -> list[float]:
    from statsmodels.stats.inter_rater import cohens_kappa, to_table

    found = cohens_kappa(to_table(FULL[:, :2].astype(int))[0])
    return [found.kappa, found.std_kappa]


def our_cohen() -> list[float]:
    found = stats.cohen_kappa(FULL[:, 0], FULL[:, 1])
    return [found.estimate, found.standard_error]


def fleiss() -> float:
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    return fleiss_kappa(aggregate_raters(FULL.astype(int))[0])


def ppi() -> list[float]:
    import ppi_py

    y, f, many = TRUTHS[:500], SCORES[:500], SCORES[500:]
    lower, upper = ppi_py.ppi_mean_ci(y, f, many, alpha=0.05)
    return [float(lower[0]), float(upper[0])]


def choix() -> Any:
    import choix as reference

    found = reference.opt_pairwise(30, PAIRS, tol=1e-10)
    return found - found.mean()


def our_strengths() -> list[float]:
    ranking = stats.bradley_terry(a=WINNERS, b=LOSERS, winner=WINNERS)
    return [ranking[name].strength for name in range(30)]


def isotonic() -> Any:
    from sklearn.isotonic import IsotonicRegression

    return IsotonicRegression().fit_transform(SCORES, TRUTHS)


def logit() -> Any:
    import statsmodels.api as sm

    return sm.Logit(TRUTHS, sm.add_constant(X)).fit(disp=0).params


def tasting() -> list[float]:
    import pandas as pd
    import tea_tasting as tt

    half = np.arange(20_000) < 10_000
    frame = pd.DataFrame({"variant": half.astype(int), "y": A, "x": B})
    found = tt.Experiment(y=tt.Mean("y", use_t=True, equal_var=False)).analyze(frame)["y"]
    return [found.effect_size, found.effect_size_ci_lower, found.effect_size_ci_upper, found.pvalue]


def our_effect() -> list[float]:
    found = stats.effect(A[:10_000], A[10_000:])
    return [found.estimate, *ends(found.interval), found.p_value]


def scipy(name: str) -> Any:
    from scipy import stats as reference

    return getattr(reference, name)


def ks() -> list[float]:
    found = scipy("ks_2samp")(A, B)
    return [found.statistic, found.pvalue]


def our_ks() -> list[float]:
    found = stats.ks_2samp(A, B)
    return [found.statistic, found.p_value]


def stl() -> Any:
    from statsmodels.tsa.seasonal import STL

    return STL(SERIES, period=168).fit().trend


def adwin() -> list[int]:
    from river.drift import ADWIN

    detector, found = ADWIN(), []
    for at, value in enumerate(STREAM):
        detector.update(value)
        if detector.drift_detected:
            found.append(at)
    return found


ROWS: list[Row] = [
    *(alpha(level) for level in ("nominal", "ordinal", "interval", "ratio")),
    Row(
        "α with its jackknife interval, nominal, 200 items by 5 raters",
        "krippendorff alpha for each item left out",
        lambda: ends(stats.krippendorff_alpha(FEW).interval),
        jackknife,
        1e-8,
    ),
    irrcac("gwet_ac", "gwet"),
    irrcac("fleiss_kappa", "fleiss"),
    irrcac("brennan_prediger", "bp"),
    Row("Cohen's κ with its error, 2,000 items", "statsmodels inter_rater.cohens_kappa", our_cohen, cohen, 1e-8),
    Row(
        "Fleiss' κ, 2,000 items by 5 raters",
        "statsmodels inter_rater.fleiss_kappa",
        lambda: stats.fleiss_kappa(FULL).estimate,
        fleiss,
    ),
    Row(
        "PPI++ mean, 500 labels, 19,500 judged",
        "ppi-python ppi_mean_ci",
        lambda: ends(stats.ppi_mean(TRUTHS[:500], SCORES[:500], SCORES[500:]).interval),
        ppi,
        0.01,
    ),
    Row("Bradley–Terry with intervals, 5,000 pairs of 30", "choix opt_pairwise", our_strengths, choix, 1e-4),
    Row(
        "Isotonic regression, 20,000 cases",
        "scikit-learn isotonic.IsotonicRegression",
        lambda: stats.isotonic_regression(SCORES, TRUTHS),
        isotonic,
    ),
    Row(
        "Logistic regression, 20,000 cases by 2",
        "statsmodels Logit",
        lambda: stats.logistic_regression(X, TRUTHS).coefficients,
        logit,
        1e-6,
    ),
    Row("Welch's effect, 20,000 units", "tea-tasting Mean", our_effect, tasting, 1e-8),
    Row("Kolmogorov–Smirnov, 20,000 against 20,000", "scipy stats.ks_2samp", our_ks, ks, 1e-3),
    Row(
        "Wasserstein distance, 20,000 against 20,000",
        "scipy stats.wasserstein_distance",
        lambda: stats.wasserstein_distance(A, B),
        lambda: scipy("wasserstein_distance")(A, B),
    ),
    Row(
        "STL, 12 weeks of hours",
        "statsmodels tsa.seasonal.STL",
        lambda: stats.stl(SERIES, period=168).trend,
        stl,
        1e-7,
    ),
    Row("ADWIN, 20,000 values", "river drift.ADWIN", lambda: stats.ADWIN().alarms(STREAM), adwin),
]

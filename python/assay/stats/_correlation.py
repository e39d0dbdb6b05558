"""Correlations with intervals, and how well metrics order systems."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

from assay import _assay
from assay._results import Interval, Result, interval, number
from assay._types import Groups, Numbers, Rows
from assay.stats._bootstrap import Jackknife, jackknifed

__all__ = [
    "AgreementDifference",
    "Correlation",
    "DependentCorrelations",
    "attenuation",
    "correlation_interval",
    "dependent_correlations",
    "disattenuated",
    "kendall",
    "metric_agreement",
    "metric_agreement_difference",
    "pairwise_accuracy",
    "pairwise_p",
    "pearson",
    "soft_pairwise_accuracy",
    "spearman",
]

Method = Literal["pearson", "spearman", "kendall"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Correlation(Result):
    """A correlation; `float` gives the bare number.

    Attributes
    ----------
    estimate : float
        The correlation; NaN for a constant.
    interval : Interval
        By Fisher's z, or with clusters by the jackknife on its scale.
    n : int
        Pairs.
    method : str
        "pearson", "spearman" or "kendall".
    """

    estimate: float
    interval: Interval
    n: int
    method: str

    def __float__(self) -> float:
        return self.estimate

    @property
    def statistic(self) -> float:
        """The correlation, by the name that SciPy has for it."""
        return self.estimate

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {self.interval}, {self.method.capitalize()}, {self.n} pairs"


def _correlation(x: Numbers, y: Numbers, clusters: Groups | None, method: Method, confidence: float) -> Correlation:
    if clusters is None:
        r, n, ends = _assay.correlation_of(x, y, method, confidence)
        return Correlation(r, interval(ends, confidence), n, method)
    r, n, found = _assay.clustered_correlation(x, y, clusters, method, confidence)
    return Correlation(r, jackknifed(found, confidence).interval, n, method)


def pearson(x: Numbers, y: Numbers, *, clusters: Groups | None = None, confidence: float = 0.95) -> Correlation:
    """Pearson's correlation with its interval.

    Parameters
    ----------
    x, y : column of numbers
        Equally long.
    clusters : column of hashable values, optional
        Which pairs depend on each other: the interval is then a delete-one-cluster jackknife.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Correlation
        Undefined (NaN) below two pairs and for a constant; without an interval at ±1 and for very few pairs.

    Raises
    ------
    ValueError
        A number is not finite, or columns are not equally long.

    References
    ----------
    Fisher, R. A. (1921). On the probable error of a coefficient of correlation. Metron 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.pearson([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 7, 5])
    <Correlation: 0.7918, -0.05531 to 0.9761 (0.95 confidence), Pearson, 6 pairs>
    """
    return _correlation(x, y, clusters, "pearson", confidence)


def spearman(x: Numbers, y: Numbers, *, clusters: Groups | None = None, confidence: float = 0.95) -> Correlation:
    """Spearman's correlation with its interval: Pearson's of the mid-ranks.

    Arguments, results and errors as for `pearson`.

    References
    ----------
    Bonett, D. G., & Wright, T. A. (2000). Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations. Psychometrika 65.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.spearman([1, 2, 3, 4], [10, 30, 20, 40]).estimate, 3)
    0.8
    """
    return _correlation(x, y, clusters, "spearman", confidence)


def kendall(x: Numbers, y: Numbers, *, clusters: Groups | None = None, confidence: float = 0.95) -> Correlation:
    """Kendall's τ_b with its interval.

    Arguments, results and errors as for `pearson`.

    References
    ----------
    Knight, W. R. (1966). A computer method for calculating Kendall's tau with ungrouped data. JASA 61.
    Fieller, E. C., Hartley, H. O., & Pearson, E. S. (1957). Tests for rank correlation coefficients. Biometrika 44.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.kendall([1, 2, 3, 4], [10, 30, 20, 40]).estimate, 4)
    0.6667
    """
    return _correlation(x, y, clusters, "kendall", confidence)


def correlation_interval(r: float, n: int, *, method: Method = "pearson", confidence: float = 0.95) -> Interval:
    """Interval of a correlation of `n` independent pairs by Fisher's z.

    Returns
    -------
    Interval
        Undefined (NaN) with too few pairs and at ±1.

    Raises
    ------
    ValueError
        `r` is not from -1 to 1, or `confidence` not between 0 and 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.correlation_interval(0.5, 28)
    <Interval: 0.156 to 0.7358 (0.95 confidence)>
    """
    return interval(_assay.correlation_interval(r, n, method, confidence), confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class DependentCorrelations(Result):
    """Two correlations that share a variable.

    Attributes
    ----------
    difference : float
        r12 - r13.
    interval : Interval
        Zou's interval of it.
    t, p_value : float
        Williams' T2 and its two-sided p.
    z, z_p_value : float
        Steiger's Z and its two-sided p.
    """

    difference: float
    interval: Interval
    t: float
    p_value: float
    z: float
    z_p_value: float


def dependent_correlations(
    r12: float, r13: float, r23: float, n: int, *, confidence: float = 0.95
) -> DependentCorrelations:
    """Compare two correlations of one sample that share variable 1, as two metrics with the same human scores.

    Parameters
    ----------
    r12, r13 : float
        What is compared.
    r23 : float
        The correlation of variables 2 and 3.
    n : int
        Cases.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    DependentCorrelations
        Undefined (NaN) for three cases or fewer, or correlations that cannot go together.

    References
    ----------
    Steiger, J. H. (1980). Tests for comparing elements of a correlation matrix. Psych. Bull. 87.
    Zou, G. Y. (2007). Toward using confidence intervals to compare correlations. Psych. Methods 12.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.dependent_correlations(0.5, 0.3, 0.4, 103)
    >>> round(found.t, 4), round(found.p_value, 4)
    (2.0967, 0.0385)
    """
    (t, p), (z, z_p), ends = _assay.dependent_correlations(r12, r13, r23, n, confidence)
    return DependentCorrelations(r12 - r13, interval(ends, confidence), t, p, z, z_p)


def disattenuated(r: float, reliability_x: float, reliability_y: float) -> float:
    """Correlation corrected for the unreliability of both measures, at most 1 in size.

    Raises
    ------
    ValueError
        `r` is not from -1 to 1, or a reliability not above 0 and at most 1.

    References
    ----------
    Spearman, C. (1904). The proof and measurement of association between two things. Am. J. Psych. 15.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.disattenuated(0.42, 0.7, 0.7), 4)
    0.6
    """
    return _assay.disattenuated(r, reliability_x, reliability_y)


def attenuation(x: Rows, y: Rows, *, confidence: float = 0.95) -> Jackknife:
    """Correlation of the means of repeated measurements, corrected for their unreliability by Cronbach's α.

    Parameters
    ----------
    x, y : rows of numbers
        A row for each case, with two or more measurements each.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Jackknife
        Undefined (NaN) below three cases and where an α is not above 0.

    Examples
    --------
    >>> from assay import stats
    >>> x = [[1, 1.5], [2, 2], [3, 3.5], [4, 4], [5, 5.5]]
    >>> stats.attenuation(x, x).estimate
    1.0
    """
    return jackknifed(_assay.attenuation(x, y, confidence), confidence)


def pairwise_accuracy(metric: Numbers, truth: Numbers) -> float:
    """Share of pairs of systems that two scores order alike; pairs that `truth` ties do not count.

    Returns
    -------
    float
        NaN without such pairs.

    References
    ----------
    Kocmi, T., et al. (2021). To ship or not to ship: an extensive evaluation of automatic metrics for MT. WMT.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.pairwise_accuracy([1, 2, 3], [1, 3, 2]), 4)
    0.6667
    """
    return _assay.pairwise_accuracy(metric, truth)


def soft_pairwise_accuracy(metric: Numbers, truth: Numbers) -> float:
    """Soft pairwise accuracy: 1 - the mean of |p_metric - p_truth| over pairs of systems.

    Parameters
    ----------
    metric, truth : column of numbers
        One-sided p-values of one system being better than the other, for each pair: as `pairwise_p` gives them.

    References
    ----------
    Thompson, B., et al. (2024). Improving statistical significance in human evaluation of automatic metrics via soft
    pairwise accuracy. WMT.

    Examples
    --------
    >>> from assay import stats
    >>> stats.soft_pairwise_accuracy([0.5, 0.0], [0.25, 0.25])
    0.75
    """
    return _assay.soft_pairwise_accuracy(metric, truth)


def pairwise_p(scores: Rows, *, n_resamples: int = 1_000, seed: int = 0) -> list[float]:
    """One-sided p-values of a paired permutation test that system j is better than system i, for each pair i < j.

    Parameters
    ----------
    scores : rows of numbers
        Systems × items.
    n_resamples : int, default 1000
        Swaps that are drawn; all are taken when they are fewer.
    seed : int, default 0
        The same seed gives the same p-values.

    Returns
    -------
    list of float
        In the order (0, 1), (0, 2), (1, 2), …

    Raises
    ------
    ValueError
        There are fewer than two systems or no items, or rows are not equally long.

    Examples
    --------
    >>> from assay import stats
    >>> stats.pairwise_p([[0, 0, 0], [1, 1, 1]])
    [0.125]
    """
    return _assay.pairwise_p(scores, n_resamples, seed)


def metric_agreement(
    metric: Rows, truth: Rows, *, level: Literal["system", "item"] = "system", method: Method = "pearson"
) -> float:
    """Correlation of a metric with the truth over systems × items.

    Parameters
    ----------
    metric, truth : rows of numbers
        Systems × items.
    level : {"system", "item"}, default "system"
        Of the systems' means, or within each item, averaged over the items where it is defined.
    method : {"pearson", "spearman", "kendall"}, default "pearson"
        The correlation.

    Returns
    -------
    float
        NaN where it is nowhere defined.

    Examples
    --------
    >>> from assay import stats
    >>> stats.metric_agreement([[1, 2], [3, 4], [5, 7]], [[1, 1], [2, 2], [3, 3]], method="kendall")
    1.0
    """
    return _assay.metric_agreement(metric, truth, level, method)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class AgreementDifference(Result):
    """How much better one metric agrees with the truth than another.

    Attributes
    ----------
    difference : float
        Of the correlations.
    p_value : float
        One-sided, that the first is better.
    """

    difference: float
    p_value: float


def metric_agreement_difference(
    a: Rows,
    b: Rows,
    truth: Rows,
    *,
    level: Literal["system", "item"] = "system",
    method: Method = "pearson",
    n_resamples: int = 1_000,
    seed: int = 0,
) -> AgreementDifference:
    """Say whether metric `a` agrees with the truth better than metric `b`, by PERM-BOTH.

    Arguments as for `metric_agreement`, resamples as for `pairwise_p`.

    References
    ----------
    Deutsch, D., Dror, R., & Roth, D. (2021). A statistical analysis of summarization evaluation metrics. TACL 9.

    Examples
    --------
    >>> from assay import stats
    >>> truth = [[1, 2, 1], [2, 3, 2], [4, 4, 3]]
    >>> stats.metric_agreement_difference(truth, [[1, 0, 2], [0, 1, 1], [2, 0, 1]], truth).difference > 0
    True
    """
    found = _assay.metric_agreement_difference(a, b, truth, level, method, n_resamples, seed)
    return AgreementDifference(*(found or (math.nan, math.nan)))

"""Means of cases that may depend on each other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from assay import _assay
from assay._results import Interval, Result, interval, number
from assay._types import ArrayLike, Groups, Numbers

__all__ = [
    "ClusteredMean",
    "SandwichErrors",
    "Variances",
    "clustered_mean",
    "compensated_sum",
    "intraclass_correlation",
    "sandwich_errors",
    "variances",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ClusteredMean(Result):
    """A mean with a standard error that clusters do not shrink.

    Attributes
    ----------
    estimate : float
        The weighted mean.
    interval : Interval
        Its t interval.
    standard_error, df : float
        CR2 standard error and Bell and McCaffrey's degrees of freedom.
    clusters : int
        How many there are; as many as cases when none are given.
    largest_share : float
        The largest cluster's share of the weight.
    design_effect : float
        The variance relative to independent cases.
    """

    estimate: float
    interval: Interval
    standard_error: float
    df: float
    clusters: int
    largest_share: float
    design_effect: float

    def __float__(self) -> float:
        return self.estimate

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {self.interval}, {self.clusters} clusters"


def clustered_mean(
    values: Numbers, *, clusters: Groups | None = None, weights: Numbers | None = None, confidence: float = 0.95
) -> ClusteredMean:
    """Mean with a CR2 cluster-robust standard error and Bell and McCaffrey's degrees of freedom.

    Parameters
    ----------
    values : column of numbers
        One for each case.
    clusters : column of hashable values, optional
        Which cases depend on each other; without it the interval is Student's.
    weights : column of numbers, optional
        At least 0.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    ClusteredMean
        Undefined (NaN) for fewer than two clusters.

    Raises
    ------
    ValueError
        A value is not finite, a weight is below 0, columns are not equally long.

    References
    ----------
    Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology 28.
    Pustejovsky, J. E., & Tipton, E. (2018). Small-sample methods for cluster-robust variance estimation. JBES 36.

    Examples
    --------
    >>> from assay import stats
    >>> stats.clustered_mean([0.2, 0.9, 0.4, 0.7], clusters=["a", "a", "b", "c"])
    <ClusteredMean: 0.55, 0.2564 to 0.8436 (0.95 confidence), 3 clusters>
    """
    found = _assay.clustered_mean(values, (clusters, weights, None), confidence)
    if found is None:
        nan = math.nan
        return ClusteredMean(nan, interval(None, confidence), nan, nan, 0, nan, nan)
    mean, error, df, count, share, effect, ends = found
    return ClusteredMean(mean, interval(ends, confidence), error, df, count, share, effect)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class SandwichErrors(Result):
    """The usual cluster-robust standard errors of a mean, which are too small with few clusters.

    Attributes
    ----------
    cr0, cr1 : float
        Without and with the factor √(G/(G - 1)).
    """

    cr0: float
    cr1: float


def sandwich_errors(
    values: Numbers, *, clusters: Groups | None = None, weights: Numbers | None = None
) -> SandwichErrors:
    """Sandwich standard errors CR0 and CR1 of a mean, to compare with tools that print them.

    Arguments and errors as for `clustered_mean`.

    References
    ----------
    Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73.

    Examples
    --------
    >>> from assay import stats
    >>> stats.sandwich_errors([0.2, 0.9, 0.4, 0.7], clusters=["a", "a", "b", "c"])
    <SandwichErrors: cr0 0.05303, cr1 0.06495>
    """
    found = _assay.sandwich_errors(values, (clusters, weights, None))
    return SandwichErrors(*(found or (math.nan, math.nan)))


def intraclass_correlation(values: Numbers, clusters: Groups) -> float:
    """Intra-class correlation of clustered cases, ICC(1) by one-way analysis of variance, kept within 0 and 1.

    Returns
    -------
    float
        NaN without two clusters, or when none has two cases.

    Raises
    ------
    ValueError
        A value is not finite, or columns are not equally long.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.intraclass_correlation([1, 2, 5, 6, 9, 9], ["a", "a", "b", "b", "c", "c"]), 3)
    0.977
    """
    return _assay.intraclass_correlation(values, (clusters, None, None))


def compensated_sum(values: Numbers) -> float:
    """Sum numbers with what rounding took from each, so that their order hardly matters.

    Raises
    ------
    ValueError
        A number is not finite.

    Examples
    --------
    >>> from assay import stats
    >>> stats.compensated_sum([1e16, 1.0, -1e16])
    1.0
    """
    return _assay.compensated_sum(values)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Variances(Result):
    """The variance of repeated cases, split.

    Attributes
    ----------
    within : float
        Of the repeats within a case.
    between : float
        Between the cases' true means, at least 0.
    cases : int
        How many there are.
    repeats : float
        The harmonic mean of the repeats of a case.
    """

    within: float
    between: float
    cases: int
    repeats: float

    def of_mean(self, cases: float, repeats: float) -> float:
        """Variance of the mean of so many cases with so many repeats each.

        Raises
        ------
        ValueError
            A number is not above 0, or the variances are undefined.
        """
        return _assay.variance_of_mean(self.within, self.between, cases, repeats)


def variances(cases: Sequence[Numbers] | ArrayLike) -> Variances:
    """Split the variance of repeated cases into what repeats and what cases contribute.

    Parameters
    ----------
    cases : sequence of columns
        The repeats of each case: rows of an array or lists of different lengths. NaN is no repeat.

    Returns
    -------
    Variances
        Undefined (NaN) below two cases and without a case that has two repeats.

    Raises
    ------
    ValueError
        A case has no repeat, or one that is infinite.

    References
    ----------
    Miller, E. (2024). Adding error bars to evals. arXiv 2411.00640.

    Examples
    --------
    >>> from assay import stats
    >>> stats.variances([[1, 0, 1], [1, 1, 1], [0, 0, 1]])
    <Variances: within 0.2222, between 0.03704, cases 3, repeats 3>
    """
    found = _assay.variances(cases)
    return Variances(*(found or (math.nan, math.nan, 0, math.nan)))

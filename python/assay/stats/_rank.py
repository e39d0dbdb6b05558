"""Ranks, Wilcoxon's test and effect sizes."""

from __future__ import annotations

import math
from typing import Literal

from assay import _assay
from assay._results import Significance
from assay._types import Column, Numbers

__all__ = ["cliff_delta", "cohen_dz", "hodges_lehmann", "midranks", "wilcoxon"]


def midranks(values: Numbers) -> Column:
    """Rank values from 1; equal ones share the mean of their ranks (SciPy's `rankdata`).

    Raises
    ------
    ValueError
        A value is not finite.

    Examples
    --------
    >>> from assay import stats
    >>> stats.midranks([10, 30, 20, 20])
    [1.0, 4.0, 2.5, 2.5]
    """
    return _assay.midranks(values)


def wilcoxon(differences: Numbers, *, zero_method: Literal["wilcox", "pratt"] = "wilcox") -> Significance:
    """Wilcoxon's signed-rank test, two-sided.

    Exact up to 50 differences without ties and zeros, else normal with the variance corrected for ties. It tests a
    pseudo-median, not the mean that a gate decides on.

    Parameters
    ----------
    differences : column of numbers
        Candidate less baseline of each case.
    zero_method : {"wilcox", "pratt"}, default "wilcox"
        Whether differences of zero are left out before or after ranking.

    Returns
    -------
    Significance
        With the smaller rank sum as statistic; undefined (NaN) when no difference is left.

    References
    ----------
    Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.wilcoxon([1, 2, 3, 4, 5])
    <Significance: p = 0.0625 (Wilcoxon signed-rank, statistic 0)>
    """
    statistic, p = _assay.wilcoxon(differences, zero_method) or (math.nan, math.nan)
    return Significance(p, statistic, "Wilcoxon signed-rank")


def hodges_lehmann(values: Numbers) -> float:
    """Hodges and Lehmann's estimate: the median of the means of all pairs of values, each also with itself.

    Returns
    -------
    float
        NaN for no value.

    References
    ----------
    Hodges, J. L., & Lehmann, E. L. (1963). Estimates of location based on rank tests. Ann. Math. Stat. 34.

    Examples
    --------
    >>> from assay import stats
    >>> stats.hodges_lehmann([1, 2, 6])
    2.75
    """
    return _assay.hodges_lehmann(values)


def cliff_delta(a: Numbers, b: Numbers) -> float:
    """Cliff's δ: P(a > b) - P(a < b) over all pairs.

    Returns
    -------
    float
        NaN for an empty side.

    References
    ----------
    Cliff, N. (1993). Dominance statistics: ordinal analyses to answer ordinal questions. Psych. Bull. 114.

    Examples
    --------
    >>> from assay import stats
    >>> stats.cliff_delta([2, 4], [1, 3])
    0.5
    """
    return _assay.cliff_delta(a, b)


def cohen_dz(differences: Numbers) -> float:
    """Cohen's d of paired differences: mean / standard deviation.

    Returns
    -------
    float
        NaN below two values and without variation.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences.

    Examples
    --------
    >>> from assay import stats
    >>> stats.cohen_dz([1, 2, 3])
    2.0
    """
    return _assay.cohen_dz(differences)

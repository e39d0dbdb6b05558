"""Quantiles: latency and cost are judged at p50, p95 and p99."""

from __future__ import annotations

from assay import _assay
from assay._results import Interval, interval
from assay._types import Groups, Numbers

__all__ = ["quantile", "quantile_difference", "quantile_interval"]


def quantile(values: Numbers, q: float) -> float:
    """Give the smallest value with at least a share `q` of the values at or below it (NumPy's "inverted_cdf").

    Returns
    -------
    float
        NaN for no value.

    Raises
    ------
    ValueError
        `q` is not from 0 to 1, or a value is not finite.

    Examples
    --------
    >>> from assay import stats
    >>> stats.quantile([4, 1, 3, 2], 0.5)
    2.0
    """
    return _assay.quantile(values, q)


def quantile_interval(values: Numbers, q: float, *, confidence: float = 0.95) -> Interval:
    """Distribution-free interval of a quantile from order statistics.

    Returns
    -------
    Interval
        Undefined (NaN) where the sample is too small for it.

    Raises
    ------
    ValueError
        `q` or `confidence` is not between 0 and 1, or a value is not finite.

    References
    ----------
    David, H. A., & Nagaraja, H. N. (2003). Order statistics, §7.1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.quantile_interval(range(1, 11), 0.5)
    <Interval: 2 to 9 (0.95 confidence)>
    """
    return interval(_assay.quantile_interval(values, q, confidence), confidence)


def quantile_difference(
    candidate: Numbers,
    baseline: Numbers,
    q: float,
    *,
    clusters: Groups | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of the difference of two paired quantiles.

    Parameters
    ----------
    candidate, baseline : column of numbers
        Of the same cases, in the same order.
    q : float
        Between 0 and 1.
    clusters : column of hashable values, optional
        Which cases are drawn together.
    confidence : float, default 0.95
        Between 0 and 1.
    seed : int, default 0
        The same seed gives the same interval.

    Returns
    -------
    Interval
        Undefined (NaN) for no pair.

    Examples
    --------
    >>> from assay import stats
    >>> stats.quantile_difference(range(2, 11), range(9), 0.5)
    <Interval: 2 to 2 (0.95 confidence)>
    """
    return interval(_assay.quantile_difference(candidate, baseline, q, clusters, confidence, seed), confidence)

"""The bootstrap and the jackknife: intervals of any statistic."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Literal, cast

from assay import _assay
from assay._results import Interval, Result, interval, number
from assay._types import Groups, Numbers

__all__ = [
    "Bootstrap",
    "Jackknife",
    "bootstrap",
    "delete_one",
    "jackknife",
    "jackknife_interval",
    "studentised_bootstrap",
]

Statistic = str | Callable[..., float | None]


def _columns(data: Any) -> list[Any]:
    """Several columns come as a tuple, as for SciPy."""
    several = isinstance(data, tuple) and all(hasattr(column, "__len__") for column in cast("tuple[Any, ...]", data))
    return list(cast("tuple[Any, ...]", data)) if several and data else [data]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Bootstrap(Result):
    """A resampled statistic.

    Attributes
    ----------
    estimate : float
        The statistic of all data.
    interval : Interval
        Its bootstrap interval.
    standard_error : float
        The standard deviation of the resampled statistic.
    method : str
        How the interval was made.
    undefined : int
        Resamples in which the statistic was undefined; they are left out.
    """

    estimate: float
    interval: Interval
    standard_error: float
    method: str
    undefined: int = 0

    def __float__(self) -> float:
        return self.estimate

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {self.interval}, {self.method} bootstrap"


def bootstrap(
    data: Numbers | tuple[Any, ...],
    statistic: Statistic = "mean",
    *,
    clusters: Groups | None = None,
    method: Literal["bca", "percentile", "basic"] = "bca",
    n_resamples: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Bootstrap:
    """Bootstrap a statistic over independent cases, or clusters of them.

    Parameters
    ----------
    data : column, or tuple of columns
        The cases. Several columns are resampled together, by case.
    statistic : str or callable, default "mean"
        A function of as many columns as `data` has that returns a number, or None or NaN where it is undefined. It
        gets NumPy arrays for arrays and data frames' columns, else lists. By name, without Python and with other
        threads running: "mean", "median", "sum", "var", "std", a percentile such as "p95", and of two columns "ratio",
        "pearson", "spearman", "kendall".
    clusters : column of hashable values, optional
        Which cases are drawn together.
    method : {"bca", "percentile", "basic"}, default "bca"
        Bias-corrected and accelerated, quantiles, or quantiles mirrored at the estimate.
    n_resamples : int, default 9999
        How many samples are drawn.
    confidence : float, default 0.95
        Between 0 and 1.
    seed : int, default 0
        The same seed gives the same resamples.

    Returns
    -------
    Bootstrap
        Undefined (NaN) below two cases or clusters, and where the statistic is undefined on all data or on more than
        one resample in twenty; the interval of BCa also where leaving out any one case changes nothing.

    Raises
    ------
    TypeError
        `statistic` is neither a name nor a function, or returns no number.
    ValueError
        Columns are not equally long, numbers are not finite, an option is unknown.
    Exception
        What `statistic` raises.

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. JASA 82.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.bootstrap([1, 2, 6, 3, 8], "median", method="percentile")
    >>> found.estimate, (found.interval.lower, found.interval.upper)
    (3.0, (1.0, 8.0))
    >>> stats.bootstrap(([1, 2, 3], [2, 4, 6]), lambda x, y: sum(x) / sum(y)).estimate
    0.5
    """
    found = _assay.bootstrap(_columns(data), statistic, clusters, method, n_resamples, confidence, seed)
    if found is None:
        return Bootstrap(math.nan, interval(None, confidence), math.nan, method)
    estimate, error, undefined, ends = found
    return Bootstrap(estimate, interval(ends, confidence), error, method, undefined)


def studentised_bootstrap(
    data: Numbers | tuple[Any, ...],
    statistic: str | Callable[..., tuple[float, float] | None] = "mean",
    *,
    clusters: Groups | None = None,
    n_resamples: int = 9_999,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Bootstrap-t interval: the best of the bootstraps for skewed means.

    Parameters
    ----------
    data : column, or tuple of columns
        The cases.
    statistic : "mean" or callable, default "mean"
        The mean with its CR2 standard error, or a function of as many columns as `data` has that returns a number and
        its standard error.
    clusters, n_resamples, confidence, seed
        As for `bootstrap`.

    Returns
    -------
    Interval
        Undefined (NaN) as for `bootstrap`.

    References
    ----------
    Efron, B. (1981). Nonparametric standard errors and confidence intervals. Can. J. Stat. 9.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.studentised_bootstrap([1, 2, 6, 3, 8, 4, 40])
    >>> found.lower < 9 < found.upper
    True
    """
    ends = _assay.studentised_bootstrap(_columns(data), statistic, clusters, n_resamples, confidence, seed)
    return interval(ends, confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Jackknife(Result):
    """A statistic with its jackknife interval.

    Attributes
    ----------
    estimate : float
        The statistic of all data.
    interval : Interval
        Its t interval, on the statistic's own scale.
    standard_error : float
        On the scale of the transform.
    df : float
        Groups - 1.
    """

    estimate: float
    interval: Interval
    standard_error: float
    df: float

    def __float__(self) -> float:
        return self.estimate

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {self.interval}, jackknife on {number(self.df)} degrees of freedom"


Transform = Literal["identity", "log_one_minus", "fisher_z", "logit"]


def jackknifed(found: tuple[float, float, float, Any] | None, confidence: float) -> Jackknife:
    """Make a result of what the native half gives."""
    if found is None:
        return Jackknife(math.nan, interval(None, confidence), math.nan, math.nan)
    estimate, error, df, ends = found
    return Jackknife(estimate, interval(ends, confidence), error, df)


def jackknife(
    data: Numbers | tuple[Any, ...],
    statistic: Statistic = "mean",
    *,
    clusters: Groups | None = None,
    transform: Transform = "identity",
    confidence: float = 0.95,
) -> Jackknife:
    """Delete-one jackknife of a statistic over cases, or clusters of them, with a t interval.

    Parameters
    ----------
    data, statistic, clusters
        As for `bootstrap`.
    transform : {"identity", "log_one_minus", "fisher_z", "logit"}, default "identity"
        The scale of the interval: "fisher_z" for correlations, "logit" for rates, F1 and AUC, "log_one_minus" for
        agreement coefficients.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Jackknife
        Undefined (NaN) below two groups, where leaving one out makes the statistic undefined, and at the edge of the
        transform.

    References
    ----------
    Efron, B. (1982). The jackknife, the bootstrap and other resampling plans.

    Examples
    --------
    >>> from assay import stats
    >>> stats.jackknife([1, 2, 3])
    <Jackknife: 2, -0.4841 to 4.484 (0.95 confidence), jackknife on 2 degrees of freedom>
    """
    return jackknifed(_assay.jackknife(_columns(data), statistic, clusters, transform, confidence), confidence)


def jackknife_interval(
    estimate: float, left_out: Numbers, *, transform: Transform = "identity", confidence: float = 0.95
) -> Jackknife:
    """Jackknife interval from a statistic and what it is without each group, as `delete_one` gives them.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.jackknife_interval(2, [2.5, 2, 1.5]).standard_error, 4)
    0.5774
    """
    return jackknifed(_assay.jackknife_interval(estimate, left_out, transform, confidence), confidence)


def delete_one(
    data: Numbers | tuple[Any, ...], statistic: Statistic = "mean", *, clusters: Groups | None = None
) -> tuple[float, list[float]]:
    """Compute a statistic of all data, and without each case, or each cluster, in turn.

    Arguments and errors as for `bootstrap`.

    Returns
    -------
    tuple of float and list of float
        All NaN in the list where one of them is undefined.

    Examples
    --------
    >>> from assay import stats
    >>> stats.delete_one([1, 2, 6], "sum")
    (9.0, [8.0, 7.0, 3.0])
    """
    return _assay.delete_one(_columns(data), statistic, clusters)

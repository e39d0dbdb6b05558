"""Forecasts of numbers: points, quantiles, intervals and distributions. Scores are losses: 0 is perfect."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from assay import _assay
from assay._results import Result, axes, number
from assay._types import Numbers, Table

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = [
    "Coverage",
    "PitHistogram",
    "bias",
    "crps_ensemble",
    "crps_normal",
    "interval_coverage",
    "interval_score",
    "mae",
    "mape",
    "mase",
    "pinball_loss",
    "pit_histogram",
    "rmse",
    "rmsse",
    "smape",
    "weighted_interval_score",
    "wmape",
]


def mae(y_true: Numbers, y_pred: Numbers) -> float:
    """Mean absolute error, in the unit of the values. For its interval see `interval`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.mae([1, 2, 3], [1, 2, 6])
    1.0
    """
    return _assay.forecast_error("mae", y_true, y_pred)


def rmse(y_true: Numbers, y_pred: Numbers) -> float:
    """Root mean squared error, in the unit of the values. For its interval see `interval`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.rmse([1, 2, 3, 4], [1, 2, 3, 6])
    1.0
    """
    return _assay.forecast_error("rmse", y_true, y_pred)


def bias(y_true: Numbers, y_pred: Numbers) -> float:
    """Mean of forecast - actual: positive when forecasts are too high.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.bias([1, 2], [2, 3])
    1.0
    """
    return _assay.forecast_error("bias", y_true, y_pred)


def mape(y_true: Numbers, y_pred: Numbers) -> float:
    """Mean absolute percentage error, as a fraction.

    Raises
    ------
    ValueError
        Actual values are 0: the message says how many.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.mape([1, 2], [2, 2])
    0.5
    """
    return _assay.forecast_error("mape", y_true, y_pred)


def wmape(y_true: Numbers, y_pred: Numbers) -> float:
    """Sum of absolute errors over the sum of absolute actual values, as a fraction.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.wmape([1, 3], [2, 3])
    0.25
    """
    return _assay.forecast_error("wmape", y_true, y_pred)


def smape(y_true: Numbers, y_pred: Numbers, *, scale: Literal[1, 2] = 2) -> float:
    """Symmetric mean absolute percentage error, as a fraction; a forecast of 0 for 0 counts 0.

    Parameters
    ----------
    y_true, y_pred : array_like
    scale : {2, 1}
        From 0 to 2, as in the M3 and M4 competitions, or from 0 to 1, half of it.

    References
    ----------
    Makridakis, S. (1993). Accuracy measures: theoretical and practical concerns. IJF 9.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.smape([1, 1], [3, 1])
    0.5
    """
    if scale not in (1, 2):
        raise ValueError(f"scale is {scale}: it must be 1 or 2")
    return _assay.forecast_error("smape" if scale == 2 else "smape_half", y_true, y_pred)


def mase(y_true: Numbers, y_pred: Numbers, *, y_train: Numbers, season: int = 1) -> float:
    """Mean absolute error in units of that of the seasonal naive forecast on the training values.

    Parameters
    ----------
    y_true, y_pred : array_like
    y_train : array_like
        Longer than a season.
    season : int, default 1

    References
    ----------
    Hyndman, R. J., Koehler, A. B. (2006). Another look at measures of forecast accuracy. IJF 22.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.mase([5, 6], [6, 6], y_train=[1, 2, 3, 4])
    0.5
    """
    return _assay.scaled_error("mase", y_true, y_pred, y_train, season)


def rmsse(y_true: Numbers, y_pred: Numbers, *, y_train: Numbers, season: int = 1) -> float:
    """As `mase` with squared errors under a root, as in the M5 competition.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.rmsse([5, 6], [6, 7], y_train=[1, 2, 3, 4])
    1.0
    """
    return _assay.scaled_error("rmsse", y_true, y_pred, y_train, season)


def pinball_loss(y_true: Numbers, y_pred: Numbers, *, alpha: float = 0.5) -> float:
    """Mean pinball loss of forecasts of the quantile `alpha`; at 0.5 half the mean absolute error.

    References
    ----------
    Koenker, R., Bassett, G. (1978). Regression quantiles. Econometrica 46.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.pinball_loss([10, 10], [8, 12], alpha=0.75)
    1.0
    """
    return _assay.pinball(y_true, y_pred, alpha)


def crps_ensemble(y_true: Numbers, members: Table, *, estimator: Literal["nrg", "fair"] = "nrg") -> NDArray[np.float64]:
    """Continuous ranked probability score of ensembles.

    Parameters
    ----------
    y_true : array_like
    members : table
        A row of members for each value.
    estimator : {"nrg", "fair"}
        The members are the forecast, or a sample of it (Ferro 2014): unbiased, and can be negative.

    Returns
    -------
    array
        A score for each value.

    References
    ----------
    Gneiting, T., Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. JASA 102.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.crps_ensemble([1.0], [[0.0, 2.0]])
    array([0.5])
    """
    return _assay.crps_ensemble(y_true, members, estimator)


def crps_normal(y_true: Numbers, loc: Numbers, scale: Numbers) -> NDArray[np.float64]:
    """Continuous ranked probability score of normal forecasts with means `loc` and standard deviations `scale`.

    References
    ----------
    Gneiting, T. et al. (2005). Calibrated probabilistic forecasting using ensemble model output statistics. MWR 133.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.crps_normal([0.0], [0.0], [1.0]).round(4)
    array([0.2337])
    """
    return _assay.crps_normal(y_true, loc, scale)


def interval_score(y_true: Numbers, lower: Numbers, upper: Numbers, *, alpha: float) -> NDArray[np.float64]:
    """Width of central intervals + 2 / `alpha` times the distance by which the value is missed.

    Parameters
    ----------
    y_true, lower, upper : array_like
    alpha : float
        1 - nominal coverage.

    Returns
    -------
    array

    References
    ----------
    Gneiting, T., Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. JASA 102.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.interval_score([3.0], [0.0], [2.0], alpha=0.5)
    array([6.])
    """
    return _assay.interval_score(y_true, lower, upper, alpha)


def weighted_interval_score(
    y_true: Numbers, median: Numbers, lower: Table, upper: Table, *, alphas: Numbers
) -> NDArray[np.float64]:
    """Weighted interval score of a median and central intervals, an approximation of the CRPS.

    Parameters
    ----------
    y_true, median : array_like
    lower, upper : table
        A row for each value, a column for each interval.
    alphas : array_like
        1 - nominal coverage of each interval.

    Returns
    -------
    array

    References
    ----------
    Bracher, J. et al. (2021). Evaluating epidemic forecasts in an interval format. PLOS Computational Biology 17.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.weighted_interval_score([1.0], [0.0], [[-1.0]], [[1.0]], alphas=[0.5]).round(4)
    array([0.6667])
    """
    return _assay.weighted_interval_score(y_true, median, lower, upper, alphas)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Coverage(Result):
    """What intervals achieve: the share of the values that lie in theirs, ends included, and their mean width."""

    coverage: float
    width: float


def interval_coverage(y_true: Numbers, lower: Numbers, upper: Numbers) -> Coverage:
    """Coverage and sharpness of intervals.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.interval_coverage([1, 5], [0, 0], [2, 2])
    <Coverage: coverage 0.5, width 2>
    """
    return Coverage(*_assay.interval_coverage(y_true, lower, upper))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class PitHistogram(Result):
    """Shares of equal bins of the probability integral transform: all alike when forecasts are calibrated.

    A hump means forecasts too wide, a trough too narrow, a slope biased.
    """

    shares: tuple[float, ...]

    def _sentence(self) -> str:
        low, high = min(self.shares), max(self.shares)
        return f"{len(self.shares)} bins, shares from {number(low)} to {number(high)}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw it beside the share that calibrated forecasts have; needs matplotlib."""
        ax = axes(ax)
        n = len(self.shares)
        ax.bar([(at + 0.5) / n for at in range(n)], self.shares, width=1 / n, edgecolor="white")
        ax.axhline(1 / n, linestyle=":", color="grey")
        ax.set(xlabel="probability integral transform", ylabel="share", xlim=(0, 1))
        return ax


def pit_histogram(
    y_true: Numbers,
    *,
    members: Table | None = None,
    loc: Numbers | None = None,
    scale: Numbers | None = None,
    bins: int = 10,
) -> PitHistogram:
    """Histogram of the forecasts' probability of at most what came true.

    Parameters
    ----------
    y_true : array_like
    members : table, optional
        Ensembles: a row of members for each value. A step of their distribution is spread over its range.
    loc, scale : array_like, optional
        Means and standard deviations of normal forecasts.
    bins : int, default 10

    Returns
    -------
    PitHistogram

    Raises
    ------
    ValueError
        Neither or both kinds of forecasts are given.

    References
    ----------
    Czado, C., Gneiting, T., Held, L. (2009). Predictive model assessment for count data. Biometrics 65.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.pit_histogram([-0.5, 2.5], members=[[0.0, 1.0], [1.0, 2.0]], bins=2).shares
    (0.5, 0.5)
    """
    if members is not None and loc is None and scale is None:
        return PitHistogram(tuple(_assay.pit_of_ensembles(y_true, members, bins)))
    if members is None and loc is not None and scale is not None:
        return PitHistogram(tuple(_assay.pit_of_normals(y_true, loc, scale, bins)))
    raise ValueError("give either members, or loc and scale")

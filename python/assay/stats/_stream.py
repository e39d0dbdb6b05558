"""Streams and series: seasons, unusual values, samples of a stream, forecasts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Interval, Result, made, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Column, Groups, Numbers

__all__ = [
    "Decomposition",
    "DieboldMariano",
    "Reservoir",
    "StreamMean",
    "diebold_mariano",
    "horvitz_thompson",
    "mstl",
    "robust_z",
    "stl",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Decomposition(Result):
    """A series taken apart: value = trend + seasons + residual.

    Attributes
    ----------
    trend, residual : column
        The slow part, and what is left.
    seasons : list of column
        One for each period, in ascending order.
    weights : column
        From 0 (an outlier that did not count) to 1; all 1 when not robust.
    """

    trend: Column
    residual: Column
    seasons: list[Column]
    weights: Column

    def _sentence(self) -> str:
        return f"{len(self.trend)} values, {len(self.seasons)} season{'' if len(self.seasons) == 1 else 's'}"

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as a dictionary that JSON can hold."""
        return {
            "trend": [float(x) for x in self.trend],
            "residual": [float(x) for x in self.residual],
            "seasons": [[float(x) for x in season] for season in self.seasons],
            "weights": [float(x) for x in self.weights],
        }

    def plot(self, axs: Sequence[Axes] | None = None) -> Sequence[Axes]:
        """Draw trend, seasons and residual below each other; needs matplotlib."""
        parts = [("trend", self.trend), *(("season", one) for one in self.seasons), ("residual", self.residual)]
        if axs is None:
            try:
                from matplotlib import pyplot  # noqa: PLC0415
            except ImportError as error:
                raise ImportError("plots need matplotlib: pip install 'assay-eval[plot]'") from error
            axs = list(pyplot.subplots(len(parts), sharex=True)[1])
        for ax, (name, values) in zip(axs, parts, strict=True):
            ax.plot(values)
            ax.set_ylabel(name)
        return axs


def stl(values: Numbers, *, period: int, seasonal: int = 7, robust: bool = False) -> Decomposition:
    """Seasonal and trend decomposition by local regression, with statsmodels' defaults.

    Parameters
    ----------
    values : column of numbers
        In the order of time, two full periods or more.
    period : int
        Values in a season.
    seasonal : int, default 7
        Periods over which a season is smoothed, odd.
    robust : bool
        Give outliers less weight.

    References
    ----------
    Cleveland, R. B. et al. (1990). STL: a seasonal-trend decomposition procedure based on loess.

    Examples
    --------
    >>> from assay import stats
    >>> series = [i + [3, -1, -2, 0, 0, 1, -1][i % 7] for i in range(70)]
    >>> round(stats.stl(series, period=7).seasons[0][35], 6)
    3.0
    """
    return Decomposition(**_assay.seasonal(values, [period], seasonal, robust))


def mstl(values: Numbers, *, periods: Sequence[int], robust: bool = False) -> Decomposition:
    """Decomposition with several seasons, such as 24 and 168 hours.

    References
    ----------
    Bandara, K., Hyndman, R. J. & Bergmeir, C. (2021). MSTL.

    Examples
    --------
    >>> from assay import stats
    >>> len(stats.mstl([i % 3 + i % 10 for i in range(90)], periods=[3, 10]).seasons)
    2
    """
    return Decomposition(**_assay.seasonal(values, list(periods), None, robust))


def robust_z(values: Numbers, *, period: int | None = None, masked: Numbers | None = None) -> Column:
    """How unusual each value is: (value − median) / (1.4826 · MAD), in standard deviations for normal values.

    Parameters
    ----------
    values : column of numbers
        NaN and None are missing, and stay missing.
    period : int, optional
        Take off the median of each place in the period first, such as of the hour of the week (168).
    masked : column of booleans, optional
        Values, such as those of holidays, that neither count nor get a value; with `period` only.

    Raises
    ------
    ValueError
        Fewer than three values; more than half of them equal.

    Examples
    --------
    >>> from assay import stats
    >>> stats.robust_z([1.0, 2.0, None, 3.0, 40.0, 2.5])[4] > 30
    True
    """
    if masked is not None and period is None:
        raise TypeError("masked goes with period")
    return _assay.robust_z(values, period, masked)


class Reservoir:
    """A sample of a stream: up to `size` cases in each stratum, each case of a stratum equally likely.

    References
    ----------
    Vitter, J. S. (1985). Random sampling with a reservoir.

    Examples
    --------
    >>> from assay import stats
    >>> sample = stats.Reservoir(10, seed=1)
    >>> for case in range(1000):
    ...     sample.offer(case, stratum="rare" if case % 100 == 0 else "common")
    >>> [(stratum, round(chance, 4)) for _, stratum, chance in sample.drawn()][::10]
    [('common', 0.0101), ('rare', 1.0)]
    """

    __slots__ = ("_native",)

    def __init__(self, size: int, *, seed: int = 0) -> None:
        self._native = _assay.Reservoir(size, seed)

    def offer(self, case: Any, *, stratum: str = "") -> None:
        """Offer a case."""
        self._native.offer(case, stratum)

    def drawn(self) -> list[tuple[Any, str, float]]:
        """Give the cases now in it, with their stratum and how likely each was to be drawn."""
        return self._native.drawn()


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class StreamMean(Result):
    """An estimate for a whole stream from a sample.

    Attributes
    ----------
    estimate : float
        The mean score.
    interval : Interval
        Undefined without a standard error.
    standard_error : float
        NaN when a stratum that was not taken whole has one case.
    total, cases : float
        Sum of scores and number of cases of the stream.
    """

    estimate: float
    interval: Interval
    standard_error: float
    total: float
    cases: float

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {self.interval._sentence()}, of about {self.cases:.0f} cases"  # type: ignore[reportPrivateUsage]


def horvitz_thompson(
    scores: Numbers, probabilities: Numbers, *, strata: Groups | None = None, confidence: float = 0.95
) -> StreamMean:
    """Mean of a stream from a stratified sample of it, with finite population correction.

    Parameters
    ----------
    scores : column of numbers
        Of the cases in the sample.
    probabilities : column of numbers
        How likely each was to be drawn, the same within a stratum.
    strata : column, optional
        The stratum of each.

    References
    ----------
    Horvitz, D. G. & Thompson, D. J. (1952).

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.horvitz_thompson([0.0, 1.0], [1.0, 1 / 9], strata=["rare", "common"]).estimate, 3)
    0.9
    """
    return made(StreamMean, _assay.stream_mean(scores, probabilities, strata, confidence), confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class DieboldMariano(Result):
    """A test of equal accuracy of two forecasts.

    Attributes
    ----------
    estimate : float
        Mean loss of the first − mean loss of the baseline: below 0 the first is better.
    interval : Interval
        Its t interval.
    statistic, p_value : float
        With the small-sample correction; two-sided.
    """

    estimate: float
    interval: Interval
    statistic: float
    p_value: float

    @property
    def pvalue(self) -> float:
        """The p-value, by the name that SciPy has for it."""
        return self.p_value

    def _sentence(self) -> str:
        ends = f"{self.interval.lower:+.4g} to {self.interval.upper:+.4g}"
        return f"{self.estimate:+.4g}, {ends}, p {number(self.p_value, 3)}"


def diebold_mariano(
    losses: Numbers,
    baseline: Numbers,
    *,
    horizon: int = 1,
    window: Literal["flat", "bartlett"] = "flat",
    confidence: float = 0.95,
) -> DieboldMariano:
    """Diebold and Mariano's test whether one forecast is better than another.

    Parameters
    ----------
    losses, baseline : column of numbers
        Losses of the two, such as squared errors, in the order of time.
    horizon : int, default 1
        Steps ahead.
    window : {"flat", "bartlett"}
        Weights of autocovariances; "bartlett" when the flat window's variance comes out negative.

    References
    ----------
    Diebold, F. X. & Mariano, R. S. (1995); Harvey, D., Leybourne, S. & Newbold, P. (1997).

    Examples
    --------
    >>> from assay import stats
    >>> stats.diebold_mariano([1.0, 2.0, 1.5, 1.0], [2.0, 3.5, 2.0, 2.0])
    <DieboldMariano: -1, -1.65 to -0.3504, p 0.0163>
    """
    return made(DieboldMariano, _assay.diebold_mariano(losses, baseline, horizon, window, confidence), confidence)

"""Control charts and change detectors, which tell when a stream has changed.

Each takes one value at a time by `update`, which tells of an alarm, after which it starts anew; `alarms` takes a whole
column. Names and parameters are river's where river has the detector.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from assay import _assay
from assay._results import Result, axes, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Numbers

__all__ = [
    "ADWIN",
    "DDM",
    "KSWIN",
    "Backtest",
    "Baseline",
    "BernoulliCusum",
    "Chart",
    "Cusum",
    "Detector",
    "Ewma",
    "PageHinkley",
    "Shewhart",
    "baseline",
]

Sides = Literal["both", "up", "down"]
"""Which shifts a chart looks for."""


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Backtest(Result):
    """What a detector did on values without drift, and on the same values with a shift put in.

    Attributes
    ----------
    values, false_alarms : int
        Values without drift, and alarms on them.
    arl0 : float
        Values per false alarm; NaN without any: then it is more than `values`.
    injected, found : int
        Shifts put in, and found before the values ended.
    mean_delay : float
        Mean number of values from shift to alarm.
    longest_delay : int or None
        The most.
    """

    values: int
    false_alarms: int
    arl0: float
    injected: int
    found: int
    mean_delay: float
    longest_delay: int | None

    def _sentence(self) -> str:
        return (
            f"{self.false_alarms} false alarms in {self.values} values; {self.found} of {self.injected} shifts found, "
            f"after {number(self.mean_delay)} values on average"
        )


_D = TypeVar("_D", bound="Detector")


class Detector:
    """Something that watches a stream. Make one of its kinds."""

    __slots__ = ("_drift", "_native")

    _native: _assay.Detector
    _drift: bool

    def __init__(self) -> None:
        raise TypeError("make one of the kinds of detectors, such as ADWIN or Cusum")

    def _set(self, native: _assay.Detector) -> None:
        self._native, self._drift = native, False

    def update(self, value: float) -> bool:
        """Take the next value; True is an alarm, after which the detector starts anew.

        Raises
        ------
        ValueError
            The value is not finite, or not 0 or 1 where failures are counted; it is not taken.
        """
        self._drift = self._native.update(value)
        return self._drift

    @property
    def drift_detected(self) -> bool:
        """Whether the last update was an alarm."""
        return self._drift

    def alarms(self, values: Numbers) -> list[int]:
        """Take a column of values; give the places, from 0, of alarms."""
        return self._native.alarms(values)

    def reset(self) -> None:
        """Forget all values."""
        self._native.reset()
        self._drift = False

    def clone(self: _D) -> _D:
        """Give a copy, with what it has seen."""
        twin = object.__new__(type(self))
        twin._native, twin._drift = self._native.copy(), self._drift
        return twin

    def settings(self) -> dict[str, Any]:
        """Give its settings by name."""
        return self._native.settings()

    def backtest(self, quiet: Numbers, *, shift: float, injections: int = 100, seed: int = 0) -> Backtest:
        """Replay values without drift, as they are and with `shift` added from a random place on.

        Parameters
        ----------
        quiet : column of numbers
            Twenty or more, in their own order.
        shift : float
            What is added.
        injections, seed : int
            How often, and from which seed.
        """
        return Backtest(**self._native.backtest(quiet, shift, injections, seed))

    def plot(self, values: Numbers, ax: Axes | None = None) -> Axes:
        """Draw a column of values with the alarms of a fresh copy of this detector; needs matplotlib."""
        ax = axes(ax)
        fresh = self.clone()
        fresh.reset()
        drawn: list[float] = list(values)  # type: ignore[arg-type]
        ax.plot(drawn, linewidth=0.8)
        for at in fresh.alarms(values):
            ax.axvline(at, color="C3")
        ax.set_xlabel("value")
        return ax

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({settings})"


class PageHinkley(Detector):
    """Page and Hinkley's test of the mean, with forgetting.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes.

    Examples
    --------
    >>> from assay import stats
    >>> stats.PageHinkley().alarms([0.0] * 100 + [5.0] * 100)[0]
    110
    """

    __slots__ = ()

    def __init__(
        self, *, min_instances: int = 30, delta: float = 0.005, threshold: float = 50.0, alpha: float = 0.9999
    ) -> None:
        self._set(_assay.Detector.page_hinkley(min_instances, delta, threshold, alpha))


class ADWIN(Detector):
    """A window that is cut where its two parts differ in mean by more than chance allows.

    References
    ----------
    Bifet, A. & Gavaldà, R. (2007). Learning from time-changing data with adaptive windowing.

    Examples
    --------
    >>> from assay import stats
    >>> len(stats.ADWIN().alarms([0] * 200 + [1] * 200))
    1
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        delta: float = 0.002,
        clock: int = 32,
        max_buckets: int = 5,
        min_window_length: int = 5,
        grace_period: int = 10,
    ) -> None:
        self._set(_assay.Detector.adwin(delta, clock, max_buckets, min_window_length, grace_period))


class DDM(Detector):
    """Alarm when failures (1) have become more frequent among passes (0).

    References
    ----------
    Gama, J. et al. (2004). Learning with drift detection.

    Examples
    --------
    >>> from assay import stats
    >>> stats.DDM().alarms([int(i % 10 == 0 or i > 150) for i in range(300)])[0] > 150
    True
    """

    __slots__ = ()

    def __init__(self, *, warm_start: int = 30, drift_threshold: float = 3.0) -> None:
        self._set(_assay.Detector.ddm(warm_start, drift_threshold))


class KSWIN(Detector):
    """A Kolmogorov–Smirnov test of the latest values against as many from the window before them, at each value.

    References
    ----------
    Raab, C., Heusinger, M. & Schleif, F.-M. (2020). Reactive soft prototype computing for concept drift streams.

    Examples
    --------
    >>> from assay import stats
    >>> stream = [(i * 7) % 13 + (0 if i < 200 else 20) for i in range(300)]
    >>> 200 <= stats.KSWIN().alarms(stream)[0] < 240
    True
    """

    __slots__ = ()

    def __init__(self, *, alpha: float = 0.005, window_size: int = 100, stat_size: int = 30, seed: int = 0) -> None:
        self._set(_assay.Detector.kswin(alpha, window_size, stat_size, seed))


class Chart(Detector):
    """A chart with a known average run length. Make one of its kinds."""

    __slots__ = ()

    def arl(self, at: float = 0.0) -> float:
        """Average run length when the mean has shifted by `at` standard deviations.

        Of `BernoulliCusum` at the failure rate `at`. NaN where it is not defined.
        """
        return self._native.arl(at)


class Cusum(Chart):
    """A CUSUM chart of standardised values: alarm when the sum of z − k is above h.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes.

    Examples
    --------
    >>> from assay import stats
    >>> chart = stats.Cusum.design(shift=1.0, arl0=370)
    >>> round(chart.settings()["h"], 2), round(chart.arl()), round(chart.arl(1.0), 1)
    (4.77, 370, 9.9)
    """

    __slots__ = ()

    def __init__(self, k: float, h: float, *, sides: Sides = "both") -> None:
        self._set(_assay.Detector.cusum(k, h, sides))

    @classmethod
    def design(cls, *, shift: float, arl0: float, sides: Sides = "both") -> Cusum:
        """Make the chart that finds a shift, in standard deviations, fastest with one false alarm per `arl0` values."""
        chart = object.__new__(cls)
        chart._set(_assay.Detector.cusum_design(shift, arl0, sides))
        return chart


class Ewma(Chart):
    """A two-sided EWMA chart of standardised values.

    References
    ----------
    Roberts, S. W. (1959); Lucas, J. M. & Saccucci, M. S. (1990).

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.Ewma.design(weight=0.2, arl0=500).arl())
    500
    """

    __slots__ = ()

    def __init__(self, weight: float, limit: float) -> None:
        self._set(_assay.Detector.ewma(weight, limit))

    @classmethod
    def design(cls, *, weight: float, arl0: float) -> Ewma:
        """Make the chart of a weight with one false alarm per `arl0` values."""
        chart = object.__new__(cls)
        chart._set(_assay.Detector.ewma_design(weight, arl0))
        return chart


class Shewhart(Chart):
    """Shewhart's chart of standardised values: alarm beyond ± limit.

    Examples
    --------
    >>> from assay import stats
    >>> stats.Shewhart(3.0).alarms([0.1, -4.0, 1.0, 5.0]), round(stats.Shewhart(3.0).arl())
    ([1, 3], 370)
    """

    __slots__ = ()

    def __init__(self, limit: float = 3.0) -> None:
        self._set(_assay.Detector.shewhart(limit))

    @classmethod
    def design(cls, *, arl0: float) -> Shewhart:
        """Make the chart with one false alarm per `arl0` values."""
        chart = object.__new__(cls)
        chart._set(_assay.Detector.shewhart_design(arl0))
        return chart


class BernoulliCusum(Chart):
    """A CUSUM chart of failures (1) and passes (0): up m − 1 at a failure, down 1 at a pass, alarm from the limit on.

    References
    ----------
    Reynolds, M. R. & Stoumbos, Z. G. (1999). A CUSUM chart for monitoring a proportion.

    Examples
    --------
    >>> from assay import stats
    >>> chart = stats.BernoulliCusum.design(good=0.01, bad=0.05, arl0=5000)
    >>> chart.arl(0.01) >= 5000 > chart.arl(0.05)
    True
    """

    __slots__ = ()

    def __init__(self, m: int, limit: int) -> None:
        self._set(_assay.Detector.bernoulli(m, limit))

    @classmethod
    def design(cls, *, good: float, bad: float, arl0: float) -> BernoulliCusum:
        """Make the chart that finds a failure rate of `bad` fastest when `good` is normal."""
        chart = object.__new__(cls)
        chart._set(_assay.Detector.bernoulli_design(good, bad, arl0))
        return chart


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Baseline(Result):
    """Mean and standard deviation of a time without drift.

    Attributes
    ----------
    mean, sd : float
        With n − 1.
    """

    mean: float
    sd: float

    def standardise(self, value: float) -> float:
        """Give a value in standard deviations from the mean, as charts take them."""
        return (value - self.mean) / self.sd


def baseline(values: Numbers) -> Baseline:
    """Mean and standard deviation of values without drift.

    Examples
    --------
    >>> from assay import stats
    >>> stats.baseline([1, 2, 3]).standardise(4)
    2.0
    """
    return Baseline(*_assay.baseline(values))

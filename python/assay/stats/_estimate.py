"""Levels: what a run's scores say, with the interval that suits them."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._estimates import Estimated, estimated
from assay._results import Interval, axes, number
from assay._types import Groups, Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay.stats._verdict import Verdict

__all__ = ["Level", "corpus_level", "level"]

Kind = Literal["binary", "bounded", "unbounded", "quantile"]

# What the methods of intervals are called in sentences.
_METHODS = {
    "wilson": "Wilson",
    "clustered_wilson": "clustered Wilson",
    "cr2_t": "CR2 t",
    "cr2_t_guarded": "CR2 t, guarded",
    "studentised_bootstrap": "studentised bootstrap",
    "tango": "Tango",
    "newcombe": "Newcombe",
    "mover": "MOVER",
    "welch": "Welch",
    "order_statistics": "order statistics",
    "bootstrap_quantile": "bootstrap",
    "jackknife": "jackknife",
    "zero_variance": "no variation",
    "whole_range": "the whole range",
}


def method_name(method: str) -> str:
    """Give a method's name for people."""
    return _METHODS.get(method, method.replace("_", " "))


def percent(confidence: float) -> str:
    """Give a confidence for people: 95%."""
    return f"{100 * confidence:.10g}%"


@dataclasses.dataclass(frozen=True, repr=False, slots=True, kw_only=True)
class Level(Estimated):
    """The level of one run.

    Attributes
    ----------
    estimate : float
        The mean, the rate or the quantile; NaN where it is undefined.
    interval : Interval
        Its interval.
    n : int
        Cases with a value.
    method : str
        How the interval was computed: "wilson", "clustered_wilson", "cr2_t", "order_statistics", …
    kind : str
        What the scores were taken for: "binary", "bounded", "unbounded", "quantile".
    standard_error, df : float
        Standard error and degrees of freedom, where the method has them.
    clusters : int or None
        How many there are, if they were given.
    design_effect, icc : float
        The variance relative to independent cases and the intra-class correlation, with clusters.
    reason : str or None
        Why something is undefined.
    warnings : tuple of str
        What a reader should know.
    """

    kind: str
    _native: _assay.Level | None = dataclasses.field(default=None, compare=False)

    def _sentence(self) -> str:
        of = f"{self.n} case{'' if self.n == 1 else 's'}"
        if self.clusters is not None:
            of += f" in {self.clusters} cluster{'' if self.clusters == 1 else 's'}"
        if math.isnan(self.interval.lower):
            return f"{number(self.estimate)}, no interval: {self.reason} ({of})"
        shown = f"{percent(self.interval.confidence)} interval {number(self.interval.lower)}"
        return f"{number(self.estimate)}, {shown} to {number(self.interval.upper)} ({method_name(self.method)}, {of})"

    def verdict(self, *, min: float | None = None, max: float | None = None, worst: Interval | None = None) -> Verdict:
        """Say whether the level is shown to be at least `min` and at most `max`: as `level_verdict`."""
        from assay.stats._verdict import level_verdict  # noqa: PLC0415

        return level_verdict(self, min=min, max=max, worst=worst)

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the estimate with its interval; needs matplotlib."""
        ax = axes(ax)
        ends = [[self.estimate - self.interval.lower], [self.interval.upper - self.estimate]]
        ax.errorbar([self.estimate], [at], xerr=ends, fmt="o", capsize=4, label=label or None)
        # Labels of levels that were drawn before are kept, those of an empty axis are not.
        drawn = type(ax.yaxis.get_major_locator()).__name__ == "FixedLocator"
        ticks = [*ax.get_yticks()] if drawn else []
        labels = [text.get_text() for text in ax.get_yticklabels()] if drawn else []
        ax.set_yticks([*ticks, at], [*labels, label])
        ax.set_xlabel(f"level with its {percent(self.interval.confidence)} interval")
        return ax


def made(found: dict[str, Any], native: _assay.Level, confidence: float) -> Level:
    """Make a level of what the native half gives."""
    return Level(**estimated(found, confidence), kind=found["kind"], _native=native)


def level(
    values: Numbers,
    *,
    kind: Kind | None = None,
    bounds: tuple[float, float] | None = None,
    q: float | None = None,
    clusters: Groups | None = None,
    weights: Numbers | None = None,
    repeats: int | Numbers | None = None,
    confidence: float = 0.95,
    nan_policy: Literal["raise", "omit"] = "raise",
) -> Level:
    """Estimate the level of a run, with the interval that its scores and design call for.

    Scores of pass and fail get Wilson's interval, with clusters, weights or repeats its clustered form; other means get
    CR2 standard errors with Bell and McCaffrey's degrees of freedom, which is Student's t when cases are independent;
    quantiles get exact order statistics. Equal values of a known range do not look certain, and a single case tells no
    more than its range.

    Parameters
    ----------
    values : column of numbers
        One for each case: its score, or the mean of its scores over epochs.
    kind : {"binary", "bounded", "unbounded", "quantile"}, optional
        What the scores are. Without it they are "quantile" with `q`, "bounded" with `bounds`, "binary" where all of
        them are 0 or 1, else "unbounded". Declare "binary" for shares of passed epochs.
    bounds : (float, float), optional
        The smallest and the largest possible score.
    q : float, optional
        The quantile of the cases to estimate, such as 0.95 for a latency.
    clusters : column of hashable values, optional
        Which cases depend on each other, such as the document that questions are about.
    weights : column of numbers, optional
        Design weights, at least 0.
    repeats : int or column of int, optional
        How many independent epochs are behind a value.
    confidence : float, default 0.95
        Between 0 and 1.
    nan_policy : {"raise", "omit"}, default "raise"
        What becomes of missing values: an error, or they are left out.

    Returns
    -------
    Level
        With `estimate`, `interval`, `n`, `method` and, where something is undefined, the `reason`.

    Raises
    ------
    TypeError
        An argument is of the wrong type.
    ValueError
        A value is NaN or outside of its range, columns are not equally long, an option is unknown.

    References
    ----------
    Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology 28.
    Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24.
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.

    Examples
    --------
    >>> from assay import stats
    >>> stats.level([1, 0, 1, 1, 1, 0, 1, 1, 1, 1])
    <Level: 0.8, 95% interval 0.4902 to 0.9433 (Wilson, 10 cases)>
    >>> stats.level([0.2, 0.9, 0.4, 0.7], bounds=(0, 1), clusters=["a", "a", "b", "c"]).method
    'cr2_t'
    """
    native, found = _assay.level(values, (kind, bounds, q), (clusters, weights, repeats), confidence, nan_policy)
    return made(found, native, confidence)


def corpus_level(
    value: float,
    left_out: Numbers,
    *,
    n: int | None = None,
    clustered: bool = False,
    bounds: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> Level:
    """Estimate the level of a metric that is no mean of its cases, such as F1, AUC or BLEU.

    A delete-one jackknife with a t quantile, on the logit scale for metrics from 0 to 1 and on Fisher's z for those
    from -1 to 1.

    Parameters
    ----------
    value : float
        The metric of all cases.
    left_out : column of numbers
        The metric without each case, or each cluster, in turn: as `delete_one` gives it. NaN where it is undefined.
    n : int, optional
        Cases behind it; without it as many as `left_out` has.
    clustered : bool, default False
        Whether clusters were left out.
    bounds : (float, float), optional
        The range of the metric, when it is known.
    confidence : float, default 0.95
        Between 0 and 1.

    Raises
    ------
    ValueError
        A value is outside of `bounds`; `confidence` is not between 0 and 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.corpus_level(*stats.delete_one([0.2, 0.9, 0.4, 0.7], "mean"), bounds=(0, 1))
    <Level: 0.55, 95% interval 0.1379 to 0.9033 (jackknife, 4 cases)>
    """
    native, found = _assay.corpus_level(value, left_out, n, clustered, bounds, confidence)
    return made(found, native, confidence)

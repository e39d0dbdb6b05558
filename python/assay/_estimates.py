"""What an estimate holds, whether of columns of numbers (`assay.stats`) or of runs."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from assay import _assay
from assay._results import Interval, Result


@dataclasses.dataclass(frozen=True, repr=False, slots=True, kw_only=True)
class Estimated(Result):
    """An estimate with its interval.

    Attributes
    ----------
    estimate : float
        The mean, the rate, the quantile, or a difference of such; NaN where it is undefined.
    interval : Interval
        Its interval.
    n : int
        Cases with a value.
    method : str
        How the interval was computed: "wilson", "clustered_wilson", "cr2_t", "order_statistics", "tango", "welch", …
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

    estimate: float
    interval: Interval
    n: int
    method: str
    standard_error: float = math.nan
    df: float = math.nan
    clusters: int | None = None
    design_effect: float = math.nan
    icc: float = math.nan
    reason: str | None = None
    warnings: tuple[str, ...] = ()

    def __float__(self) -> float:
        return self.estimate


@dataclasses.dataclass(frozen=True, repr=False, slots=True, kw_only=True)
class Compared(Estimated):
    """A difference with its interval and test.

    Attributes
    ----------
    gate_interval, gate_method : Interval, str
        What a gate reads: guarded where the sample is small, else the interval that is shown.
    better, worse, same : int
        Cases where the candidate is better, where the baseline is, and where they are alike.
    p_value : float
        Two-sided, secondary to the interval; NaN where there is no test.
    p_method : str or None
        The test behind it.
    paired : bool
        Whether the cases were paired.
    """

    gate_interval: Interval
    gate_method: str
    better: int
    worse: int
    same: int
    p_value: float
    p_method: str | None
    paired: bool

    @property
    def pvalue(self) -> float:
        """The p-value, by the name that SciPy has for it."""
        return self.p_value


def undefined(value: float | None) -> float:
    """Give NaN for what is undefined."""
    return math.nan if value is None else value


def interval_of(found: Any, confidence: float) -> Interval:
    """Make an interval of a pair, of a mapping with its ends, or of None where it is undefined."""
    lower, upper = (found["lower"], found["upper"]) if isinstance(found, dict) else found or (None, None)  # type: ignore[reportUnknownVariableType]
    return Interval(undefined(lower), undefined(upper), confidence)  # type: ignore[reportUnknownArgumentType]


def estimated(found: dict[str, Any], confidence: float) -> dict[str, Any]:
    """Give the fields of :class:`Estimated`, as the native half or a report has them."""
    reason = found["reason"]
    return {
        "estimate": undefined(found["value"]),
        "interval": interval_of(found["interval"], confidence),
        "n": found["n"],
        "method": found["method"],
        "standard_error": undefined(found["se"]),
        "df": undefined(found["df"]),
        "clusters": found["clusters"],
        "design_effect": undefined(found["design_effect"]),
        "icc": undefined(found["icc"]),
        "reason": None if reason is None else _assay.reason_in_words(reason),
        "warnings": tuple(found["warnings"]),
    }


def compared(found: dict[str, Any], confidence: float) -> dict[str, Any]:
    """Give the fields of :class:`Compared`, as the native half or a report has them."""
    return {
        **estimated(found, confidence),
        "gate_interval": interval_of(found["gate_interval"], confidence),
        "gate_method": found["gate_method"],
        "better": found["better"],
        "worse": found["worse"],
        "same": found["same"],
        "p_value": undefined(found["p"]),
        "p_method": found["p_method"],
        "paired": found["paired"],
    }

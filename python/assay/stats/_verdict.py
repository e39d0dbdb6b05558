"""Verdicts: pass, fail, or that the data cannot decide."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from assay import _assay
from assay._estimates import undefined
from assay._results import Interval, Result, ends_of
from assay.stats._difference import Difference
from assay.stats._estimate import Level

__all__ = ["Verdict", "critical_failures", "level_verdict", "no_regression"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Verdict(Result):
    """A verdict with its reasons. It is true where it is a pass.

    Attributes
    ----------
    kind : {"pass", "fail", "inconclusive"}
        Shown to be good enough, shown not to be, or neither.
    wording : str or None
        The finer word: "improved", "equivalent", "non_inferior", "worse_within_margin", "likely_worse".
    reasons : tuple of str
        Why it is not a plain pass.
    needed_n : int or None
        Cases that would settle it, when it is inconclusive.
    mde : float
        The smallest change that this many cases can detect with 80% power.
    """

    kind: str
    wording: str | None = None
    reasons: tuple[str, ...] = ()
    needed_n: int | None = None
    mde: float = math.nan

    def __bool__(self) -> bool:
        return self.kind == "pass"

    def _sentence(self) -> str:
        said = [self.kind]
        if self.wording is not None:
            said.append(self.wording.replace("_", " "))
        said.extend(self.reasons)
        if self.needed_n is not None:
            said.append(f"about {self.needed_n} cases would settle it")
        return ", ".join(said)


def _made(found: dict[str, Any]) -> Verdict:
    reasons = tuple(found["reasons"])
    return Verdict(found["kind"], found["wording"], reasons, found["needed_n"], undefined(found["mde"]))


def no_regression(
    difference: Difference,
    *,
    margin: float,
    matched_share: float = 1.0,
    differential_missing: bool = False,
    worst_case_lower: float | None = None,
) -> Verdict:
    """Say whether a candidate is not worse than its baseline by more than `margin`.

    The burden of proof is on the candidate: pass when the interval excludes a larger loss, fail when it shows one,
    otherwise inconclusive with the number of cases that would settle it.

    Parameters
    ----------
    difference : Difference
        As `difference` gives it; the verdict is at the confidence of its interval.
    margin : float
        The loss that is tolerated, at least 0.
    matched_share : float, default 1.0
        The share of cases that were paired, of the run with the smaller share; below 0.95 there is no verdict.
    differential_missing : bool, default False
        Whether scores are missing more often in one run than in the other.
    worst_case_lower : float, optional
        The interval's lower end with missing scores at worst for the candidate.

    Raises
    ------
    TypeError
        `difference` is none.
    ValueError
        `margin` is below 0, or a share is not from 0 to 1.

    References
    ----------
    Wellek, S. (2010). Testing statistical hypotheses of equivalence and noninferiority.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.difference([1] * 300 + [0] * 3, [1] * 303)
    >>> stats.no_regression(found, margin=0.05)
    <Verdict: pass, equivalent>
    >>> stats.no_regression(found, margin=0.01).kind
    'inconclusive'
    """
    if not isinstance(difference, Difference) or difference._native is None:  # type: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"difference must be a result of stats.difference, not {type(difference).__name__}")
    found = _assay.no_regression(
        difference._native,  # type: ignore[reportPrivateUsage]
        margin,
        matched_share,
        differential_missing,
        worst_case_lower,
        difference.interval.confidence,
    )
    return _made(found)


def level_verdict(
    level: Level, *, min: float | None = None, max: float | None = None, worst: Interval | None = None
) -> Verdict:
    """Say whether a level is at least `min` and at most `max`.

    Parameters
    ----------
    level : Level
        As `level` gives it; the verdict is at the confidence of its interval.
    min, max : float, optional
        The limits; one of them at least.
    worst : Interval, optional
        The level's interval with missing scores counted as the worst value: a pass must hold for it too.

    Raises
    ------
    TypeError
        `level` is none.
    ValueError
        There is no limit, or `min` is above `max`.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.level([1] * 97 + [0] * 3)
    >>> stats.level_verdict(found, min=0.9)
    <Verdict: pass>
    >>> stats.level_verdict(found, min=0.95).reasons
    ('the interval contains the threshold',)
    """
    if not isinstance(level, Level) or level._native is None:  # type: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"level must be a result of stats.level, not {type(level).__name__}")
    ends = None if worst is None else ends_of("worst", worst)
    return _made(_assay.level_verdict(level._native, min, max, ends, level.interval.confidence))  # type: ignore[reportPrivateUsage]


def critical_failures(repeats: int, *, flake: float = 0.0, critical_cases: int = 1) -> int:
    """Count the failures of one critical case that its allowed flake does not explain.

    Parameters
    ----------
    repeats : int
        Epochs of the case, a million at most.
    flake : float, default 0.0
        The share of epochs that may fail by chance.
    critical_cases : int, default 1
        How many such cases there are: the chance of a false alarm among all of them is 5%.

    Raises
    ------
    ValueError
        `flake` is not from 0 to below 1, or a number is below 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.critical_failures(10, flake=0.02), stats.critical_failures(10)
    (2, 1)
    """
    return _assay.critical_failures(repeats, flake, critical_cases)

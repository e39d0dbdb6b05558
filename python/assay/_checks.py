"""What an assertion found, and who is told of it. It is loaded with pytest: it imports next to nothing."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

__all__ = ["InconclusiveError"]


class InconclusiveError(AssertionError):
    """An assertion that the data cannot decide: neither shown to hold nor shown not to."""


class Check(NamedTuple):
    """What an assertion found.

    Attributes
    ----------
    name : str
        What is asserted, in words.
    verdict : str
        `pass`, `fail` or `inconclusive`.
    found : str
        What was found, in words.
    about : str
        Whose figure it is: the scorer, or what the values were called.
    estimate, lower, upper : float
        The level or difference, and its interval; NaN where there is none.
    n : int
        Cases.
    needed : int or None
        How many cases would settle it, where it is inconclusive.
    run : str or None
        The id of the run.
    lines : tuple of str
        Why, and the worst cases.
    case : str or None
        The case, where it is about one.
    """

    name: str
    verdict: str
    found: str
    about: str
    estimate: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    n: int = 0
    needed: int | None = None
    run: str | None = None
    lines: tuple[str, ...] = ()
    case: str | None = None

    def message(self) -> str:
        """Say everything in lines."""
        said = [f"{self.name}: {self.verdict}", f"  {self.found}"]
        if self.needed:
            more = f", {self.needed - self.n} more than there are" if self.needed > self.n else ""
            said.append(f"  about {self.needed} cases would settle it{more}")
        said += [f"  {line}" for line in self.lines]
        if self.run is not None:
            said.append(f"  run {self.run[-8:]}: assay show {self.run[-8:]}")
        return "\n".join(said)


class Watcher(Protocol):
    """Who is told of assertions while a test runs."""

    baseline: str | None

    def seen(self, check: Check) -> bool:
        """Take note of an assertion; say whether the test may go on where it is inconclusive."""
        ...


watcher: Watcher | None = None


def settle(check: Check) -> None:
    """Raise what a verdict calls for.

    Raises
    ------
    AssertionError
        It does not hold.
    InconclusiveError
        The data cannot decide, and nobody else deals with that.
    """
    __tracebackhide__ = True
    goes_on = watcher is not None and watcher.seen(check)
    if check.verdict == "fail":
        raise AssertionError(check.message())
    if check.verdict == "inconclusive" and not goes_on:
        raise InconclusiveError(check.message())

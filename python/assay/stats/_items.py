"""Item analysis: which items of a benchmark tell runs apart."""

from __future__ import annotations

import dataclasses

from assay import _assay
from assay._results import Result, number
from assay._types import Rows
from assay.stats._estimate import Level, made

__all__ = ["ItemStatistics", "Saturation", "item_analysis", "saturation"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ItemStatistics(Result):
    """What runs say about an item.

    Attributes
    ----------
    runs : int
        Runs with a score.
    mean : float
        The mean score, which for passed and failed is the item's difficulty.
    discrimination : float
        Correlation with the run's mean on its other items; NaN below three runs or where either is constant.
    p_negative : float
        One-sided p of a discrimination this low when the true one is 0.
    flag : {"negative_discrimination", "never_passed", "always_passed"} or None
        What is odd.
    """

    runs: int
    mean: float
    discrimination: float
    p_negative: float
    flag: str | None


def item_analysis(scores: Rows) -> list[ItemStatistics]:
    """Analyse the items of a benchmark by runs on them.

    Parameters
    ----------
    scores : rows of numbers
        Runs × items, from 0 to 1, NaN where there is none.

    Raises
    ------
    ValueError
        There are no runs or items, rows are not equally long, or a score is not from 0 to 1.

    References
    ----------
    Crocker, L., & Algina, J. (1986). Introduction to classical and modern test theory.

    Examples
    --------
    >>> from assay import stats
    >>> [item.flag for item in stats.item_analysis([[1, 0, 1], [1, 0, 0], [1, 0, 1]])]
    ['always_passed', 'never_passed', None]
    """
    return [ItemStatistics(*item) for item in _assay.item_analysis(scores)]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Saturation(Result):
    """What a benchmark has left to say.

    Attributes
    ----------
    items : int
        Items with a score.
    always, never : float
        Shares of items that every run, and no run, passes.
    runs : tuple of (int, Level)
        The runs from the best down: their place and their level.
    leaders_overlap : bool or None
        Whether the intervals of the best three runs share a point.
    headroom : float
        The ceiling that label noise leaves less the best mean.
    """

    items: int
    always: float
    never: float
    runs: tuple[tuple[int, Level], ...]
    leaders_overlap: bool | None
    headroom: float

    def _sentence(self) -> str:
        shares = f"{self.always:.0%} of {self.items} items passed by every run, {self.never:.0%} by none"
        return f"{shares}, headroom {number(self.headroom)}"


def saturation(scores: Rows, *, label_noise: float = 0.0, confidence: float = 0.95) -> Saturation:
    """Say how much a benchmark still tells runs apart.

    Parameters
    ----------
    scores : rows of numbers
        Runs × items, from 0 to 1, NaN where there is none.
    label_noise : float, default 0.0
        The share of wrong labels.
    confidence : float, default 0.95
        Between 0 and 1.

    Raises
    ------
    ValueError
        As for `item_analysis`; `label_noise` is not from 0 to 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.saturation([[1, 0, 1, 1], [1, 0, 0, 1], [1, 0, 1, 1]])
    <Saturation: 50% of 4 items passed by every run, 25% by none, headroom 0.25>
    """
    items, always, never, runs, overlap, headroom = _assay.saturation(scores, label_noise, confidence)
    levels = tuple((at, made({**found, "kind": "bounded"}, native, confidence)) for at, native, found in runs)
    return Saturation(items, always, never, levels, overlap, headroom)

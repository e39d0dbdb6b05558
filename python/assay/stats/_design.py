"""Plans of annotation studies: who rates what, how many items and gold items; raters who do not read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from assay import _assay
from assay._results import Result, axes, number, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers

__all__ = [
    "Assignment",
    "Pace",
    "RatingSpeed",
    "Run",
    "Task",
    "alpha_variance",
    "assign_raters",
    "gold_items_for",
    "items_for_alpha",
    "items_for_shared",
    "longest_run",
    "overlap_counts",
    "rating_speed",
    "suspension_chance",
]


def overlap_counts(items: int, *, share: float, least: int = 0, each: int = 2, seed: int = 0) -> list[int]:
    """How many ratings each item gets when a random share of them gets `each` and the others one.

    Examples
    --------
    >>> from assay import stats
    >>> sum(stats.overlap_counts(100, share=0.2, each=3))
    140
    """
    return _assay.overlap_counts(items, share, least, each, seed)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Task(Result):
    """One place of a rater's list.

    Attributes
    ----------
    item : int
        The item, or the gold item.
    gold : bool
        Whether it is a gold item.
    swapped : bool
        Whether the answers of a comparison are shown in the second order.
    """

    item: int
    gold: bool
    swapped: bool


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Assignment(Result):
    """Who rates which item.

    Attributes
    ----------
    raters : list of list of int
        The raters of each item, from 0.
    loads : list of int
        Items of each rater.
    shared : list of list of int
        How many items two raters share.
    shared_range : (int, int) or None
        The fewest and the most that two share; None for one rater.
    efficiency : float
        How well raters can be compared on what they share, relative to everybody rating everything.
    """

    raters: list[list[int]]
    loads: list[int]
    shared: list[list[int]]
    shared_range: tuple[int, int] | None
    efficiency: float

    def _sentence(self) -> str:
        shares = "" if self.shared_range is None else f", two share {self.shared_range[0]} to {self.shared_range[1]}"
        loads = f"{min(self.loads)} to {max(self.loads)} items each"
        return f"{len(self.raters)} items for {len(self.loads)} raters, {loads}{shares}"

    def sheets(self, *, gold: int = 0, each: int = 0, seed: int = 0) -> list[list[Task]]:
        """Give each rater's list in the order of work, with `each` hidden items out of `gold` gold items.

        Raises
        ------
        ValueError
            More gold for each rater than there are gold items.
        """
        found = _assay.rating_sheets(self.raters, self.loads, gold, each, seed)
        return [[Task(*task) for task in sheet] for sheet in found]


def assign_raters(counts: Numbers, raters: int, *, seed: int = 0) -> Assignment:
    """Give each item its number of raters, with equal work and equally shared items.

    Parameters
    ----------
    counts : column of whole numbers
        How many ratings each item gets, as `overlap_counts` gives them.
    raters : int
        How many there are, up to 4,096.

    References
    ----------
    John, J. A. & Williams, E. R. (1995). Cyclic and Computer Generated Designs.

    Examples
    --------
    >>> from assay import stats
    >>> stats.assign_raters([3] * 7, 7)
    <Assignment: 7 items for 7 raters, 3 to 3 items each, two share 1 to 1>
    """
    return Assignment(**_assay.assign_raters(counts, raters, seed))


def items_for_shared(*, raters: int, each: int, shared: int) -> int:
    """How many items with `each` ratings give every two raters `shared` items in common.

    Examples
    --------
    >>> from assay import stats
    >>> stats.items_for_shared(raters=10, each=3, shared=15)
    225
    """
    return _assay.items_for_shared(raters, each, shared)


def alpha_variance(alpha: float, each: int, *, prevalence: float | None = None) -> float:
    """Give n times the variance of Krippendorff's alpha from n items with `each` ratings.

    `prevalence` is the share of yes of yes or no ratings; without it ratings are numbers.

    References
    ----------
    Bonett, D. G. (2002); Bloch, D. A. & Kraemer, H. C. (1989).

    Examples
    --------
    >>> from assay import stats
    >>> stats.alpha_variance(0.5, 2)
    0.5625
    """
    return _assay.alpha_variance(alpha, each, prevalence)


def items_for_alpha(
    alpha: float, half_width: float, *, each: int = 2, prevalence: float | None = None, confidence: float = 0.95
) -> int:
    """How many items with `each` ratings an interval of alpha needs to reach `half_width` to either side.

    Examples
    --------
    >>> from assay import stats
    >>> stats.items_for_alpha(0.7, 0.1, each=3), stats.items_for_alpha(0.7, 0.1, each=3, prevalence=0.1)
    (67, 358)
    """
    return _assay.items_for_alpha(alpha, half_width, each, prevalence, confidence)


def suspension_chance(gold: int, *, accuracy: float, threshold: float = 0.8, confidence: float = 0.95) -> float:
    """Chance that a rater of an accuracy is suspended after `gold` gold items: the upper bound is below the threshold.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.suspension_chance(10, accuracy=0.6), 4)
    0.3669
    """
    return _assay.suspension_chance(gold, accuracy, threshold, confidence)


def gold_items_for(
    *, accuracy: float, threshold: float = 0.8, power: float = 0.8, confidence: float = 0.95
) -> int | None:
    """How many gold items suspend a rater of an accuracy with chance `power`; None when 10,000 are too few.

    Examples
    --------
    >>> from assay import stats
    >>> stats.gold_items_for(accuracy=0.6)
    35
    """
    return _assay.gold_items_for(accuracy, threshold, power, confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Pace(Result):
    """A rater's pace.

    Attributes
    ----------
    rater : object
        Who.
    ratings, fast : int
        Ratings, and the fast ones among them.
    p_value, adjusted_p : float
        Chance of so many or more, were everybody fast equally often; and by Holm over all raters.
    """

    rater: Any
    ratings: int
    fast: int
    p_value: float
    adjusted_p: float

    def _sentence(self) -> str:
        return f"{self.rater}: {self.fast} of {self.ratings} fast, p {number(self.adjusted_p)}"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class RatingSpeed(Result):
    """Which ratings were given faster than items allow.

    Attributes
    ----------
    raters : list of Pace
        Each rater.
    limit : float
        Ratios below this are fast.
    ratios : list of float
        For each rating its time over the median of the item's others.
    fast : list of bool
        For each rating, whether it is fast.
    """

    raters: list[Pace]
    limit: float
    ratios: list[float]
    fast: list[bool]

    def _sentence(self) -> str:
        odd = [pace for pace in self.raters if pace.adjusted_p < 0.05]
        names = f": {'; '.join(pace._sentence() for pace in odd)}" if odd else ""  # type: ignore[reportPrivateUsage]
        return f"{len(odd)} of {len(self.raters)} raters faster than chance explains{names}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of fast ratings of each rater; needs matplotlib."""
        ax = axes(ax)
        ax.barh(range(len(self.raters)), [pace.fast / max(1, pace.ratings) for pace in self.raters])
        place(ax, [str(pace.rater) for pace in self.raters])
        ax.set_xlabel("share of fast ratings")
        return ax


def rating_speed(items: Groups, raters: Groups, times: Numbers, *, share: float = 0.01) -> RatingSpeed:
    """Flag ratings faster than the `share` quantile of the time that their item takes.

    Parameters
    ----------
    items, raters : column
        Who rated what.
    times : column of numbers
        How long it took, above 0, in any unit.
    share : float, default 0.01
        Up to that share is always flagged: look at flags, do not drop them.

    Examples
    --------
    >>> from assay import stats
    >>> times = [2 + 0.01 * i if i % 4 == 3 else 20 + i % 10 for i in range(160)]
    >>> found = stats.rating_speed([i // 4 for i in range(160)], [i % 4 for i in range(160)], times, share=0.1)
    >>> [pace.adjusted_p < 0.05 for pace in found.raters]
    [False, False, False, True]
    """
    found = _assay.rating_speed(items, raters, times, share)
    paces = [Pace(name, *pace) for name, pace in zip(found["names"], found["paces"], strict=True)]
    return RatingSpeed(paces, found["limit"], found["ratios"], found["fast"])


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Run(Result):
    """A rater's longest run of one label.

    Attributes
    ----------
    length : int
        Labels in a row.
    p_value : float
        Chance of a run as long or longer among as many independent labels.
    """

    length: int
    p_value: float


def longest_run(labels: Groups, *, all_labels: Groups | None = None) -> Run:
    """Longest run of equal labels in the order of work (straight-lining), and its chance.

    Parameters
    ----------
    labels : column
        The rater's, in the order of work.
    all_labels : column, optional
        Those of all raters, whose shares are taken for chance; default: the rater's own.

    Examples
    --------
    >>> from assay import stats
    >>> stats.longest_run([0, 1, 1, 1], all_labels=[0, 1])
    <Run: length 3, p value 0.375>
    """
    return Run(*_assay.longest_run(labels, all_labels))

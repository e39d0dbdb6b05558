"""Raters as instruments: labels from many raters, how good and how strict each is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from assay import _assay
from assay._results import Interval, Result, axes, interval, made, number, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers

__all__ = [
    "DawidSkene",
    "GoldAccuracy",
    "Mace",
    "Severities",
    "Severity",
    "TwoWayMean",
    "Votes",
    "dawid_skene",
    "gold_accuracy",
    "mace",
    "majority_vote",
    "rater_severity",
    "raters_for_reliability",
    "spearman_brown",
    "two_way_mean",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Votes(Result):
    """Labels of items by votes.

    Attributes
    ----------
    labels : list
        The most probable class of each item; None where two or more share the first place.
    probabilities : list of list of float
        A row per item, a column per class.
    items, classes : list
        The names of rows and columns.
    """

    labels: list[Any]
    probabilities: list[list[float]]
    items: list[Any]
    classes: list[Any]

    def _sentence(self) -> str:
        ties = sum(label is None for label in self.labels)
        return f"{len(self.items)} items, {ties} without a single first, among {len(self.classes)} classes"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class DawidSkene(Votes):
    """Labels from raters who each confuse classes in their own way.

    Attributes
    ----------
    labels, probabilities, items, classes
        As those of `Votes`.
    raters : list
        Their names.
    accuracies : list of float
        How often each rater is right.
    confusion : list of list of list of float
        confusion[rater][truth][given].
    priors : list of float
        How frequent each class is.
    elbo : float
        Evidence lower bound for each vote.
    iterations : int
        Rounds of expectation and maximisation.
    converged, switched : bool
        Whether the bound settled, and whether classes had changed names and were given them back.
    """

    raters: list[Any]
    accuracies: list[float]
    confusion: list[list[list[float]]]
    priors: list[float]
    elbo: float
    iterations: int
    converged: bool
    switched: bool

    def _sentence(self) -> str:
        how = (
            f"settled after {self.iterations} rounds" if self.converged else f"not settled in {self.iterations} rounds"
        )
        return f"{len(self.items)} items, {len(self.raters)} raters, {how}"

    def plot(self, ax: Axes | None = None, *, rater: Any = None) -> Axes:
        """Draw a rater's confusion matrix, or the accuracies of all; needs matplotlib."""
        ax = axes(ax)
        if rater is None:
            ax.barh(range(len(self.raters)), self.accuracies)
            place(ax, [str(name) for name in self.raters])
            ax.set(xlabel="accuracy", xlim=(0, 1))
            return ax
        ax.imshow(self.confusion[self.raters.index(rater)], vmin=0, vmax=1, cmap="Blues")
        names = [str(name) for name in self.classes]
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(names)), names)
        ax.set(xlabel=f"given by {rater}", ylabel="truth")
        return ax


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Mace(Votes):
    """Labels from raters some of whom do not look.

    Attributes
    ----------
    labels, probabilities, items, classes
        As those of `Votes`.
    raters : list
        Their names.
    competence : list of float
        How often each looks.
    log_likelihood : float
        Of the votes.
    """

    raters: list[Any]
    competence: list[float]
    log_likelihood: float

    def _sentence(self) -> str:
        return f"{len(self.items)} items, {len(self.raters)} raters, competence from {number(min(self.competence))}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the competence of raters; needs matplotlib."""
        ax = axes(ax)
        ax.barh(range(len(self.raters)), self.competence)
        place(ax, [str(name) for name in self.raters])
        ax.set(xlabel="competence", xlim=(0, 1))
        return ax


def majority_vote(items: Groups, raters: Groups, labels: Groups, *, classes: Groups | None = None) -> Votes:
    """Majority vote: the share of an item's votes that each class got.

    Parameters
    ----------
    items, raters, labels : column
        A line per vote.
    classes : column, optional
        All classes in their order; default: those found, in ascending order.

    Examples
    --------
    >>> from assay import stats
    >>> stats.majority_vote(["x", "x", "x", "y", "y"], [1, 2, 3, 1, 2], ["a", "a", "b", "a", "b"]).labels
    ['a', None]
    """
    return Votes(**_assay.vote_shares(items, raters, labels, classes))


def dawid_skene(
    items: Groups,
    raters: Groups,
    labels: Groups,
    *,
    classes: Groups | None = None,
    max_iter: int = 100,
    tol: float = 1e-5,
) -> DawidSkene:
    """Dawid and Skene's labels by EM from the majority vote.

    Use it with five or more raters of twenty or more labels each.

    Parameters
    ----------
    items, raters, labels : column
        A line per vote.
    classes : column, optional
        All classes in their order; default: those found, in ascending order.
    max_iter : int
        Rounds at most.
    tol : float
        The rise of the evidence lower bound for each vote at which it has settled.

    References
    ----------
    Dawid, A. P. & Skene, A. M. (1979). Maximum likelihood estimation of observer error-rates using the EM algorithm.

    Examples
    --------
    >>> from assay import stats
    >>> items = [i for i in range(20) for _ in range(3)]
    >>> raters = ["ann", "bob", "cy"] * 20
    >>> labels = [(i % 2) ^ (r == "cy" and i % 5 == 0) for i, r in zip(items, raters)]
    >>> found = stats.dawid_skene(items, raters, labels)
    >>> found.labels == [i % 2 for i in range(20)], round(found.accuracies[2], 2)
    (True, 0.8)
    """
    return DawidSkene(**_assay.dawid_skene(items, raters, labels, classes, max_iter, tol))


def mace(
    items: Groups,
    raters: Groups,
    labels: Groups,
    *,
    classes: Groups | None = None,
    restarts: int = 10,
    seed: int = 0,
) -> Mace:
    """MACE: on each item a rater either knows the class or draws a label from a habit of their own.

    Parameters
    ----------
    items, raters, labels : column
        A line per vote.
    classes : column, optional
        All classes in their order; default: those found, in ascending order.
    restarts, seed : int
        Random starts, of which the best counts.

    References
    ----------
    Hovy, D. et al. (2013). Learning whom to trust with MACE.

    Examples
    --------
    >>> from assay import stats
    >>> items = [i for i in range(20) for _ in range(3)]
    >>> raters = ["ann", "bob", "spammer"] * 20
    >>> labels = [0 if r == "spammer" else i % 2 for i, r in zip(items, raters)]
    >>> found = stats.mace(items, raters, labels)
    >>> found.competence[2] < found.competence[0]
    True
    """
    return Mace(**_assay.mace(items, raters, labels, classes, restarts, seed))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Severity(Result):
    """How much higher a rater or a period scores than the mean of all.

    Attributes
    ----------
    name : object
        Who.
    estimate : float
        The effect on the scale of the scores; positive is lenient.
    interval : Interval
        Its t interval.
    standard_error : float
        Robust to items.
    """

    name: Any
    estimate: float
    interval: Interval
    standard_error: float

    def _sentence(self) -> str:
        return f"{self.name} {self.estimate:+.4g}, {self.interval.lower:+.4g} to {self.interval.upper:+.4g}"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Severities(Result):
    """The effects of raters and of periods.

    Attributes
    ----------
    raters, periods : list of Severity
        By first appearance; no periods when none were given.
    """

    raters: list[Severity]
    periods: list[Severity]

    def _sentence(self) -> str:
        ordered = sorted(self.raters, key=lambda one: one.estimate)
        return f"strictest {ordered[0]._sentence()}; most lenient {ordered[-1]._sentence()}"  # type: ignore[reportPrivateUsage]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effects of raters with their intervals; needs matplotlib."""
        ax = axes(ax)
        for at, one in enumerate(self.raters):
            ax.plot([one.interval.lower, one.interval.upper], [at, at], color="C0")
            ax.plot([one.estimate], [at], "o", color="C0")
        place(ax, [str(one.name) for one in self.raters])
        ax.axvline(0, color="grey", linewidth=0.8)
        ax.set_xlabel("strict  ←  effect  →  lenient")
        return ax


def rater_severity(
    items: Groups, raters: Groups, scores: Numbers, *, periods: Groups | None = None, confidence: float = 0.95
) -> Severities:
    """How strict raters are, on the same items: least squares of score on item, rater and period.

    Parameters
    ----------
    items, raters : column
        Who scored what.
    scores : column of numbers
        The scores.
    periods : column, optional
        When, such as the week.

    Returns
    -------
    Severities
        With standard errors that are cluster-robust by item.

    Raises
    ------
    ValueError
        Raters are not connected by items that they share, or there are too few scores.

    Examples
    --------
    >>> from assay import stats
    >>> items = [i for i in range(10) for _ in range(2)]
    >>> scores = [i % 3 + r + 0.1 * ((i * r) % 2) for i in range(10) for r in range(2)]
    >>> stats.rater_severity(items, ["ann", "bob"] * 10, scores).raters[1].estimate
    0.525
    """
    found = _assay.rater_severity(items, raters, scores, periods, confidence)

    def rows(names: list[Any], found: list[tuple[float, float, tuple[float, float]]]) -> list[Severity]:
        return [
            Severity(name, round(effect, 12), interval(ends, confidence), se)
            for name, (effect, se, ends) in zip(names, found, strict=False)
        ]

    return Severities(rows(found["names"], found["raters"]), rows(found["period_names"], found["periods"]))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class TwoWayMean(Result):
    """A mean whose items and raters are both samples.

    Attributes
    ----------
    estimate : float
        The mean of all scores.
    interval : Interval
        Its t interval.
    standard_error, df : float
        Over items and raters.
    few_raters : bool
        Whether fewer than five raters make it a statement about these raters only.
    """

    estimate: float
    interval: Interval
    standard_error: float
    df: float
    few_raters: bool

    def _sentence(self) -> str:
        few = " (of these few raters only)" if self.few_raters else ""
        return f"{number(self.estimate)}, {number(self.interval.lower)} to {number(self.interval.upper)}{few}"


def two_way_mean(items: Groups, raters: Groups, scores: Numbers, *, confidence: float = 0.95) -> TwoWayMean:
    """Mean score with a standard error clustered by item and by rater.

    References
    ----------
    Cameron, A. C., Gelbach, J. B. & Miller, D. L. (2011). Robust inference with multiway clustering.

    Examples
    --------
    >>> from assay import stats
    >>> stats.two_way_mean([i // 3 for i in range(12)], [i % 3 for i in range(12)], [i % 4 for i in range(12)]).estimate
    1.5
    """
    return made(TwoWayMean, _assay.two_way_mean(items, raters, scores, confidence), confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class GoldAccuracy(Result):
    """How often a rater is right on hidden gold items.

    Attributes
    ----------
    estimate : float
        The posterior mean.
    interval : Interval
        Its central interval: suspend a rater when its upper end is below the threshold, never on the mean.
    """

    estimate: float
    interval: Interval

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {number(self.interval.lower)} to {number(self.interval.upper)}"


def gold_accuracy(hits: int, misses: int, *, confidence: float = 0.95) -> GoldAccuracy:
    """Accuracy of a rater on gold items, by Bayes' rule with a uniform prior.

    Examples
    --------
    >>> from assay import stats
    >>> stats.gold_accuracy(8, 2)
    <GoldAccuracy: 0.75, 0.4822 to 0.9398>
    """
    estimate, ends = _assay.gold_accuracy(hits, misses, confidence)
    return GoldAccuracy(estimate, interval(ends, confidence))


def spearman_brown(reliability: float, raters: float) -> float:
    """Reliability of the mean of `raters` raters, for the reliability of one.

    References
    ----------
    Spearman, C. (1910); Brown, W. (1910).

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.spearman_brown(0.5, 2), 4)
    0.6667
    """
    return _assay.spearman_brown(reliability, raters)


def raters_for_reliability(reliability: float, target: float) -> int:
    """How many raters an item needs so that their mean has the reliability `target`.

    Examples
    --------
    >>> from assay import stats
    >>> stats.raters_for_reliability(0.4, 0.8)
    6
    """
    return _assay.raters_for_reliability(reliability, target)

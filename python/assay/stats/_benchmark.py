"""Benchmarks: item response models, holdouts, canaries, runs on part of the items."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING, Literal

from assay import _assay
from assay._results import Interval, Result, axes, made, number, spot
from assay.stats import _difference
from assay.stats._difference import Difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Numbers, Table

__all__ = [
    "Anchored",
    "Irt",
    "Ladder",
    "Looks",
    "anchored_mean",
    "canary",
    "canary_exposure",
    "canary_rank",
    "find_canaries",
    "irt_fit",
    "marked_difference",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Irt(Result):
    """An item response model.

    Attributes
    ----------
    difficulty, difficulty_se : list of float
        For each item; NaN for items that all runs pass or all fail.
    discrimination, discrimination_se : list of float
        For each item; a standard error of NaN where it is fixed or common.
    ability, ability_se : list of float
        For each run the posterior mean and standard deviation.
    log_likelihood : float
        Marginal, without the prior.
    steps : int
        Of the EM algorithm.
    """

    difficulty: list[float]
    difficulty_se: list[float]
    discrimination: list[float]
    discrimination_se: list[float]
    ability: list[float]
    ability_se: list[float]
    log_likelihood: float
    steps: int

    def _sentence(self) -> str:
        ends = f"{number(min(self.ability))} to {number(max(self.ability))}"
        return f"{len(self.ability)} runs with abilities {ends}, {len(self.difficulty)} items"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw abilities of runs and difficulties of items on one scale; needs matplotlib."""
        ax = axes(ax)
        ax.plot(self.ability, [1] * len(self.ability), "|", markersize=20, label="runs")
        ax.plot(self.difficulty, [0] * len(self.difficulty), "|", markersize=20, label="items")
        ax.set_yticks([0, 1], ["items", "runs"])
        ax.set_xlabel("ability and difficulty")
        ax.set_ylim(-0.5, 1.5)
        return ax


def irt_fit(
    responses: Table,
    *,
    model: Literal["rasch", "1pl", "2pl"] = "rasch",
    prior: float | None = 0.5,
    tol: float = 1e-6,
    max_iter: int = 5000,
) -> Irt:
    """Fit abilities of runs and difficulties of items by marginal maximum likelihood.

    Parameters
    ----------
    responses : table
        A row per run, a column per item: 1 passed, 0 failed, None or NaN no answer.
    model : {"rasch", "1pl", "2pl"}
        Discrimination 1, one for all items, or one for each, which needs about 30 runs.
    prior : float or None
        Standard deviation of the log of the discrimination.
    tol, max_iter
        The largest change of a parameter at the end; EM steps at most.

    Raises
    ------
    ValueError
        Too few runs, or items that some pass and others fail; the fit did not settle.

    References
    ----------
    Bock, R. D. & Aitkin, M. (1981). Marginal maximum likelihood estimation of item parameters.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.irt_fit([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 0]])
    >>> found.ability[2] > found.ability[1], found.difficulty[2] > found.difficulty[0]
    (True, True)
    """
    return Irt(**_assay.irt_fit(responses, model, prior, tol, max_iter))


class Ladder:
    """A leaderboard that shows a score only when it beats the best by more than noise.

    Trying often does not climb it.

    References
    ----------
    Blum, A. & Hardt, M. (2015). The Ladder: a reliable leaderboard for machine learning competitions.

    Examples
    --------
    >>> from assay import stats
    >>> ladder = stats.Ladder()
    >>> ladder.submit([1, 0, 0, 0]), ladder.submit([0, 1, 1, 0])
    ((0.25, True), (0.25, False))
    """

    __slots__ = ("_native",)

    def __init__(self) -> None:
        self._native = _assay.Ladder()

    def submit(self, scores: Numbers) -> tuple[float, bool]:
        """Take a submission's score of each item; give the score to show, and whether it is a new best.

        Raises
        ------
        ValueError
            Another number of items than before.
        """
        return self._native.submit(scores)


class Looks:
    """Looks at one version of a holdout, of which there are `budget`.

    Examples
    --------
    >>> from assay import stats
    >>> looks = stats.Looks(budget=20)
    >>> looks.look(), looks.look()
    (1, 2)
    >>> looks.adjusted_p(0.03), round(looks.confidence(0.95), 3)
    (0.06, 0.975)
    """

    __slots__ = ("budget", "taken")

    def __init__(self, budget: int, taken: int = 0) -> None:
        self.budget, self.taken = budget, taken

    def look(self) -> int:
        """Take a look; give its number.

        Raises
        ------
        ValueError
            All looks are used up.
        """
        self.taken = _assay.look(self.budget, self.taken)
        return self.taken

    def confidence(self, confidence: float = 0.95) -> float:
        """Give the confidence of each look's interval with which all hold together, by Bonferroni."""
        return _assay.looks_confidence(self.budget, self.taken, confidence)

    def adjusted_p(self, p_value: float) -> float:
        """Give a p-value times the looks taken, at most 1."""
        return _assay.looks_adjusted_p(self.budget, self.taken, p_value)

    def __repr__(self) -> str:
        return f"<Looks: {self.taken} of {self.budget} taken>"


def canary_exposure(rank: int, candidates: int) -> float:
    """Exposure of a canary in bits, log2(candidates) − log2(rank): log2 of all candidates means memorised.

    References
    ----------
    Carlini, N. et al. (2019). The secret sharer.

    Examples
    --------
    >>> from assay import stats
    >>> stats.canary_exposure(1, 1024)
    10.0
    """
    return _assay.canary_exposure(rank, candidates)


def canary_rank(truth: float, others: Numbers) -> int:
    """Rank of the true canary among random ones by log-probability, from 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.canary_rank(-3.0, [-9.0, -2.0, -7.0])
    2
    """
    return _assay.canary_rank(truth, others)


def canary(guid: uuid.UUID | None = None) -> str:
    """Give the line that marks a file as not for training; with a new GUID unless one is given.

    Examples
    --------
    >>> from assay import stats
    >>> stats.find_canaries(stats.canary(__import__("uuid").UUID(int=7)))
    ['00000000-0000-0000-0000-000000000007']
    """
    return _assay.canary((uuid.uuid4() if guid is None else guid).int)


def find_canaries(text: str) -> list[str]:
    """Give the GUIDs of canaries in a text.

    Examples
    --------
    >>> from assay import stats
    >>> stats.find_canaries("nothing here")
    []
    """
    return _assay.find_canaries(text)


def marked_difference(
    scores: Numbers,
    marked: Numbers,
    *,
    kind: Literal["binary", "bounded", "unbounded"] | None = None,
    bounds: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> Difference:
    """Score on marked items minus that on the others: the dose of contamination, or a split in time.

    Parameters
    ----------
    scores : column of numbers
        One for each item.
    marked : column of booleans
        Such as those that overlap a training corpus.
    kind, bounds
        What scores are, as for `level`.

    Examples
    --------
    >>> from assay import stats
    >>> stats.marked_difference([1, 1, 0, 1], [True, True, False, False]).estimate
    0.5
    """
    native, found = _assay.marked_difference(scores, marked, (kind, bounds), confidence)
    return _difference.made(found, native, confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Anchored(Result):
    """A mean over all items, estimated from some of them.

    Attributes
    ----------
    estimate : float
        Of the mean over all items.
    interval : Interval
        Its t interval.
    standard_error : float
        With the finite population factor.
    slope : float
        Of the score on the past mean.
    plain, plain_se : float
        The mean of the scored items alone, and its standard error.
    """

    estimate: float
    interval: Interval
    standard_error: float
    slope: float
    plain: float
    plain_se: float

    def _sentence(self) -> str:
        ends = f"{number(self.interval.lower)} to {number(self.interval.upper)}"
        gain = (self.plain_se / self.standard_error) ** 2 if self.standard_error > 0 else float("inf")
        return f"{number(self.estimate)}, {ends}, worth {number(gain, 3)} times as many items"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the estimate with its interval; needs matplotlib."""
        ax = axes(ax)
        spot(ax, self.estimate, self.interval, label=label, at=at)
        return ax


def anchored_mean(
    scores: Numbers, past: Numbers, past_all: Numbers, *, slope: float | None = None, confidence: float = 0.95
) -> Anchored:
    """Mean over all items from a run on some of them and what past runs scored on all.

    Parameters
    ----------
    scores, past : column of numbers
        Of the items that were run: their scores, and their mean scores in past runs.
    past_all : column of numbers
        Mean scores in past runs of all items, those run among them.
    slope : float, optional
        A given one, such as 1, leaves the estimate unbiased; default: least squares.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, chapter 7.

    Examples
    --------
    >>> from assay import stats
    >>> past = [0.1, 0.2, 0.6, 0.9, 0.8, 0.4]
    >>> round(stats.anchored_mean([0.2, 0.7, 1.0], past[1:4], past, slope=1).estimate, 4)
    0.5667
    """
    return made(Anchored, _assay.anchored_mean(scores, past, past_all, slope, confidence), confidence)

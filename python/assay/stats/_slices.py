"""Slices of the data: shrunken estimates, the worst slice, the best of several candidates, slices that differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assay import _assay
from assay._results import Interval, Result, axes, interval, number
from assay._types import Numbers, Rows
from assay.stats._multiplicity import named_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BestCandidate",
    "Discovery",
    "Pattern",
    "RateGap",
    "Shrinkage",
    "Shrunken",
    "WorstSlice",
    "best_of",
    "discover",
    "rate_gap",
    "shrink_means",
    "shrink_rates",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Shrunken(Result):
    """A slice's number, drawn toward the common mean.

    Attributes
    ----------
    raw : float
        As measured.
    estimate : float
        The posterior mean.
    interval : Interval
        Its posterior interval.
    shrinkage : float
        The weight of the common mean, from 0 to 1.
    """

    raw: float
    estimate: float
    interval: Interval
    shrinkage: float

    def _sentence(self) -> str:
        return f"{number(self.raw)} drawn to {number(self.estimate)}, {self.interval}"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class WorstSlice(Result):
    """The lowest of several slices, by draws from their posteriors.

    Attributes
    ----------
    expected : float
        Posterior expectation of the lowest slice.
    interval : Interval
        Its posterior interval.
    probability : tuple of float
        For each slice, that it is the lowest.
    """

    expected: float
    interval: Interval
    probability: tuple[float, ...]

    def _sentence(self) -> str:
        at = max(range(len(self.probability)), key=self.probability.__getitem__)
        chance = self.probability[at]
        return f"{number(self.expected)}, {self.interval}, slice {at} with probability {number(chance, 2)}"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Shrinkage(Result):
    """Slices under a common prior.

    Attributes
    ----------
    mean : float
        Where slices are drawn to.
    spread : float
        Of rates the size of the prior in cases, infinite when chance explains all; of means the variance between
        slices beyond chance.
    slices : tuple of Shrunken
        In the order given.
    """

    mean: float
    spread: float
    slices: tuple[Shrunken, ...]
    _data: tuple[str, Any, Any] = dataclasses.field(default=("", None, None), compare=False)

    def _sentence(self) -> str:
        return f"{len(self.slices)} slices drawn to {number(self.mean)}"

    def worst(self, *, draws: int = 10_000, seed: int = 0) -> WorstSlice:
        """Find the lowest slice by seeded draws from the posteriors, at the confidence of the intervals.

        Raises
        ------
        ValueError
            `draws` is below 1.
        """
        confidence = self.slices[0].interval.confidence
        of, first, second = self._data
        lowest = _assay.worst_rate if of == "rates" else _assay.worst_mean
        found = lowest(first, second, draws, confidence, seed)
        if found is None:
            raise ValueError("the posteriors of these slices cannot be drawn from")
        expected, ends, probability = found
        return WorstSlice(expected, interval(ends, confidence), tuple(probability))

    def plot(self, ax: Axes | None = None, *, labels: list[str] | None = None) -> Axes:
        """Draw raw and shrunken numbers with their intervals; needs matplotlib."""
        ax = axes(ax)
        for at, each in enumerate(self.slices):
            ends = [[max(0.0, each.estimate - each.interval.lower)], [max(0.0, each.interval.upper - each.estimate)]]
            ax.errorbar([each.estimate], [at], xerr=ends, fmt="o", capsize=3, color="C0")
            ax.plot([each.raw], [at], "x", color="0.4")
        ax.axvline(self.mean, color="0.4", linewidth=1)
        ax.set_yticks(list(range(len(self.slices))), labels or [str(at) for at in range(len(self.slices))])
        return ax


def _shrinkage(found: tuple[float, float, list[Any]], confidence: float, data: tuple[str, Any, Any]) -> Shrinkage:
    mean, spread, slices = found
    made = tuple(Shrunken(raw, at, interval(ends, confidence), share) for raw, at, ends, share in slices)
    return Shrinkage(mean, spread, made, data)


def shrink_rates(successes: Numbers, n: Numbers, *, confidence: float = 0.95) -> Shrinkage:
    """Draw slice rates toward their common mean by Beta-binomial empirical Bayes.

    Parameters
    ----------
    successes, n : column of numbers
        Of each slice; fractions are possible.
    confidence : float, default 0.95
        Between 0 and 1.

    Raises
    ------
    ValueError
        There are fewer than two slices, or one has no cases or more successes than cases.

    References
    ----------
    Kleinman, J. C. (1973). Proportions with extraneous variance. JASA 68.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.shrink_rates([9, 50, 2], [10, 100, 10])
    >>> found.slices[0].raw, found.slices[0].estimate < 0.9
    (0.9, True)
    """
    found = _assay.shrink_rates(successes, n, confidence)
    return _shrinkage(found, confidence, ("rates", successes, n))


def shrink_means(values: Numbers, variances: Numbers, *, confidence: float = 0.95) -> Shrinkage:
    """Draw slice means with known sampling variances toward their common mean by Morris's empirical Bayes.

    Parameters
    ----------
    values, variances : column of numbers
        Each slice's mean and the variance of that mean, above 0.
    confidence : float, default 0.95
        Between 0 and 1.

    Raises
    ------
    ValueError
        There are fewer than four slices, or a variance is not above 0.

    References
    ----------
    Morris, C. N. (1983). Parametric empirical Bayes inference. JASA 78.

    Examples
    --------
    >>> from assay import stats
    >>> stats.shrink_means([1, 2, 3, 8], [1, 1, 1, 4]).slices[3].estimate < 8
    True
    """
    found = _assay.shrink_means(values, variances, confidence)
    return _shrinkage(found, confidence, ("means", values, variances))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class RateGap(Result):
    """The gap between the highest and the lowest of several rates.

    Attributes
    ----------
    difference : float
        As measured: biased upwards.
    interval : Interval
        Of the true gap, whichever groups are the extremes.
    shrunken : float
        Of the shrunken rates: 0 when chance explains the gap.
    """

    difference: float
    interval: Interval
    shrunken: float

    def _sentence(self) -> str:
        return f"{number(self.difference)}, {self.interval}, shrunken {number(self.shrunken)}"


def rate_gap(successes: Numbers, n: Numbers, *, confidence: float = 0.95) -> RateGap:
    """Estimate the gap between the highest and the lowest of several rates.

    Arguments and errors as for `shrink_rates`.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.rate_gap([90, 70, 85], [100, 100, 100]).difference, 3)
    0.2
    """
    difference, ends, shrunken = _assay.rate_gap(successes, n, confidence)
    return RateGap(difference, interval(ends, confidence), shrunken)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class BestCandidate(Result):
    """The best of several candidates.

    Attributes
    ----------
    at : int
        Its place, the first of several.
    observed : float
        Its mean on the items that it was picked on: biased upwards.
    shrunken : float
        Its mean drawn toward the mean of all candidates.
    interval : Interval
        Of its true mean, although it was picked; undefined without variation.
    shrinkage : float
        The weight of the common mean, from 0 to 1.
    """

    at: int
    observed: float
    shrunken: float
    interval: Interval
    shrinkage: float

    def _sentence(self) -> str:
        return (
            f"candidate {self.at}, observed {number(self.observed)}, shrunken {number(self.shrunken)}, {self.interval}"
        )


def best_of(scores: Rows, *, confidence: float = 0.95, n_resamples: int = 9_999, seed: int = 0) -> BestCandidate:
    """Pick the best of several candidates scored on the same items, without the winner's curse.

    Parameters
    ----------
    scores : rows of numbers
        Candidates × items.
    confidence : float, default 0.95
        Between 0 and 1.
    n_resamples : int, default 9999
        Sign flips of items, for scores that are not 0 and 1.
    seed : int, default 0
        The same seed gives the same interval.

    Raises
    ------
    ValueError
        There are fewer than two candidates or items, rows are not equally long, or a score is not finite.

    Examples
    --------
    >>> from assay import stats
    >>> stats.best_of([[1, 0, 1, 1], [0, 0, 1, 0]]).at
    0
    """
    at, observed, shrunken, ends, shrinkage = _assay.best_of(scores, confidence, n_resamples, seed)
    return BestCandidate(at, observed, shrunken, interval(ends, confidence), shrinkage)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Pattern(Result):
    """A slice by the values of some columns.

    Attributes
    ----------
    items : dict of str to value
        Columns and their values.
    support, cases : int
        Cases in it, and those with an outcome.
    mean, divergence : float
        Their rate or mean, and that less the mean of all.
    t, p_value : float
        |t| of the divergence and its two-sided p-value.
    adjusted, adjusted_any : float
        The p-value adjusted over all slices found, by Benjamini and Hochberg, and by Benjamini and Yekutieli.
    redundant : bool
        Whether leaving out one of the items changes the divergence by next to nothing.
    shares : dict of str to float
        How much each item contributes to the divergence: Shapley's values.
    """

    items: dict[str, Any]
    support: int
    cases: int
    mean: float
    divergence: float
    t: float
    p_value: float
    adjusted: float
    adjusted_any: float
    redundant: bool
    shares: dict[str, float]

    def _sentence(self) -> str:
        where = ", ".join(f"{name} = {value!r}" for name, value in self.items.items())
        return (
            f"{where}: {number(self.mean)} ({self.divergence:+.4g}), {self.cases} cases, p = {number(self.adjusted, 3)}"
        )


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Discovery(Result):
    """Slices that were found.

    Attributes
    ----------
    mean : float
        Rate or mean of all cases with an outcome.
    patterns : tuple of Pattern
        The slices, the most divergent first.
    """

    mean: float
    patterns: tuple[Pattern, ...]

    def _sentence(self) -> str:
        return f"{len(self.patterns)} slices, mean of all {number(self.mean)}"

    def __len__(self) -> int:
        return len(self.patterns)

    def __getitem__(self, at: int) -> Pattern:
        return self.patterns[at]


def discover(
    columns: Mapping[str, Any] | Any,
    outcome: Numbers,
    *,
    rate: bool | None = None,
    support: float = 0.02,
    cases: int = 20,
    items: int = 3,
    epsilon: float = 0.01,
) -> Discovery:
    """Search for slices, by columns and combinations of them, that differ from the rest.

    Parameters
    ----------
    columns : mapping or data frame
        Categorical columns by name; missing values belong to no slice.
    outcome : column of numbers
        What is judged, of each case; of a rate it may be missing.
    rate : bool, optional
        Whether it is a rate; without it, where all outcomes are 0 or 1.
    support : float, default 0.02
        The smallest share of all cases in a slice.
    cases : int, default 20
        The fewest cases with an outcome in a slice.
    items : int, default 3
        The most columns that define a slice.
    epsilon : float, default 0.01
        A slice is redundant when leaving out an item changes its divergence by at most this.

    Raises
    ------
    TypeError
        `columns` is neither a mapping nor a data frame, or has values that are not hashable.
    ValueError
        Columns are not equally long, or there is no outcome.

    References
    ----------
    Pastor, E., de Alfaro, L., & Baralis, E. (2021). Looking for trouble: analyzing classifier behavior via pattern
    divergence. SIGMOD.

    Examples
    --------
    >>> from assay import stats
    >>> columns = {"lang": ["de", "en"] * 40, "size": ["s"] * 40 + ["l"] * 40}
    >>> found = stats.discover(columns, [0, 1] * 20 + [1, 1] * 20)
    >>> found[0].items, found[0].mean
    ({'lang': 'de', 'size': 's'}, 0.0)
    """
    names, values = named_columns("columns", columns)
    mean, found = _assay.discover(names, values, outcome, rate, (support, cases, items), epsilon)
    patterns: list[Pattern] = []
    for places, in_it, judged, own, gap, t, p, adjusted, adjusted_any, redundant, shares in found:
        by_column = {names[at]: value for at, value in places}
        by_share = dict(zip(by_column, shares, strict=True))
        figures = (in_it, judged, own, gap, t, p, adjusted, adjusted_any, redundant)
        patterns.append(Pattern(by_column, *figures, by_share))
    patterns.sort(key=lambda pattern: -abs(pattern.divergence))
    return Discovery(mean, tuple(patterns))

"""Judges compared with people: may a judge replace an annotator, what biases it, when may it decide alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Interval, Result, axes, interval, made, number, place
from assay.stats._calibration import Corrected
from assay.stats._online import Effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers, Table

__all__ = [
    "Abstention",
    "Against",
    "AltTest",
    "Logistic",
    "Verbosity",
    "abstention_threshold",
    "active_mean",
    "alt_test",
    "effective_judges",
    "group_difference",
    "logistic_regression",
    "next_labels",
    "partial_correlation",
    "stratified_ppi_mean",
    "verbosity_bias",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Against(Result):
    """The judge against one annotator.

    Attributes
    ----------
    items : int
        Items that the annotator, the judge and another person labelled.
    advantage : float
        How often the judge agrees with the others at least as well as the annotator does.
    difference : float
        How much more often the annotator does than the judge.
    p_value : float
        One-sided, that the annotator is better by epsilon or more.
    beaten : bool
        Whether the judge beats this annotator, after correction for their number.
    """

    items: int
    advantage: float
    difference: float
    p_value: float
    beaten: bool


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class AltTest(Result):
    """The alternative annotator test.

    Attributes
    ----------
    passed : bool
        Whether the winning rate is at least a half: the judge may replace an annotator.
    winning_rate : float
        The share of annotators that the judge beats.
    advantage : float
        The mean advantage: compare judges by it.
    few_annotators : bool
        Whether fewer than three annotators were tested.
    annotators : list of Against or None
        One for each column; None for one with fewer than 30 items.
    """

    passed: bool
    winning_rate: float
    advantage: float
    few_annotators: bool
    annotators: list[Against | None]

    def _sentence(self) -> str:
        tested = [one for one in self.annotators if one is not None]
        beaten = sum(one.beaten for one in tested)
        verdict = "may" if self.passed else "may not"
        few = ", of fewer than the three that the test asks for" if self.few_annotators else ""
        return f"the judge {verdict} replace an annotator: it beats {beaten} of {len(tested)}{few}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the advantage over each annotator; needs matplotlib."""
        ax = axes(ax)
        shown = [(at, one) for at, one in enumerate(self.annotators) if one is not None]
        ax.barh(range(len(shown)), [one.advantage for _, one in shown])
        place(ax, [f"annotator {at}" for at, _ in shown])
        ax.set(xlabel="how often the judge agrees at least as well", xlim=(0, 1))
        return ax


def alt_test(
    judge: Groups,
    people: Table,
    *,
    alignment: Literal["accuracy", "rmse"] = "accuracy",
    epsilon: float = 0.2,
    q: float = 0.05,
) -> AltTest:
    """May a judge replace an annotator? The alternative annotator test.

    Parameters
    ----------
    judge : column
        The judge's label of each item, as numbers or words.
    people : table
        A row per item, a column per annotator; None and NaN are missing.
    alignment : {"accuracy", "rmse"}
        How well a label agrees with those of others: the share of equal ones, or the distance.
    epsilon : float, default 0.2
        What a person costs more: 0.2 for experts, 0.15 for skilled, 0.1 for crowd annotators.
    q : float, default 0.05
        False discovery rate of Benjamini and Yekutieli.

    Raises
    ------
    ValueError
        No annotator has 30 items that the judge and another person labelled too.

    References
    ----------
    Calderon, N., Reichart, R. & Dror, R. (2025). The alternative annotator test. arXiv 2501.10970.

    Examples
    --------
    >>> from assay import stats
    >>> people = [[i % 2, i % 2, (i + i // 9) % 2] for i in range(40)]
    >>> stats.alt_test([i % 2 for i in range(40)], people)
    <AltTest: the judge may replace an annotator: it beats 3 of 3>
    """
    found = _assay.alt_test(judge, people, alignment, epsilon, q)
    found["annotators"] = [None if one is None else Against(**one) for one in found["annotators"]]
    return AltTest(**found)


def group_difference(
    values: Numbers, second: Numbers, *, clusters: Groups | None = None, confidence: float = 0.95
) -> Effect:
    """Difference of the means of two groups whose cases share clusters, second − first.

    Parameters
    ----------
    values : column of numbers
        Such as judge − human, for a judge's leniency to one arm or to answers of its own family.
    second : column of booleans
        Which cases are in the second group.
    clusters : column, optional
        Cases that hang together, such as those of one item; may span both groups.

    Returns
    -------
    Effect
        With CR2 standard errors and Bell–McCaffrey degrees of freedom; without clusters the standard error is Welch's.

    Raises
    ------
    ValueError
        A group is empty or in one cluster; nothing varies.

    Examples
    --------
    >>> from assay import stats
    >>> stats.group_difference([0.0, 0.1, 0.2, 0.9, 1.0, 1.1], [0, 0, 0, 1, 1, 1])
    <Effect: +0.9, +0.6733 to +1.127, p 0.000385>
    """
    return made(Effect, _assay.group_difference(values, second, clusters, confidence), confidence)


def effective_judges(errors: Table) -> float:
    """How many independent judges a jury is worth: k / (1 + (k − 1) · mean correlation of its members).

    Parameters
    ----------
    errors : table
        A row per item, a column per judge: judge − truth where it is known; bare votes give a lower bound.

    Returns
    -------
    float
        NaN when no two judges have items in common on which both vary.

    References
    ----------
    Kish, L. (1965). Survey Sampling, for the design effect.

    Examples
    --------
    >>> from assay import stats
    >>> stats.effective_judges([[0, 0], [1, 1], [0, 0], [1, 1]])
    1.0
    """
    return _assay.effective_judges(errors)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Logistic(Result):
    """A logistic regression: the intercept first, then a coefficient for each column.

    Attributes
    ----------
    coefficients, standard_errors : list of float
        Changes of the log odds, and their standard errors.
    intervals : list of Interval
        Wald's.
    p_values : list of float
        Two-sided.
    log_likelihood : float
        Of the fit.
    """

    coefficients: list[float]
    standard_errors: list[float]
    intervals: list[Interval]
    p_values: list[float]
    log_likelihood: float

    def _sentence(self) -> str:
        shown = ", ".join(number(value) for value in self.coefficients)
        return f"coefficients {shown}, log-likelihood {number(self.log_likelihood)}"


def logistic_regression(x: Table, y: Numbers, *, confidence: float = 0.95) -> Logistic:
    """Logistic regression by maximum likelihood, with an intercept and without a penalty.

    Parameters
    ----------
    x : table
        A row per case.
    y : column of booleans
        The outcomes.

    Raises
    ------
    ValueError
        There is no finite fit: one class, columns that depend on each other, or that separate the classes.

    Examples
    --------
    >>> from assay import stats
    >>> stats.logistic_regression([[0], [0], [0], [1], [1], [1]], [0, 0, 1, 0, 1, 1])
    <Logistic: coefficients -0.6931, 1.386, log-likelihood -3.819>
    """
    found = _assay.logistic_regression(x, y, confidence)
    ends = [interval(one, confidence) for one in found["intervals"]]
    return Logistic(found["coefficients"], found["standard_error"], ends, found["p_value"], found["log_likelihood"])


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Verbosity(Result):
    """How far a judge prefers longer answers.

    Attributes
    ----------
    coefficient : float
        What an answer e times as long adds to the log odds of winning, for the same verdict of people.
    interval : Interval
        Wald's.
    p_value : float
        Two-sided.
    partial : float
        Correlation of verdict and length, the people's verdict held fixed.
    pairs : int
        How many.
    """

    coefficient: float
    interval: Interval
    p_value: float
    partial: float
    pairs: int

    def _sentence(self) -> str:
        ends = f"{number(self.interval.lower)} to {number(self.interval.upper)}"
        return f"log odds {number(self.coefficient)}, {ends}, for an answer e times as long ({self.pairs} pairs)"


def verbosity_bias(
    judge: Numbers, people: Numbers, log_length_difference: Numbers, *, confidence: float = 0.95
) -> Verbosity:
    """Verbosity bias of a judge over pairs of answers.

    Parameters
    ----------
    judge : column of booleans
        Whether the judge prefers the first answer.
    people : column of 0, 0.5 and 1
        Whether people do.
    log_length_difference : column of numbers
        ln(length of the first) − ln(length of the second).

    References
    ----------
    Dubois, Y. et al. (2024). Length-controlled AlpacaEval. arXiv 2404.04475.

    Examples
    --------
    >>> from assay import stats
    >>> people = [i % 2 for i in range(40)]
    >>> lengths = [0.1 * (i % 7 - 3) for i in range(40)]
    >>> judge = [(i % 2 if i % 5 else i % 7 > 3) for i in range(40)]
    >>> stats.verbosity_bias(judge, people, lengths).pairs
    40
    """
    return made(Verbosity, _assay.verbosity_bias(judge, people, log_length_difference, confidence), confidence)


def partial_correlation(x: Numbers, y: Numbers, z: Numbers) -> float:
    """Correlation of x and y with z held fixed; NaN for a constant or where z tells x or y completely.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.partial_correlation([1, 2, 3, 4], [2, 1, 4, 3], [1, 0, 1, 1]), 4)
    0.6547
    """
    return _assay.partial_correlation(x, y, z)


def stratified_ppi_mean(
    judge: Numbers,
    truth: Numbers,
    strata: Groups,
    *,
    shares: Mapping[Any, float] | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> Corrected:
    """Prediction-powered mean with an own trust in the judge for each stratum.

    Parameters
    ----------
    judge : column of numbers
        The judge's score of every case.
    truth : column of numbers
        The label of people; NaN or None where there is none.
    strata : column
        Within a stratum labels must be a random part of the cases.
    shares : mapping, optional
        Each stratum's share of the population; default: its share of the cases.
    clusters : column, optional
        Cases that hang together.

    Raises
    ------
    ValueError
        A stratum has too few labels, or none without labels.

    References
    ----------
    Fisch, A. et al. (2024). Stratified prediction-powered inference. arXiv 2406.04291.

    Examples
    --------
    >>> from assay import stats
    >>> judge = [i % 4 > 0 for i in range(200)]
    >>> truth = [(i % 4 > 0) ^ (i % 15 == 0) if i % 5 == 0 else None for i in range(200)]
    >>> stats.stratified_ppi_mean(judge, truth, ["first" if i < 100 else "second" for i in range(200)]).estimate > 0.5
    True
    """
    found = _assay.stratified_ppi_mean(judge, truth, strata, dict(shares or {}), clusters, confidence)
    return made(Corrected, found, confidence)


def active_mean(
    judge: Numbers, truth: Numbers, chances: Numbers, *, clusters: Groups | None = None, confidence: float = 0.95
) -> Corrected:
    """Mean of the truth when labels were drawn with known, unequal chances.

    Parameters
    ----------
    judge : column of numbers
        The judge's score of every case.
    truth : column of numbers
        The label; NaN or None where it was not drawn.
    chances : column of numbers
        The chance with which the label of each case could be drawn, above 0.

    References
    ----------
    Horvitz, D. G. & Thompson, D. J. (1952); Zrnic, T. & Candès, E. J. (2024). Active statistical inference.

    Examples
    --------
    >>> from assay import stats
    >>> judge, truth = [0.5] * 8, [1, None, 0, None, 1, None, 1, None]
    >>> stats.active_mean(judge, truth, [0.5] * 8).estimate
    0.75
    """
    return made(Corrected, _assay.active_mean(judge, truth, chances, clusters, confidence), confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Abstention(Result):
    """Above which confidence a judge may decide alone.

    Attributes
    ----------
    threshold : float
        Decide at this confidence or above.
    coverage : float
        The share of cases decided.
    errors, decided : int
        Wrong decisions among how many.
    upper : float
        The upper bound of the share of errors.
    """

    threshold: float
    coverage: float
    errors: int
    decided: int
    upper: float

    def _sentence(self) -> str:
        return (
            f"decide at {number(self.threshold)} or above: {100 * self.coverage:.3g}% of cases, "
            f"at most {number(self.upper)} of them wrong"
        )


def abstention_threshold(
    confidences: Numbers, errors: Numbers, *, risk: float = 0.05, delta: float = 0.05
) -> Abstention | None:
    """Lowest confidence at which at most `risk` of the decisions are wrong, with chance 1 − `delta`.

    None when no threshold can be shown to be safe.

    References
    ----------
    Angelopoulos, A. N. et al. (2021). Learn then test. arXiv 2110.01052.

    Examples
    --------
    >>> from assay import stats
    >>> confidences = [i / 1000 for i in range(1000)]
    >>> stats.abstention_threshold(confidences, [c < 0.3 for c in confidences]).threshold
    0.3
    """
    found = _assay.abstention_threshold(confidences, errors, risk, delta)
    return None if found is None else Abstention(**found)


def next_labels(cases: Numbers, sds: Numbers, labels: int, *, uniform: float = 0.2) -> list[int]:
    """How many of the next `labels` each stratum gets, by its size and spread (Neyman's rule).

    Parameters
    ----------
    cases : column of whole numbers
        Cases without a label, for each stratum.
    sds : column of numbers
        How much labels are expected to vary in it.
    labels : int
        To give away.
    uniform : float, default 0.2
        The share that goes by size alone.

    References
    ----------
    Neyman, J. (1934). On the two different aspects of the representative method.

    Examples
    --------
    >>> from assay import stats
    >>> stats.next_labels([900, 100], [0.1, 0.5], 100)
    [69, 31]
    """
    return _assay.next_labels(cases, sds, labels, uniform)

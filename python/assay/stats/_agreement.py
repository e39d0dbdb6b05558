"""Agreement of raters beyond chance, and raw agreement."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Interval, Result, axes, interval, made, number, spot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers, Table

__all__ = [
    "Alpha",
    "Coefficient",
    "Kappa",
    "RatingTable",
    "RawAgreement",
    "brennan_prediger",
    "cohen_kappa",
    "conger_kappa",
    "fleiss_kappa",
    "gwet_ac",
    "krippendorff_alpha",
    "rating_table",
    "raw_agreement",
    "specific_agreement",
]

Weights = Literal["identity", "linear", "quadratic"]
"""How much credit near categories get: none, by their distance, by its square."""


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class RatingTable(Result):
    """Ratings as a table: a row per item, a column per rater, None where a rater did not rate.

    Attributes
    ----------
    items, raters : list
        The names of rows and columns, by first appearance.
    ratings : list of list
        The cells.
    """

    items: list[Any]
    raters: list[Any]
    ratings: list[list[Any]]

    def _sentence(self) -> str:
        cells = sum(cell is not None for row in self.ratings for cell in row)
        return f"{cells} ratings of {len(self.items)} items by {len(self.raters)} raters"


def rating_table(items: Groups, raters: Groups, ratings: Groups) -> RatingTable:
    """Turn long ratings, a line per rating, into the table that agreement functions take.

    Parameters
    ----------
    items, raters : column of hashable values
        Who rated what.
    ratings : column of numbers or words
        What they said; a missing rating is none.

    Returns
    -------
    RatingTable
        Give it to any function that takes `ratings`.

    Raises
    ------
    ValueError
        A rater has rated an item twice; lengths differ; an item or a rater is missing.

    Examples
    --------
    >>> from assay import stats
    >>> stats.rating_table(["q1", "q1", "q2"], ["ann", "bob", "ann"], ["good", "bad", "good"])
    <RatingTable: 3 ratings of 2 items by 2 raters>
    """
    rows, of_items, of_raters = _assay.rating_table(items, raters, ratings)
    return RatingTable(of_items, of_raters, rows)


def cells(ratings: Table | RatingTable) -> Any:
    """Give the rows of a table or of a `RatingTable`."""
    return ratings.ratings if isinstance(ratings, RatingTable) else ratings


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Alpha(Result):
    """Krippendorff's alpha.

    Attributes
    ----------
    estimate : float
        1 − observed / expected disagreement; NaN without variation or without an item of two ratings.
    interval : Interval
        Its jackknife interval; undefined where alpha is, where a single item carries all variation, and without a
        confidence.
    items, ratings : int
        Items with two or more ratings, and their ratings.
    """

    estimate: float
    interval: Interval
    items: int
    ratings: int

    def _sentence(self) -> str:
        shown = f"alpha {number(self.estimate)}"
        if self.interval.lower == self.interval.lower:
            shown += f", {number(self.interval.lower)} to {number(self.interval.upper)}"
        return f"{shown}, of {self.ratings} ratings of {self.items} items"

    def plot(self, ax: Axes | None = None, *, label: str = "alpha", at: float = 0.0) -> Axes:
        """Draw the value with its interval; needs matplotlib."""
        return _coefficient_plot(axes(ax), self.estimate, self.interval, label, at)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Kappa(Result):
    """A chance-corrected coefficient, (observed − chance) / (1 − chance).

    Attributes
    ----------
    estimate : float
        The coefficient; NaN without variation.
    interval : Interval
        Its interval.
    standard_error : float
        Standard error over items.
    observed, chance : float
        Observed agreement and agreement by chance, by the weights.
    """

    estimate: float
    interval: Interval
    standard_error: float
    observed: float
    chance: float

    def _sentence(self) -> str:
        ends = f"{number(self.interval.lower)} to {number(self.interval.upper)}"
        return f"{number(self.estimate)}, {ends}: agreement {number(self.observed)}, by chance {number(self.chance)}"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the value with its interval; needs matplotlib."""
        return _coefficient_plot(axes(ax), self.estimate, self.interval, label, at)


def _coefficient_plot(ax: Axes, value: float, ends: Interval, label: str, at: float) -> Axes:
    spot(ax, value, ends, label=label, at=at)
    ax.set_xlabel("agreement beyond chance")
    return ax


def krippendorff_alpha(
    ratings: Table | RatingTable,
    *,
    level: Literal["nominal", "ordinal", "interval", "ratio"] = "nominal",
    categories: Groups | None = None,
    clusters: Groups | None = None,
    confidence: float | None = 0.95,
) -> Alpha:
    """Krippendorff's alpha of any number of raters, with missing ratings.

    Parameters
    ----------
    ratings : table or RatingTable
        A row per item, a column per rater (the package krippendorff has them the other way: transpose); None and NaN
        are missing. Cells are numbers or words.
    level : {"nominal", "ordinal", "interval", "ratio"}
        How far two ratings are apart.
    categories : column, optional
        The words in ascending order, for ordinal words.
    clusters : column, optional
        Items of one cluster, such as a conversation, are left out together.
    confidence : float or None
        Of the interval; None leaves the interval out, which is quicker.

    Returns
    -------
    Alpha

    Raises
    ------
    ValueError
        Rows of different lengths, infinities, negative numbers on the ratio level, words where numbers are needed.

    References
    ----------
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability.

    Examples
    --------
    >>> from assay import stats
    >>> stats.krippendorff_alpha([[1, 1], [1, 2], [2, 2], [2, 1], [1, 1], [2, 2]] * 5)
    <Alpha: alpha 0.3444, -0.1399 to 0.623, of 60 ratings of 30 items>
    >>> stats.krippendorff_alpha([["good", "good"], ["good", "bad"], ["bad", "bad"], [None, "bad"]]).estimate
    0.4444444444444444
    """
    found = _assay.krippendorff_alpha(cells(ratings), level, categories, clusters, confidence)
    return made(Alpha, found, 0.95 if confidence is None else confidence)


def cohen_kappa(
    a: Groups,
    b: Groups,
    *,
    weights: Weights = "identity",
    categories: Groups | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> Kappa:
    """Cohen's kappa of two raters, weighted or not.

    Parameters
    ----------
    a, b : column
        What the two said of each item, as numbers or words.
    weights : {"identity", "linear", "quadratic"}
        Credit for near categories; words need `categories` for it.
    categories : column, optional
        All possible words in ascending order.
    clusters : column, optional
        Items that hang together: the interval is then a jackknife over clusters.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Kappa
        With the standard error of Fleiss, Cohen and Everitt.

    References
    ----------
    Cohen, J. (1960, 1968); Fleiss, Cohen & Everitt (1969).

    Examples
    --------
    >>> from assay import stats
    >>> stats.cohen_kappa(["y", "y", "n", "n", "y", "n"], ["y", "n", "n", "n", "y", "n"])
    <Kappa: 0.6667, 0.1044 to 1: agreement 0.8333, by chance 0.5>
    """
    return made(Kappa, _assay.cohen_kappa(a, b, weights, categories, clusters, confidence), confidence)


def _kappa(
    ratings: Table | RatingTable,
    chance: str,
    *,
    weights: str,
    categories: Groups | None,
    clusters: Groups | None,
    confidence: float,
) -> Kappa:
    found = _assay.kappa(cells(ratings), chance, weights, categories, clusters, confidence)
    return made(Kappa, found, confidence)


def fleiss_kappa(
    ratings: Table | RatingTable,
    *,
    weights: Weights = "identity",
    categories: Groups | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> Kappa:
    """Fleiss' kappa of any number of raters, with missing ratings.

    `ratings` has a row per item and a column per rater (statsmodels' function takes counts by category instead). All
    raters are taken to share one distribution of categories.

    Parameters
    ----------
    ratings : table or RatingTable
        None and NaN are missing; cells are numbers or words.
    weights : {"identity", "linear", "quadratic"}
        Credit for near categories.
    categories : column, optional
        All possible ratings in ascending order, also those that nobody gave; default: those found.
    clusters : column, optional
        Items that hang together: the interval is then a jackknife over clusters.
    confidence : float, default 0.95
        Between 0 and 1.

    References
    ----------
    Fleiss, J. L. (1971); Gwet, K. L. (2014), for missing ratings and the standard error.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.fleiss_kappa([[1, 1, 2], [2, 2, 2], [1, 1, 1], [2, 2, 1]]).estimate, 4)
    0.3333
    """
    return _kappa(ratings, "fleiss", weights=weights, categories=categories, clusters=clusters, confidence=confidence)


def gwet_ac(
    ratings: Table | RatingTable,
    *,
    weights: Weights = "identity",
    categories: Groups | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> Kappa:
    """Gwet's AC1, or AC2 with weights: agreement that stays meaningful when one category is rare.

    Parameters are those of `fleiss_kappa`.

    References
    ----------
    Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence of high agreement.

    Examples
    --------
    >>> from assay import stats
    >>> stats.gwet_ac([[1, 1], [1, 1], [1, 1], [1, 2]]).estimate
    0.68
    """
    return _kappa(ratings, "gwet", weights=weights, categories=categories, clusters=clusters, confidence=confidence)


def brennan_prediger(
    ratings: Table | RatingTable,
    *,
    weights: Weights = "identity",
    categories: Groups | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> Kappa:
    """Brennan and Prediger's coefficient: by chance all categories are equally likely.

    Parameters are those of `fleiss_kappa`.

    References
    ----------
    Brennan, R. L. & Prediger, D. J. (1981). Coefficient kappa: some uses, misuses, and alternatives.

    Examples
    --------
    >>> from assay import stats
    >>> stats.brennan_prediger([[1, 1], [1, 1], [1, 1], [1, 2]]).estimate
    0.5
    """
    return _kappa(
        ratings, "brennan_prediger", weights=weights, categories=categories, clusters=clusters, confidence=confidence
    )


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Coefficient(Result):
    """A coefficient with its interval.

    Attributes
    ----------
    estimate : float
        The coefficient.
    interval : Interval
        Its interval.
    """

    estimate: float
    interval: Interval

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {number(self.interval.lower)} to {number(self.interval.upper)}"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the value with its interval; needs matplotlib."""
        return _coefficient_plot(axes(ax), self.estimate, self.interval, label, at)


def conger_kappa(ratings: Table | RatingTable, *, confidence: float = 0.95) -> Coefficient:
    """Conger's kappa: Cohen's for any number of raters, each with a distribution of labels of their own.

    Parameters
    ----------
    ratings : table or RatingTable
        A row per item, a column per rater; None and NaN are missing.
    confidence : float, default 0.95
        Of the jackknife interval over items.

    References
    ----------
    Conger, A. J. (1980). Integration and generalization of kappas for multiple raters.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.conger_kappa([[1, 1], [1, 2], [2, 2], [2, 2], [1, 1]]).estimate, 4)
    0.6154
    """
    value, ends = _assay.conger_kappa(cells(ratings), confidence)
    return Coefficient(value, interval(ends, confidence))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class RawAgreement(Result):
    """Raw agreement of two raters on yes or no, and what distorts kappa.

    Attributes
    ----------
    agreement : float
        The share of items on which both say the same.
    positive, negative : float
        Specific agreement on yes and on no.
    pabak : float
        Prevalence- and bias-adjusted kappa.
    prevalence_index, bias_index : float
        How uneven yes and no are, and how differently the two use them.
    """

    agreement: float
    positive: float
    negative: float
    pabak: float
    prevalence_index: float
    bias_index: float


def raw_agreement(a: Numbers, b: Numbers) -> RawAgreement:
    """Compare two raters on a yes or no question, without correction for chance.

    Parameters
    ----------
    a, b : column of booleans, or of 0 and 1
        What the two said of each item.

    References
    ----------
    Byrt, T., Bishop, J. & Carlin, J. B. (1993). Bias, prevalence and kappa.

    Examples
    --------
    >>> from assay import stats
    >>> stats.raw_agreement([1, 1, 0, 0], [1, 0, 0, 0]).agreement
    0.75
    """
    return RawAgreement(**_assay.raw_agreement(a, b))


def specific_agreement(ratings: Table | RatingTable, *, categories: Groups | None = None) -> dict[Any, float]:
    """How often another rater gives a category too, given that one rater of the item does; for each category.

    Parameters
    ----------
    ratings : table or RatingTable
        A row per item, a column per rater.
    categories : column, optional
        The categories to tell of; default: those found.

    Returns
    -------
    dict
        Category to share; NaN where no item of two ratings has it.

    References
    ----------
    Cicchetti, D. V. & Feinstein, A. R. (1990); Uebersax, J. S. (1982).

    Examples
    --------
    >>> from assay import stats
    >>> stats.specific_agreement([["a", "a"], ["a", "b"], ["b", "b"], ["b", "b"]])
    {'a': 0.6666666666666666, 'b': 0.8}
    """
    return _assay.specific_agreement(cells(ratings), categories)

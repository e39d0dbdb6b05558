"""How far the rates of groups lie apart.

The largest of several gaps is biased upwards: with many or small groups a gap appears by chance. Show it with intervals
of the groups' rates (`assay.stats.wilson`).
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Result, axes, number
from assay._types import Groups, Labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Gap",
    "GroupRates",
    "GroupTable",
    "OddsGap",
    "demographic_parity",
    "equal_opportunity",
    "equalized_odds",
    "group_rates",
    "predictive_parity",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class GroupRates(Result):
    """Rates of a group; NaN where one is about no case.

    Attributes
    ----------
    n : int
        Cases.
    selection : float
        Predicted positives among all.
    true_positive, false_positive : float
        Predicted positives among positives and among negatives.
    precision : float
        Positives among predicted positives.
    """

    n: int
    selection: float
    true_positive: float
    false_positive: float
    precision: float


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Gap(Result):
    """How far a rate lies apart between groups.

    Attributes
    ----------
    difference : float
        Highest - lowest rate: 0 is parity.
    ratio : float
        Lowest / highest rate: 1 is parity; NaN when all are 0.
    lowest, highest
        The groups with these rates.
    too_small : tuple
        Groups left out because the rate is about too few of their cases.
    """

    difference: float
    ratio: float
    lowest: Any
    highest: Any
    too_small: tuple[Any, ...]

    def _sentence(self) -> str:
        left = f", {len(self.too_small)} groups too small" if self.too_small else ""
        return f"{number(self.difference)} from {self.lowest!r} to {self.highest!r}, ratio {number(self.ratio)}{left}"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class OddsGap(Result):
    """The two gaps of equalised odds.

    Attributes
    ----------
    difference, ratio : float
        The larger difference and the smaller ratio of the two.
    true_positive, false_positive : Gap
    """

    difference: float
    ratio: float
    true_positive: Gap
    false_positive: Gap


Rate = Literal["selection", "true_positive", "false_positive", "precision"]
MINIMUM = 20


def _gaps(
    y_true: Labels, y_pred: Labels, groups: Groups, rates: list[str], *, minimum: int, pos_label: object
) -> tuple[list[Any], list[Gap]]:
    found, gaps = _assay.fairness_gaps(y_true, y_pred, groups, rates, minimum, pos_label)
    return found, [
        Gap(difference, ratio, lowest, highest, tuple(small)) for difference, ratio, lowest, highest, small in gaps
    ]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class GroupTable(Result):
    """The rates of all groups, small ones included."""

    groups: dict[Any, GroupRates]

    def _sentence(self) -> str:
        shown = (f"{group}: selection {number(rates.selection)}" for group, rates in list(self.groups.items())[:8])
        return f"{len(self.groups)} groups, {', '.join(shown)}"

    def plot(self, ax: Axes | None = None, *, rate: Rate = "selection") -> Axes:
        """Draw a rate of each group as bars; needs matplotlib."""
        ax = axes(ax)
        names = [f"{group} (n = {rates.n})" for group, rates in self.groups.items()]
        ax.barh(names, [getattr(rates, rate) for rates in self.groups.values()])
        ax.set(xlabel=f"{rate.replace('_', '-')} rate", xlim=(0, 1))
        return ax


def group_rates(y_true: Labels, y_pred: Labels, *, sensitive_features: Groups, pos_label: object = None) -> GroupTable:
    """Compute the rates of each group; for the parameters see `demographic_parity`.

    Examples
    --------
    >>> from assay import metrics
    >>> found = metrics.group_rates([1, 0, 1, 0], [1, 1, 1, 0], sensitive_features=["a", "a", "b", "b"])
    >>> found.groups["b"].selection
    0.5
    """
    found, _ = _gaps(y_true, y_pred, sensitive_features, [], minimum=1, pos_label=pos_label)
    return GroupTable({group: GroupRates(int(cases), *rates) for group, cases, rates in found})


def demographic_parity(
    y_true: Labels,
    y_pred: Labels,
    *,
    sensitive_features: Groups,
    minimum: int = MINIMUM,
    pos_label: object = None,
) -> Gap:
    """Compare how often the positive label is predicted, whatever the truth.

    Parameters
    ----------
    y_true, y_pred : array_like
        True and predicted labels, two of each at most.
    sensitive_features : array_like
        The group of each case.
    minimum : int, default 20
        A group takes part when the rate is about at least so many of its cases.
    pos_label : optional
        The positive label; without it 1 of 0 and 1, else the last of two in order.

    Returns
    -------
    Gap
        A ratio below 0.8 breaks the "four-fifths rule".

    Raises
    ------
    ValueError
        Fewer than two groups are large enough.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.demographic_parity([1, 0, 1, 0], [1, 1, 1, 0], sensitive_features=list("aabb"), minimum=1)
    <Gap: 0.5 from 'b' to 'a', ratio 0.5>
    """
    return _gaps(y_true, y_pred, sensitive_features, ["selection"], minimum=minimum, pos_label=pos_label)[1][0]


def equal_opportunity(
    y_true: Labels,
    y_pred: Labels,
    *,
    sensitive_features: Groups,
    minimum: int = MINIMUM,
    pos_label: object = None,
) -> Gap:
    """Compare true-positive rates. For the parameters see `demographic_parity`.

    References
    ----------
    Hardt, M., Price, E., Srebro, N. (2016). Equality of opportunity in supervised learning. NeurIPS.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.equal_opportunity([1, 0, 1, 0], [1, 1, 1, 0], sensitive_features=list("aabb"), minimum=1).difference
    0.0
    """
    return _gaps(y_true, y_pred, sensitive_features, ["true_positive"], minimum=minimum, pos_label=pos_label)[1][0]


def predictive_parity(
    y_true: Labels,
    y_pred: Labels,
    *,
    sensitive_features: Groups,
    minimum: int = MINIMUM,
    pos_label: object = None,
) -> Gap:
    """Compare precision. For the parameters see `demographic_parity`.

    References
    ----------
    Chouldechova, A. (2017). Fair prediction with disparate impact. Big Data 5.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.predictive_parity([1, 0, 1, 0], [1, 1, 1, 0], sensitive_features=list("aabb"), minimum=1).ratio
    0.5
    """
    return _gaps(y_true, y_pred, sensitive_features, ["precision"], minimum=minimum, pos_label=pos_label)[1][0]


def equalized_odds(
    y_true: Labels,
    y_pred: Labels,
    *,
    sensitive_features: Groups,
    minimum: int = MINIMUM,
    pos_label: object = None,
) -> OddsGap:
    """Compare true-positive and false-positive rates. For the parameters see `demographic_parity`.

    References
    ----------
    Hardt, M., Price, E., Srebro, N. (2016). Equality of opportunity in supervised learning. NeurIPS.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.equalized_odds([1, 0, 1, 0], [1, 1, 1, 0], sensitive_features=list("aabb"), minimum=1).difference
    1.0
    """
    rates = ["true_positive", "false_positive"]
    true, false = _gaps(y_true, y_pred, sensitive_features, rates, minimum=minimum, pos_label=pos_label)[1]
    undefined = math.isnan(true.ratio) or math.isnan(false.ratio)
    ratio = math.nan if undefined else min(true.ratio, false.ratio)
    return OddsGap(max(true.difference, false.difference), ratio, true, false)

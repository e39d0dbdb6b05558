"""Intra-class correlations of raters' scores."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from assay import _assay
from assay._results import Result, axes, interval, number
from assay.stats._agreement import Coefficient, RatingTable, cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Table

__all__ = ["ICC", "icc"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ICC(Result):
    """The six intra-class correlations of Shrout and Fleiss, for a single rating and for the mean of all raters (k).

    Attributes
    ----------
    icc1, icc1k : Coefficient
        Every item has its own raters.
    icc2, icc2k : Coefficient
        Raters are a sample; absolute agreement.
    icc3, icc3k : Coefficient
        These raters only; consistency.
    """

    icc1: Coefficient
    icc1k: Coefficient
    icc2: Coefficient
    icc2k: Coefficient
    icc3: Coefficient
    icc3k: Coefficient

    def _sentence(self) -> str:
        return ", ".join(f"{name} {number(getattr(self, name).estimate)}" for name in self.to_dict())

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the six with their intervals; needs matplotlib."""
        ax = axes(ax)
        names = list(self.to_dict())
        for at, name in enumerate(names):
            getattr(self, name).plot(ax, at=at)
        ax.set_yticks(range(len(names)), names)
        ax.set_xlabel("intra-class correlation")
        return ax


def icc(ratings: Table | RatingTable, *, confidence: float = 0.95) -> ICC:
    """Intra-class correlations of a complete table of scores.

    Parameters
    ----------
    ratings : table or RatingTable
        A row per item, a column per rater, no number missing.
    confidence : float, default 0.95
        Of the intervals from F distributions.

    Returns
    -------
    ICC
        NaN without any variation.

    References
    ----------
    Shrout, P. E. & Fleiss, J. L. (1979). Intraclass correlations: uses in assessing rater reliability.

    Examples
    --------
    >>> from assay import stats
    >>> stats.icc([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    <ICC: icc1 0.1657, icc1k 0.4428, icc2 0.2898, icc2k 0.6201, icc3 0.7148, icc3k 0.9093>
    """
    rows = _assay.icc(cells(ratings), confidence)
    return ICC(**{name: Coefficient(value, interval(ends, confidence)) for name, value, ends in rows})

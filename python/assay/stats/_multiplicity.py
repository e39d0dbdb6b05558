"""Many tests at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from assay import _assay
from assay._results import Interval, Result, interval, number
from assay._types import Column, Groups, Numbers

__all__ = ["MaxT", "benjamini_hochberg", "benjamini_yekutieli", "hochberg", "holm", "hommel", "max_t"]


def holm(p: Numbers) -> Column:
    """Holm's adjusted p-values: they control the chance of any false alarm.

    Parameters
    ----------
    p : column of numbers
        p-values; NaN stands for a test that was none.

    Returns
    -------
    column of float
        In the order given.

    Raises
    ------
    ValueError
        A p-value is not from 0 to 1.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Stat. 6.

    Examples
    --------
    >>> from assay import stats
    >>> stats.holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    return _assay.adjust(p, "holm")


def hochberg(p: Numbers) -> Column:
    """Hochberg's adjusted p-values: as `holm`, for independent or positively dependent tests.

    References
    ----------
    Hochberg, Y. (1988). A sharper Bonferroni procedure for multiple tests of significance. Biometrika 75.

    Examples
    --------
    >>> from assay import stats
    >>> stats.hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    return _assay.adjust(p, "hochberg")


def hommel(p: Numbers) -> Column:
    """Hommel's adjusted p-values: never larger than Hochberg's, under the same conditions.

    References
    ----------
    Hommel, G. (1988). A stagewise rejective multiple test procedure based on a modified Bonferroni test. Biometrika 75.

    Examples
    --------
    >>> from assay import stats
    >>> stats.hommel([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    return _assay.adjust(p, "hommel")


def benjamini_hochberg(p: Numbers) -> Column:
    """Benjamini and Hochberg's adjusted p-values: they control the share of false alarms among alarms.

    References
    ----------
    Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57.

    Examples
    --------
    >>> from assay import stats
    >>> stats.benjamini_hochberg([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.03]
    """
    return _assay.adjust(p, "bh")


def benjamini_yekutieli(p: Numbers) -> Column:
    """Benjamini and Yekutieli's adjusted p-values: the share of false alarms under any dependence.

    References
    ----------
    Benjamini, Y., & Yekutieli, D. (2001). The control of the false discovery rate under dependency. Ann. Stat. 29.

    Examples
    --------
    >>> from assay import stats
    >>> [round(p, 4) for p in stats.benjamini_yekutieli([0.01, 0.04, 0.02])]
    [0.055, 0.0733, 0.055]
    """
    return _assay.adjust(p, "by")


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class MaxT(Result):
    """Differences of several cells, tested together.

    Attributes
    ----------
    adjusted : dict of str to float
        Two-sided p-value of each cell, adjusted for all of them; NaN for a cell without variation.
    critical : float
        The |t| that all cells together exceed with the chance α.
    intervals : dict of str to Interval
        They hold for all cells at once.
    """

    adjusted: dict[str, float]
    critical: float
    intervals: dict[str, Interval]

    def _sentence(self) -> str:
        ends = next(iter(self.intervals.values()), None)
        alpha = 1 - (0.95 if ends is None else ends.confidence)
        found = sum(p <= alpha for p in self.adjusted.values())
        return f"{found} of {len(self.adjusted)} cells differ, critical value {number(self.critical)}"


def max_t(
    differences: Mapping[str, Numbers] | Any,
    *,
    clusters: Groups | None = None,
    confidence: float = 0.95,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> MaxT:
    """Romano and Wolf's step-down max-T over cells (metrics, slices) by sign flips of cases or clusters.

    All cells are flipped together, so that their correlation is used.

    Parameters
    ----------
    differences : mapping or data frame
        Columns by name: the difference of each case in that cell, NaN where the cell has none.
    clusters : column of hashable values, optional
        Which cases depend on each other.
    confidence : float, default 0.95
        Between 0 and 1.
    n_resamples : int, default 9999
        How many sign flips.
    seed : int, default 0
        The same seed gives the same answer.

    Raises
    ------
    ValueError
        Columns are not equally long, or a difference is infinite.

    References
    ----------
    Romano, J. P., & Wolf, M. (2005). Exact and approximate stepdown methods for multiple hypothesis testing. JASA 100.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.max_t({"accuracy": [0.1, 0.2, 0.3, 0.2], "style": [0.1, -0.2, 0.0, 0.1]})
    >>> found.adjusted["accuracy"] < found.adjusted["style"]
    True
    """
    names, columns = named_columns("differences", differences)
    adjusted, critical, ends = _assay.max_t(names, columns, clusters, confidence, n_resamples, seed)
    intervals = {name: interval(each, confidence) for name, each in zip(names, ends, strict=True)}
    return MaxT(dict(zip(names, adjusted, strict=True)), critical, intervals)


def named_columns(argument: str, table: Any) -> tuple[list[str], list[Any]]:
    """Give the names and the columns of a mapping or a data frame.

    Raises
    ------
    TypeError
        It is neither.
    ValueError
        It has no columns.
    """
    if isinstance(table, Mapping):
        keys = list(cast("Mapping[Any, Any]", table))
    elif hasattr(table, "column_names"):
        keys = list(table.column_names)
    elif hasattr(table, "columns"):
        keys = list(table.columns)
    else:
        raise TypeError(f"{argument} must be a mapping of columns or a data frame, not {type(table).__name__}")
    if not keys:
        raise ValueError(f"{argument} has no columns")
    return [str(key) for key in keys], [table[key] for key in keys]

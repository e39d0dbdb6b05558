"""Whether vectors, such as embeddings, have changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from assay import _assay
from assay._results import Interval, Result, axes, made, number, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Table

__all__ = ["DomainClassifier", "Mmd", "domain_classifier", "mmd_test"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Mmd(Result):
    """A kernel two-sample test of vectors.

    Attributes
    ----------
    squared : float
        Squared maximum mean discrepancy, unbiased: below 0 about half of the time without drift.
    p_value : float
        By permutation, or normal in linear time.
    bandwidth : float
        The kernel's: the median distance of pooled vectors.
    """

    squared: float
    p_value: float
    bandwidth: float


def mmd_test(reference: Table, current: Table, *, linear: bool = False, permutations: int = 199, seed: int = 0) -> Mmd:
    """Maximum mean discrepancy of two samples of vectors, with a Gaussian kernel.

    Parameters
    ----------
    reference, current : table
        A row per vector.
    linear : bool
        The estimate in linear time, much weaker at equal size, for long streams.
    permutations, seed : int
        Of the permutation test.

    References
    ----------
    Gretton, A. et al. (2012). A kernel two-sample test.

    Examples
    --------
    >>> from assay import stats
    >>> a = [[(i * 37) % 11, (i * 53) % 7] for i in range(40)]
    >>> stats.mmd_test(a, [[x + 5, y] for x, y in a]).p_value < 0.05
    True
    """
    return Mmd(**_assay.mmd_test(reference, current, linear, permutations, seed))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class DomainClassifier(Result):
    """How well a classifier tells two samples apart.

    Attributes
    ----------
    auc : float
        Of scores out of fold: 0.5 without drift.
    interval : Interval
        Undefined at an AUC of 0 or 1.
    drift : bool
        Whether the interval is above 0.5.
    features : list of (int, float)
        Columns by the size of their coefficient, up to ten; above 0: larger in current.
    """

    auc: float
    interval: Interval
    drift: bool
    features: list[tuple[int, float]]

    def _sentence(self) -> str:
        verdict = "drift" if self.drift else "no drift shown"
        return f"{verdict}: AUC {number(self.auc)}, {self.interval._sentence()}"  # type: ignore[reportPrivateUsage]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the features' coefficients; needs matplotlib."""
        ax = axes(ax)
        ax.barh(range(len(self.features)), [value for _, value in self.features])
        place(ax, [f"column {at}" for at, _ in self.features])
        ax.set_xlabel("smaller  ←  in current  →  larger")
        return ax


def domain_classifier(
    reference: Table,
    current: Table,
    *,
    folds: Groups | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> DomainClassifier:
    """Tell two samples of vectors apart by logistic regression, five-fold: an AUC above 0.5 is drift.

    Parameters
    ----------
    reference, current : table
        A row per vector.
    folds : column, optional
        The fold of each row, of the reference first; default: drawn from `seed`.
    confidence : float, default 0.95
        Of the interval of the AUC.

    Raises
    ------
    ValueError
        Fewer than ten vectors in a sample; different widths; no column varies.

    Examples
    --------
    >>> from assay import stats
    >>> a = [[(i * 37) % 11, (i * 53) % 7] for i in range(40)]
    >>> stats.domain_classifier(a, [[x + 4, y] for x, y in a]).drift
    True
    """
    found = _assay.domain_classifier(reference, current, folds, confidence, seed)
    return made(DomainClassifier, found, confidence)

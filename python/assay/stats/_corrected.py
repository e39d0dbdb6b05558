"""A judge's scores corrected by labels of people: which method is the decision table's."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Interval, Result
from assay.stats import _difference, _estimate
from assay.stats._difference import Difference
from assay.stats._estimate import Level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers

__all__ = ["Correction", "corrected_difference", "corrected_level"]

ScoreKind = Literal["binary", "bounded", "unbounded"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Correction(Result):
    """A corrected estimate and what is behind it.

    Attributes
    ----------
    found : Level or Difference
        The estimate, its method included.
    labels : int
        Cases with a label.
    lambda_ : float
        How much the judge was trusted, from 0 to 1; NaN where PPI++ did not decide it.
    multiplier : float
        How many times as many labels alone would be as precise.
    labels_se, judged_se : float
        Standard errors of the labels' part and of the judge's.
    """

    found: Level | Difference
    labels: int
    lambda_: float
    multiplier: float
    labels_se: float
    judged_se: float

    @property
    def estimate(self) -> float:
        """The corrected estimate."""
        return self.found.estimate

    @property
    def interval(self) -> Interval:
        """Its interval."""
        return self.found.interval

    @property
    def method(self) -> str:
        """How it was found."""
        return self.found.method

    def __float__(self) -> float:
        return self.found.estimate

    def _sentence(self) -> str:
        return f"{self.found._sentence()}, from {self.labels} labels"  # type: ignore[reportPrivateUsage]

    def labels_needed(self, gap: float, *, confidence: float | None = None) -> int | None:
        """How many labels show a difference that is `gap` on the right side of a limit, with 80% power.

        None when no number of labels does: more judged cases are needed.
        """
        level = self.found.interval.confidence if confidence is None else confidence
        return _assay.correction_labels_needed(self.labels, self.labels_se, self.judged_se, gap, level)

    def plot(self, ax: Axes | None = None, *, at: float = 0.0) -> Axes:
        """Draw the estimate with its interval; needs matplotlib."""
        return self.found.plot(ax, at=at)


def _correction(found: Level | Difference, behind: dict[str, Any]) -> Correction:
    return Correction(found, **behind)


def corrected_level(
    judge: Numbers,
    truth: Numbers,
    *,
    kind: ScoreKind | None = None,
    bounds: tuple[float, float] | None = None,
    chances: Numbers | None = None,
    clusters: Groups | None = None,
    repeats: Numbers | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Correction:
    """Level of what people would say of all cases, from a judge's scores of all and labels of a random part.

    Parameters
    ----------
    judge : column of numbers
        The judge's score of every case.
    truth : column of numbers
        The label of people; NaN or None where they were not asked.
    kind : {"binary", "bounded", "unbounded"}, optional
        What scores are; default: bounded with `bounds`, binary where all are 0 or 1, else unbounded.
    bounds : (float, float), optional
        The range of a score.
    chances : column of numbers, optional
        The chance with which each case was drawn to be labelled, where chances differ.
    clusters : column, optional
        Cases that hang together.
    repeats : column of whole numbers, optional
        Epochs behind each case.
    confidence : float, default 0.95
        Between 0 and 1.
    seed : int
        Of the draws of double sampling.

    Returns
    -------
    Correction
        By double sampling for binary verdicts, else PPI++; the labels alone where the judge is worth nothing.

    Raises
    ------
    ValueError
        There are fewer than two labels; chances are known of some labels only.

    References
    ----------
    Tenenbein, A. (1970); Angelopoulos, A. N. et al. (2023); Zrnic, T. & Candès, E. J. (2024).

    Examples
    --------
    >>> from assay import stats
    >>> judge = [i % 4 > 0 for i in range(400)]
    >>> truth = [(i % 4 > 0) ^ (i % 20 == 0) if i % 5 == 0 else None for i in range(400)]
    >>> found = stats.corrected_level(judge, truth)
    >>> found.method, found.labels
    ('double_sampling', 80)
    """
    (native, fields), behind = _assay.corrected_level(
        judge, truth, (kind, bounds), chances, clusters, repeats, confidence, seed
    )
    return _correction(_estimate.made(fields, native, confidence), behind)


def corrected_difference(
    judge: Numbers,
    truth: Numbers,
    *,
    kind: ScoreKind | None = None,
    bounds: tuple[float, float] | None = None,
    chances: Numbers | None = None,
    clusters: Groups | None = None,
    repeats: Numbers | None = None,
    confidence: float = 0.95,
) -> Correction:
    """Difference of what people would say of two arms, from a judge's scores of both and labels of a random part.

    Parameters
    ----------
    judge, truth : column of numbers
        Candidate − baseline of each case, by the judge and by people (NaN or None where they were not asked).
    kind, bounds
        Those of a score, not of a difference; as for `corrected_level`.
    chances, clusters, repeats, confidence
        As for `corrected_level`.

    Returns
    -------
    Correction
        Its `found` has the interval that a gate reads, guarded against disagreements that the labels have not met.

    Examples
    --------
    >>> from assay import stats
    >>> judge = [(i % 5 == 0) - (i % 7 == 0) for i in range(400)]
    >>> truth = [(i % 5 == 0) - (i % 9 == 0) if i % 4 == 0 else None for i in range(400)]
    >>> found = stats.corrected_difference(judge, truth)
    >>> found.labels, found.found.paired
    (100, True)
    """
    (native, fields), behind = _assay.corrected_difference(
        judge, truth, (kind, bounds), chances, clusters, repeats, confidence
    )
    return _correction(_difference.made(fields, native, confidence), behind)

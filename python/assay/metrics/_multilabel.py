"""Cases that have sets of labels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from typing import Any

from assay import _assay
from assay._results import Result, number
from assay._types import Table
from assay.metrics._classification import ClassScores, averaged, each

__all__ = [
    "MultilabelScores",
    "coverage_error",
    "label_ranking_average_precision_score",
    "label_ranking_loss",
    "multilabel_scores",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class MultilabelScores(Result):
    """How predicted sets of labels agree with the true ones.

    Attributes
    ----------
    subset_accuracy : float
        Share of cases whose sets are equal.
    hamming_loss : float
        Share of all (case, label) pairs that are wrong.
    labels : dict of label to ClassScores
        Of each label over cases.
    micro, macro, weighted, samples : ClassScores
        Averages over labels, and over cases.
    """

    subset_accuracy: float
    hamming_loss: float
    labels: dict[Any, ClassScores]
    micro: ClassScores
    macro: ClassScores
    weighted: ClassScores
    samples: ClassScores

    def _sentence(self) -> str:
        return (
            f"subset accuracy {number(self.subset_accuracy)}, micro F1 {number(self.micro.f1)}, "
            f"macro F1 {number(self.macro.f1)}"
        )


def multilabel_scores(
    y_true: Table | Sequence[Collection[Any]],
    y_pred: Table | Sequence[Collection[Any]],
    *,
    labels: Sequence[Any] | None = None,
    zero_division: float = 0.0,
) -> MultilabelScores:
    """Compare sets of labels with the true ones.

    Parameters
    ----------
    y_true, y_pred : table or sequence of sets
        Tables with a row for each case and a column for each label, 1 where the label applies; or the set of labels of
        each case (``set``, ``frozenset``).
    labels : sequence, optional
        The names of the columns, or all labels there are; numbers from 0, or those that occur, unless given.
    zero_division : {0, 1, NaN}
        What a label or case counts for which a value is undefined; NaN leaves it out of averages.

    Returns
    -------
    MultilabelScores

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.multilabel_scores([{"a", "b"}, {"c"}], [{"a"}, {"c"}]).subset_accuracy
    0.5
    """
    if not (math.isnan(zero_division) or zero_division in (0, 1)):
        raise ValueError(f"zero_division is {zero_division}: it must be 0, 1 or NaN")
    undefined = None if math.isnan(zero_division) else float(zero_division)
    true_rows: Any = y_true
    predicted_rows: Any = y_pred
    names = None if labels is None else list(labels)
    if _are_sets(true_rows) or _are_sets(predicted_rows):
        names = sorted({label for row in (*true_rows, *predicted_rows) for label in row}) if names is None else names
        true_rows, predicted_rows = (
            _indicators("y_true", true_rows, names),
            _indicators("y_pred", predicted_rows, names),
        )
    subset, loss, counts, samples = _assay.multilabel_scores(true_rows, predicted_rows, undefined)
    names = list(range(len(counts))) if names is None else names
    if len(names) != len(counts):
        raise ValueError(f"there are {len(names)} labels and {len(counts)} columns")
    rows = dict(zip(names, each(counts, zero_division), strict=True))
    micro, macro, weighted = (averaged(counts, how, undefined) for how in ("micro", "macro", "weighted"))
    of_cases = ClassScores(samples[0], samples[1], samples[2], micro.support)
    return MultilabelScores(subset, loss, rows, micro, macro, weighted, of_cases)


def _are_sets(rows: Any) -> bool:
    return isinstance(rows, (list, tuple)) and any(isinstance(row, (set, frozenset)) for row in rows)  # type: ignore[reportUnknownVariableType]


def _indicators(name: str, rows: Any, labels: list[Any]) -> list[list[bool]]:
    known = set(labels)
    for at, row in enumerate(rows):
        unknown = set(row) - known
        if unknown:
            raise ValueError(f"{name}[{at}] holds {next(iter(unknown))!r}, which is not among labels")
    return [[label in row for label in labels] for row in (set(row) for row in rows)]


def label_ranking_average_precision_score(y_true: Table, y_score: Table) -> float:
    """For each label that applies, the share of labels ranked at least as high that apply as well; the mean.

    Parameters
    ----------
    y_true, y_score : table
        With a row for each case and a column for each label: 1 where it applies, and its score.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.label_ranking_average_precision_score([[1, 0, 0], [0, 0, 1]], [[0.7, 0.5, 1], [1, 0.2, 0.1]]), 4)
    0.4167
    """
    return _assay.label_ranking("average_precision", y_true, y_score)


def coverage_error(y_true: Table, y_score: Table) -> float:
    """Count the labels, from the best scored down, that hold all that apply; the mean over cases.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.coverage_error([[1, 0, 0], [0, 0, 1]], [[0.7, 0.5, 1], [1, 0.2, 0.1]])
    2.5
    """
    return _assay.label_ranking("coverage_error", y_true, y_score)


def label_ranking_loss(y_true: Table, y_score: Table) -> float:
    """Share of pairs of a label that applies and one that does not whose scores are in the wrong order; the mean.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.label_ranking_loss([[1, 0, 0], [0, 0, 1]], [[0.7, 0.5, 1], [1, 0.2, 0.1]])
    0.75
    """
    return _assay.label_ranking("loss", y_true, y_score)

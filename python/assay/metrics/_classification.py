"""Precision, recall and F1 of class labels, as scikit-learn computes them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal, overload

from assay import _assay
from assay._results import Result, number
from assay._types import Labels, Numbers

__all__ = [
    "ClassScores",
    "ClassificationReport",
    "classification_report",
    "f1_score",
    "jaccard_score",
    "precision_score",
    "recall_score",
]

Average = Literal["binary", "micro", "macro", "weighted"]
Class = tuple[float, float, float]


def _classes(
    y_true: Labels, y_pred: Labels, labels: Sequence[Any] | None, sample_weight: Numbers | None
) -> tuple[list[Any], list[Class], list[Any]]:
    """Give labels, their counts and all labels that occur."""
    known, _, counts = _assay.confusion(y_true, y_pred, sample_weight)
    if labels is None:
        return known, counts, known
    place = dict(zip(known, counts, strict=True))
    chosen = list(labels)
    return chosen, [place.get(label, (0.0, 0.0, 0.0)) for label in chosen], known


def _undefined(zero_division: float) -> float | None:
    """Tell the native half what an undefined value counts: None leaves it out of averages."""
    if math.isnan(zero_division):
        return None
    if zero_division not in (0, 1):
        raise ValueError(f"zero_division is {zero_division}: it must be 0, 1 or NaN")
    return float(zero_division)


def _score(
    metric: str,
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None,
    pos_label: object,
    average: Average | None,
    sample_weight: Numbers | None,
    zero_division: float,
) -> Any:
    undefined = _undefined(zero_division)
    chosen, counts, known = _classes(y_true, y_pred, labels, sample_weight)
    if average == "binary":
        if len(known) > 2:
            hint = 'average="macro", "micro", "weighted" or None'
            raise ValueError(f"there are {len(known)} classes and average is 'binary': choose {hint}")
        if pos_label not in known:
            shown = ", ".join(repr(label) for label in known)
            raise ValueError(f"pos_label {pos_label!r} is not among the labels {shown}: say which one is positive")
        counts = [counts[chosen.index(pos_label)]] if pos_label in chosen else [(0.0, 0.0, 0.0)]
    if average in ("binary", None):
        values = _assay.class_values(counts, metric)
        values = [zero_division if math.isnan(value) else value for value in values]
        return values[0] if average == "binary" else values
    return _assay.class_average(counts, metric, average, undefined)


@overload
def precision_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float: ...
@overload
def precision_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    average: None,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> list[float]: ...
def precision_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average | None = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float | list[float]:
    """Share of the predicted that is right. For the parameters see `f1_score`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.precision_score([0, 1, 1, 0], [0, 1, 1, 1])
    0.6666666666666666
    """
    return _score(
        "precision",
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        zero_division=zero_division,
    )


@overload
def recall_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float: ...
@overload
def recall_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    average: None,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> list[float]: ...
def recall_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average | None = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float | list[float]:
    """Share of the expected that is found. For the parameters see `f1_score`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.recall_score([0, 1, 1, 0], [0, 1, 0, 1])
    0.5
    """
    return _score(
        "recall",
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        zero_division=zero_division,
    )


@overload
def f1_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float: ...
@overload
def f1_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    average: None,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> list[float]: ...
def f1_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average | None = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float | list[float]:
    """F1, the harmonic mean of precision and recall. For its interval see `interval`.

    Parameters
    ----------
    y_true, y_pred : array_like
        True and predicted labels.
    labels : sequence, optional
        The classes that count, and their order; all that occur unless given.
    pos_label : default 1
        The positive class of ``binary``.
    average : {"binary", "micro", "macro", "weighted"} or None
        How the values of classes become one; None gives those of each.
    sample_weight : array_like, optional
        Weights of the cases.
    zero_division : {0, 1, NaN}
        What a class counts for which the value is undefined; NaN leaves it out of averages.

    Returns
    -------
    float or list of float

    Raises
    ------
    ValueError
        More than two classes with ``binary``, a positive label that does not occur.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.f1_score(["a", "b", "b", "c"], ["a", "b", "c", "c"], average="macro")
    0.7777777777777777
    """
    return _score(
        "f1",
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        zero_division=zero_division,
    )


@overload
def jaccard_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float: ...
@overload
def jaccard_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    average: None,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> list[float]: ...
def jaccard_score(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    pos_label: object = 1,
    average: Average | None = "binary",
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> float | list[float]:
    """Jaccard's index: right over predicted or expected. For the parameters see `f1_score`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.jaccard_score([0, 1, 1, 0], [0, 1, 0, 1])
    0.3333333333333333
    """
    return _score(
        "jaccard",
        y_true,
        y_pred,
        labels=labels,
        pos_label=pos_label,
        average=average,
        sample_weight=sample_weight,
        zero_division=zero_division,
    )


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ClassScores(Result):
    """Precision, recall and F1 of a class or of an average; support is how often it is expected."""

    precision: float
    recall: float
    f1: float
    support: float


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ClassificationReport(Result):
    """Precision, recall and F1 of all classes.

    Attributes
    ----------
    classes : dict of label to ClassScores
    micro, macro, weighted : ClassScores
        Averages.
    accuracy : float
    """

    classes: dict[Any, ClassScores]
    micro: ClassScores
    macro: ClassScores
    weighted: ClassScores
    accuracy: float

    def _sentence(self) -> str:
        return f"{len(self.classes)} classes, accuracy {number(self.accuracy)}, macro F1 {number(self.macro.f1)}"

    def __str__(self) -> str:
        rows = [*self.classes.items(), ("micro avg", self.micro), ("macro avg", self.macro)]
        rows.append(("weighted avg", self.weighted))
        width = max(len(str(label)) for label, _ in rows)
        head = f"{'':{width}}  precision  recall      f1  support"
        lines = [
            f"{label!s:{width}}  {row.precision:9.4f}  {row.recall:6.4f}  {row.f1:6.4f}  {row.support:7g}"
            for label, row in rows
        ]
        return "\n".join([head, *lines])


def each(counts: list[Class], zero_division: float) -> list[ClassScores]:
    """Score each class."""
    precision, recall, f1 = (
        [zero_division if math.isnan(value) else value for value in _assay.class_values(counts, metric)]
        for metric in ("precision", "recall", "f1")
    )
    support = [expected for _, _, expected in counts]
    return [ClassScores(*row) for row in zip(precision, recall, f1, support, strict=True)]


def averaged(counts: list[Class], how: str, undefined: float | None) -> ClassScores:
    """Score all classes together."""
    precision, recall, f1 = (
        _assay.class_average(counts, metric, how, undefined) for metric in ("precision", "recall", "f1")
    )
    return ClassScores(precision, recall, f1, sum(expected for _, _, expected in counts))


def classification_report(
    y_true: Labels,
    y_pred: Labels,
    *,
    labels: Sequence[Any] | None = None,
    sample_weight: Numbers | None = None,
    zero_division: float = 0.0,
) -> ClassificationReport:
    """Compute precision, recall and F1 of each class and their averages; for the parameters see `f1_score`.

    Returns
    -------
    ClassificationReport
        ``print`` shows a table.

    Examples
    --------
    >>> from assay import metrics
    >>> report = metrics.classification_report(["a", "b", "b", "c"], ["a", "b", "c", "c"])
    >>> report
    <ClassificationReport: 3 classes, accuracy 0.75, macro F1 0.7778>
    >>> report.classes["b"].recall
    0.5
    """
    undefined = _undefined(zero_division)
    names, counts, _ = _classes(y_true, y_pred, labels, sample_weight)
    total = sum(expected for _, _, expected in counts)
    accuracy = sum(hits for hits, _, _ in counts) / total if total else math.nan
    micro, macro, weighted = (averaged(counts, how, undefined) for how in ("micro", "macro", "weighted"))
    rows = dict(zip(names, each(counts, zero_division), strict=True))
    return ClassificationReport(rows, micro, macro, weighted, accuracy)

"""How often each class was predicted for each true class, and the agreement beyond chance."""

from __future__ import annotations

import dataclasses
import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Result, axes, number
from assay._types import Labels, Numbers

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = [
    "ConfusionMatrix",
    "accuracy_score",
    "balanced_accuracy_score",
    "cohen_kappa_score",
    "confusion_matrix",
    "matthews_corrcoef",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ConfusionMatrix(Result):
    """How often each class was predicted for each true class.

    Attributes
    ----------
    labels : tuple
        Classes in order.
    cells : dict of (true label, predicted label) to float
        The pairs that occur and their weights.
    accuracy, balanced_accuracy : float
        Share of the weight on equal classes; mean recall of the classes that the truth has.
    mcc, kappa : float
        Matthews' correlation and Cohen's kappa; NaN where agreement by chance is certain.
    """

    labels: tuple[Any, ...]
    cells: dict[tuple[Any, Any], float]
    accuracy: float
    balanced_accuracy: float
    mcc: float
    kappa: float

    def _sentence(self) -> str:
        return f"{len(self.labels)} classes, accuracy {number(self.accuracy)}, MCC {number(self.mcc)}"

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as a dictionary that JSON can hold, the cells as a matrix."""
        return {
            "labels": list(self.labels),
            "matrix": self.matrix(),
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "mcc": self.mcc,
            "kappa": None if math.isnan(self.kappa) else self.kappa,
        }

    def matrix(
        self, *, normalize: Literal["true", "pred", "all"] | None = None, labels: Sequence[Any] | None = None
    ) -> list[list[float]]:
        """Give the cells as rows of true and columns of predicted classes.

        Parameters
        ----------
        normalize : {"true", "pred", "all"}, optional
            As shares of a row, of a column or of everything.
        labels : sequence, optional
            Another choice and order of classes.
        """
        chosen = self.labels if labels is None else labels
        rows = [[self.cells.get((true, predicted), 0.0) for predicted in chosen] for true in chosen]
        if normalize is None:
            return rows
        if normalize not in ("true", "pred", "all"):
            raise ValueError(f"normalize is {normalize!r}: it must be one of true, pred, all")
        down = [sum(column) for column in zip(*rows, strict=True)]
        total = sum(down)

        def share(value: float, row: list[float], at: int) -> float:
            whole = {"true": sum(row), "pred": down[at], "all": total}[normalize]
            return value / whole if whole else 0.0

        return [[share(value, row, at) for at, value in enumerate(row)] for row in rows]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.float64]:
        import numpy as np  # noqa: PLC0415

        return np.array(self.matrix(), dtype=dtype)

    def _repr_html_(self) -> str:
        if len(self.labels) > 30:
            return f"<p>{html.escape(self._sentence())}</p>"
        head = "".join(f"<th>{html.escape(str(label))}</th>" for label in self.labels)
        rows = "".join(
            f"<tr><th>{html.escape(str(label))}</th>{''.join(f'<td>{value:g}</td>' for value in row)}</tr>"
            for label, row in zip(self.labels, self.matrix(), strict=True)
        )
        title = f"{html.escape(self._sentence())}; rows are true, columns predicted"
        return f"<table><caption>{title}</caption><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def plot(self, ax: Axes | None = None, *, normalize: Literal["true", "pred", "all"] | None = None) -> Axes:
        """Draw it as a heat map with its numbers; needs matplotlib."""
        ax = axes(ax)
        rows = self.matrix(normalize=normalize)
        image = ax.imshow(rows, cmap="Blues", vmin=0)
        dark = max((value for row in rows for value in row), default=0.0) / 2
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                shown = f"{value:.2f}" if normalize else f"{value:g}"
                ax.text(j, i, shown, ha="center", va="center", color="white" if value > dark else "black")
        names = [str(label) for label in self.labels]
        ax.set(xticks=range(len(names)), yticks=range(len(names)), xlabel="predicted", ylabel="true")
        ax.set_xticklabels(names)
        ax.set_yticklabels(names)
        ax.figure.colorbar(image, ax=ax)
        return ax


def confusion_matrix(y_true: Labels, y_pred: Labels, *, sample_weight: Numbers | None = None) -> ConfusionMatrix:
    """Count how often each class was predicted for each true class.

    Parameters
    ----------
    y_true, y_pred : array_like
        True and predicted labels: hashable values of one type that can be put in order.
    sample_weight : array_like, optional
        Weights of the cases, 0 or more.

    Returns
    -------
    ConfusionMatrix
        ``numpy.asarray`` makes an array of it.

    Raises
    ------
    ValueError
        Columns of different lengths or without a case, missing labels.
    TypeError
        Labels that cannot be put in order.

    Examples
    --------
    >>> from assay import metrics
    >>> found = metrics.confusion_matrix(["cat", "cat", "dog", "dog"], ["cat", "dog", "dog", "dog"])
    >>> found.matrix(), found.accuracy
    ([[1.0, 1.0], [0.0, 2.0]], 0.75)
    """
    labels, cells, classes = _assay.confusion(y_true, y_pred, sample_weight)
    named = {(labels[true], labels[predicted]): weight for true, predicted, weight in cells}
    return ConfusionMatrix(tuple(labels), named, *_assay.class_agreement(classes))


def accuracy_score(y_true: Labels, y_pred: Labels, *, sample_weight: Numbers | None = None) -> float:
    """Share of the cases whose predicted label is the true one.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.accuracy_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    return _assay.class_agreement(_assay.confusion(y_true, y_pred, sample_weight)[2])[0]


def balanced_accuracy_score(y_true: Labels, y_pred: Labels, *, sample_weight: Numbers | None = None) -> float:
    """Mean recall of the classes that the truth has.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    return _assay.class_agreement(_assay.confusion(y_true, y_pred, sample_weight)[2])[1]


def matthews_corrcoef(y_true: Labels, y_pred: Labels, *, sample_weight: Numbers | None = None) -> float:
    """Matthews' correlation for any number of classes, from -1 to 1; 0 when one side holds a single class.

    References
    ----------
    Gorodkin, J. (2004). Comparing two K-category assignments by a K-category correlation coefficient.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.matthews_corrcoef([0, 1, 0, 1], [0, 1, 1, 0])
    0.0
    """
    return _assay.class_agreement(_assay.confusion(y_true, y_pred, sample_weight)[2])[2]


def cohen_kappa_score(y_true: Labels, y_pred: Labels, *, sample_weight: Numbers | None = None) -> float:
    """Cohen's kappa: agreement beyond chance; NaN when both sides say one and the same class throughout.

    For weighted kappa and more raters see `assay.stats`.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.cohen_kappa_score([0, 0, 1, 1], [0, 1, 1, 1])
    0.5
    """
    return _assay.class_agreement(_assay.confusion(y_true, y_pred, sample_weight)[2])[3]

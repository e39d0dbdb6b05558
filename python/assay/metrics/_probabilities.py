"""Scores and probabilities of classes beside the true classes, as scikit-learn computes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence, Sized
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Result, axes, number
from assay._types import Labels, Numbers, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "PrecisionRecallCurve",
    "ReliabilityDiagram",
    "RocCurve",
    "average_precision_score",
    "brier_score",
    "expected_calibration_error",
    "fpr_at_tpr",
    "log_loss",
    "precision_at_recall",
    "precision_recall_curve",
    "recall_at_precision",
    "reliability_diagram",
    "roc_auc_score",
    "roc_curve",
    "top_k_accuracy_score",
    "tpr_at_fpr",
]


def _is_table(values: Any) -> bool:
    """Whether scores have a column for each class."""
    if hasattr(values, "ndim"):
        return values.ndim == 2
    if hasattr(values, "shape"):
        return len(values.shape) == 2
    if not isinstance(values, (list, tuple)):
        return False
    first: Any = next(iter(values), None)  # type: ignore[reportUnknownArgumentType]
    return isinstance(first, Sized) and not isinstance(first, str)


def roc_auc_score(
    y_true: Labels,
    y_score: Numbers | Table,
    *,
    average: Literal["macro", "micro", "weighted"] = "macro",
    multi_class: Literal["raise", "ovr", "ovo"] = "raise",
    labels: Sequence[Any] | None = None,
    pos_label: object = None,
) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, ties counting half.

    For its interval see `interval`.

    Parameters
    ----------
    y_true : array_like
        True labels.
    y_score : array_like
        A score of each case, the higher the more likely positive; or, for more classes, a table of probabilities with
        a column for each class.
    average : {"macro", "micro", "weighted"}
        Over classes or pairs of them.
    multi_class : {"ovr", "ovo"}
        Each class against the others, or against every other (Hand & Till 2001): to be chosen for tables.
    labels : sequence, optional
        What the columns stand for; the true labels in order unless given.
    pos_label : optional
        The positive label; without it 1 of 0 and 1, else the last of two in order.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        The truth holds a single class.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    if _is_table(y_score):
        return _assay.roc_auc_multiclass(y_true, y_score, labels, multi_class, average)
    return _assay.rank_areas(y_true, y_score, pos_label)[0]


def average_precision_score(y_true: Labels, y_score: Numbers, *, pos_label: object = None) -> float:
    """Average precision: the precision-recall curve summed in steps, not by trapezoids, which flatter.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    return _assay.rank_areas(y_true, y_score, pos_label)[1]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class RocCurve(Result):
    """A ROC curve, one point per distinct score from the highest down, after the origin.

    Attributes
    ----------
    fpr, tpr : sequence of float
        Shares of the negatives and of the positives at or above each threshold: NumPy arrays for a column of scores
        that is one, or of a data frame; else lists.
    thresholds : sequence of float
        The first is infinite.
    auc : float
        The area below.
    """

    fpr: Sequence[float]
    tpr: Sequence[float]
    thresholds: Sequence[float]
    auc: float

    def _sentence(self) -> str:
        return f"area {number(self.auc)}, {len(self.fpr)} points"

    def plot(self, ax: Axes | None = None, *, label: str = "") -> Axes:
        """Draw it beside that of chance; needs matplotlib."""
        ax = axes(ax)
        ax.plot(self.fpr, self.tpr, label=label or f"AUC {self.auc:.3f}")
        ax.plot([0, 1], [0, 1], linestyle=":", color="grey")
        ax.set(xlabel="false-positive rate", ylabel="true-positive rate", aspect="equal")
        ax.legend()
        return ax


def roc_curve(y_true: Labels, y_score: Numbers, *, pos_label: object = None) -> RocCurve:
    """Compute the ROC curve; for the parameters see `roc_auc_score`.

    No point is dropped: scikit-learn's with ``drop_intermediate=False``.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    <RocCurve: area 0.75, 5 points>
    """
    (fpr, tpr, thresholds), auc = _assay.rank_curve("roc", y_true, y_score, pos_label)
    return RocCurve(fpr, tpr, thresholds, auc)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class PrecisionRecallCurve(Result):
    """Precision and recall at each distinct score, from the highest down.

    Attributes
    ----------
    precision, recall, thresholds : sequence of float
        NumPy arrays for a column of scores that is one, or of a data frame; else lists.
    average_precision : float
    """

    precision: Sequence[float]
    recall: Sequence[float]
    thresholds: Sequence[float]
    average_precision: float

    def _sentence(self) -> str:
        return f"average precision {number(self.average_precision)}, {len(self.thresholds)} thresholds"

    def plot(self, ax: Axes | None = None, *, label: str = "") -> Axes:
        """Draw it in steps; needs matplotlib."""
        ax = axes(ax)
        ax.step(self.recall, self.precision, where="pre", label=label or f"AP {self.average_precision:.3f}")
        ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
        ax.legend()
        return ax


def precision_recall_curve(y_true: Labels, y_score: Numbers, *, pos_label: object = None) -> PrecisionRecallCurve:
    """Compute precision and recall at each threshold; for the parameters see `roc_auc_score`.

    Thresholds fall, where those of scikit-learn rise.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).recall
    [0.5, 0.5, 1.0, 1.0]
    """
    (precision, recall, thresholds), area = _assay.rank_curve("precision_recall", y_true, y_score, pos_label)
    return PrecisionRecallCurve(precision, recall, thresholds, area)


def precision_at_recall(y_true: Labels, y_score: Numbers, recall: float, *, pos_label: object = None) -> float:
    """Give the best precision of a threshold whose recall is at least `recall`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.precision_at_recall([0, 1, 1, 0], [0.1, 0.9, 0.3, 0.2], 1.0)
    1.0
    """
    return _assay.rank_at("precision_at_recall", y_true, y_score, recall, pos_label)


def recall_at_precision(y_true: Labels, y_score: Numbers, precision: float, *, pos_label: object = None) -> float:
    """Give the best recall of a threshold whose precision is at least `precision`; NaN when there is none.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.recall_at_precision([0, 1, 1, 0], [0.5, 0.9, 0.3, 0.2], 0.9)
    0.5
    """
    return _assay.rank_at("recall_at_precision", y_true, y_score, precision, pos_label)


def fpr_at_tpr(y_true: Labels, y_score: Numbers, tpr: float = 0.95, *, pos_label: object = None) -> float:
    """Give the lowest false-positive rate of a threshold that finds at least the share `tpr` of the positives.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.fpr_at_tpr([0, 1, 1, 0], [0.5, 0.9, 0.3, 0.2])
    0.5
    """
    return _assay.rank_at("fpr_at_tpr", y_true, y_score, tpr, pos_label)


def tpr_at_fpr(y_true: Labels, y_score: Numbers, fpr: float = 0.01, *, pos_label: object = None) -> float:
    """Give the highest true-positive rate of a threshold that lets at most the share `fpr` of the negatives pass.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.tpr_at_fpr([0, 1, 1, 0], [0.5, 0.9, 0.3, 0.2])
    0.5
    """
    return _assay.rank_at("tpr_at_fpr", y_true, y_score, fpr, pos_label)


def log_loss(
    y_true: Labels, y_prob: Numbers | Table, *, labels: Sequence[Any] | None = None, pos_label: object = None
) -> float:
    """Mean negative logarithm of the probability of what came true, in nats.

    Parameters
    ----------
    y_true : array_like
        True labels.
    y_prob : array_like
        The probability of the positive label of each case, or a table with a column for each label.
    labels : sequence, optional
        What the columns stand for; the true labels in order unless given.
    pos_label : optional
        The positive label; without it 1 of 0 and 1, else the last of two in order.

    Returns
    -------
    float
        At most 36.04, for probabilities are clipped by 2^-52.

    Raises
    ------
    ValueError
        Probabilities that are not from 0 to 1, or whose sum is not 1.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.log_loss([1, 0], [0.9, 0.2]), 4)
    0.1643
    """
    if _is_table(y_prob):
        return _assay.probability_score("log_loss", y_true, y_prob, labels, 1)
    return _assay.binary_probability_score("log_loss", y_true, y_prob, pos_label)


def brier_score(
    y_true: Labels, y_prob: Numbers | Table, *, labels: Sequence[Any] | None = None, pos_label: object = None
) -> float:
    """Mean squared error of probabilities. For the parameters see `log_loss`.

    Returns
    -------
    float
        From 0 to 1 for the probability of one label; summed over labels, from 0 to 2, for a table (Brier 1950).

    References
    ----------
    Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.brier_score([1, 0], [0.9, 0.2]), 4)
    0.025
    """
    if _is_table(y_prob):
        return _assay.probability_score("brier", y_true, y_prob, labels, 1)
    return _assay.binary_probability_score("brier", y_true, y_prob, pos_label)


def top_k_accuracy_score(y_true: Labels, y_prob: Table, *, k: int = 2, labels: Sequence[Any] | None = None) -> float:
    """Tell how often the true label is among the `k` most probable ones. For the parameters see `log_loss`.

    A label as probable as the true one counts as above it, so that a constant forecast earns nothing.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.top_k_accuracy_score([0, 1, 2], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    0.6666666666666666
    """
    return _assay.probability_score("top_k", y_true, y_prob, labels, k)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ReliabilityDiagram(Result):
    """How often forecasts of about the same probability came true.

    Attributes
    ----------
    counts : tuple of int
        Cases of each bin that holds any.
    confidences, rates : tuple of float
        Their mean probability, and the share that came true.
    ece : float
        Expected calibration error: the mean over cases of their bin's |rate - mean probability|. It depends on the
        bins, and is biased upwards when they are sparse.
    """

    counts: tuple[int, ...]
    confidences: tuple[float, ...]
    rates: tuple[float, ...]
    ece: float

    def _sentence(self) -> str:
        return f"ECE {number(self.ece)}, {len(self.counts)} bins, {sum(self.counts)} cases"

    def plot(self, ax: Axes | None = None, *, label: str = "") -> Axes:
        """Draw rates over probabilities; needs matplotlib."""
        ax = axes(ax)
        ax.plot([0, 1], [0, 1], linestyle=":", color="grey")
        ax.plot(self.confidences, self.rates, marker="o", label=label or f"ECE {self.ece:.3f}")
        ax.set(xlabel="probability", ylabel="share that came true", xlim=(0, 1), ylim=(0, 1), aspect="equal")
        ax.legend()
        return ax


def reliability_diagram(
    y_true: Labels,
    y_prob: Numbers,
    *,
    n_bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
    pos_label: object = None,
) -> ReliabilityDiagram:
    """Compare forecasts with how often they came true.

    Parameters
    ----------
    y_true : array_like
        True labels. For more than two give whether the most probable one is true, and its probability.
    y_prob : array_like
        The probability of the positive label.
    n_bins : int, default 10
    strategy : {"uniform", "quantile"}
        Bins of equal width, or of about equally many cases. A bin holds its upper edge.
    pos_label : optional
        The positive label; without it 1 of 0 and 1, else the last of two in order.

    Returns
    -------
    ReliabilityDiagram

    References
    ----------
    Guo, C. et al. (2017). On calibration of modern neural networks. ICML.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.reliability_diagram([0, 1, 1, 1], [0.1, 0.9, 0.8, 0.7], n_bins=5)
    <ReliabilityDiagram: ECE 0.175, 3 bins, 4 cases>
    """
    bins, error = _assay.reliability(y_true, y_prob, n_bins, strategy, pos_label)
    counts, confidences, rates = (tuple(column) for column in zip(*bins, strict=True))
    return ReliabilityDiagram(counts, confidences, rates, error)


def expected_calibration_error(
    y_true: Labels,
    y_prob: Numbers,
    *,
    n_bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
    pos_label: object = None,
) -> float:
    """Mean over cases of their bin's |rate - mean probability|. For the parameters see `reliability_diagram`.

    References
    ----------
    Naeini, M. P., Cooper, G., Hauskrecht, M. (2015). Obtaining well calibrated probabilities. AAAI.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.expected_calibration_error([0, 1, 1, 1], [0.1, 0.9, 0.8, 0.7], n_bins=5), 4)
    0.175
    """
    return _assay.reliability(y_true, y_prob, n_bins, strategy, pos_label)[1]

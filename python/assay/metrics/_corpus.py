"""Figures of a corpus, which are no means of its cases, with intervals."""

from __future__ import annotations

import dataclasses
from typing import Literal

from assay import _assay
from assay._results import Interval, Result, number
from assay._types import Groups, Labels, Numbers

__all__ = ["CorpusScore", "interval"]

ClassMetric = Literal[
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "jaccard",
    "mcc",
    "kappa",
    "roc_auc",
    "mae",
    "rmse",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class CorpusScore(Result):
    """A metric of all cases together with its interval.

    Attributes
    ----------
    estimate : float
        The metric of all cases; NaN where it is undefined.
    interval : Interval
        From a delete-one jackknife with a t quantile, on the logit scale for metrics from 0 to 1 and on Fisher's z for
        those from -1 to 1.
    standard_error : float
        The standard error, on the metric's own scale.
    n, groups : int
        Cases, and what was left out in turn: cases, or groups of them.
    method : str
        How the interval was made, or why there is none.
    signature : str
        What sacrebleu prints for the same settings; empty for other metrics.
    """

    estimate: float
    interval: Interval
    standard_error: float
    n: int
    groups: int
    method: str
    signature: str = ""

    def __str__(self) -> str:
        ends = f"{number(self.interval.lower)} to {number(self.interval.upper)}"
        return f"{number(self.estimate)} ({ends}, {self.interval.confidence:.4g} confidence, n = {self.n})"

    def _sentence(self) -> str:
        return str(self)

    def __float__(self) -> float:
        return self.estimate


Level = tuple[float, float, float, float, int, int, str]


def corpus_score(level: Level, confidence: float, signature: str = "") -> CorpusScore:
    """Make a result of what the native half gives."""
    value, se, lower, upper, n, groups, method = level
    return CorpusScore(value, Interval(lower, upper, confidence), se, n, groups, method, signature)


def interval(
    metric: ClassMetric,
    y_true: Labels,
    y_pred: Labels | Numbers,
    *,
    average: Literal["binary", "micro", "macro", "weighted"] = "binary",
    pos_label: object = None,
    groups: Groups | None = None,
    confidence: float = 0.95,
) -> CorpusScore:
    """Compute a metric of predictions with a jackknife interval over cases, or over groups of them.

    Such metrics are no means, so that no interval of a mean holds for them. Cases that belong together (answers to one
    question, sentences of one document) are left out together with `groups`.

    Parameters
    ----------
    metric : str
        ``accuracy``, ``balanced_accuracy``, ``precision``, ``recall``, ``f1``, ``jaccard``, ``mcc``, ``kappa``,
        ``roc_auc`` (`y_pred` holds scores), ``mae`` or ``rmse`` (both hold numbers).
    y_true, y_pred : array_like
        True and predicted labels of the cases.
    average : {"binary", "micro", "macro", "weighted"}
        How the values of classes become one for precision, recall, F1 and Jaccard; a class whose value is undefined
        counts 0.
    pos_label : optional
        The positive label for ``binary`` and ``roc_auc``; without it 1 of 0 and 1, else the last of two labels.
    groups : array_like, optional
        The group of each case.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    CorpusScore

    Raises
    ------
    ValueError
        An unknown metric, columns of different lengths, missing labels.

    References
    ----------
    Efron, B. (1982). The jackknife, the bootstrap and other resampling plans. SIAM.

    Examples
    --------
    >>> from assay import metrics
    >>> truth, predicted = [0, 0, 1, 1, 1, 0, 1, 0], [0, 1, 1, 1, 0, 0, 1, 0]
    >>> metrics.interval("f1", truth, predicted)
    <CorpusScore: 0.75 (0.1729 to 0.9773, 0.95 confidence, n = 8)>
    """
    level = _assay.class_interval(metric, y_true, y_pred, average, pos_label, groups, confidence)
    return corpus_score(level, confidence)

"""Anomalies in series: one flag per point, true where an anomaly is or where one is reported."""

from __future__ import annotations

import dataclasses
import math

from assay import _assay
from assay._results import Result
from assay._types import Numbers

__all__ = [
    "AnomalyScores",
    "Vus",
    "adjusted_f1_area",
    "affiliation_scores",
    "anomaly_events",
    "detection_delays",
    "event_scores",
    "nab_score",
    "point_scores",
    "vus",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class AnomalyScores(Result):
    """Precision, recall and F1; NaN where nothing is reported or there is no anomaly."""

    precision: float
    recall: float
    f1: float


def anomaly_events(flags: Numbers) -> list[tuple[int, int]]:
    """List the runs of true flags as (start, end), where `end` does not belong to the run.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.anomaly_events([0, 1, 1, 0, 1])
    [(1, 3), (4, 5)]
    """
    return _assay.anomaly_events(flags)


def event_scores(y_true: Numbers, y_pred: Numbers) -> AnomalyScores:
    """Score by events: those in which a point is reported, and reports that touch one.

    Blind to lengths: one report of everything has recall 1 and precision 1.

    Parameters
    ----------
    y_true, y_pred : array_like
        Booleans, or 0 and 1.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.event_scores([0, 1, 1, 0, 1], [0, 0, 1, 0, 0])
    <AnomalyScores: precision 1, recall 0.5, f1 0.6667>
    """
    return AnomalyScores(*_assay.anomaly_ranges("events", y_true, y_pred))


def affiliation_scores(y_true: Numbers, y_pred: Numbers) -> AnomalyScores:
    """Score by distances in time between reports and events; a random report scores about one half, not 0.

    References
    ----------
    Huet, A., Navarro, J. M., Rossi, D. (2022). Local evaluation of time series anomaly detection algorithms. KDD.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.affiliation_scores([0, 1, 1, 0, 0], [0, 1, 1, 0, 0])
    <AnomalyScores: precision 1, recall 1, f1 1>
    """
    return AnomalyScores(*_assay.anomaly_ranges("affiliation", y_true, y_pred))


def point_scores(y_true: Numbers, y_pred: Numbers, *, k: float = 1.0) -> AnomalyScores:
    """Score by points, with or without point adjustment.

    Parameters
    ----------
    y_true, y_pred : array_like
        Booleans, or 0 and 1.
    k : float, default 1
        An event counts as reported throughout when more than the share `k` of its points is (PA%K). 1 adjusts nothing;
        0 is the plain point adjustment of much of the literature, under which random reports score high where events
        are long.

    Returns
    -------
    AnomalyScores

    References
    ----------
    Kim, S. et al. (2022). Towards a rigorous evaluation of time-series anomaly detection. AAAI.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.point_scores([0, 1, 1, 1], [0, 1, 0, 0])
    <AnomalyScores: precision 1, recall 0.3333, f1 0.5>
    >>> metrics.point_scores([0, 1, 1, 1], [0, 1, 0, 0], k=0).recall
    1.0
    """
    hits, predicted, expected = _assay.anomaly_points(y_true, y_pred, k)
    parts = ((hits, predicted), (hits, expected), (2 * hits, predicted + expected))
    return AnomalyScores(*(part / whole if whole else math.nan for part, whole in parts))


def adjusted_f1_area(y_true: Numbers, y_pred: Numbers) -> float:
    """Area under F1 of `point_scores` over `k` from 0 to 1; NaN without a report and an anomaly.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.adjusted_f1_area([0, 1, 1], [0, 1, 1])
    1.0
    """
    return _assay.adjusted_f1_area(y_true, y_pred)


def detection_delays(y_true: Numbers, y_pred: Numbers) -> list[int | None]:
    """For each event the points from its start to the first report in it; None where it is missed.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.detection_delays([0, 1, 1, 0, 1], [0, 0, 1, 0, 0])
    [1, None]
    """
    return _assay.detection_delays(y_true, y_pred)


def nab_score(
    y_true: Numbers, y_pred: Numbers, *, hit: float = 1.0, false_alarm: float = 0.11, miss: float = 1.0
) -> float:
    """Score in which early reports earn more, as in the Numenta Anomaly Benchmark.

    Parameters
    ----------
    y_true, y_pred : array_like
        Booleans, or 0 and 1; true flags are NAB's windows.
    hit, false_alarm, miss : float
        What a report at the start of an event earns, and what a report far from any and a missed event cost: NAB's
        standard profile unless given. Its others are ``false_alarm=0.22`` and ``miss=2``.

    Returns
    -------
    float
        No report at all is 0, a report at every start alone 1; there is no lower bound.

    References
    ----------
    Lavin, A., Ahmad, S. (2015). Evaluating real-time anomaly detection algorithms. ICMLA.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.nab_score([0, 1, 1, 1, 0], [0, 1, 0, 0, 0])
    1.0
    """
    return _assay.nab_score(y_true, y_pred, hit, false_alarm, miss)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Vus(Result):
    """Volumes under the ROC and the precision-recall surface."""

    roc: float
    pr: float


def vus(y_true: Numbers, y_score: Numbers, *, window: int) -> Vus:
    """Volumes under the range-based surfaces of anomaly scores, over buffer widths from 0 to `window`.

    All distinct scores are thresholds; the authors' package samples 250.

    Parameters
    ----------
    y_true : array_like
        Booleans, or 0 and 1.
    y_score : array_like
    window : int
        The widest buffer, at most the length of the series.

    References
    ----------
    Paparrizos, J. et al. (2022). Volume under the surface. PVLDB 15.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.vus([0, 0, 1, 1, 0, 0], [0.1, 0.2, 0.9, 0.8, 0.2, 0.1], window=0)
    <Vus: roc 1, pr 1>
    """
    return Vus(*_assay.vus(y_true, y_score, window))

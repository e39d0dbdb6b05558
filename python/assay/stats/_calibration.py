"""Judges as instruments: rates corrected by labels, and scores that mean probabilities."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from assay import _assay
from assay._results import Interval, Result, axes, made, number, spot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers

__all__ = [
    "Brier",
    "CalibrationError",
    "Corrected",
    "PlattScaling",
    "PositionBias",
    "PredictionPowered",
    "RiskCoverage",
    "brier_decomposition",
    "calibration_error",
    "conformal_quantile",
    "double_sampling",
    "flip_rate",
    "isotonic_regression",
    "label_multiplier",
    "labels_needed",
    "platt_scaling",
    "position_bias",
    "ppi_mean",
    "risk_coverage",
    "rogan_gladen",
    "temperature_scaling",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Corrected(Result):
    """An estimate corrected by labels.

    Attributes
    ----------
    estimate : float
        The estimate.
    interval : Interval
        Its interval.
    standard_error : float
        Its standard error.
    """

    estimate: float
    interval: Interval
    standard_error: float

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, {number(self.interval.lower)} to {number(self.interval.upper)}"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the estimate with its interval; needs matplotlib."""
        ax = axes(ax)
        spot(ax, self.estimate, self.interval, label=label, at=at)
        return ax


def double_sampling(
    judged: tuple[int, int],
    true_of_pass: tuple[int, int],
    true_of_fail: tuple[int, int],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> Corrected:
    """Estimate the true pass rate behind a binary judge whose verdicts were checked on a random part of its cases.

    Parameters
    ----------
    judged : (int, int)
        How many cases the judge passed, of how many.
    true_of_pass, true_of_fail : (int, int)
        How many people passed, of the labelled cases that the judge passed and of those that it failed.
    confidence : float, default 0.95
        Of the posterior's central interval.
    seed : int
        Of its 20,000 draws.

    Raises
    ------
    ValueError
        Counts do not fit each other.

    References
    ----------
    Tenenbein, A. (1970). A double sampling scheme for estimating from binomial data with misclassifications.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.double_sampling((800, 1000), (36, 40), (2, 10))
    >>> round(found.estimate, 2)
    0.76
    """
    return made(Corrected, _assay.double_sampling(judged, true_of_pass, true_of_fail, confidence, seed), confidence)


def rogan_gladen(
    judged: tuple[int, int],
    sensitivity: tuple[int, int],
    specificity: tuple[int, int],
    *,
    confidence: float = 0.95,
) -> Corrected:
    """Estimate the true pass rate from a judge's, with its sensitivity and specificity measured on other cases.

    Each argument is (count, of how many). Wider than `double_sampling`, which is the choice when labels are of the same
    cases.

    Raises
    ------
    ValueError
        Sensitivity + specificity is at most 1.05: such a judge tells nothing.

    References
    ----------
    Rogan, W. J. & Gladen, B. (1978); Lang, Z. & Reiczigel, J. (2014), for the interval.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.rogan_gladen((600, 1000), (90, 100), (90, 100)).estimate, 3)
    0.625
    """
    return made(Corrected, _assay.rogan_gladen(judged, sensitivity, specificity, confidence), confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class PredictionPowered(Result):
    """A prediction-powered mean.

    Attributes
    ----------
    estimate : float
        The estimate.
    interval : Interval
        Its t interval.
    standard_error, df : float
        Standard error and degrees of freedom.
    lambda_ : float
        How much the judge was trusted, from 0 (labels alone) to 1.
    labels : int
        Labelled cases.
    labels_se, judged_se : float
        Standard errors of the labels' part and of the judge's: more labels lower the first only.
    """

    estimate: float
    interval: Interval
    standard_error: float
    df: float
    lambda_: float
    labels: int
    labels_se: float
    judged_se: float

    def _sentence(self) -> str:
        ends = f"{number(self.interval.lower)} to {number(self.interval.upper)}"
        return f"{number(self.estimate)}, {ends}, from {self.labels} labels, lambda {number(self.lambda_)}"

    def labels_needed(self, se: float) -> int | None:
        """How many labels would bring the standard error down to `se`; None when more judged cases are needed."""
        return labels_needed(self.labels, self.labels_se, self.judged_se, se)

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the estimate with its interval; needs matplotlib."""
        ax = axes(ax)
        spot(ax, self.estimate, self.interval, label=label, at=at)
        return ax


def ppi_mean(
    y: Numbers,
    yhat: Numbers,
    yhat_unlabelled: Numbers,
    *,
    clusters: Groups | None = None,
    unlabelled_clusters: Groups | None = None,
    guard: float | None = None,
    confidence: float = 0.95,
) -> PredictionPowered:
    """Prediction-powered mean (PPI++) of what people would say, from few labels and many verdicts of a judge.

    Parameters
    ----------
    y, yhat : column of numbers
        Labels of people and verdicts of the judge, of the labelled cases. For a comparison give differences of arms.
    yhat_unlabelled : column of numbers
        Verdicts of the other cases.
    clusters, unlabelled_clusters : column, optional
        Cases that hang together.
    guard : float, optional
        The range of a label when the interval decides a gate: adds variance for disagreements not met yet.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    PredictionPowered
        With CR2 standard errors and a t interval, which are wider than ppi_py's normal one when labels are few.

    References
    ----------
    Angelopoulos, A. N., Duchi, J. C. & Zrnic, T. (2023). PPI++: Efficient prediction-powered inference.

    Examples
    --------
    >>> from assay import stats
    >>> y = [1, 0, 1, 1, 0, 1, 1, 0] * 5
    >>> yhat = [1, 0, 1, 1, 1, 1, 1, 0] * 5
    >>> round(stats.ppi_mean(y, yhat, [1, 1, 0, 1] * 100).estimate, 3)
    0.625
    """
    found = _assay.ppi_mean(y, yhat, yhat_unlabelled, clusters, unlabelled_clusters, guard, confidence)
    return made(PredictionPowered, found, confidence)


def labels_needed(labels: int, labels_se: float, judged_se: float, se: float) -> int | None:
    """How many labels would bring a standard error down to `se`, given the parts that it has now.

    None when the judge's part alone is too wide, so that more judged cases are needed.

    Examples
    --------
    >>> from assay import stats
    >>> stats.labels_needed(100, 0.04, 0.0, 0.02)
    400
    """
    return _assay.labels_needed(labels, labels_se, judged_se, se)


def label_multiplier(correlation: float, *, labels: int, judged: int) -> float:
    """How many times as many labels alone would be as precise as these labels with the judge.

    `correlation` is that of judge and labels. NaN where it is not from −1 to 1 or there is no case.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.label_multiplier(0.7, labels=100, judged=10_000), 3)
    1.942
    """
    return _assay.label_multiplier(correlation, labels, judged)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class PositionBias(Result):
    """A judge asked in both orders of a pair.

    Attributes
    ----------
    consistent : float
        The share of pairs with the same verdict in both orders.
    first_place : float
        Among verdicts that flipped, the share that favoured the first place; NaN when none did.
    pairs : int
        How many.
    """

    consistent: float
    first_place: float
    pairs: int


def position_bias(first: Numbers, second: Numbers) -> PositionBias:
    """Consistency of a judge over pairs of answers shown in both orders.

    Parameters
    ----------
    first, second : column of 0, 0.5 and 1
        Which answer won (1 the first of the pair, 0 the second, 0.5 a tie), with the first shown first and second.

    References
    ----------
    Shi, L. et al. (2024). Judging the judges: position bias in LLM-as-a-judge. arXiv 2406.07791.

    Examples
    --------
    >>> from assay import stats
    >>> stats.position_bias([1, 1, 0, 1], [1, 0, 0, 0])
    <PositionBias: consistent 0.5, first place 1, pairs 4>
    """
    return PositionBias(**_assay.position_bias(first, second))


def flip_rate(verdicts: Numbers, cases: Groups, *, tolerance: float = 0.0) -> float:
    """Chance that two verdicts on one case differ by more than `tolerance`, from repeats.

    NaN when no case has two verdicts.

    Examples
    --------
    >>> from assay import stats
    >>> stats.flip_rate([1, 1, 0, 1], ["a", "a", "b", "b"])
    0.5
    """
    return _assay.flip_rate(verdicts, cases, tolerance)


def isotonic_regression(x: Numbers, y: Numbers, *, sample_weight: Numbers | None = None) -> list[float]:
    """Fit the non-decreasing function of x that is nearest to y, and give its value at each x.

    Equal x are pooled, as scikit-learn's `IsotonicRegression` does.

    References
    ----------
    Ayer, M. et al. (1955). An empirical distribution function for sampling with incomplete information.

    Examples
    --------
    >>> from assay import stats
    >>> stats.isotonic_regression([1, 2, 3, 4], [0, 1, 0, 1])
    [0.0, 0.5, 0.5, 1.0]
    """
    return _assay.isotonic_regression(x, y, sample_weight)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class PlattScaling(Result):
    """P(true) = 1 / (1 + exp(a · score + b)).

    Attributes
    ----------
    a, b : float
        The parameters; a is negative when higher scores mean true.
    """

    a: float
    b: float

    def predict(self, score: float) -> float:
        """Give the probability at a score."""
        z = self.a * score + self.b
        return math.exp(-z) / (1 + math.exp(-z)) if z > 0 else 1 / (1 + math.exp(z))


def platt_scaling(scores: Numbers, y_true: Numbers) -> PlattScaling:
    """Fit Platt's scaling, which turns scores into probabilities.

    Raises
    ------
    ValueError
        `y_true` does not hold both classes.

    References
    ----------
    Platt, J. (1999); Lin, H.-T., Lin, C.-J. & Weng, R. C. (2007).

    Examples
    --------
    >>> from assay import stats
    >>> fit = stats.platt_scaling([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    >>> fit.predict(0.9) > fit.predict(0.1)
    True
    """
    return PlattScaling(*_assay.platt_scaling(scores, y_true))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Brier(Result):
    """Murphy's decomposition: score = reliability − resolution + uncertainty.

    Attributes
    ----------
    score : float
        Mean squared error of the forecasts.
    reliability : float
        How far forecasts lie from what follows them; 0 is perfect.
    resolution : float
        How much the rates that follow them differ; more is better.
    uncertainty : float
        Variance of the truth.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float


def brier_decomposition(y_true: Numbers, y_prob: Numbers) -> Brier:
    """Brier score and its parts, over groups of equal forecasts.

    References
    ----------
    Murphy, A. H. (1973). A new vector partition of the probability score.

    Examples
    --------
    >>> from assay import stats
    >>> stats.brier_decomposition([1, 0, 1, 1], [0.75, 0.25, 0.75, 0.75])
    <Brier: score 0.0625, reliability 0.0625, resolution 0.1875, uncertainty 0.1875>
    """
    return Brier(**_assay.brier_decomposition(y_true, y_prob))


def conformal_quantile(scores: Numbers, *, alpha: float = 0.1) -> float:
    """Split conformal bound: a new score stays at or below it with chance 1 − alpha.

    Infinite when there are too few scores for any finite bound.

    References
    ----------
    Angelopoulos, A. N. & Bates, S. (2021). A gentle introduction to conformal prediction.

    Examples
    --------
    >>> from assay import stats
    >>> stats.conformal_quantile(range(1, 20), alpha=0.1)
    18.0
    """
    return _assay.conformal_quantile(scores, alpha)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class RiskCoverage(Result):
    """The curve of a judge that abstains on its least confident cases.

    Attributes
    ----------
    area : float
        The area below the curve: less is better.
    coverage, risk : list of float
        The share of cases answered and the share of errors among them.
    """

    area: float
    coverage: list[float]
    risk: list[float]

    def _sentence(self) -> str:
        return f"area {number(self.area)}, risk {number(self.risk[-1])} at full coverage"

    def plot(self, ax: Axes | None = None, *, label: str = "") -> Axes:
        """Draw the curve; needs matplotlib."""
        ax = axes(ax)
        ax.plot(self.coverage, self.risk, label=label)
        ax.set(xlabel="coverage", ylabel="share of errors")
        return ax


def risk_coverage(confidences: Numbers, errors: Numbers) -> RiskCoverage:
    """Risk against coverage, most confident cases first; equal confidences enter together.

    References
    ----------
    Geifman, Y. & El-Yaniv, R. (2017). Selective classification for deep neural networks.

    Examples
    --------
    >>> from assay import stats
    >>> stats.risk_coverage([0.9, 0.8, 0.7, 0.6], [0, 0, 1, 1]).risk
    [0.0, 0.0, 0.3333333333333333, 0.5]
    """
    return RiskCoverage(**_assay.risk_coverage(confidences, errors))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class CalibrationError(Result):
    """How far forecasts lie from what follows them.

    Attributes
    ----------
    ece : float
        The expected calibration error; positive even for perfect forecasts.
    squared : float
        The mean squared gap.
    debiased : float
        The same less what chance alone makes; NaN when a bin has a single case.
    bins : list of (int, float, float)
        Cases, mean forecast and observed share of each bin.
    """

    ece: float
    squared: float
    debiased: float
    bins: list[tuple[int, float, float]]

    def _sentence(self) -> str:
        return f"ECE {number(self.ece)} over {len(self.bins)} bins"

    def plot(self, ax: Axes | None = None, *, label: str = "") -> Axes:
        """Draw the reliability diagram; needs matplotlib."""
        ax = axes(ax)
        ax.plot([0, 1], [0, 1], ":", color="grey")
        ax.plot([one[1] for one in self.bins], [one[2] for one in self.bins], "o-", label=label)
        ax.set(xlabel="forecast", ylabel="observed share")
        return ax


def calibration_error(y_true: Numbers, y_prob: Numbers, *, bins: int = 10) -> CalibrationError:
    """Calibration error over bins with equal numbers of cases.

    References
    ----------
    Kumar, A., Liang, P. & Ma, T. (2019). Verified uncertainty calibration.

    Examples
    --------
    >>> from assay import stats
    >>> stats.calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
    <CalibrationError: ECE 0.25 over 2 bins>
    """
    return CalibrationError(**_assay.calibration_error(y_true, y_prob, bins))


def temperature_scaling(logits: Numbers, y_true: Numbers) -> float:
    """Fit the temperature T of 1 / (1 + exp(−logit / T)): above 1 the forecasts were too sure.

    NaN where no finite T is best: all right, or no better than a coin.

    References
    ----------
    Guo, C. et al. (2017). On calibration of modern neural networks.

    Examples
    --------
    >>> from assay import stats
    >>> stats.temperature_scaling([4, 4, 4, -4, -4, -4], [1, 1, 0, 0, 0, 1]) > 1
    True
    """
    return _assay.temperature(logits, y_true)

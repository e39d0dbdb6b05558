"""Randomised online experiments: was the split kept, what is the effect, does the machinery hold its level."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from assay import _assay
from assay._results import Interval, Result, axes, interval, made, number, spot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Numbers, Table

__all__ = [
    "AaCheck",
    "AdjustedEffect",
    "Arm",
    "Cuped",
    "Effect",
    "Lift",
    "SampleRatio",
    "aa_check",
    "cuped",
    "effect",
    "lift",
    "lin",
    "mean_arm",
    "ratio_arm",
    "sample_ratio",
    "two_proportions",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class SampleRatio(Result):
    """The test for a sample ratio mismatch.

    Attributes
    ----------
    chi2, df, p_value : float
        Pearson's statistic, arms − 1, and the p-value of a single look.
    exact_p : float
        Of the exact binomial test; NaN for more than two arms.
    concern : str
        "none", "warning" (p below 0.01) or "alert" (p below 0.001: do not trust any effect).
    log_e : float
        Log e-value, which may be looked at after every unit: a mismatch is shown at level α once it reaches −ln α.
    """

    chi2: float
    df: int
    p_value: float
    exact_p: float
    concern: str
    log_e: float

    def _sentence(self) -> str:
        says = {
            "none": "no sign of a sample ratio mismatch",
            "warning": "the split looks off: look for a cause before trusting an effect",
            "alert": "sample ratio mismatch: do not trust any effect",
        }[self.concern]
        return f"{says} (p {number(self.p_value, 3)})"


def sample_ratio(counts: Numbers, shares: Numbers | None = None, *, concentration: float = 10_000.0) -> SampleRatio:
    """Test whether units were split as configured (sample ratio mismatch).

    Parameters
    ----------
    counts : column of whole numbers
        Units in each arm.
    shares : column of numbers, optional
        The configured shares, scaled to sum to 1; default: equal.
    concentration : float
        Of the prior of the e-value: alert to deviations of about a percentage point.

    Raises
    ------
    ValueError
        Fewer than two arms; a share that is not above 0; no unit.

    References
    ----------
    Fabijan, A. et al. (2019). Diagnosing sample ratio mismatch; Lindon, M. & Malek, A. (2020), for the e-value.

    Examples
    --------
    >>> from assay import stats
    >>> stats.sample_ratio([50_000, 51_000])
    <SampleRatio: the split looks off: look for a cause before trusting an effect (p 0.00165)>
    """
    shares = [1.0] * len(counts) if shares is None else shares  # type: ignore[arg-type]
    found = _assay.sample_ratio(counts, shares, concentration)
    return SampleRatio(found["chi2"], found["df"], found["p_value"], found["exact"], found["concern"], found["log_e"])


def two_proportions(treatment: tuple[int, int], control: tuple[int, int]) -> tuple[float, float]:
    """Pooled z statistic and two-sided p-value of the difference of two rates, each (successes, units).

    NaN when all or no units succeed.

    Examples
    --------
    >>> from assay import stats
    >>> z, p = stats.two_proportions((60, 100), (50, 100))
    >>> round(z, 3), round(p, 3)
    (1.421, 0.155)
    """
    return _assay.two_proportions(treatment, control)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Arm(Result):
    """What a comparison needs to know of one arm.

    Attributes
    ----------
    estimate : float
        The mean or ratio.
    variance : float
        Of one unit: the squared standard error times the number of units.
    n : int
        Units.
    """

    estimate: float
    variance: float
    n: int

    def _sentence(self) -> str:
        return f"{number(self.estimate)}, of {self.n} units"


def ratio_arm(numerators: Numbers, denominators: Numbers) -> Arm:
    """Ratio of sums over units, such as clicks over views, with the delta method's variance.

    Parameters
    ----------
    numerators, denominators : column of numbers
        One of each for every unit of randomisation.

    Raises
    ------
    ValueError
        Fewer than two units; denominators sum to 0.

    References
    ----------
    Deng, A., Knoblich, U. & Lu, J. (2018). Applying the delta method in metric analytics.

    Examples
    --------
    >>> from assay import stats
    >>> stats.ratio_arm([1, 2, 0], [2, 4, 3])
    <Arm: 0.3333, of 3 units>
    """
    return Arm(*_assay.arm_ratio(numerators, denominators))


def mean_arm(values: Numbers) -> Arm:
    """Mean over units, as an arm.

    Examples
    --------
    >>> from assay import stats
    >>> stats.mean_arm([1, 2, 3])
    <Arm: 2, of 3 units>
    """
    return Arm(*_assay.arm_mean("values", values))


def _arm(name: str, values: Numbers | Arm) -> tuple[float, float, int]:
    if isinstance(values, Arm):
        return values.estimate, values.variance, values.n
    return _assay.arm_mean(name, values)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Effect(Result):
    """A difference of two groups.

    Attributes
    ----------
    estimate : float
        The difference, treatment − control.
    interval : Interval
        Its t interval.
    standard_error, df : float
        Standard error and degrees of freedom.
    p_value : float
        Two-sided.
    """

    estimate: float
    interval: Interval
    standard_error: float
    df: float
    p_value: float

    @property
    def pvalue(self) -> float:
        """The p-value, by the name that SciPy has for it."""
        return self.p_value

    def __float__(self) -> float:
        return self.estimate

    def _sentence(self) -> str:
        if self.interval.lower != self.interval.lower:
            return "undefined: nothing varies"
        ends = f"{self.interval.lower:+.4g} to {self.interval.upper:+.4g}"
        return f"{self.estimate:+.4g}, {ends}, p {number(self.p_value, 3)}"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the effect with its interval and no effect as a line; needs matplotlib."""
        ax = axes(ax)
        ax.axvline(0, color="grey", linewidth=0.8)
        spot(ax, self.estimate, self.interval, label=label, at=at)
        return ax


_NO_EFFECT = float("nan")


def effect(treatment: Numbers | Arm, control: Numbers | Arm, *, confidence: float = 0.95) -> Effect:
    """Welch's difference of two arms, treatment − control.

    Parameters
    ----------
    treatment, control : column of numbers, or Arm
        Values of units; or arms made by `ratio_arm` or `cuped`.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Effect
        NaN when nothing varies.

    References
    ----------
    Welch, B. L. (1947). The generalization of "Student's" problem when several population variances are involved.

    Examples
    --------
    >>> from assay import stats
    >>> stats.effect([3, 4, 5], [1, 2, 3])
    <Effect: +2, -0.267 to +4.267, p 0.0705>
    """
    found = _assay.arms_effect(_arm("treatment", treatment), _arm("control", control), confidence)
    if found is None:
        return Effect(_NO_EFFECT, interval(None, confidence), _NO_EFFECT, _NO_EFFECT, _NO_EFFECT)
    return made(Effect, found, confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Lift(Result):
    """The relative difference, treatment / control − 1.

    Attributes
    ----------
    estimate : float
        NaN when the control is 0.
    interval : Interval
        Undefined when it is unbounded, as the control cannot be told from 0.
    method : str or None
        "log_delta" or "fieller".
    g : float
        Fieller's g: how close the control is to 0; from 1 on there is no bound.
    """

    estimate: float
    interval: Interval
    method: str | None
    g: float

    def _sentence(self) -> str:
        if self.interval.lower != self.interval.lower:
            return f"{self.estimate:+.2%}, unbounded: the control cannot be told from 0"
        return f"{self.estimate:+.2%}, {self.interval.lower:+.2%} to {self.interval.upper:+.2%}"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the lift with its interval; needs matplotlib."""
        ax = axes(ax)
        spot(ax, self.estimate, self.interval, label=label, at=at)
        ax.axvline(0, color="grey", linewidth=0.8)
        return ax


def lift(
    treatment: Numbers | Arm,
    control: Numbers | Arm,
    *,
    method: Literal["auto", "log_delta", "fieller"] = "auto",
    confidence: float = 0.95,
) -> Lift:
    """Relative difference of two arms, by the delta method on the logarithm or by Fieller's theorem where that fails.

    Parameters
    ----------
    treatment, control : column of numbers, or Arm
        As for `effect`.
    method : {"auto", "log_delta", "fieller"}
        "auto" takes Fieller's theorem when the control is close to 0 or signs differ.

    References
    ----------
    Fieller, E. C. (1954); Deng, A., Knoblich, U. & Lu, J. (2018).

    Examples
    --------
    >>> from assay import stats
    >>> stats.lift([11, 12, 13, 12], [10, 11, 12, 11])
    <Lift: +9.09%, -3.58% to +23.42%>
    """
    found = _assay.arms_lift(_arm("treatment", treatment), _arm("control", control), method, confidence)
    return made(Lift, found, confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Cuped(Result):
    """Two arms adjusted by a covariate from before the experiment: give them to `effect` or `lift`.

    Attributes
    ----------
    treatment, control : Arm
        Adjusted.
    theta : float
        The slope; 0 when the covariate does not vary.
    variance_left : float
        The share of the variance of the difference that is left.
    """

    treatment: Arm
    control: Arm
    theta: float
    variance_left: float

    def _sentence(self) -> str:
        return f"{100 * self.variance_left:.3g}% of the variance is left, theta {number(self.theta)}"

    def effect(self, *, confidence: float = 0.95) -> Effect:
        """Give the difference of the adjusted arms."""
        return effect(self.treatment, self.control, confidence=confidence)

    def lift(self, *, confidence: float = 0.95) -> Lift:
        """Give the relative difference of the adjusted arms."""
        return lift(self.treatment, self.control, confidence=confidence)


def cuped(treatment: Numbers, control: Numbers, *, treatment_covariate: Numbers, control_covariate: Numbers) -> Cuped:
    """CUPED: adjust outcomes by a covariate that the treatment cannot have touched.

    Parameters
    ----------
    treatment, control : column of numbers
        Outcomes of units.
    treatment_covariate, control_covariate : column of numbers
        From before the experiment; NaN or None where it is missing, which is filled with the mean.

    References
    ----------
    Deng, A. et al. (2013). Improving the sensitivity of online controlled experiments.

    Examples
    --------
    >>> from assay import stats
    >>> before = list(range(20))
    >>> found = stats.cuped(
    ...     [x + 1 + 0.1 * (x % 3) for x in before],
    ...     [x + 0.1 * (x % 3) for x in before],
    ...     treatment_covariate=before,
    ...     control_covariate=before,
    ... )
    >>> round(found.effect().estimate, 3), found.variance_left < 0.01
    (1.0, True)
    """
    found = _assay.cuped(treatment, control, treatment_covariate, control_covariate)
    return Cuped(Arm(*found["treatment"]), Arm(*found["control"]), found["theta"], found["variance_left"])


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class AdjustedEffect(Effect):
    """A regression-adjusted difference.

    Attributes
    ----------
    estimate, interval, standard_error, df, p_value
        As those of `Effect`, with HC2 standard errors.
    treatment, control : float
        Mean outcomes at the mean covariates of all units.
    left_out : list of int
        Covariates that were left out, because they are constant or follow from others.
    """

    treatment: float
    control: float
    left_out: list[int]


def lin(
    treatment: Numbers,
    control: Numbers,
    *,
    treatment_covariates: Table | None = None,
    control_covariates: Table | None = None,
    confidence: float = 0.95,
) -> AdjustedEffect:
    """Lin's regression-adjusted difference: one regression in each arm, at the mean covariates of all units.

    Parameters
    ----------
    treatment, control : column of numbers
        Outcomes of units.
    treatment_covariates, control_covariates : table
        A row per unit; missing ones are filled with the mean and marked by a column of their own.

    Raises
    ------
    ValueError
        An arm has no more units than columns; nothing varies.

    References
    ----------
    Lin, W. (2013). Agnostic notes on regression adjustments to experimental data.

    Examples
    --------
    >>> from assay import stats
    >>> x = [[i] for i in range(10)]
    >>> t, c = [i + 1 + 0.1 * (i % 3) for i in range(10)], [i + 0.1 * (i % 2) for i in range(10)]
    >>> round(stats.lin(t, c, treatment_covariates=x, control_covariates=x).estimate, 2)
    1.04
    """
    found = _assay.lin_adjusted(treatment, control, treatment_covariates, control_covariates, confidence)
    return made(AdjustedEffect, found, confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class AaCheck(Result):
    """What an A/A check found.

    Attributes
    ----------
    passed : bool
        Whether p-values look uniform.
    discrete : bool
        Whether there are so few distinct ones that the uniform distribution says nothing about them.
    rejected, replays : int
        p-values below 0.05, which should be one in twenty, among how many.
    distinct : int
        Different p-values.
    distance, p_value : float
        Kolmogorov's distance to the uniform distribution, and its p-value.
    """

    passed: bool
    discrete: bool
    rejected: int
    replays: int
    distinct: int
    distance: float
    p_value: float

    def _sentence(self) -> str:
        verdict = "p-values look uniform" if self.passed else "p-values do not look uniform"
        return f"{verdict}: {self.rejected} of {self.replays} below 0.05"


def aa_check(
    values: Numbers,
    *,
    treated: int | None = None,
    replays: int = 1000,
    seed: int = 0,
    p_value: Callable[[Sequence[bool]], float] | None = None,
) -> AaCheck:
    """Replay an experiment without effect, and look whether its p-values are uniform.

    Parameters
    ----------
    values : column of numbers
        Outcomes of units without any treatment.
    treated : int, optional
        How many are drawn for the treatment each time; default: half.
    replays, seed : int
        How often, and from which seed.
    p_value : callable, optional
        Takes a list of booleans, who was drawn, and gives a p-value; default: Welch's test of `values`.

    References
    ----------
    Kohavi, R., Tang, D. & Xu, Y. (2020). Trustworthy Online Controlled Experiments, chapter 19.

    Examples
    --------
    >>> from assay import stats
    >>> stats.aa_check([(i * 7919) % 997 for i in range(400)]).passed
    True
    """
    half = len(values) // 2 if treated is None else treated  # type: ignore[arg-type]
    found = _assay.aa_check(values, half, replays, seed, p_value)
    found["replays"] = found.pop("defined")
    return AaCheck(**found)

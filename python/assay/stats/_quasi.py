"""Effects without a randomised experiment: difference in differences, weighting, off-policy estimates."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from assay import _assay
from assay._results import Interval, Result, axes, made, number
from assay.stats import _estimate
from assay.stats._estimate import Level
from assay.stats._online import Effect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers

__all__ = ["AverageEffect", "DiffInDiff", "OffPolicy", "aipw", "diff_in_diff", "ipw", "off_policy"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class DiffInDiff(Effect):
    """Difference in differences.

    Attributes
    ----------
    estimate, interval, standard_error, df, p_value
        As those of `Effect`, with CR2 standard errors by unit.
    treated, control : (float, float)
        Mean outcomes before and after.
    units : (int, int)
        Treated and control units.
    """

    treated: tuple[float, float]
    control: tuple[float, float]
    units: tuple[int, int]

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the means of both groups before and after; needs matplotlib."""
        ax = axes(ax)
        ax.plot([0, 1], self.treated, "o-", label="treated")
        ax.plot([0, 1], self.control, "o-", label="control")
        ax.set_xticks([0, 1], ["before", "after"])
        ax.legend()
        return ax


def diff_in_diff(
    outcomes: Numbers, *, treated: Numbers, post: Numbers, units: Groups, confidence: float = 0.95
) -> DiffInDiff:
    """Difference in differences, (treated after − before) − (control after − before).

    Parameters
    ----------
    outcomes : column of numbers
        A line per outcome of a unit.
    treated, post : column of booleans
        Whether the unit is in the treated group, and whether this is after the treatment began.
    units : column
        Who; a unit may be observed any number of times.
    confidence : float, default 0.95
        Between 0 and 1.

    Raises
    ------
    ValueError
        A unit is in both groups; fewer than two units in a group and period; nothing varies.

    References
    ----------
    Bell, R. M. & McCaffrey, D. F. (2002); Roth, J. et al. (2023). What's trending in difference-in-differences?

    Examples
    --------
    >>> from assay import stats
    >>> rows = [(u, u < 5, p, 10 + u + 2 * p + 3 * p * (u < 5) + 0.1 * (u * p % 3)) for u in range(10) for p in (0, 1)]
    >>> units, treated, post, outcomes = zip(*rows)
    >>> round(stats.diff_in_diff(outcomes, treated=treated, post=post, units=units).estimate, 2)
    2.98
    """
    return made(DiffInDiff, _assay.diff_in_diff(outcomes, treated, post, units, confidence), confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class AverageEffect(Result):
    """An average treatment effect.

    Attributes
    ----------
    effect : Level
        With its interval and standard error.
    treatment, control : float
        Mean outcomes if all and if none were treated.
    cases, trimmed : int
        Cases used, and left out because their propensity is too close to 0 or 1.
    effective : (float, float)
        Effective numbers of treated and control cases.
    largest_share : float
        The largest weight's share in its arm's.
    """

    effect: Level
    treatment: float
    control: float
    cases: int
    trimmed: int
    effective: tuple[float, float]
    largest_share: float

    @property
    def estimate(self) -> float:
        """The effect."""
        return self.effect.estimate

    @property
    def interval(self) -> Interval:
        """Its interval."""
        return self.effect.interval

    def _sentence(self) -> str:
        ends = f"{number(self.interval.lower)} to {number(self.interval.upper)}"
        effective = f"{self.effective[0]:.4g} and {self.effective[1]:.4g}"
        return f"{number(self.estimate)}, {ends}; worth {effective} cases, {self.trimmed} trimmed"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the effect with its interval; needs matplotlib."""
        return self.effect.plot(ax, label=label, at=at)


def _average(found: tuple[tuple[Any, dict[str, Any]], dict[str, Any]], confidence: float) -> AverageEffect:
    (native, fields), behind = found
    return AverageEffect(_estimate.made(fields, native, confidence), **behind)


def ipw(
    outcomes: Numbers,
    *,
    treated: Numbers,
    propensities: Numbers,
    clusters: Groups | None = None,
    trim: float = 0.0,
    confidence: float = 0.95,
) -> AverageEffect:
    """Average treatment effect by inverse-propensity weighting, weights scaled to sum to 1 in each arm (Hájek).

    Parameters
    ----------
    outcomes : column of numbers
        A line per case.
    treated : column of booleans
        Whether it got the treatment.
    propensities : column of numbers
        The chance with which it could, between 0 and 1.
    clusters : column, optional
        Cases that hang together.
    trim : float, default 0
        Cases with a propensity outside [trim, 1 − trim] are left out.

    References
    ----------
    Hájek, J. (1971); Lunceford, J. K. & Davidian, M. (2004).

    Examples
    --------
    >>> from assay import stats
    >>> treated = [i % 2 for i in range(40)]
    >>> stats.ipw([t + i % 3 for i, t in enumerate(treated)], treated=treated, propensities=[0.5] * 40).estimate
    0.95
    """
    return _average(
        _assay.weighted_effect(outcomes, treated, propensities, None, clusters, trim, confidence), confidence
    )


def aipw(
    outcomes: Numbers,
    *,
    treated: Numbers,
    propensities: Numbers,
    predicted_control: Numbers,
    predicted_treatment: Numbers,
    clusters: Groups | None = None,
    trim: float = 0.0,
    confidence: float = 0.95,
) -> AverageEffect:
    """Average treatment effect by augmented weighting: right when either propensities or predictions are.

    Parameters
    ----------
    outcomes, treated, propensities, clusters, trim
        As for `ipw`.
    predicted_control, predicted_treatment : column of numbers
        Predicted outcomes without and with the treatment, from other cases or a small model.

    References
    ----------
    Robins, J. M., Rotnitzky, A. & Zhao, L. P. (1994).

    Examples
    --------
    >>> from assay import stats
    >>> treated = [i % 2 for i in range(40)]
    >>> outcomes = [t + i % 3 + 0.1 * (i % 5) for i, t in enumerate(treated)]
    >>> guess = [i % 3 for i in range(40)]
    >>> found = stats.aipw(
    ...     outcomes,
    ...     treated=treated,
    ...     propensities=[0.5] * 40,
    ...     predicted_control=guess,
    ...     predicted_treatment=[g + 1 for g in guess],
    ... )
    >>> round(found.estimate, 6)
    1.0
    """
    predictions = (predicted_control, predicted_treatment)
    found = _assay.weighted_effect(outcomes, treated, propensities, predictions, clusters, trim, confidence)
    return _average(found, confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class OffPolicy(Result):
    """The mean reward that another policy would have had.

    Attributes
    ----------
    ips : Level
        Inverse propensity scoring: unbiased.
    snips : Level or None
        Self-normalised: slightly biased, far less noisy; None when all weights are 0.
    doubly_robust : Level or None
        With predictions.
    effective : float
        Effective number of decisions.
    largest_share : float
        The largest weight's share of all.
    mean_weight : float
        Whose expectation is 1: far from it, logged propensities are wrong or the policies differ too much.
    """

    ips: Level
    snips: Level | None
    doubly_robust: Level | None
    effective: float
    largest_share: float
    mean_weight: float

    def _sentence(self) -> str:
        best = self.doubly_robust or self.snips or self.ips
        ends = f"{number(best.interval.lower)} to {number(best.interval.upper)}"
        return f"{number(best.estimate)}, {ends}, from {self.effective:.4g} effective decisions"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates with their intervals; needs matplotlib."""
        ax = axes(ax)
        shown = [("IPS", self.ips), ("SNIPS", self.snips), ("doubly robust", self.doubly_robust)]
        there = [(name, found) for name, found in shown if found is not None]
        for at, (_, found) in enumerate(there):
            found.plot(ax, at=at)
        ax.set_yticks(range(len(there)), [name for name, _ in there])
        ax.set_xlabel("mean reward")
        return ax


def off_policy(
    rewards: Numbers,
    *,
    propensities: Numbers,
    targets: Numbers,
    predicted_logged: Numbers | None = None,
    predicted_target: Numbers | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> OffPolicy:
    """Evaluate a policy on decisions logged under another one.

    Parameters
    ----------
    rewards : column of numbers
        A line per decision: what followed.
    propensities : column of numbers
        The chance with which the logging policy chose the action, above 0.
    targets : column of numbers
        The chance with which the policy to be evaluated would have.
    predicted_logged, predicted_target : column of numbers, optional
        The reward predicted for the logged action, and the mean prediction over the target policy's actions.
    clusters : column, optional
        Decisions that hang together, such as those of one user.

    References
    ----------
    Horvitz, D. G. & Thompson, D. J. (1952); Swaminathan, A. & Joachims, T. (2015); Dudík, M., Langford, J. & Li, L.
    (2011).

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.off_policy([1, 0, 1, 0], propensities=[0.5] * 4, targets=[1, 0, 1, 0])
    >>> found.ips.estimate, found.effective
    (1.0, 2.0)
    """
    if (predicted_logged is None) != (predicted_target is None):
        raise TypeError("give both predicted_logged and predicted_target, or neither")
    predictions = None if predicted_logged is None else (predicted_logged, predicted_target)
    found = _assay.off_policy(rewards, propensities, targets, predictions, clusters, confidence)
    for name in ("ips", "snips", "doubly_robust"):
        if found[name] is not None:
            native, fields = found[name]
            found[name] = _estimate.made(fields, native, confidence)
    return OffPolicy(**found)

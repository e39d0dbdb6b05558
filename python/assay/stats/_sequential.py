"""Looks at data while they come in: group-sequential boundaries, e-values, confidence sequences."""

from __future__ import annotations

import dataclasses
from typing import Literal

from assay import _assay
from assay._results import Interval, Result, interval, number
from assay._types import Column, Numbers

__all__ = [
    "Look",
    "always_valid_p",
    "asymptotic_interval",
    "best_rho2",
    "betting_interval",
    "boundaries",
    "conditional_power",
    "discordant_log_e",
    "e_bh",
    "error_spent",
    "log_capital",
    "merge_e_values",
    "msprt_log_e",
    "price_of_looking",
    "repeated_interval",
]

Spending = Literal["obrien_fleming", "pocock", "hwang_shih_decani"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Look(Result):
    """A planned look.

    Attributes
    ----------
    information : float
        The share of the planned information that is in.
    critical : float
        Stop when |z| reaches it; infinite when next to no error is to be spent.
    spent : float
        Two-sided error spent up to and including this look.
    """

    information: float
    critical: float
    spent: float

    def _sentence(self) -> str:
        return f"at {self.information:.0%} stop when |z| reaches {number(self.critical)} ({self.spent:.4f} spent)"


def error_spent(
    t: float, *, alpha: float = 0.05, spending: Spending = "obrien_fleming", gamma: float | None = None
) -> float:
    """Give the error that is spent when the share `t` of the planned information is in.

    Raises
    ------
    ValueError
        `t` is not above 0 and at most 1, `alpha` not between 0 and 1, or `gamma` does not go with `spending`.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.error_spent(0.5), 5)
    0.00305
    """
    return _assay.error_spent(t, alpha, spending, gamma)


def boundaries(
    information: Numbers, *, alpha: float = 0.05, spending: Spending = "obrien_fleming", gamma: float | None = None
) -> list[Look]:
    """Give the symmetric two-sided boundary of a group-sequential test.

    Parameters
    ----------
    information : column of numbers
        Shares of the planned information at each look, increasing, the last at most 1.
    alpha : float, default 0.05
        The two-sided error in all.
    spending : {"obrien_fleming", "pocock", "hwang_shih_decani"}, default "obrien_fleming"
        Almost nothing early, about the same at each look, or by `gamma`: late for negative, early for positive.
    gamma : float, optional
        Of Hwang, Shih and DeCani's spending, at most 700 in size.

    Raises
    ------
    ValueError
        Shares do not increase, are out of range or closer together than 1/10,000.

    References
    ----------
    Lan, K. K. G., & DeMets, D. L. (1983). Discrete sequential boundaries for clinical trials. Biometrika 70.
    Jennison, C., & Turnbull, B. W. (2000). Group sequential methods, §19.

    Examples
    --------
    >>> from assay import stats
    >>> stats.boundaries([0.5, 1.0])[0]
    <Look: at 50% stop when |z| reaches 2.963 (0.0031 spent)>
    """
    return [Look(*look) for look in _assay.boundaries(information, alpha, spending, gamma)]


def price_of_looking(
    information: Numbers,
    *,
    confidence: float = 0.95,
    spending: Spending = "obrien_fleming",
    gamma: float | None = None,
) -> float:
    """Say how much wider the last boundary is than the critical value without looks.

    Arguments and errors as for `boundaries`.

    Returns
    -------
    float
        NaN without looks.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.price_of_looking([0.5, 1.0]), 3)
    1.004
    """
    return _assay.price_of_looking(information, confidence, spending, gamma)


def repeated_interval(mean: float, standard_error: float, critical: float, *, confidence: float = 0.95) -> Interval:
    """Interval of a look, from its critical value: the intervals of all looks hold at once.

    `confidence` is what the boundary was made for, 1 - alpha; it is only written on the result.

    References
    ----------
    Jennison, C., & Turnbull, B. W. (1989). Interim analyses: the repeated confidence interval approach. JRSS B 51.

    Examples
    --------
    >>> from assay import stats
    >>> stats.repeated_interval(0.1, 0.05, 2.0)
    <Interval: 0 to 0.2 (0.95 confidence)>
    """
    return interval(_assay.repeated_interval(mean, standard_error, critical), confidence)


def conditional_power(z: float, t: float, *, critical: float) -> float:
    """Chance that z reaches `critical` at full information if the trend seen at the share `t` of it holds.

    Raises
    ------
    ValueError
        `t` is not between 0 and 1, or a number is not finite.

    References
    ----------
    Lan, K. K. G., & Wittes, J. (1988). The B-value: a tool for monitoring data. Biometrics 44.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.conditional_power(1.96 * 0.5**0.5, 0.5, critical=1.96), 4)
    0.5
    """
    return _assay.conditional_power(z, t, critical)


def always_valid_p(log_e: Numbers) -> Column:
    """Give the always-valid p-value after each look, from logarithms of e-values; NaN counts as no evidence.

    References
    ----------
    Johari, R., et al. (2017). Peeking at A/B tests. KDD.

    Examples
    --------
    >>> from assay import stats
    >>> [round(p, 4) for p in stats.always_valid_p([0.0, 3.0, 1.0])]
    [1.0, 0.0498, 0.0498]
    """
    return _assay.always_valid_p(log_e)


def discordant_log_e(better: int, worse: int) -> float:
    """Log e-value of discordant pairs against "better and worse are equally likely", at any stopping time.

    References
    ----------
    Howard, S. R., et al. (2021). Time-uniform, nonparametric, nonasymptotic confidence sequences. Ann. Stat. 49.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.discordant_log_e(20, 2), 2)
    6.21
    """
    return _assay.discordant_log_e(better, worse)


def merge_e_values(e: Numbers) -> float:
    """Average e-values: an e-value, whatever their dependence; NaN for none.

    References
    ----------
    Vovk, V., & Wang, R. (2021). E-values: calibration, combination and applications. Ann. Stat. 49.

    Examples
    --------
    >>> from assay import stats
    >>> stats.merge_e_values([10, 0])
    5.0
    """
    return _assay.merge_e_values(e)


def e_bh(e: Numbers, *, alpha: float = 0.05) -> list[bool]:
    """Say which hypotheses are rejected at false discovery rate `alpha`, under any dependence of their e-values.

    References
    ----------
    Wang, R., & Ramdas, A. (2022). False discovery rate control with e-values. JRSS B 84.

    Examples
    --------
    >>> from assay import stats
    >>> stats.e_bh([100, 1, 30])
    [True, False, True]
    """
    return _assay.e_bh(e, alpha)


def best_rho2(n: float, *, confidence: float = 0.95) -> float:
    """Mixing variance that makes `asymptotic_interval` narrowest at about `n` cases.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.best_rho2(100), 4)
    0.0794
    """
    return _assay.best_rho2(n, 1 - confidence)


def asymptotic_interval(mean: float, sd: float, n: int, *, rho2: float, confidence: float = 0.95) -> Interval:
    """Asymptotic confidence sequence of a mean at `n` cases: it holds at all n at once, from about 100 on.

    Parameters
    ----------
    mean, sd : float
        Of the cases so far.
    n : int
        Cases so far.
    rho2 : float
        The mixing variance, fixed before the first look: as `best_rho2` gives it.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Interval
        Undefined (NaN) below two cases and without variation.

    References
    ----------
    Waudby-Smith, I., et al. (2024). Time-uniform central limit theory and asymptotic confidence sequences. Ann.
    Stat. 52.

    Examples
    --------
    >>> from assay import stats
    >>> stats.asymptotic_interval(0.8, 0.4, 500, rho2=stats.best_rho2(500))
    <Interval: 0.7457 to 0.8543 (0.95 confidence)>
    """
    return interval(_assay.asymptotic_interval(mean, sd, n, rho2, 1 - confidence), confidence)


def msprt_log_e(mean: float, variance: float, n: int, *, null: float = 0.0, tau2: float) -> float:
    """Log of the mixture sequential probability ratio of a mean of `n` differences against `null`.

    Parameters
    ----------
    mean, variance : float
        Of the differences so far.
    n : int
        How many there are.
    null : float, default 0.0
        The mean under the hypothesis.
    tau2 : float
        Variance of the effects that are mixed over.

    References
    ----------
    Johari, R., et al. (2017). Peeking at A/B tests. KDD.

    Examples
    --------
    >>> from assay import stats
    >>> stats.msprt_log_e(0.1, 1.0, 10_000, tau2=0.01) > 40
    True
    """
    return _assay.msprt_log_e(mean, variance, n, null, tau2)


def betting_interval(
    values: Numbers,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    total: int | None = None,
    confidence: float = 0.95,
) -> Interval:
    """Confidence sequence of a bounded mean by betting: valid at any stopping time, without approximation.

    Parameters
    ----------
    values : column of numbers
        In the order in which they came.
    bounds : (float, float), default (0, 1)
        The range of values.
    total : int, optional
        How many cases the whole suite has, when values are drawn from it without replacement: at its end the
        interval is a point.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Interval
        Undefined (NaN) when nothing is left, which happens when values are not as assumed.

    Raises
    ------
    ValueError
        A value is outside of `bounds`, or there are more values than `total`.

    References
    ----------
    Waudby-Smith, I., & Ramdas, A. (2024). Estimating means of bounded random variables by betting. JRSS B 86.

    Examples
    --------
    >>> from assay import stats
    >>> 0.75 in stats.betting_interval([1, 1, 1, 0] * 50)
    True
    """
    return interval(_assay.betting_interval(values, bounds, total, confidence), confidence)


def log_capital(
    values: Numbers,
    mean: float,
    *,
    side: Literal["above", "below"] = "above",
    bounds: tuple[float, float] = (0.0, 1.0),
    total: int | None = None,
    alpha: float = 0.05,
) -> Column:
    """Log of the capital after each value when betting against "the mean is at most `mean`": an e-process.

    Parameters
    ----------
    values, bounds, total
        As for `betting_interval`.
    mean : float
        The hypothesis.
    side : {"above", "below"}, default "above"
        Whether the bet is that the mean is above, or below, `mean`.
    alpha : float, default 0.05
        The level that the bets are sized for.

    Examples
    --------
    >>> from assay import stats
    >>> stats.log_capital([1] * 30, 0.5)[-1] > 3
    True
    """
    return _assay.log_capital(values, mean, side, bounds, total, alpha)

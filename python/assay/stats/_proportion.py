"""Intervals of rates."""

from __future__ import annotations

from assay import _assay
from assay._results import Interval, ends_of, interval

__all__ = [
    "agresti_caffo",
    "clopper_pearson",
    "jeffreys",
    "miettinen_nurminen",
    "miettinen_nurminen_z",
    "mover",
    "newcombe",
    "wilson",
    "zero_of_n_upper",
]


def wilson(successes: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a rate.

    Parameters
    ----------
    successes : float
        How many of the `n` were successes; a fraction is possible, as for effective sample sizes.
    n : float
        How many there were.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Interval
        Undefined (NaN) for no trials.

    Raises
    ------
    ValueError
        `successes` is below 0 or above `n`; `confidence` is not between 0 and 1.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.

    Examples
    --------
    >>> from assay import stats
    >>> stats.wilson(45, 50)
    <Interval: 0.7864 to 0.9565 (0.95 confidence)>
    """
    return interval(_assay.wilson(successes, n, confidence), confidence)


def clopper_pearson(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Clopper and Pearson's exact interval of a rate: never covers less than stated.

    Parameters
    ----------
    successes, n : int
        How many of how many were successes.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Interval
        Undefined (NaN) for no trials.

    Raises
    ------
    ValueError
        `successes` is below 0 or above `n`; `confidence` is not between 0 and 1.

    References
    ----------
    Clopper, C. J., & Pearson, E. S. (1934). The use of confidence or fiducial limits. Biometrika 26.

    Examples
    --------
    >>> from assay import stats
    >>> stats.clopper_pearson(81, 263)
    <Interval: 0.2527 to 0.3676 (0.95 confidence)>
    """
    return interval(_assay.clopper_pearson(successes, n, confidence), confidence)


def jeffreys(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Jeffreys' interval of a rate: the equal-tailed posterior under a Beta(½, ½) prior.

    The bound at 0 of n is 0 and the one at n of n is 1. Arguments, results and errors as for `clopper_pearson`.

    References
    ----------
    Brown, L. D., Cai, T. T., & DasGupta, A. (2001). Interval estimation for a binomial proportion. Stat. Sci. 16.

    Examples
    --------
    >>> from assay import stats
    >>> stats.jeffreys(81, 263)
    <Interval: 0.2545 to 0.3656 (0.95 confidence)>
    """
    return interval(_assay.jeffreys(successes, n, confidence), confidence)


def zero_of_n_upper(n: int, *, confidence: float = 0.95) -> float:
    """One-sided upper bound of a rate after 0 of `n`: about three in n.

    Returns
    -------
    float
        1 - alpha**(1/n); NaN for no trials.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.zero_of_n_upper(100), 4)
    0.0295
    """
    return _assay.zero_of_n_upper(n, confidence)


def newcombe(successes: int, n: int, baseline_successes: int, baseline_n: int, *, confidence: float = 0.95) -> Interval:
    """Newcombe's hybrid score interval of the difference of two independent rates.

    Parameters
    ----------
    successes, n : int
        Of the candidate.
    baseline_successes, baseline_n : int
        Of the baseline.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Interval
        Of the candidate's rate less the baseline's; undefined (NaN) where an arm has no trials.

    Raises
    ------
    ValueError
        Successes are below 0 or above their n; `confidence` is not between 0 and 1.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Stat. Med. 17.

    Examples
    --------
    >>> from assay import stats
    >>> stats.newcombe(56, 70, 48, 80)
    <Interval: 0.05243 to 0.3339 (0.95 confidence)>
    """
    return interval(_assay.newcombe((successes, n, baseline_successes, baseline_n), confidence), confidence)


def agresti_caffo(
    successes: int, n: int, baseline_successes: int, baseline_n: int, *, confidence: float = 0.95
) -> Interval:
    """Agresti and Caffo's interval of the difference of two independent rates: Wald after two more cases in each arm.

    Arguments, results and errors as for `newcombe`.

    References
    ----------
    Agresti, A., & Caffo, B. (2000). Simple and effective confidence intervals for proportions. Am. Stat. 54.

    Examples
    --------
    >>> from assay import stats
    >>> stats.agresti_caffo(56, 70, 48, 80)
    <Interval: 0.05245 to 0.3358 (0.95 confidence)>
    """
    return interval(_assay.agresti_caffo((successes, n, baseline_successes, baseline_n), confidence), confidence)


def miettinen_nurminen(
    successes: int, n: int, baseline_successes: int, baseline_n: int, *, confidence: float = 0.95
) -> Interval:
    """Miettinen and Nurminen's score interval of the difference of two independent rates.

    Arguments, results and errors as for `newcombe`.

    References
    ----------
    Miettinen, O., & Nurminen, M. (1985). Comparative analysis of two rates. Stat. Med. 4.

    Examples
    --------
    >>> from assay import stats
    >>> stats.miettinen_nurminen(56, 70, 48, 80)
    <Interval: 0.05283 to 0.3382 (0.95 confidence)>
    """
    ends = _assay.miettinen_nurminen((successes, n, baseline_successes, baseline_n), confidence)
    return interval(ends, confidence)


def miettinen_nurminen_z(
    successes: int, n: int, baseline_successes: int, baseline_n: int, *, delta: float = 0.0
) -> float:
    """Miettinen and Nurminen's score statistic for the difference of two independent rates being `delta`.

    Returns
    -------
    float
        Infinite where the restriction rules out what was seen; NaN where an arm has no trials.

    Raises
    ------
    ValueError
        Successes are below 0 or above their n; `delta` is not from -1 to 1.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.miettinen_nurminen_z(56, 70, 48, 80), 4)
    2.6413
    """
    return _assay.miettinen_nurminen_z((successes, n, baseline_successes, baseline_n), delta)


def mover(candidate: float, candidate_interval: Interval, baseline: float, baseline_interval: Interval) -> Interval:
    """Interval of the difference of two independent quantities from the interval of each (MOVER).

    Parameters
    ----------
    candidate, baseline : float
        The estimates.
    candidate_interval, baseline_interval : Interval
        An interval of each that holds it.

    Raises
    ------
    TypeError
        An interval is none.
    ValueError
        An estimate is not within its interval, or the intervals have not the same confidence.

    References
    ----------
    Zou, G. Y., & Donner, A. (2008). Construction of confidence limits about effect measures. Stat. Med. 27.

    Examples
    --------
    >>> from assay import stats
    >>> stats.mover(0.8, stats.wilson(56, 70), 0.6, stats.wilson(48, 80))
    <Interval: 0.05243 to 0.3339 (0.95 confidence)>
    """
    c, b = ends_of("candidate_interval", candidate_interval), ends_of("baseline_interval", baseline_interval)
    if candidate_interval.confidence != baseline_interval.confidence:
        raise ValueError("candidate_interval and baseline_interval must have the same confidence")
    return interval(_assay.mover(candidate, c, baseline, b), candidate_interval.confidence)

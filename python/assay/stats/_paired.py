"""Paired comparisons of two systems on the same cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from assay import _assay
from assay._results import Interval, Significance, interval
from assay._types import ArrayLike, Groups, Numbers

__all__ = [
    "approximate_randomisation",
    "bonett_price",
    "mcnemar",
    "paired_bootstrap",
    "sign_flip",
    "tango",
    "tango_p_worse",
    "tango_z",
]


def tango(better: int, worse: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Tango's score interval of the difference of paired rates.

    Parameters
    ----------
    better, worse : int
        Cases that only the candidate, and only the baseline, passed.
    n : int
        All cases.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Interval
        Undefined (NaN) for no case.

    Raises
    ------
    ValueError
        `better` and `worse` are together more than `n`, or `confidence` is not between 0 and 1.

    References
    ----------
    Tango, T. (1998). Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design. Stat. Med. 17.

    Examples
    --------
    >>> from assay import stats
    >>> stats.tango(0, 0, 100)
    <Interval: -0.03699 to 0.03699 (0.95 confidence)>
    """
    return interval(_assay.tango(better, worse, n, confidence), confidence)


def bonett_price(better: int, worse: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Bonett and Price's interval of the difference of paired rates: Wald after two more discordant cases.

    Arguments, results and errors as for `tango`.

    References
    ----------
    Bonett, D. G., & Price, R. M. (2012). Adjusted Wald confidence interval for a difference of binomial proportions
    based on paired data. JEBS 37.

    Examples
    --------
    >>> from assay import stats
    >>> stats.bonett_price(4, 1, 18)
    <Interval: -0.1008 to 0.4008 (0.95 confidence)>
    """
    return interval(_assay.bonett_price(better, worse, n, confidence), confidence)


def tango_z(better: int, worse: int, n: int, *, delta: float = 0.0) -> float:
    """Tango's score statistic for the difference of paired rates being `delta`; without one it is McNemar's.

    Raises
    ------
    ValueError
        `better` and `worse` are together more than `n`, or `delta` is not from -1 to 1.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.tango_z(8, 2, 50), 4)
    1.8974
    """
    return _assay.tango_z(better, worse, n, delta)


def tango_p_worse(better: int, worse: int, n: int, *, margin: float = 0.0) -> float:
    """One-sided p-value against "not worse by more than `margin`": small when such a loss is shown.

    Raises
    ------
    ValueError
        `better` and `worse` are together more than `n`, or `margin` is not from 0 to 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.tango_p_worse(0, 20, 100, margin=0.05) < 0.001
    True
    """
    return _assay.tango_p_worse(better, worse, n, margin)


def mcnemar(better: int, worse: int, *, exact: bool = False) -> Significance:
    """McNemar's test of paired passes and failures, two-sided: the mid-p value, or the exact one.

    Parameters
    ----------
    better, worse : int
        Cases that only the candidate, and only the baseline, passed.
    exact : bool, default False
        Whether to give the exact p-value, which is cautious, instead of the mid-p value.

    Raises
    ------
    ValueError
        A number is below 0.

    References
    ----------
    Fagerland, M. W., Lydersen, S., & Laake, P. (2013). The McNemar test for binary matched-pairs data. BMC MRM 13.

    Examples
    --------
    >>> from assay import stats
    >>> stats.mcnemar(1, 8)
    <Significance: p = 0.0215 (McNemar mid-p, statistic 1)>
    """
    method = "McNemar exact" if exact else "McNemar mid-p"
    return Significance(_assay.mcnemar(better, worse, exact), min(better, worse), method)


def sign_flip(
    differences: Numbers, *, clusters: Groups | None = None, n_resamples: int = 9_999, seed: int = 0
) -> Significance:
    """Sign-flip test that a mean difference is 0, two-sided.

    Exact up to 20 independent differences or clusters, else by seeded random signs.

    Parameters
    ----------
    differences : column of numbers
        Candidate less baseline of each case.
    clusters : column of hashable values, optional
        Cases that depend on each other change their signs together.
    n_resamples : int, default 9999
        Random signs that are drawn when there are too many to take all.
    seed : int, default 0
        The same seed gives the same p-value.

    Returns
    -------
    Significance
        With the sum of the differences as statistic; undefined (NaN) without differences.

    Raises
    ------
    ValueError
        A difference is not finite, or columns are not equally long.

    References
    ----------
    Fisher, R. A. (1935). The design of experiments.
    Phipson, B., & Smyth, G. K. (2010). Permutation p-values should never be zero. SAGMB 9.

    Examples
    --------
    >>> from assay import stats
    >>> stats.sign_flip([1, 2, 3])
    <Significance: p = 0.25 (exact sign-flip, statistic 6)>
    """
    p, exact = _assay.sign_flip(differences, clusters, n_resamples, seed)
    return Significance(p, _assay.compensated_sum(differences), "exact sign-flip" if exact else "sign-flip")


def approximate_randomisation(
    candidate: Sequence[Any] | ArrayLike,
    baseline: Sequence[Any] | ArrayLike,
    statistic: Callable[[Any], float] | None = None,
    *,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> float:
    """p-value of a difference of two systems by approximate randomisation, two-sided: they swap answers by fair coins.

    Parameters
    ----------
    candidate, baseline : column
        Each system's answers, or scores, of the same cases: anything that `statistic` takes.
    statistic : callable, optional
        Gives a number of one system's column; without it the mean of numbers, which needs no Python.
    n_resamples : int, default 9999
        How many trials.
    seed : int, default 0
        The same seed gives the same p-value.

    Returns
    -------
    float
        NaN without cases, or where the statistic is undefined (NaN or None) in a trial.

    Raises
    ------
    ValueError
        The columns are not equally long.

    References
    ----------
    Riezler, S., & Maxwell, J. T. (2005). On some pitfalls in automatic evaluation and significance testing for MT.

    Examples
    --------
    >>> from assay import stats
    >>> stats.approximate_randomisation([2, 3, 4, 5, 6, 5], [1, 1, 3, 2, 4, 4], n_resamples=999)
    0.001
    """
    return _assay.approximate_randomisation(candidate, baseline, statistic, n_resamples, seed)


def paired_bootstrap(
    candidate: Sequence[Any] | ArrayLike,
    baseline: Sequence[Any] | ArrayLike,
    statistic: Callable[[Any], float] | None = None,
    *,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> float:
    """p-value of a difference of two systems by the paired bootstrap of Moses and sacrebleu.

    One-sided and approximate: `approximate_randomisation` is to be preferred. Arguments, results and errors as there.

    References
    ----------
    Koehn, P. (2004). Statistical significance tests for machine translation evaluation. EMNLP.

    Examples
    --------
    >>> from assay import stats
    >>> stats.paired_bootstrap([2, 3, 4, 5, 6, 5], [1, 1, 3, 2, 4, 4], n_resamples=999) < 0.01
    True
    """
    return _assay.paired_bootstrap(candidate, baseline, statistic, n_resamples, seed)

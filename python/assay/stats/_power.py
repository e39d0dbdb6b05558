"""Sample sizes and power, planned for the intervals that decide."""

from __future__ import annotations

from assay import _assay

__all__ = [
    "all_pass_cases",
    "approximate_power",
    "best_repeats",
    "clustered_cases",
    "design_effect",
    "detectable_effect",
    "difference_sd",
    "paired_binary_cases",
    "paired_cases",
    "paired_power",
    "rate_cases",
    "unpaired_cases",
]


def paired_cases(
    sd: float, *, effect: float = 0.0, margin: float = 0.0, power: float = 0.8, confidence: float = 0.95
) -> int | None:
    """Cases for a paired difference to be shown not to be below -`margin`.

    Parameters
    ----------
    sd : float
        Standard deviation of the difference of a case.
    effect : float, default 0.0
        The true difference, candidate less baseline, that should pass.
    margin : float, default 0.0
        The tolerated loss, at least 0.
    power : float, default 0.8
        The wanted chance of a pass.
    confidence : float, default 0.95
        Of the two-sided interval that is decided on.

    Returns
    -------
    int or None
        None when no number suffices: `effect` is not above -`margin`, or nothing varies.

    Raises
    ------
    ValueError
        `sd` or `margin` is below 0; `power` or `confidence` is not between 0 and 1.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences, chapter 2.

    Examples
    --------
    >>> from assay import stats
    >>> stats.paired_cases(0.5, effect=0.05)
    785
    """
    return _assay.paired_cases(sd, (confidence, power, margin, effect))


def paired_binary_cases(
    discordance: float, *, effect: float = 0.0, margin: float = 0.0, power: float = 0.8, confidence: float = 0.95
) -> int | None:
    """Cases for a paired difference of pass rates, exact up to 2,000 of them.

    Parameters
    ----------
    discordance : float
        The share of cases on which the two differ.
    effect, margin, power, confidence
        As for `paired_cases`.

    Returns
    -------
    int or None
        None when no number suffices.

    References
    ----------
    Connor, R. J. (1987). Sample size for testing differences in proportions for the paired-sample design.
    Biometrics 43.

    Examples
    --------
    >>> from assay import stats
    >>> stats.paired_binary_cases(0.1, margin=0.05)
    339
    """
    return _assay.paired_binary_cases(discordance, (confidence, power, margin, effect))


def paired_power(
    n: int, discordance: float, *, effect: float = 0.0, margin: float = 0.0, confidence: float = 0.95
) -> float:
    """Exact chance that Tango's interval of `n` paired cases excludes a loss of `margin`.

    Parameters
    ----------
    n : int
        Cases, 20,000 at most: beyond them `approximate_power` is close.
    discordance, effect, margin, confidence
        As for `paired_binary_cases`.

    Raises
    ------
    ValueError
        `effect` is larger than `discordance` in size, or `n` above 20,000.

    Examples
    --------
    >>> from assay import stats
    >>> stats.paired_power(339, 0.1, margin=0.05) > 0.8
    True
    """
    return _assay.paired_power(n, discordance, (confidence, 0.5, margin, effect))


def detectable_effect(n: int, sd: float, *, power: float = 0.8, confidence: float = 0.95) -> float:
    """Smallest true difference that `n` cases show with the wanted power.

    References
    ----------
    Bloom, H. S. (1995). Minimum detectable effects. Evaluation Review 19.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.detectable_effect(785, 0.5), 4)
    0.05
    """
    return _assay.detectable_effect(n, sd, confidence, power)


def rate_cases(rate: float, half_width: float, *, confidence: float = 0.95) -> int | None:
    """Cases after which Wilson's interval of a rate is at most `half_width` wide on either side.

    Raises
    ------
    ValueError
        `half_width` is not from 1e-6 to below 0.5, `rate` not from 0 to 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.rate_cases(0.5, 0.05)
    381
    """
    return _assay.rate_cases(rate, half_width, confidence)


def all_pass_cases(threshold: float, *, confidence: float = 0.95) -> int | None:
    """Cases that must all pass before Wilson's lower bound reaches `threshold`.

    Examples
    --------
    >>> from assay import stats
    >>> stats.all_pass_cases(0.95)
    73
    """
    return _assay.all_pass_cases(threshold, confidence)


def unpaired_cases(
    sd: float,
    baseline_sd: float,
    *,
    effect: float = 0.0,
    margin: float = 0.0,
    power: float = 0.8,
    confidence: float = 0.95,
) -> int | None:
    """Cases per arm for the difference of two independent means or rates; arguments and errors as for `paired_cases`.

    Examples
    --------
    >>> from assay import stats
    >>> stats.unpaired_cases(0.5, 0.5, effect=0.1)
    393
    """
    return _assay.unpaired_cases(sd, baseline_sd, (confidence, power, margin, effect))


def clustered_cases(n: int, design_effect: float) -> int | None:
    """Cases instead of `n` when they share clusters: n · design effect.

    References
    ----------
    Kish, L. (1965). Survey sampling.

    Examples
    --------
    >>> from assay import stats
    >>> stats.clustered_cases(100, stats.design_effect(5, 0.2))
    180
    """
    return _assay.clustered_cases(n, design_effect)


def design_effect(size: float, icc: float) -> float:
    """Design effect of clusters of `size` cases: 1 + (size - 1) · ICC.

    Raises
    ------
    ValueError
        `size` is below 1, or `icc` not from 0 to 1.

    Examples
    --------
    >>> from assay import stats
    >>> stats.design_effect(5, 0.2)
    1.8
    """
    return _assay.design_effect(size, icc)


def approximate_power(
    n: float, sd: float, *, effect: float = 0.0, margin: float = 0.0, confidence: float = 0.95
) -> float:
    """Chance that the interval of a paired difference excludes a loss of `margin`, by the normal approximation.

    Raises
    ------
    ValueError
        `n` or `sd` is not above 0.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.approximate_power(785, 0.5, effect=0.05), 3)
    0.8
    """
    return _assay.approximate_power(n, sd, confidence, margin, effect)


def difference_sd(between: float, within: float, *, correlation: float = 0.0, repeats: int = 1) -> float:
    """Give the standard deviation of a paired difference of means over epochs.

    Parameters
    ----------
    between, within : float
        Variance between cases and within a case, as `variances` splits them.
    correlation : float, default 0.0
        Of the cases' true means between the arms.
    repeats : int, default 1
        Epochs of a case.

    References
    ----------
    Miller, E. (2024). Adding error bars to evals. arXiv 2411.00640.

    Examples
    --------
    >>> from assay import stats
    >>> stats.difference_sd(0.5, 0.0, correlation=0.75)
    0.5
    """
    return _assay.difference_sd(between, correlation, within, repeats)


def best_repeats(case_cost: float, epoch_cost: float, *, within: float, between: float) -> float:
    """Epochs that make the most of a budget, at least 1.

    Parameters
    ----------
    case_cost, epoch_cost : float
        What a case costs once, and each of its epochs.
    within, between : float
        Variance within a case and between cases.

    Returns
    -------
    float
        NaN for epochs that cost nothing or cases that do not differ.

    Examples
    --------
    >>> from assay import stats
    >>> stats.best_repeats(8.0, 1.0, within=0.1, between=0.2)
    2.0
    """
    return _assay.best_repeats(case_cost, epoch_cost, within, between)

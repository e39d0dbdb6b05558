"""Distribution functions, accurate in the tails: of a number, or of each number of a column.

Outside of their domains they are NaN.
"""

from __future__ import annotations

from typing import Any, overload

from assay import _assay
from assay._types import Column, Numbers

__all__ = [
    "beta_cdf",
    "beta_quantile",
    "beta_sf",
    "binomial_cdf",
    "binomial_pmf",
    "chi_square_sf",
    "gamma_sf",
    "ln_beta",
    "ln_gamma",
    "normal_cdf",
    "normal_pdf",
    "normal_quantile",
    "t_quantile",
    "t_sf",
]


@overload
def normal_pdf(x: float) -> float: ...
@overload
def normal_pdf(x: Numbers) -> Column: ...
def normal_pdf(x: Any) -> Any:
    """Give the standard normal density.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.normal_pdf(0), 6)
    0.398942
    """
    return _assay.distribution("normal_pdf", "x", x, 0.0, 0.0)


@overload
def normal_cdf(x: float) -> float: ...
@overload
def normal_cdf(x: Numbers) -> Column: ...
def normal_cdf(x: Any) -> Any:
    """Give the standard normal distribution function.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.normal_cdf(1.96), 4)
    0.975
    """
    return _assay.distribution("normal_cdf", "x", x, 0.0, 0.0)


@overload
def normal_quantile(p: float) -> float: ...
@overload
def normal_quantile(p: Numbers) -> Column: ...
def normal_quantile(p: Any) -> Any:
    """Give the standard normal quantile.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.normal_quantile(0.975), 6)
    1.959964
    """
    return _assay.distribution("normal_quantile", "p", p, 0.0, 0.0)


@overload
def ln_gamma(x: float) -> float: ...
@overload
def ln_gamma(x: Numbers) -> Column: ...
def ln_gamma(x: Any) -> Any:
    """Logarithm of the gamma function, for x > 0.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.ln_gamma(5), 6)
    3.178054
    """
    return _assay.distribution("ln_gamma", "x", x, 0.0, 0.0)


@overload
def ln_beta(x: float, b: float) -> float: ...
@overload
def ln_beta(x: Numbers, b: float) -> Column: ...
def ln_beta(x: Any, b: float) -> Any:
    """Logarithm of the beta function B(x, b), for x, b > 0.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.ln_beta(2, 3), 6)
    -2.484907
    """
    return _assay.distribution("ln_beta", "x", x, b, 0.0)


@overload
def beta_cdf(x: float, a: float, b: float) -> float: ...
@overload
def beta_cdf(x: Numbers, a: float, b: float) -> Column: ...
def beta_cdf(x: Any, a: float, b: float) -> Any:
    """Distribution function of Beta(a, b): the regularised incomplete beta function.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.beta_cdf(0.5, 3, 1), 9)
    0.125
    """
    return _assay.distribution("beta_cdf", "x", x, a, b)


@overload
def beta_sf(x: float, a: float, b: float) -> float: ...
@overload
def beta_sf(x: Numbers, a: float, b: float) -> Column: ...
def beta_sf(x: Any, a: float, b: float) -> Any:
    """Upper tail of Beta(a, b), without cancellation.

    Examples
    --------
    >>> from assay import stats
    >>> stats.beta_sf(0.5, 3, 1)
    0.875
    """
    return _assay.distribution("beta_sf", "x", x, a, b)


@overload
def beta_quantile(p: float, a: float, b: float) -> float: ...
@overload
def beta_quantile(p: Numbers, a: float, b: float) -> Column: ...
def beta_quantile(p: Any, a: float, b: float) -> Any:
    """Quantile of Beta(a, b).

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.beta_quantile(0.125, 3, 1), 9)
    0.5
    """
    return _assay.distribution("beta_quantile", "p", p, a, b)


@overload
def gamma_sf(x: float, a: float) -> float: ...
@overload
def gamma_sf(x: Numbers, a: float) -> Column: ...
def gamma_sf(x: Any, a: float) -> Any:
    """Upper tail of the gamma distribution with shape `a` and scale 1.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.gamma_sf(2, 1), 6)
    0.135335
    """
    return _assay.distribution("gamma_sf", "x", x, a, 0.0)


@overload
def chi_square_sf(x: float, df: float) -> float: ...
@overload
def chi_square_sf(x: Numbers, df: float) -> Column: ...
def chi_square_sf(x: Any, df: float) -> Any:
    """Upper tail of χ² with `df` degrees of freedom.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.chi_square_sf(3.841459, 1), 6)
    0.05
    """
    return _assay.distribution("chi_square_sf", "x", x, df, 0.0)


@overload
def t_sf(t: float, df: float) -> float: ...
@overload
def t_sf(t: Numbers, df: float) -> Column: ...
def t_sf(t: Any, df: float) -> Any:
    """Upper tail of Student's t with `df` degrees of freedom.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.t_sf(2.228139, 10), 6)
    0.025
    """
    return _assay.distribution("t_sf", "t", t, df, 0.0)


@overload
def t_quantile(p: float, df: float) -> float: ...
@overload
def t_quantile(p: Numbers, df: float) -> Column: ...
def t_quantile(p: Any, df: float) -> Any:
    """Quantile of Student's t with `df` degrees of freedom.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.t_quantile(0.975, 10), 6)
    2.228139
    """
    return _assay.distribution("t_quantile", "p", p, df, 0.0)


@overload
def binomial_pmf(k: float, n: int, p: float) -> float: ...
@overload
def binomial_pmf(k: Numbers, n: int, p: float) -> Column: ...
def binomial_pmf(k: Any, n: int, p: float) -> Any:
    """Probability of exactly `k` successes in `n` trials.

    Examples
    --------
    >>> from assay import stats
    >>> stats.binomial_pmf(2, 4, 0.5)
    0.375
    """
    return _assay.distribution("binomial_pmf", "k", k, n, p)


@overload
def binomial_cdf(k: float, n: int, p: float) -> float: ...
@overload
def binomial_cdf(k: Numbers, n: int, p: float) -> Column: ...
def binomial_cdf(k: Any, n: int, p: float) -> Any:
    """Probability of at most `k` successes in `n` trials.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.binomial_cdf(1, 4, 0.5), 9)
    0.3125
    """
    return _assay.distribution("binomial_cdf", "k", k, n, p)

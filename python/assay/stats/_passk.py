"""Chances that of k epochs one, or all, succeed."""

from __future__ import annotations

from typing import Any, overload

from assay import _assay
from assay._types import Column, Numbers

__all__ = ["pass_at_k", "pass_hat_k"]


@overload
def pass_at_k(n: int, c: int, k: int) -> float: ...
@overload
def pass_at_k(n: int | Numbers, c: int | Numbers, k: int) -> Column: ...
def pass_at_k(n: Any, c: Any, k: int) -> Any:
    """Unbiased chance that at least one of `k` epochs succeeds: 1 - C(n - c, k) / C(n, k).

    Parameters
    ----------
    n, c : int or column of int
        Epochs of a case, and how many of them succeeded.
    k : int
        Epochs that may be tried.

    Returns
    -------
    float or column of float
        NaN for fewer epochs than `k`.

    Raises
    ------
    ValueError
        More epochs succeeded than there are, or `k` is below 1.

    References
    ----------
    Chen, M., et al. (2021). Evaluating large language models trained on code. arXiv 2107.03374.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.pass_at_k(5, 2, 2), 4)
    0.7
    >>> stats.pass_at_k([5, 5], [0, 5], 1)
    [0.0, 1.0]
    """
    return _assay.pass_at_k(n, c, k)


@overload
def pass_hat_k(n: int, c: int, k: int) -> float: ...
@overload
def pass_hat_k(n: int | Numbers, c: int | Numbers, k: int) -> Column: ...
def pass_hat_k(n: Any, c: Any, k: int) -> Any:
    """Unbiased chance that all of `k` epochs succeed: C(c, k) / C(n, k).

    Arguments, results and errors as for `pass_at_k`.

    References
    ----------
    Yao, S., et al. (2024). τ-bench. arXiv 2406.12045.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.pass_hat_k(5, 4, 2), 4)
    0.6
    """
    return _assay.pass_hat_k(n, c, k)

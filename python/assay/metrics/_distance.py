"""Distances and likenesses of texts, over Unicode code points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from assay import _assay
from assay._types import TextColumn, Texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "cdist",
    "damerau_levenshtein",
    "jaro",
    "jaro_winkler",
    "lcs_similarity",
    "levenshtein",
    "levenshtein_similarity",
    "osa",
    "partial_ratio",
    "token_set_ratio",
    "token_sort_ratio",
]

Scorer = Literal[
    "levenshtein",
    "damerau_levenshtein",
    "osa",
    "levenshtein_similarity",
    "jaro",
    "jaro_winkler",
    "lcs_similarity",
    "token_sort_ratio",
    "token_set_ratio",
    "partial_ratio",
]


@overload
def levenshtein(a: str, b: str) -> int: ...
@overload
def levenshtein(a: TextColumn, b: str | TextColumn) -> NDArray[np.int64]: ...
@overload
def levenshtein(a: str | TextColumn, b: TextColumn) -> NDArray[np.int64]: ...
def levenshtein(a: str | TextColumn, b: str | TextColumn) -> object:
    """Count the characters to insert, delete or replace to turn one text into the other.

    Parameters
    ----------
    a, b : str or column of texts
        Two texts, two columns, or a text and a column, with whose texts it is compared.

    Returns
    -------
    int or array of int
        (A list where NumPy is not installed.)

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.levenshtein("kitten", "sitting")
    3
    >>> metrics.levenshtein("cat", ["cat", "cut", "dog"])
    array([0, 1, 3])
    """
    return _assay.text_distance("levenshtein", a, b)


@overload
def damerau_levenshtein(a: str, b: str) -> int: ...
@overload
def damerau_levenshtein(a: TextColumn, b: str | TextColumn) -> NDArray[np.int64]: ...
@overload
def damerau_levenshtein(a: str | TextColumn, b: TextColumn) -> NDArray[np.int64]: ...
def damerau_levenshtein(a: str | TextColumn, b: str | TextColumn) -> object:
    """As `levenshtein`, with swaps of neighbours, between which others may have been put.

    References
    ----------
    Damerau, F. J. (1964). A technique for computer detection and correction of spelling errors. CACM 7.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.damerau_levenshtein("ca", "abc")
    2
    """
    return _assay.text_distance("damerau_levenshtein", a, b)


@overload
def osa(a: str, b: str) -> int: ...
@overload
def osa(a: TextColumn, b: str | TextColumn) -> NDArray[np.int64]: ...
@overload
def osa(a: str | TextColumn, b: TextColumn) -> NDArray[np.int64]: ...
def osa(a: str | TextColumn, b: str | TextColumn) -> object:
    """Optimal string alignment: as `damerau_levenshtein`, but nothing is edited twice.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.osa("ca", "abc")
    3
    """
    return _assay.text_distance("osa", a, b)


@overload
def levenshtein_similarity(a: str, b: str) -> float: ...
@overload
def levenshtein_similarity(a: TextColumn, b: str | TextColumn) -> NDArray[np.float64]: ...
@overload
def levenshtein_similarity(a: str | TextColumn, b: TextColumn) -> NDArray[np.float64]: ...
def levenshtein_similarity(a: str | TextColumn, b: str | TextColumn) -> object:
    """1 - distance / length of the longer text; 1 for two empty texts. For the parameters see `levenshtein`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.levenshtein_similarity("abcd", "abxd")
    0.75
    """
    return _assay.text_distance("levenshtein_similarity", a, b)


@overload
def jaro(a: str, b: str) -> float: ...
@overload
def jaro(a: TextColumn, b: str | TextColumn) -> NDArray[np.float64]: ...
@overload
def jaro(a: str | TextColumn, b: TextColumn) -> NDArray[np.float64]: ...
def jaro(a: str | TextColumn, b: str | TextColumn) -> object:
    """Jaro's similarity from 0 to 1. For the parameters see `levenshtein`.

    References
    ----------
    Jaro, M. A. (1989). Advances in record-linkage methodology. JASA 84.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.jaro("MARTHA", "MARHTA"), 4)
    0.9444
    """
    return _assay.text_distance("jaro", a, b)


@overload
def jaro_winkler(a: str, b: str) -> float: ...
@overload
def jaro_winkler(a: TextColumn, b: str | TextColumn) -> NDArray[np.float64]: ...
@overload
def jaro_winkler(a: str | TextColumn, b: TextColumn) -> NDArray[np.float64]: ...
def jaro_winkler(a: str | TextColumn, b: str | TextColumn) -> object:
    """Jaro-Winkler similarity: a common beginning of up to 4 characters counts more, above a Jaro similarity of 0.7.

    For the parameters see `levenshtein`.

    References
    ----------
    Winkler, W. E. (1990). String comparator metrics and enhanced decision rules. ASA.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.jaro_winkler("MARTHA", "MARHTA"), 4)
    0.9611
    """
    return _assay.text_distance("jaro_winkler", a, b)


@overload
def lcs_similarity(a: str, b: str) -> float: ...
@overload
def lcs_similarity(a: TextColumn, b: str | TextColumn) -> NDArray[np.float64]: ...
@overload
def lcs_similarity(a: str | TextColumn, b: TextColumn) -> NDArray[np.float64]: ...
def lcs_similarity(a: str | TextColumn, b: str | TextColumn) -> object:
    """Longest common subsequence over the length of the longer text. For the parameters see `levenshtein`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.lcs_similarity("abcd", "axcd")
    0.75
    """
    return _assay.text_distance("lcs_similarity", a, b)


@overload
def token_sort_ratio(a: str, b: str) -> float: ...
@overload
def token_sort_ratio(a: TextColumn, b: str | TextColumn) -> NDArray[np.float64]: ...
@overload
def token_sort_ratio(a: str | TextColumn, b: TextColumn) -> NDArray[np.float64]: ...
def token_sort_ratio(a: str | TextColumn, b: str | TextColumn) -> object:
    """Likeness of the texts with their words sorted, from 0 to 1. For the parameters see `levenshtein`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.token_sort_ratio("york new", "new york")
    1.0
    """
    return _assay.text_distance("token_sort_ratio", a, b)


@overload
def token_set_ratio(a: str, b: str) -> float: ...
@overload
def token_set_ratio(a: TextColumn, b: str | TextColumn) -> NDArray[np.float64]: ...
@overload
def token_set_ratio(a: str | TextColumn, b: TextColumn) -> NDArray[np.float64]: ...
def token_set_ratio(a: str | TextColumn, b: str | TextColumn) -> object:
    """Likeness of the sets of words, from 0 to 1: order, repetition and further words of one text do not count.

    For the parameters see `levenshtein`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.token_set_ratio("new york", "new york mets")
    1.0
    """
    return _assay.text_distance("token_set_ratio", a, b)


@overload
def partial_ratio(a: str, b: str) -> float: ...
@overload
def partial_ratio(a: TextColumn, b: str | TextColumn) -> NDArray[np.float64]: ...
@overload
def partial_ratio(a: str | TextColumn, b: TextColumn) -> NDArray[np.float64]: ...
def partial_ratio(a: str | TextColumn, b: str | TextColumn) -> object:
    """Likeness of the shorter text with the part of the longer one that is most like it, from 0 to 1.

    For the parameters see `levenshtein`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.partial_ratio("new york", "the new york times")
    1.0
    """
    return _assay.text_distance("partial_ratio", a, b)


def cdist(
    queries: Texts, choices: Texts, *, scorer: Scorer = "levenshtein_similarity", workers: int = 1
) -> NDArray[np.float64]:
    """Compare each of the texts with each of others; needs NumPy.

    Parameters
    ----------
    queries, choices : column of texts
    scorer : str
        The name of a function of this module.
    workers : int, default 1
        Threads to use.

    Returns
    -------
    array
        A row for each query, a column for each choice.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.cdist(["cat", "dog"], ["cat", "cut"], scorer="levenshtein")
    array([[0., 1.],
           [3., 3.]])
    """
    return _assay.text_cdist(queries, choices, scorer, workers)

"""Answers and summaries beside reference texts; numbers in texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from assay import _assay
from assay._types import References, TextColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "exact_match",
    "last_number",
    "meteor_score",
    "normalize_answer",
    "numbers_in_text",
    "rouge",
    "rouge_l",
    "rouge_lsum",
    "rouge_n",
    "token_f1",
]


def normalize_answer(text: str) -> str:
    """Bring a short answer into SQuAD's normal form.

    Lower case, without ASCII punctuation, the articles a, an and the, and extra white space.

    References
    ----------
    Rajpurkar, P. et al. (2016). SQuAD: 100,000+ questions for machine comprehension of text. EMNLP.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.normalize_answer("The  Cat, sat!")
    'cat sat'
    """
    return _assay.normalize_answer(text)


@overload
def exact_match(prediction: str, references: str | Sequence[str]) -> float: ...
@overload
def exact_match(prediction: TextColumn, references: References) -> NDArray[np.float64]: ...
def exact_match(prediction: str | TextColumn, references: str | References | Sequence[str]) -> object:
    """Say whether an answer equals one of its references in SQuAD's normal form.

    Parameters
    ----------
    prediction : str or column of texts
    references : str, sequence of str, or a column of either
        With several references the best counts.

    Returns
    -------
    float or array
        1 or 0 for one answer; an array for a column (a list where NumPy is not installed).

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.exact_match("An apple.", "apple")
    1.0
    >>> metrics.exact_match(["Paris", "Rome"], [["paris", "Paris, France"], ["Milan"]])
    array([1., 0.])
    """
    return _assay.exact_match(prediction, references)


@overload
def token_f1(prediction: str, references: str | Sequence[str]) -> float: ...
@overload
def token_f1(prediction: TextColumn, references: References) -> NDArray[np.float64]: ...
def token_f1(prediction: str | TextColumn, references: str | References | Sequence[str]) -> object:
    """F1 over the multisets of words in SQuAD's normal form.

    When a side has no words it is 1 if both have none, else 0 (SQuAD 2.0). With several references the best counts.

    Parameters
    ----------
    prediction : str or column of texts
    references : str, sequence of str, or a column of either

    Returns
    -------
    float or array

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.token_f1("red apple", "green apple")
    0.5
    """
    return _assay.token_f1(prediction, references)


@overload
def meteor_score(
    hypothesis: str, references: str | Sequence[str], *, alpha: float = 0.9, beta: float = 3.0, gamma: float = 0.5
) -> float: ...
@overload
def meteor_score(
    hypothesis: TextColumn, references: References, *, alpha: float = 0.9, beta: float = 3.0, gamma: float = 0.5
) -> NDArray[np.float64]: ...
def meteor_score(
    hypothesis: str | TextColumn,
    references: str | References | Sequence[str],
    *,
    alpha: float = 0.9,
    beta: float = 3.0,
    gamma: float = 0.5,
) -> object:
    """METEOR with exact and stem matches, without WordNet's synonyms, against the best reference.

    Parameters
    ----------
    hypothesis : str or column of texts
    references : str, sequence of str, or a column of either
    alpha : float, default 0.9
        How much recall weighs against precision, from 0 to 1.
    beta : float, default 3
        How fast the penalty grows with the number of chunks, 0 or more.
    gamma : float, default 0.5
        The largest penalty, from 0 to 1.

    Returns
    -------
    float or array
        From 0 to 1.

    References
    ----------
    Lavie, A., Agarwal, A. (2007). METEOR: an automatic metric for MT evaluation. WMT.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.meteor_score("the cats sat on the mat", "the cat sat on the mat"), 4)
    0.9977
    """
    return _assay.meteor_score(hypothesis, references, alpha, beta, gamma)


@overload
def rouge_n(
    prediction: str, references: str | Sequence[str], n: int = 1, *, stem: bool = False, unicode: bool = False
) -> float: ...
@overload
def rouge_n(
    prediction: TextColumn, references: References, n: int = 1, *, stem: bool = False, unicode: bool = False
) -> NDArray[np.float64]: ...
def rouge_n(
    prediction: str | TextColumn,
    references: str | References | Sequence[str],
    n: int = 1,
    *,
    stem: bool = False,
    unicode: bool = False,
) -> object:
    """ROUGE-N: F1 of the n-grams that both texts have. For the other parameters see `rouge`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.rouge_n("the cat sat", "the cat lay", 2)
    0.5
    """
    return _assay.rouge_score(f"rouge{n}", prediction, references, stem, unicode)


@overload
def rouge_l(
    prediction: str, references: str | Sequence[str], *, stem: bool = False, unicode: bool = False
) -> float: ...
@overload
def rouge_l(
    prediction: TextColumn, references: References, *, stem: bool = False, unicode: bool = False
) -> NDArray[np.float64]: ...
def rouge_l(
    prediction: str | TextColumn,
    references: str | References | Sequence[str],
    *,
    stem: bool = False,
    unicode: bool = False,
) -> object:
    """ROUGE-L: F1 of the longest common subsequence of words. For the parameters see `rouge`.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.rouge_l("the cat sat", "the small cat"), 4)
    0.6667
    """
    return _assay.rouge_score("rougeL", prediction, references, stem, unicode)


@overload
def rouge_lsum(
    prediction: str, references: str | Sequence[str], *, stem: bool = False, unicode: bool = False
) -> float: ...
@overload
def rouge_lsum(
    prediction: TextColumn, references: References, *, stem: bool = False, unicode: bool = False
) -> NDArray[np.float64]: ...
def rouge_lsum(
    prediction: str | TextColumn,
    references: str | References | Sequence[str],
    *,
    stem: bool = False,
    unicode: bool = False,
) -> object:
    r"""ROUGE-L of summaries whose lines are sentences. For the parameters see `rouge`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.rouge_lsum("one two\nthree", "three\none two")
    1.0
    """
    return _assay.rouge_score("rougeLsum", prediction, references, stem, unicode)


@overload
def rouge(
    prediction: str,
    references: str | Sequence[str],
    *,
    types: Sequence[str] = ...,
    stem: bool = False,
    unicode: bool = False,
) -> dict[str, float]: ...
@overload
def rouge(
    prediction: TextColumn,
    references: References,
    *,
    types: Sequence[str] = ...,
    stem: bool = False,
    unicode: bool = False,
) -> dict[str, NDArray[np.float64]]: ...
def rouge(
    prediction: str | TextColumn,
    references: str | References | Sequence[str],
    *,
    types: Sequence[str] = ("rouge1", "rouge2", "rougeL", "rougeLsum"),
    stem: bool = False,
    unicode: bool = False,
) -> object:
    """Compute ROUGE as rouge-score does: F1 of lowercase words of ASCII letters and digits.

    Parameters
    ----------
    prediction : str or column of texts
    references : str, sequence of str, or a column of either
        With several references the best counts.
    types : sequence of str
        ``rouge1`` to ``rouge100``, ``rougeL``, ``rougeLsum``.
    stem : bool, default False
        Cut words of more than 3 letters to their stems (Porter).
    unicode : bool, default False
        Keep letters and digits of all scripts, each ideograph and kana as a word of its own. Without it a text in
        Greek is empty, as in rouge-score.

    Returns
    -------
    dict of str to float or array
        By type, each from 0 to 1.

    References
    ----------
    Lin, C.-Y. (2004). ROUGE: a package for automatic evaluation of summaries. ACL.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.rouge("the cat sat", "the cat lay", types=["rouge2", "rougeL"])
    {'rouge2': 0.5, 'rougeL': 0.6666666666666666}
    """
    return {kind: _assay.rouge_score(kind, prediction, references, stem, unicode) for kind in types}


def numbers_in_text(text: str) -> list[float]:
    """List the numbers of a text in order: ``$1,234.50``, ``-3``, ``1e-3``.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.numbers_in_text("3 boxes of 1,200 cost $70.50")
    [3.0, 1200.0, 70.5]
    """
    return _assay.numbers_in(text)


def last_number(text: str) -> float | None:
    """Give the last number of a text, where worked answers end; None where there is none.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.last_number("2 + 2 = 4, so #### 4")
    4.0
    """
    numbers = _assay.numbers_in(text)
    return numbers[-1] if numbers else None

"""BLEU, chrF and TER as sacrebleu computes them, from 0 to 1."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from assay import _assay
from assay._results import Interval
from assay._types import Groups, References, TextColumn
from assay.metrics._corpus import CorpusScore, corpus_score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BleuScore", "corpus_bleu", "corpus_chrf", "corpus_ter", "sentence_bleu", "sentence_chrf", "sentence_ter"]

Tokenizer = Literal["13a", "intl", "char", "zh", "none"]
Smoothing = Literal["none", "exp", "floor", "add-k"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class BleuScore(CorpusScore):
    """BLEU of a corpus with its interval.

    Attributes
    ----------
    value, interval, se, n, groups, method, signature
        As of `CorpusScore`.
    precisions : tuple of float
        Shares of the 1-grams to 4-grams that a reference has, before smoothing.
    brevity_penalty : float
        Below 1 for hypotheses that are shorter than their references.
    length, reference_length : int
        Words of the hypotheses and of the references that are closest in length.
    """

    precisions: tuple[float, ...] = ()
    brevity_penalty: float = 1.0
    length: int = 0
    reference_length: int = 0


@overload
def sentence_bleu(
    hypothesis: str,
    references: str | Sequence[str],
    *,
    tokenize: Tokenizer = "13a",
    smooth_method: Smoothing = "exp",
    smooth_value: float | None = None,
    lowercase: bool = False,
    use_effective_order: bool = True,
) -> float: ...
@overload
def sentence_bleu(
    hypothesis: TextColumn,
    references: References,
    *,
    tokenize: Tokenizer = "13a",
    smooth_method: Smoothing = "exp",
    smooth_value: float | None = None,
    lowercase: bool = False,
    use_effective_order: bool = True,
) -> NDArray[np.float64]: ...
def sentence_bleu(
    hypothesis: str | TextColumn,
    references: str | References | Sequence[str],
    *,
    tokenize: Tokenizer = "13a",
    smooth_method: Smoothing = "exp",
    smooth_value: float | None = None,
    lowercase: bool = False,
    use_effective_order: bool = True,
) -> object:
    """BLEU of a sentence, or of each of a column.

    Parameters
    ----------
    hypothesis : str or column of texts
    references : str, sequence of str, or a column of either
    tokenize : {"13a", "intl", "char", "zh", "none"}
        sacrebleu's tokenisers.
    smooth_method : {"exp", "floor", "add-k", "none"}
        What stands for a precision of 0.
    smooth_value : float, optional
        For ``floor`` (0.1 unless given) and ``add-k`` (1).
    lowercase : bool, default False
    use_effective_order : bool, default True
        Leave out n-grams that are longer than the sentence.

    Returns
    -------
    float or array
        From 0 to 1: sacrebleu's `sentence_bleu` divided by 100.

    References
    ----------
    Papineni, K. et al. (2002). BLEU: a method for automatic evaluation of machine translation. ACL.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.sentence_bleu("the cat sat on the mat", "the cat sat on a mat"), 4)
    0.5373
    """
    return _assay.sentence_bleu(
        hypothesis, references, tokenize, smooth_method, smooth_value, lowercase, use_effective_order
    )


def corpus_bleu(
    hypotheses: TextColumn,
    references: References,
    *,
    tokenize: Tokenizer = "13a",
    smooth_method: Smoothing = "exp",
    smooth_value: float | None = None,
    lowercase: bool = False,
    groups: Groups | None = None,
    confidence: float = 0.95,
) -> BleuScore:
    """BLEU of a corpus with a jackknife interval over its segments.

    Parameters
    ----------
    hypotheses : column of texts
    references : column of str or of sequences of str
        By segment, where sacrebleu wants them by reference: `references[i]` are those of `hypotheses[i]`.
    tokenize, smooth_method, smooth_value, lowercase
        As for `sentence_bleu`.
    groups : array_like, optional
        What each segment belongs to, such as its document: left out together.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    BleuScore
        From 0 to 1.

    Examples
    --------
    >>> from assay import metrics
    >>> score = metrics.corpus_bleu(["the cat sat on the mat", "a dog"], ["the cat sat on a mat", "a dog"])
    >>> round(score.estimate, 4), score.signature
    (0.5584, 'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0')
    """
    level, signature, precisions, penalty, length, reference_length = _assay.corpus_bleu(
        hypotheses, references, tokenize, smooth_method, smooth_value, lowercase, groups, confidence
    )
    value, se, lower, upper, n, parts, method = level
    ends = Interval(lower, upper, confidence)
    return BleuScore(
        value, ends, se, n, parts, method, signature, tuple(precisions), penalty, int(length), int(reference_length)
    )


@overload
def sentence_chrf(
    hypothesis: str, references: str | Sequence[str], *, word_order: int = 0, lowercase: bool = False
) -> float: ...
@overload
def sentence_chrf(
    hypothesis: TextColumn, references: References, *, word_order: int = 0, lowercase: bool = False
) -> NDArray[np.float64]: ...
def sentence_chrf(
    hypothesis: str | TextColumn,
    references: str | References | Sequence[str],
    *,
    word_order: int = 0,
    lowercase: bool = False,
) -> object:
    """ChrF of a sentence against its best reference, or of each of a column.

    Parameters
    ----------
    hypothesis : str or column of texts
    references : str, sequence of str, or a column of either
    word_order : int, default 0
        The longest n-grams of words: 0 for chrF, 2 for chrF++.
    lowercase : bool, default False

    Returns
    -------
    float or array
        From 0 to 1: sacrebleu's `sentence_chrf` divided by 100.

    References
    ----------
    Popović, M. (2015). chrF: character n-gram F-score for automatic MT evaluation. WMT. (2017). chrF++. WMT.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.sentence_chrf("the cat sat", "the cat lay"), 4)
    0.5207
    """
    return _assay.sentence_chrf(hypothesis, references, word_order, lowercase)


def corpus_chrf(
    hypotheses: TextColumn,
    references: References,
    *,
    word_order: int = 0,
    lowercase: bool = False,
    groups: Groups | None = None,
    confidence: float = 0.95,
) -> CorpusScore:
    """ChrF of a corpus with a jackknife interval; for the parameters see `sentence_chrf` and `corpus_bleu`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.corpus_chrf(["the cat", "a dog"], ["the cat", "a dog"], word_order=2).estimate
    1.0
    """
    level, signature = _assay.corpus_chrf(hypotheses, references, word_order, lowercase, groups, confidence)
    return corpus_score(level, confidence, signature)


@overload
def sentence_ter(
    hypothesis: str,
    references: str | Sequence[str],
    *,
    normalized: bool = False,
    no_punct: bool = False,
    asian_support: bool = False,
    case_sensitive: bool = False,
) -> float: ...
@overload
def sentence_ter(
    hypothesis: TextColumn,
    references: References,
    *,
    normalized: bool = False,
    no_punct: bool = False,
    asian_support: bool = False,
    case_sensitive: bool = False,
) -> NDArray[np.float64]: ...
def sentence_ter(
    hypothesis: str | TextColumn,
    references: str | References | Sequence[str],
    *,
    normalized: bool = False,
    no_punct: bool = False,
    asian_support: bool = False,
    case_sensitive: bool = False,
) -> object:
    """Compute the translation edit rate of a sentence, or of each of a column: 0 is perfect, above 1 is possible.

    Parameters
    ----------
    hypothesis : str or column of texts
    references : str, sequence of str, or a column of either
    normalized, no_punct, asian_support, case_sensitive : bool, default False
        How texts become words, as in sacrebleu.

    Returns
    -------
    float or array
        sacrebleu's `sentence_ter` divided by 100; NaN where neither side has words.

    References
    ----------
    Snover, M. et al. (2006). A study of translation edit rate with targeted human annotation. AMTA.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.sentence_ter("a b c d", "b c d a")
    0.25
    """
    return _assay.sentence_ter(hypothesis, references, normalized, no_punct, asian_support, case_sensitive)


def corpus_ter(
    hypotheses: TextColumn,
    references: References,
    *,
    normalized: bool = False,
    no_punct: bool = False,
    asian_support: bool = False,
    case_sensitive: bool = False,
    groups: Groups | None = None,
    confidence: float = 0.95,
) -> CorpusScore:
    """Compute the translation edit rate of a corpus with a jackknife interval.

    For the parameters see `sentence_ter` and `corpus_bleu`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.corpus_ter(["a b c d", "x y"], ["b c d a", "x z"]).estimate
    0.3333333333333333
    """
    level, signature = _assay.corpus_ter(
        hypotheses, references, normalized, no_punct, asian_support, case_sensitive, groups, confidence
    )
    return corpus_score(level, confidence, signature)

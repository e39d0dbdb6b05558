"""Word and character error rates as jiwer computes them."""

from __future__ import annotations

import dataclasses
from typing import Literal

from assay import _assay
from assay._results import Result
from assay._types import Groups, TextColumn
from assay.metrics._corpus import CorpusScore, corpus_score

__all__ = ["WordErrors", "cer", "mer", "wer", "wil", "word_errors"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class WordErrors(Result):
    """How hypotheses differ from their references, all texts together.

    Attributes
    ----------
    rate : CorpusScore
        Edits over words (or characters) of the references: WER or CER. NaN for empty references.
    mer : CorpusScore
        Match error rate: edits over hits and edits.
    wil : CorpusScore
        Word information lost.
    hits, substitutions, deletions, insertions : int
        What was counted.
    """

    rate: CorpusScore
    mer: CorpusScore
    wil: CorpusScore
    hits: int
    substitutions: int
    deletions: int
    insertions: int

    def _sentence(self) -> str:
        edits = f"{self.substitutions} substituted, {self.deletions} deleted, {self.insertions} inserted"
        return f"rate {self.rate}, {edits}"


def word_errors(
    reference: str | TextColumn,
    hypothesis: str | TextColumn,
    *,
    unit: Literal["word", "character"] = "word",
    groups: Groups | None = None,
    confidence: float = 0.95,
) -> WordErrors:
    """Count word errors, with intervals of their rates over texts.

    Parameters
    ----------
    reference, hypothesis : str or column of texts
        What was said, and what was recognised. Case and punctuation count.
    unit : {"word", "character"}
    groups : array_like, optional
        What each text belongs to, such as its speaker: left out together.
    confidence : float, default 0.95

    Returns
    -------
    WordErrors

    References
    ----------
    Morris, A. C., Maier, V., Green, P. (2004). From WER and RIL to MER and WIL. Interspeech.

    Examples
    --------
    >>> from assay import metrics
    >>> errors = metrics.word_errors(["hello duck", "good day"], ["hello world", "good day to you"])
    >>> errors.rate.estimate, errors.hits, errors.insertions
    (0.75, 3, 2)
    """
    counts, rate, mer, wil = _assay.word_errors(reference, hypothesis, unit, groups, confidence)
    hits, substitutions, deletions, insertions = (int(count) for count in counts)
    rates = [corpus_score(level, confidence) for level in (rate, mer, wil)]
    return WordErrors(rates[0], rates[1], rates[2], hits, substitutions, deletions, insertions)


def wer(reference: str | TextColumn, hypothesis: str | TextColumn) -> float:
    """Word error rate of all texts together: edits over words of the references.

    0 is perfect, above 1 is possible; NaN for empty references with words in the hypotheses.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.wer("hello duck", "hello world")
    0.5
    """
    return _assay.error_rates(reference, hypothesis, "word")[0]


def mer(reference: str | TextColumn, hypothesis: str | TextColumn) -> float:
    """Match error rate of all texts together: edits over hits and edits, from 0 to 1.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.mer("hello duck", "hello world")
    0.5
    """
    return _assay.error_rates(reference, hypothesis, "word")[1]


def wil(reference: str | TextColumn, hypothesis: str | TextColumn) -> float:
    """Word information lost of all texts together, from 0 to 1.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.wil("hello duck", "hello world")
    0.75
    """
    return _assay.error_rates(reference, hypothesis, "word")[2]


def cer(reference: str | TextColumn, hypothesis: str | TextColumn) -> float:
    """Character error rate of all texts together, spaces between words included.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.cer("hello", "hallo")
    0.2
    """
    return _assay.error_rates(reference, hypothesis, "character")[0]

"""Texts that occur in others: contamination of test sets, near duplicates."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Literal

from assay import _assay
from assay._results import Result
from assay._types import Texts

__all__ = ["Contamination", "NearDuplicates", "Overlap", "contamination", "jaccard_similarity", "near_duplicates"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Overlap(Result):
    """What of a case was found.

    Attributes
    ----------
    contaminated : bool or None
        None for a case shorter than one run, which the rule cannot see.
    grams, found : int
        Runs of words or characters in the case, and those that occur in a document.
    document : int or None
        The first document with a run of the case, by the order of reading.
    """

    contaminated: bool | None
    grams: int
    found: int
    document: int | None


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Contamination(Result):
    """Overlap of cases with documents.

    Attributes
    ----------
    cases : tuple of Overlap
        In the order of the cases.
    documents : int
        How many were read.
    contaminated, clean, unknown : int
        Cases by what the rule says; unknown are those too short for it.
    """

    cases: tuple[Overlap, ...]
    documents: int
    contaminated: int
    clean: int
    unknown: int

    def _sentence(self) -> str:
        return (
            f"{self.contaminated} of {len(self.cases)} cases contaminated, {self.unknown} too short to tell, "
            f"{self.documents} documents"
        )


def contamination(
    cases: Texts,
    documents: Iterable[str],
    *,
    unit: Literal["words", "characters"] = "words",
    length: int = 13,
    share: float | None = None,
) -> Contamination:
    """Find cases of a test set whose runs of words or characters occur in a corpus.

    Texts are compared in lower case, without punctuation (NFKC). Rephrased or translated cases have no runs in common
    with their source: finding none proves little.

    Parameters
    ----------
    cases : column of texts
    documents : iterable of str
        Read once, one after the other: a generator over a corpus that does not fit into memory will do.
    unit : {"words", "characters"}
    length : int, default 13
        Units of a run: 13 words for GPT-3, 8 for PaLM, 50 characters for GPT-4.
    share : float, optional
        The share of a case's runs of words that must occur: 0.7 for PaLM. Without it one run is enough.

    Returns
    -------
    Contamination

    References
    ----------
    Brown, T. et al. (2020). Language models are few-shot learners. NeurIPS. Chowdhery, A. et al. (2022). PaLM.
    OpenAI (2023). GPT-4 technical report.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.contamination(["one two three four", "five six"], ["He said: two, three, FOUR!"], length=3)
    <Contamination: 1 of 2 cases contaminated, 1 too short to tell, 1 documents>
    """
    found, read = _assay.contamination(cases, documents, unit, length, share)
    overlaps = tuple(Overlap(contaminated, grams, hits, document) for grams, hits, contaminated, document in found)
    verdicts = [overlap.contaminated for overlap in overlaps]
    return Contamination(overlaps, read, verdicts.count(True), verdicts.count(False), verdicts.count(None))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class NearDuplicates(Result):
    """Texts that are nearly the same.

    Attributes
    ----------
    pairs : tuple of (int, int, float)
        Two texts and their Jaccard similarity. Of equal texts only the first is paired with the others.
    clusters : tuple of tuple of int
        Texts linked by pairs.
    candidates : int
        Pairs whose exact similarity was computed.
    """

    pairs: tuple[tuple[int, int, float], ...]
    clusters: tuple[tuple[int, ...], ...]
    candidates: int

    def _sentence(self) -> str:
        return f"{len(self.pairs)} pairs in {len(self.clusters)} clusters, {self.candidates} candidates"


def near_duplicates(
    texts: Texts,
    others: Texts | None = None,
    *,
    unit: Literal["characters", "words"] = "characters",
    threshold: float = 0.8,
) -> NearDuplicates:
    """Find texts that are nearly the same, within a list or between two.

    MinHash and locality-sensitive hashing find candidates (a pair at the threshold with a probability of 99%), the
    exact Jaccard similarity of runs of five units decides. Hashes are the same on every machine.

    Parameters
    ----------
    texts : column of texts
    others : column of texts, optional
        Look for texts that nearly occur in these, such as test cases in training data: the second number of a pair is
        of `others`; clusters number them after `texts`.
    unit : {"characters", "words"}
        Words suit documents.
    threshold : float, default 0.8
        The smallest similarity, above 0.04 and at most 1.

    Returns
    -------
    NearDuplicates

    References
    ----------
    Broder, A. (1997). On the resemblance and containment of documents. Ertl, O. (2017). SuperMinHash.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.near_duplicates(["The cat sat on the mat.", "the cat sat on the mat", "A dog."]).pairs
    ((0, 1, 1.0),)
    """
    pairs, clusters, candidates = _assay.near_duplicate_texts(texts, others, unit, threshold)
    return NearDuplicates(tuple(pairs), tuple(tuple(cluster) for cluster in clusters), candidates)


def jaccard_similarity(a: str, b: str, *, unit: Literal["characters", "words"] = "characters") -> float:
    """Jaccard's similarity of the runs of five characters or words of two texts; NaN for two empty texts.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.jaccard_similarity("Abcdef.", "abcdeg"), 4)
    0.3333
    """
    return _assay.jaccard_similarity(a, b, unit)

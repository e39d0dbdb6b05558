"""Entities in tagged tokens and as spans."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from assay import _assay
from assay._results import Result, number
from assay._types import Texts
from assay.metrics._classification import ClassScores, averaged, each

__all__ = ["EntityScores", "Span", "SpanMatches", "entity_scores", "entity_spans", "match_spans"]

Scheme = Literal["lenient", "IOB2", "IOBES", "BILOU"]


class Span(NamedTuple):
    """A labelled stretch of tokens or characters, from `start` up to but not including `end`."""

    start: int
    end: int
    label: str


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class EntityScores(Result):
    """Precision, recall and F1 of entities: a found one is right with the boundaries and the label of an expected one.

    Attributes
    ----------
    precision, recall, f1 : float
        Of all entities together; 0 where undefined, as in seqeval.
    support : int
        Entities that are expected.
    macro, weighted : ClassScores
        Averages over labels.
    labels : dict of str to ClassScores
    """

    precision: float
    recall: float
    f1: float
    support: int
    macro: ClassScores
    weighted: ClassScores
    labels: dict[str, ClassScores]

    def _sentence(self) -> str:
        shown = f"F1 {number(self.f1)}, precision {number(self.precision)}, recall {number(self.recall)}"
        return f"{shown} ({self.support} entities, {len(self.labels)} labels)"


def entity_scores(
    y_true: Sequence[Texts] | Sequence[Sequence[tuple[int, int, str]]],
    y_pred: Sequence[Texts] | Sequence[Sequence[tuple[int, int, str]]],
    *,
    scheme: Scheme | None = "lenient",
) -> EntityScores:
    """Score the entities of tagged texts, as seqeval does, or spans.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences
        The tags of each text, such as ``B-PER``; with ``scheme=None`` its spans ``(start, end, label)``.
    scheme : {"lenient", "IOB2", "IOBES", "BILOU"} or None
        How tags spell entities. ``lenient`` reads as conlleval and seqeval do by default: an I without a B begins one.

    Returns
    -------
    EntityScores

    Raises
    ------
    ValueError
        A tag is not one of the scheme; texts of different lengths.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.entity_scores([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "O", "O"]])
    <EntityScores: F1 0.6667, precision 1, recall 0.5 (2 entities, 2 labels)>
    """
    if scheme is None:
        found = _assay.span_entities(y_true, y_pred)
    else:
        found = _assay.tagged_entities(y_true, y_pred, scheme)
    counts = [count for _, count in found]
    labels = dict(zip((name for name, _ in found), each(counts, 0.0), strict=True))
    if not counts:
        nothing = ClassScores(0.0, 0.0, 0.0, 0)
        return EntityScores(0.0, 0.0, 0.0, 0, nothing, nothing, labels)
    micro, macro, weighted = (averaged(counts, how, 0.0) for how in ("micro", "macro", "weighted"))
    return EntityScores(micro.precision, micro.recall, micro.f1, int(micro.support), macro, weighted, labels)


def entity_spans(tags: Texts, *, scheme: Scheme = "lenient") -> list[Span]:
    """List the spans that the tags of one text spell; for `scheme` see `entity_scores`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.entity_spans(["B-PER", "I-PER", "O", "B-LOC"])
    [Span(start=0, end=2, label='PER'), Span(start=3, end=4, label='LOC')]
    """
    return [Span(*span) for span in _assay.tag_spans(tags, scheme)]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class SpanMatches(Result):
    """How found and expected spans met.

    Attributes
    ----------
    precision, recall, f1 : float
        A partial match counts half; NaN where nothing is found or expected.
    correct, incorrect, partial, missed, spurious : int
        Found spans that are right, that overlap an expected one but are not right, that overlap where that counts
        half; expected spans that nothing met; found spans that met nothing.
    """

    precision: float
    recall: float
    f1: float
    correct: int
    incorrect: int
    partial: int
    missed: int
    spurious: int

    @property
    def actual(self) -> int:
        """Spans found."""
        return self.correct + self.incorrect + self.partial + self.spurious

    @property
    def possible(self) -> int:
        """Spans expected."""
        return self.correct + self.incorrect + self.partial + self.missed


def match_spans(
    y_true: Sequence[Sequence[tuple[int, int, str]]],
    y_pred: Sequence[Sequence[tuple[int, int, str]]],
    *,
    matching: Literal["strict", "exact", "partial", "type"] = "strict",
) -> SpanMatches:
    """Match the spans of texts as SemEval-2013 task 9 does, and nervaluate.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of (start, end, label)
        For each text its spans; `end` does not belong to them.
    matching : {"strict", "exact", "partial", "type"}
        What is right: the same boundaries and label; the same boundaries; these, and an overlap counts half; an
        overlap with the same label.

    Returns
    -------
    SpanMatches

    References
    ----------
    Segura-Bedmar, I. et al. (2013). SemEval-2013 task 9: extraction of drug-drug interactions. SemEval.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.match_spans([[(0, 2, "PER")]], [[(0, 3, "PER")]], matching="partial").f1
    0.5
    """
    correct, incorrect, partial, missed, spurious = _assay.span_matches(y_true, y_pred, matching)
    actual, possible = correct + incorrect + partial + spurious, correct + incorrect + partial + missed
    credit = correct + partial / 2
    precision, recall, f1 = (
        part / whole if whole else math.nan
        for part, whole in ((credit, actual), (credit, possible), (2 * credit, actual + possible))
    )
    return SpanMatches(precision, recall, f1, correct, incorrect, partial, missed, spurious)

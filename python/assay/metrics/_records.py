"""Extracted records, JSON and tool calls beside what was expected."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from assay import _assay
from assay._results import Result, number
from assay._types import Groups
from assay.metrics._corpus import CorpusScore, corpus_score

__all__ = ["FieldScores", "JsonComparison", "ToolCallScore", "compare_json", "field_scores", "find_json", "tool_calls"]

Rule = Literal["exact", "normalized", "number", "date", "anls"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class FieldScores(Result):
    """How extracted records agree with the expected ones, field by field.

    Attributes
    ----------
    f1 : CorpusScore
        2 * credit / (given + expected), with an interval over records; 1 where nothing is expected and nothing given.
    precision, recall : float
        Credit per given and per expected value; NaN where there is none.
    credit : float
        Sum of the credits of values that both sides have, each from 0 to 1.
    expected, given : int
        Values that are expected and that are given.
    wrong, missing, invented : tuple of tuple of str
        For each record the paths of values that differ, that are absent, and that nobody expected.
    """

    f1: CorpusScore
    precision: float
    recall: float
    credit: float
    expected: int
    given: int
    wrong: tuple[tuple[str, ...], ...]
    missing: tuple[tuple[str, ...], ...]
    invented: tuple[tuple[str, ...], ...]

    def _sentence(self) -> str:
        return f"F1 {self.f1}, precision {number(self.precision)}, recall {number(self.recall)}"


def field_scores(
    predictions: Sequence[Mapping[str, Any]] | Sequence[Any],
    references: Sequence[Mapping[str, Any]] | Sequence[Any],
    *,
    match: Rule = "normalized",
    rules: Mapping[str, Rule] | None = None,
    tolerance: float = 0.0,
    groups: Groups | None = None,
    confidence: float = 0.95,
) -> FieldScores:
    """Compare extracted records with the expected ones, value by value.

    A null is an absent value. Items of lists are assigned to each other so that the sum of their F1 is largest.

    Parameters
    ----------
    predictions, references : sequence of dict
        Records: what JSON can hold.
    match : {"normalized", "exact", "number", "date", "anls"}
        When two values are the same: ``normalized`` compares numbers, dates and texts up to case and white space,
        ``number`` numbers up to `tolerance`, ``date`` the day whatever the format, ``anls`` gives the normalised
        Levenshtein similarity as credit, 0 below 0.5.
    rules : dict of str to str, optional
        Another rule for the values at a path: keys joined by dots, with ``[]`` for any item of a list.
    tolerance : float, default 0
        For ``number``, relative to the expected one.
    groups : array_like, optional
        What each record belongs to, such as its document's source: left out together.
    confidence : float, default 0.95

    Returns
    -------
    FieldScores

    References
    ----------
    Biten, A. F. et al. (2019). Scene text visual question answering. ICCV (for ``anls``).

    Examples
    --------
    >>> from assay import metrics
    >>> given = [{"total": "$1,200.00", "date": "1 May 2024", "vat": 3}]
    >>> expected = [{"total": 1200, "date": "2024-05-01", "name": "ACME"}]
    >>> found = metrics.field_scores(given, expected)
    >>> round(found.f1.estimate, 4), found.missing, found.invented
    (0.6667, (('name',),), (('vat',),))
    """
    level, credit, expected, given, wrong, missing, invented = _assay.field_scores(
        predictions, references, match, list((rules or {}).items()), tolerance, groups, confidence
    )
    paths = (tuple(tuple(record) for record in records) for records in (wrong, missing, invented))
    precision = credit / given if given else math.nan
    recall = credit / expected if expected else math.nan
    return FieldScores(corpus_score(level, confidence), precision, recall, credit, expected, given, *paths)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class JsonComparison(Result):
    """The leaves of an expected value that a given value does and does not share.

    Attributes
    ----------
    share : float
        The share of expected leaves that are right; 1 when none is expected.
    equal : bool
        Whether nothing is wrong, missing or extra.
    right, expected : int
        Leaves.
    wrong, missing, extra : tuple of str
        Paths, at most 50 of each sort.
    """

    share: float
    equal: bool
    right: int
    expected: int
    wrong: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    def _sentence(self) -> str:
        return f"{self.right} of {self.expected} values right, {len(self.extra)} extra"


def compare_json(
    prediction: object, reference: object, *, tolerance: float = 0.0, ignore: Iterable[str] = ()
) -> JsonComparison:
    """Compare a JSON value with the expected one, leaf by leaf and in order.

    Parameters
    ----------
    prediction, reference : object
        What JSON can hold.
    tolerance : float, default 0
        Up to which numbers are equal, absolutely.
    ignore : iterable of str
        Fields of the outermost object that do not count.

    Returns
    -------
    JsonComparison

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.compare_json({"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 3]}).wrong
    ('.b[1]',)
    """
    right, expected, wrong, missing, extra = _assay.compare_json(prediction, reference, tolerance, list(ignore))
    share = right / expected if expected else 1.0
    return JsonComparison(
        share, not (wrong or missing or extra), right, expected, tuple(wrong), tuple(missing), tuple(extra)
    )


def find_json(text: str) -> Any:
    """Find the first JSON value in a text: the whole text, a fenced block, or the first balanced object or list.

    Returns
    -------
    object
        None where there is none.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.find_json('Sure! {"answer": [1, 2]} Anything else?')
    {'answer': [1, 2]}
    """
    return _assay.find_json(text)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class ToolCallScore(Result):
    """How made tool calls agree with the expected ones.

    Attributes
    ----------
    agree : bool
        Whether they do as `mode` asks.
    precision, recall, f1 : float
        Each expected call is matched at most once; NaN where there is no call to divide by.
    hits, made, expected : int
    """

    agree: bool
    precision: float
    recall: float
    f1: float
    hits: int
    made: int
    expected: int


def tool_calls(
    y_true: Sequence[Any],
    y_pred: Sequence[Any],
    *,
    mode: Literal["exact", "any_order", "subset", "superset"] = "any_order",
    arguments: bool = True,
) -> ToolCallScore:
    """Compare the tool calls of an answer with the expected ones.

    Parameters
    ----------
    y_true, y_pred : sequence of calls
        Expected and made calls, each ``(name, arguments)`` or a dictionary with these keys; arguments are a dictionary
        or the text of one, as models write them.
    mode : {"any_order", "exact", "subset", "superset"}
        The same calls in any order or in the same one; every made call is expected; every expected call is made.
    arguments : bool, default True
        Whether arguments count, or names alone.

    Returns
    -------
    ToolCallScore

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.tool_calls([("search", {"q": "x"})], [{"name": "search", "arguments": '{"q": "x"}'}]).agree
    True
    """
    agree, hits, made, expected = _assay.tool_calls(y_pred, y_true, mode, arguments)
    precision, recall, f1 = (
        part / whole if whole else math.nan
        for part, whole in ((hits, made), (hits, expected), (2 * hits, made + expected))
    )
    return ToolCallScore(agree, precision, recall, f1, int(hits), int(made), int(expected))

"""Distances of texts."""

from __future__ import annotations

from assay import _assay


def levenshtein(a: str, b: str) -> int:
    """Count the characters to insert, delete or replace to turn one text into the other.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.levenshtein("kitten", "sitting")
    3
    """
    return _assay.levenshtein(a, b)

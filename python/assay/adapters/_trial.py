"""A trial as other libraries want it, and their scores as Assay wants them."""

from __future__ import annotations

import math
from typing import Any

from assay.adapters._inputs import as_text

# What floating point may add to the largest score, or take from the smallest.
_SLACK = 1e-9


def one_text(expected: Any) -> str | None:
    """Give what is expected as one text; None where nothing is.

    Raises
    ------
    ValueError
        There are several.
    """
    if isinstance(expected, list):
        if len(expected) > 1:  # type: ignore[reportUnknownArgumentType]
            raise ValueError(f"it compares with one expected answer; the case has {len(expected)}")  # type: ignore[reportUnknownArgumentType]
        return as_text(expected[0]) if expected else None
    return None if expected is None else as_text(expected)


def texts(contexts: Any) -> list[str] | None:
    """Give the texts of contexts; None where there are none at all."""
    if contexts is None:
        return None
    return [context if isinstance(context, str) else str(context.get("text") or "") for context in contexts]


def scored(
    value: Any, within: tuple[float, float], *, reason: Any = None, label: Any = None, cost: Any = None
) -> dict[str, Any]:
    """Give a score as a scorer returns it, with what it cost in dollars. What is not a number is no score.

    Raises
    ------
    ValueError
        The value is no number at all, or infinite.
    """
    said: dict[str, Any] = {
        "label": None if label is None else str(label),
        "reason": None if reason is None else as_text(reason),
        "cost_usd": cost if isinstance(cost, (int, float)) else None,
    }
    if value is None:
        return {**said, "score": None}
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"the score is {value!r}, not a number") from None
    if math.isnan(number):
        return {**said, "score": None, "reason": said["reason"] or "the scorer gave NaN"}
    if math.isinf(number):
        raise ValueError("the score is infinite")
    for limit in within:
        if abs(number - limit) <= _SLACK * max(1.0, abs(limit)):
            number = limit
    return {**said, "score": number}

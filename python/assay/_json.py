"""Values as JSON: what users and their libraries hand over."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import os
from collections.abc import Mapping
from typing import Any


def text_of(value: Any) -> str:
    """Write a value as JSON.

    Beside JSON's own values it knows those of NumPy and pandas, dates and times, decimals, enumerations, paths, sets,
    mappings, dataclasses and pydantic models.

    Raises
    ------
    TypeError
        It holds something else.

    Examples
    --------
    >>> text_of({"day": datetime.date(2026, 1, 31), "tags": ("a",)})
    '{"day": "2026-01-31", "tags": ["a"]}'
    """
    return json.dumps(value, default=_other)


def _other(value: Any) -> Any:
    """Give a value that JSON does not know as one that it knows."""
    for method in ("model_dump", "tolist", "item"):  # pydantic, NumPy arrays, scalars of NumPy and others
        convert = getattr(value, method, None)
        if callable(convert) and not isinstance(value, type):
            return convert()
    if isinstance(value, Mapping):
        return dict(value)  # type: ignore[reportUnknownArgumentType]
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)  # type: ignore[reportUnknownArgumentType]
    if isinstance(value, (datetime.date, datetime.time)):  # `datetime` is a `date`
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, os.PathLike):
        return os.fspath(value)  # type: ignore[reportUnknownArgumentType]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    kind: Any = type(value)  # type: ignore[reportUnknownVariableType]
    raise TypeError(f"{kind.__module__}.{kind.__qualname__} is not JSON")

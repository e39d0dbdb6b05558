"""Intervals, tests, power, agreement, rankings, sequential plans, drift: statistics of evaluations.

Arguments are NumPy arrays, pandas and Polars columns, Arrow arrays or plain sequences; a contiguous array of floats is
read where it is, without a copy, and other threads run meanwhile. A wrong type raises `TypeError`, wrong contents
`ValueError`, each with the argument's name. What is undefined, such as the correlation of a constant, is NaN.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay._results import Interval
    from assay.stats._proportion import wilson

__all__ = ["Interval", "wilson"]

# Which file has a name: none is read before it is asked for.
_FILES = {"_proportion": ["wilson"]}
_PLACES = {name: f"assay.stats.{file}" for file, names in _FILES.items() for name in names}
_PLACES["Interval"] = "assay._results"


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'assay.stats' has no attribute {name!r}")
    return getattr(importlib.import_module(place), name)


def __dir__() -> list[str]:
    return sorted(__all__)

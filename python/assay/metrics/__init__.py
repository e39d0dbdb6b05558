"""Text, retrieval, classification, entity, forecast, anomaly and fairness metrics."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay.metrics._distance import levenshtein

__all__ = ["levenshtein"]

# Which file has a name: none is read before it is asked for.
_FILES = {"_distance": ["levenshtein"]}
_PLACES = {name: f"assay.metrics.{file}" for file, names in _FILES.items() for name in names}


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'assay.metrics' has no attribute {name!r}")
    return getattr(importlib.import_module(place), name)


def __dir__() -> list[str]:
    return sorted(__all__)

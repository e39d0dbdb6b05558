"""Decide with evidence whether a model, prompt, retrieval change or agent is good enough to ship.

What is not used is not imported: ``import assay`` takes a few milliseconds, and NumPy, pandas and the rest are only
asked for where an argument or a result is one of theirs.
"""

from __future__ import annotations

import importlib

from assay._assay import __version__

# What `typing` has by this name takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay import client, metrics, stats, trace
    from assay.client import AssayError, Client

__all__ = ["AssayError", "Client", "__version__", "client", "metrics", "stats", "trace"]

# Each public name and the module that has it; a name that is its own module stands for the module.
_NAMES = {
    "AssayError": "assay.client",
    "Client": "assay.client",
    "client": "assay.client",
    "metrics": "assay.metrics",
    "stats": "assay.stats",
    "trace": "assay.trace",
}


def __getattr__(name: str) -> object:
    place = _NAMES.get(name)
    if place is None:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    module = importlib.import_module(place)
    return module if place == f"assay.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""Spans of an application under test that know the trial which they belong to.

A runner says in which trial a call is (`trial`), as W3C baggage and as attributes of spans; the application reads it
(`current`) and describes what it does (`tool`, `retrieval`, `observe`) in the words of OpenTelemetry's conventions for
generative AI. Only OpenTelemetry's API is needed, and where it is not installed all of this does nothing.

The names are ``assay.run_id``, ``assay.case_id``, ``assay.epoch``, ``assay.suite`` and ``assay.target``. Over HTTP they
go as the header ``baggage``, and as ``x-assay-run``, ``x-assay-case`` and ``x-assay-epoch`` for applications without
OpenTelemetry.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay.trace._observe import observe
    from assay.trace._spans import Call, Retrieval, retrieval, tool
    from assay.trace._trial import Trial, current, headers, hidden, install, received, trial

__all__ = [
    "Call",
    "Retrieval",
    "Trial",
    "current",
    "headers",
    "hidden",
    "install",
    "observe",
    "received",
    "retrieval",
    "tool",
    "trial",
]

# Which file has a name: none is read before it is asked for.
_FILES = {
    "_observe": ["observe"],
    "_spans": ["Call", "Retrieval", "retrieval", "tool"],
    "_trial": ["Trial", "current", "headers", "hidden", "install", "received", "trial"],
}
_PLACES = {name: f"assay.trace.{file}" for file, names in _FILES.items() for name in names}


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'assay.trace' has no attribute {name!r}")
    return getattr(importlib.import_module(place), name)


def __dir__() -> list[str]:
    return sorted(__all__)

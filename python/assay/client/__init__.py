"""The client of a server (`assay serve`): queue runs and wait for them, read gates, compare, stream tables.

Standard library only; pyarrow, pandas and Polars are asked for where a table shall be one of theirs. What goes in and
comes out is described by the typed dictionaries of `assay.client.models`, which are made from the server's document.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay.client import models
    from assay.client._client import Client, Event
    from assay.client._errors import (
        AuthenticationError,
        ClientError,
        ConflictError,
        ForbiddenError,
        GateError,
        JobError,
        NotFoundError,
        RateLimitError,
        RequestError,
        ServerError,
        UnreachableError,
        WaitError,
    )
    from assay.client._gate import Gate
    from assay.client._jobs import Job
    from assay.client._releases import Release
    from assay.client._tables import Table
    from assay.client._transport import Answer

__all__ = [
    "Answer",
    "AuthenticationError",
    "Client",
    "ClientError",
    "ConflictError",
    "Event",
    "ForbiddenError",
    "Gate",
    "GateError",
    "Job",
    "JobError",
    "NotFoundError",
    "RateLimitError",
    "Release",
    "RequestError",
    "ServerError",
    "Table",
    "UnreachableError",
    "WaitError",
    "models",
]

# Which file has a name: none is read before it is asked for.
_FILES = {
    "_client": ["Client", "Event"],
    "_errors": [name for name in __all__ if name.endswith("Error")],
    "_gate": ["Gate"],
    "_jobs": ["Job"],
    "_releases": ["Release"],
    "_tables": ["Table"],
    "_transport": ["Answer"],
}
_PLACES = {name: f"assay.client.{file}" for file, names in _FILES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "models":
        return importlib.import_module("assay.client.models")
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'assay.client' has no attribute {name!r}")
    return getattr(importlib.import_module(place), name)


def __dir__() -> list[str]:
    return sorted(__all__)

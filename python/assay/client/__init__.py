"""The client of a server (`assay serve`): queue runs and wait for them, read gates, compare, stream tables.

Standard library only; pyarrow, pandas and Polars are asked for where a table shall be one of theirs. What goes in and
comes out is described by the typed dictionaries of `assay.client.models`, which are made from the server's document.
"""

from __future__ import annotations

from assay.client._client import Client, Event
from assay.client._errors import (
    AssayError,
    AuthenticationError,
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
    "AssayError",
    "AuthenticationError",
    "Client",
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
]

"""What a server says when it does not do what it is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from assay._errors import AssayError
from assay._plain import plain

__all__ = [
    "AuthenticationError",
    "ClientError",
    "ConflictError",
    "ForbiddenError",
    "GateError",
    "JobError",
    "NotFoundError",
    "RateLimitError",
    "RequestError",
    "ServerError",
    "UnreachableError",
    "WaitError",
]


# How much of what a server says is told.
_MOST = 4_000


class ClientError(AssayError):
    """What went wrong between this program and an Assay server.

    Attributes
    ----------
    status : int or None
        The HTTP status; None when there was no answer.
    title : str
        The kind of problem in words.
    detail : str
        What is wrong, and what to do about it.
    retry_after : float or None
        Seconds after which the server wants to be asked again, if it said so.
    blocks : object
        What holds a release up, if that is why it was not shipped.
    """

    status: int | None = None

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        title: str = "",
        retry_after: float | None = None,
        blocks: Any = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.title = title or type(self).__name__
        self.retry_after = retry_after
        self.blocks = blocks

    def __str__(self) -> str:
        return self.detail if self.status is None else f"{self.status} {self.title}: {self.detail}"

    def __reduce__(self) -> tuple[Any, ...]:
        # With its attributes, also to another process.
        return (type(self), (self.detail,), self.__dict__)


class UnreachableError(ClientError, ConnectionError):
    """The server cannot be reached, or the connection ended before the answer did."""


class RequestError(ClientError, ValueError):
    """The request cannot be done as it is (400, 413, 415, 422)."""


class AuthenticationError(ClientError):
    """The key is missing, wrong, expired or revoked (401)."""


class ForbiddenError(ClientError):
    """The key's roles do not allow it (403)."""


class NotFoundError(ClientError, LookupError):
    """What is named is not there (404, 410)."""


class ConflictError(ClientError):
    """The thing is not as it was taken to be, or something holds it up (409)."""


class RateLimitError(ClientError):
    """Too many requests (429)."""


class ServerError(ClientError):
    """The server could not do it (5xx)."""


class JobError(ClientError):
    """A job ended without a run that can be judged.

    Attributes
    ----------
    job : dict
        The job as it ended.
    """

    job: Any = None


class GateError(ClientError):
    """A gate did not pass.

    Attributes
    ----------
    verdict : str or None
        ``"fail"``, ``"inconclusive"``, or None when the suite has no rules.
    """

    verdict: str | None = None


class WaitError(ClientError, TimeoutError):
    """What was waited for has not ended in time; it goes on."""


_KINDS: dict[int, type[ClientError]] = {
    401: AuthenticationError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    429: RateLimitError,
}


def problem(status: int, headers: Mapping[str, str], body: bytes, retry_after: float | None) -> ClientError:
    """Give what a server answered (RFC 9457) as an exception; what stands before it may answer in other words."""
    kind = _KINDS.get(status) or (ServerError if status >= 500 else RequestError)
    said: dict[str, Any] = {}
    if "json" in headers.get("content-type", ""):
        try:
            found: Any = json.loads(body)
        except ValueError:
            found = None
        if isinstance(found, dict):
            said = cast("dict[str, Any]", found)
    text = body.decode("utf-8", "replace").strip()
    detail = said.get("detail") if said else (text[:500] if "html" not in headers.get("content-type", "") else "")
    try:
        words = HTTPStatus(status).phrase
    except ValueError:
        words = "Error"
    if 300 <= status < 400:
        to = headers.get("location", "")
        detail = f"the server sends requests elsewhere: give the address behind {to or 'it'}; a key is not sent along"
    return kind(
        plain(detail or words, _MOST, lines=True),
        status=status,
        title=plain(said.get("title") or words),
        retry_after=retry_after,
        blocks=said.get("blocks"),
    )

"""Calls of tools and searches for documents, in the words of OpenTelemetry's conventions for generative AI."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from assay.trace._trial import otel, span, within

if TYPE_CHECKING:
    from types import TracebackType

    from opentelemetry.trace import Span

__all__ = ["Call", "Retrieval", "retrieval", "tool"]


def text(value: object) -> str:
    """Give a value as JSON: telemetry never fails for what it is given."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except Exception:  # Whatever the `__str__` of somebody's class may raise.
        return json.dumps(f"<{type(value).__name__}>")


def _content() -> bool:
    """Whether spans may hold contents; OpenTelemetry's variable can forbid it."""
    said = os.environ.get("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "").strip().lower()
    return said not in {"false", "0", "no_content", "event_only"}


class Described:
    """A span that is described while it goes on; without OpenTelemetry nothing happens."""

    def __init__(self, name: str, attributes: Mapping[str, Any]) -> None:
        self._name, self._attributes = name, attributes
        self._made = span(name, attributes)
        self._span: Span | None = None

    def enter(self) -> None:
        """Begin."""
        self._span = self._made.__enter__()

    def apart(self) -> Described:
        """Be current only while `resumed`: what asks for a generator's items has spans of its own."""
        self._made = span(self._name, self._attributes, now=False)
        return self

    def resumed(self) -> contextlib.AbstractContextManager[None]:
        """Be current."""
        api = otel()
        return within(api.trace.set_span_in_context(self._span) if api is not None and self._span is not None else None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._made.__exit__(kind, error, trace)

    def _say(self, name: str, value: str) -> None:
        if self._span is not None and _content():
            self._span.set_attribute(name, value)

    def fail(self, kind: str, detail: str = "") -> None:
        """Say that it failed, where no exception says it: a kind such as ``"timeout"``, and what happened."""
        api = otel()
        if api is not None and self._span is not None:
            self._span.set_attribute("error.type", kind)
            self._span.set_status(api.trace.Status(api.trace.StatusCode.ERROR, detail or kind))


class Call(Described):
    """A tool that is called."""

    def __enter__(self) -> Call:
        self.enter()
        return self

    def result(self, value: object) -> None:
        """Record what the tool gave back, as JSON."""
        self._say("gen_ai.tool.call.result", text(value))


class Retrieval(Described):
    """Documents that are looked for."""

    def __enter__(self) -> Retrieval:
        self.enter()
        return self

    def documents(self, found: Sequence[Any]) -> None:
        """Record what was found, the best first.

        Parameters
        ----------
        found : sequence
            Dictionaries with ``id``, ``score`` and whatever else is known, such as ``content``; pairs of id and score;
            or ids alone.
        """
        self._say("gen_ai.retrieval.documents", text([_document(one) for one in found]))


def _document(one: Any) -> dict[str, Any]:
    known: Any = one
    if isinstance(one, Mapping):
        return dict(known)
    if isinstance(one, tuple) and len(known) == 2:
        return {"id": str(known[0]), "score": known[1]}
    return {"id": str(known)}


def tool(
    name: str,
    *,
    arguments: object = None,
    call_id: str | None = None,
    description: str | None = None,
    kind: Literal["function", "extension", "datastore"] = "function",
) -> Call:
    """Describe a call of a tool, as the span ``execute_tool NAME``.

    Parameters
    ----------
    name : str
        The tool.
    arguments : object, optional
        What it is called with, recorded as JSON.
    call_id : str, optional
        The id that the model gave the call.
    description : str, optional
        What the tool is for.
    kind : {"function", "extension", "datastore"}
        Where it is executed: by the application, by the provider, or as a look into data.

    Examples
    --------
    >>> from assay import trace
    >>> with trace.tool("find_order", arguments={"number": 4417}) as call:
    ...     call.result({"paid": 12.5})
    """
    said = text(arguments) if arguments is not None and _content() else None
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.type": kind,
        "gen_ai.tool.call.id": call_id,
        "gen_ai.tool.description": description,
        "gen_ai.tool.call.arguments": said,
    }
    return Call(f"execute_tool {name}", attributes)


def retrieval(query: str, *, source: str | None = None) -> Retrieval:
    """Describe a search for documents, as the span ``retrieval SOURCE``.

    Parameters
    ----------
    query : str
        What is asked.
    source : str, optional
        The index or collection.

    Examples
    --------
    >>> from assay import trace
    >>> with trace.retrieval("opening hours", source="help") as search:
    ...     search.documents([{"id": "d7", "score": 0.83}, ("d2", 0.41)])
    """
    attributes = {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": source,
        "gen_ai.retrieval.query.text": query if _content() else None,
    }
    return Retrieval(f"retrieval {source}" if source else "retrieval", attributes)

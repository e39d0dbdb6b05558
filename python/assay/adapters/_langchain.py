"""Runnables of LangChain as targets."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Protocol

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text, is_messages, question

_ANSWERS = ("output", "answer", "result", "response", "text")
_CONTEXTS = ("context", "contexts", "source_documents", "documents")


class Runnable(Protocol):
    """What is needed of a runnable."""

    def ainvoke(self, input: Any, config: Any = None) -> Awaitable[Any]:
        """Ask it."""
        ...

    def get_input_jsonschema(self) -> dict[str, Any]:
        """Tell what it takes."""
        ...

    def get_name(self) -> str:
        """Tell its name."""
        ...


def target(thing: Runnable, /, *, input: str | None = None, config: Mapping[str, Any] | None = None) -> Adapted:
    """Adapt a runnable.

    Parameters
    ----------
    thing : Runnable
        A model, a chain, a retriever, an agent.
    input : str, optional
        The input of a case that it is given, a text or messages. By default what it takes decides: chains get all
        inputs as a dictionary, models the one that is asked, agents with `messages` a message of the user.
    config : mapping, optional
        The configuration it is called with.

    Returns
    -------
    Adapted
        Answers carry contexts (documents), tool calls, and the tokens of all models that were asked on the way.
    """
    tracker: Any = importlib.import_module("langchain_core.callbacks").UsageMetadataCallbackHandler
    takes = "text" if input is not None else _takes(thing)
    settings = dict(config or {})

    async def call(inputs: dict[str, Any]) -> dict[str, Any]:
        given: Any = inputs
        if takes == "text":
            given = question(inputs, input)
            given = given if is_messages(given) else as_text(given)
        elif takes == "messages" and "messages" not in inputs:
            given = {"messages": [{"role": "user", "content": as_text(question(inputs))}]}
        usage = tracker()
        result = await thing.ainvoke(given, {**settings, "callbacks": [*_list(settings.get("callbacks")), usage]})
        return _reply(result, list(usage.usage_metadata.items()))

    version = identity("langchain-core", thing, input, settings.get("configurable"), roots=("langchain", *_FAMILY))
    return Adapted(call, thing.get_name(), version)


# First parts of modules of its packages; those of other makers derive their classes from `langchain_core`.
_FAMILY = ("langchain_core", "langchain_classic", "langchain_community", "langgraph")


def _list(callbacks: Any) -> list[Any]:
    if callbacks is None or isinstance(callbacks, list):
        return callbacks or []  # type: ignore[reportUnknownVariableType]
    raise TypeError("callbacks must be a list")


def _takes(thing: Runnable) -> str:
    """Tell what it takes: a text, a dictionary with messages, or all inputs."""
    try:
        schema = thing.get_input_jsonschema()
    except Exception:  # what a function takes may be anything, and have no schema
        return "inputs"
    kinds = [schema, *schema.get("anyOf", [])]
    if any(kind.get("type") == "string" for kind in kinds):
        return "text"
    return "messages" if "messages" in schema.get("properties", {}) else "inputs"


def _reply(result: Any, used: list[tuple[str, Any]]) -> dict[str, Any]:
    """Give a result as a target returns it."""
    reply: dict[str, Any] = {"output": result}
    said: list[Any] = []
    if _is_message(result):
        said = [result]
        reply["output"] = _text(result)
    elif isinstance(result, Mapping):
        fields: Mapping[str, Any] = result  # type: ignore[reportUnknownVariableType]
        messages = fields.get("messages")
        if isinstance(messages, list) and messages and all(map(_is_message, messages)):  # type: ignore[reportUnknownArgumentType]
            asked = max((at for at, message in enumerate(messages) if message.type == "human"), default=-1)  # type: ignore[reportUnknownArgumentType]
            said = messages[asked + 1 :]  # type: ignore[reportUnknownVariableType]
            reply["output"] = _text(messages[-1])
        else:
            answer = next((fields[name] for name in _ANSWERS if name in fields), None)
            contexts = next((fields[name] for name in _CONTEXTS if _are_documents(fields.get(name))), None)
            if contexts is not None:
                reply["contexts"] = [_passage(document) for document in contexts]
                rest = {name: value for name, value in fields.items() if not _are_documents(value)}
                reply["output"] = rest
            if answer is not None:
                said = [answer] if _is_message(answer) else []
                reply["output"] = _text(answer) if said else answer
    elif _are_documents(result):  # a retriever
        reply["contexts"] = [_passage(document) for document in result]
        reply["output"] = "\n\n".join(document.page_content for document in result)
    calls: list[Any] = [call for message in said for call in getattr(message, "tool_calls", [])]
    if calls:
        reply["tool_calls"] = [{"name": call["name"], "arguments": call["args"]} for call in calls]
    counts = [usage for _, usage in used] or [getattr(message, "usage_metadata", None) for message in said]
    reply["usage"] = _usage(counts)
    if said:
        about: Mapping[str, Any] = getattr(said[-1], "response_metadata", None) or {}
        reason = about.get("finish_reason") or about.get("stop_reason") or about.get("done_reason")
        model = about.get("model_name") or about.get("model")
        reply.update({"finish_reason": reason} if isinstance(reason, str) else {})
        reply.update({"version": model} if isinstance(model, str) else {})
    return reply


def _usage(counts: Iterable[Any]) -> dict[str, int]:
    """Add up tokens, as far as they were told."""
    total: dict[str, int] = {}
    for usage in counts:
        if not usage:
            continue
        parts: dict[str, Any] = {
            "input_tokens": usage.get("input_tokens"),
            "output_tokens": usage.get("output_tokens"),
            "cached_input_tokens": (usage.get("input_token_details") or {}).get("cache_read"),
            "reasoning_tokens": (usage.get("output_token_details") or {}).get("reasoning"),
        }
        for name, count in parts.items():
            if count is not None:
                total[name] = total.get(name, 0) + int(count)
    return total


def _is_message(value: Any) -> bool:
    return hasattr(value, "content") and hasattr(value, "response_metadata")


def _text(message: Any) -> Any:
    """Give what a message says: its text, of content in blocks those that are text."""
    content = message.content
    if isinstance(content, str):
        return content
    blocks: list[Any] = content
    return "".join(block if isinstance(block, str) else str(block.get("text", "")) for block in blocks)


def _are_documents(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(hasattr(item, "page_content") for item in value)  # type: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _passage(document: Any) -> dict[str, Any]:
    name = getattr(document, "id", None) or document.metadata.get("id") or document.metadata.get("source")
    return {"text": document.page_content, **({} if name is None else {"id": str(name)})}

"""Clients of OpenAI, and of servers that speak as it does, as targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import Prompt, filled, messages_of


def target(
    thing: Any,
    /,
    *,
    model: str | None = None,
    prompt: Prompt | None = None,
    system: str | None = None,
    input: str | None = None,
    api: Literal["chat", "responses"] = "chat",
    **parameters: Any,
) -> Adapted:
    """Adapt a client; its base URL, keys, retries and proxies stay what they are.

    Parameters
    ----------
    thing : OpenAI or AsyncOpenAI
        The client.
    model : str
        The model.
    prompt : str or callable, optional
        The message of the user, with `{{ name }}` where inputs belong; or a function that makes a text or messages of
        the inputs. By default the input that is asked.
    system : str, optional
        The system prompt, a template like it.
    input : str, optional
        The input of a case that is asked; messages are sent as they are.
    api : {"chat", "responses"}
        Chat completions, or responses.
    **parameters
        What the API is called with: `temperature`, `tools`, `max_completion_tokens` …

    Returns
    -------
    Adapted
        Answers carry tokens, tool calls, why the model stopped, and the version it says it is.
    """
    if model is None:
        raise ValueError("a client of OpenAI needs a model: assay.adapters.adapt_target(client, model=…)")
    if api not in ("chat", "responses"):
        raise ValueError(f"api must be 'chat' or 'responses', not {api!r}")
    if parameters.get("stream"):
        raise ValueError("stream: answers are taken whole")
    create, read = (
        (thing.chat.completions.create, _of_chat) if api == "chat" else (thing.responses.create, _of_responses)
    )

    def asked(inputs: dict[str, Any]) -> dict[str, Any]:
        messages = messages_of(inputs, prompt, input)
        if system is not None:
            messages.insert(0, {"role": "system", "content": filled(system, inputs)})
        return {"model": model, "messages" if api == "chat" else "input": messages, **parameters}

    version = identity("openai", str(thing.base_url), api, model, prompt, system, input, parameters)
    return Adapted(caller(thing, create, asked, read), model.rpartition("/")[2], version)


def caller(
    client: Any,
    create: Callable[..., Any],
    asked: Callable[[dict[str, Any]], dict[str, Any]],
    read: Callable[[Any], dict[str, Any]],
) -> Callable[..., Any]:
    """Give the function that asks a client, an async one for an async client."""

    async def later(inputs: dict[str, Any]) -> dict[str, Any]:
        return read(await create(**asked(inputs)))

    def now(inputs: dict[str, Any]) -> dict[str, Any]:
        return read(create(**asked(inputs)))

    return later if any(base.__name__.startswith("Async") for base in type(client).__mro__) else now


def _of_chat(completion: Any) -> dict[str, Any]:
    if not completion.choices:
        raise ValueError("the completion has no choices")
    choice = completion.choices[0]
    message = choice.message
    refused = getattr(message, "refusal", None)
    reply: dict[str, Any] = {
        "output": message.content or refused or "",
        "finish_reason": "refusal" if refused else choice.finish_reason,
        "version": completion.model,
        "usage": {},
    }
    asked: list[Any] = message.tool_calls or []
    calls = [call for call in asked if getattr(call, "function", None) is not None]
    if calls:
        reply["tool_calls"] = [{"name": call.function.name, "arguments": call.function.arguments} for call in calls]
    usage = completion.usage
    if usage is not None:
        reply["usage"] = told(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            cached_input_tokens=getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None),
            reasoning_tokens=getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None),
        )
    return reply


def _of_responses(response: Any) -> dict[str, Any]:
    if response.error is not None:
        raise RuntimeError(f"{response.error.code}: {response.error.message}")
    calls = [item for item in response.output if item.type == "function_call"]
    ended = response.incomplete_details.reason if response.incomplete_details is not None else None
    reason = {"max_output_tokens": "length", None: "tool_calls" if calls else "stop"}.get(ended, ended)
    refusals = [
        part.refusal
        for item in response.output
        if item.type == "message"
        for part in item.content
        if part.type == "refusal"
    ]
    reply: dict[str, Any] = {
        "output": response.output_text or "".join(refusals),
        "finish_reason": "refusal" if refusals else reason,
        "version": response.model,
        "usage": {},
    }
    if calls:
        reply["tool_calls"] = [{"name": call.name, "arguments": call.arguments} for call in calls]
    usage = response.usage
    if usage is not None:
        reply["usage"] = told(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_input_tokens=getattr(getattr(usage, "input_tokens_details", None), "cached_tokens", None),
            reasoning_tokens=getattr(getattr(usage, "output_tokens_details", None), "reasoning_tokens", None),
        )
    return reply


def told(**counts: int | None) -> dict[str, int]:
    """Give the counts that were told."""
    return {name: count for name, count in counts.items() if count is not None}

"""Clients of Anthropic as targets."""

from __future__ import annotations

from typing import Any

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import Prompt, filled, messages_of
from assay.adapters._openai import caller, told


def target(
    thing: Any,
    /,
    *,
    model: str | None = None,
    max_tokens: int = 4096,
    prompt: Prompt | None = None,
    system: str | None = None,
    input: str | None = None,
    **parameters: Any,
) -> Adapted:
    """Adapt a client; its base URL, keys, retries and proxies stay what they are.

    Parameters
    ----------
    thing : Anthropic or AsyncAnthropic
        The client.
    model : str
        The model.
    max_tokens : int
        The most tokens of an answer.
    prompt : str or callable, optional
        The message of the user, with `{{ name }}` where inputs belong; or a function that makes a text or messages of
        the inputs. By default the input that is asked.
    system : str, optional
        The system prompt, a template like it.
    input : str, optional
        The input of a case that is asked; messages are sent as they are, those of the system as the system prompt.
    **parameters
        What the API is called with: `temperature`, `tools` …

    Returns
    -------
    Adapted
        Answers carry tokens, tool calls, why the model stopped, and the version it says it is. Tokens that were read
        from the prompt cache, or written into it, are part of the input.
    """
    if model is None:
        raise ValueError("a client of Anthropic needs a model: assay.adapters.adapt_target(client, model=…)")
    if parameters.get("stream"):
        raise ValueError("stream: answers are taken whole")

    def asked(inputs: dict[str, Any]) -> dict[str, Any]:
        messages = messages_of(inputs, prompt, input)
        rules = [] if system is None else [filled(system, inputs)]
        rules += [str(message["content"]) for message in messages if message["role"] == "system"]
        told: dict[str, Any] = {"system": "\n\n".join(rules)} if rules else {}
        rest = [message for message in messages if message["role"] != "system"]
        return {"model": model, "max_tokens": max_tokens, "messages": rest, **told, **parameters}

    version = identity("anthropic", str(thing.base_url), model, max_tokens, prompt, system, input, parameters)
    return Adapted(caller(thing, thing.messages.create, asked, _reply), model, version)


def _reply(message: Any) -> dict[str, Any]:
    calls = [block for block in message.content if block.type == "tool_use"]
    reply: dict[str, Any] = {
        "output": "".join(block.text for block in message.content if block.type == "text"),
        "finish_reason": message.stop_reason,
        "version": message.model,
    }
    if calls:
        reply["tool_calls"] = [{"name": call.name, "arguments": call.input} for call in calls]
    usage = message.usage
    cached = getattr(usage, "cache_read_input_tokens", None)
    written = getattr(usage, "cache_creation_input_tokens", None)
    reply["usage"] = told(
        input_tokens=usage.input_tokens + (cached or 0) + (written or 0),
        output_tokens=usage.output_tokens,
        cached_input_tokens=cached,
    )
    return reply

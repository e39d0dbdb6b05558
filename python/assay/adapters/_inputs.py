"""What of a case is asked: one of its inputs, or a prompt that they are filled into."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from assay._json import text_of

# The names that a question has in datasets, the likeliest first.
_NAMES = ("question", "query", "input", "user_input", "prompt", "messages", "text")
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"\w+")

Prompt = str | Callable[[dict[str, Any]], Any]
"""A text with `{{ name }}` where inputs belong, or a function that makes a text or messages of inputs."""


def question(inputs: Mapping[str, Any], key: str | None = None) -> Any:
    """Give the input that is asked: the one of this name; the only one; the one that is called as questions are.

    Raises
    ------
    ValueError
        There is none.

    Examples
    --------
    >>> question({"lang": "de", "question": "why?"})
    'why?'
    """
    if key is not None:
        if key not in inputs:
            raise ValueError(f"the case has no input `{key}`; there are: {', '.join(inputs) or 'none'}")
        return inputs[key]
    if len(inputs) == 1:
        return next(iter(inputs.values()))
    for name in _NAMES:
        if name in inputs:
            return inputs[name]
    raise ValueError(f"which input is asked? Say input=…, one of: {', '.join(inputs) or 'none'}")


def as_text(value: Any) -> str:
    """Give a value as text: a text itself, of messages the last one of the user, other values as JSON."""
    if isinstance(value, str):
        return value
    if is_messages(value):
        said = [message["content"] for message in value if message["role"] in ("user", "human")]
        return as_text(said[-1]) if said else text_of(value)
    return text_of(value)


def is_messages(value: Any) -> bool:
    """Tell whether a value is a list of messages, each with a role and what it says."""
    return (
        isinstance(value, list)
        and len(value) > 0  # type: ignore[reportUnknownArgumentType]
        and all(isinstance(item, Mapping) and "role" in item and "content" in item for item in value)  # type: ignore[reportUnknownVariableType]
    )


def filled(template: str, inputs: Mapping[str, Any]) -> str:
    """Fill inputs into a prompt.

    Raises
    ------
    ValueError
        It names an input that the case does not have, or wants more than names.

    Examples
    --------
    >>> filled("In {{ lang }}: {{ question }}", {"lang": "French", "question": "why?"})
    'In French: why?'
    """

    def put(found: re.Match[str]) -> str:
        name = found[1].strip()
        if not _NAME.fullmatch(name):
            raise ValueError(f"`{found[0]}`: only names of inputs can stand here; a prompt may also be a function")
        return as_text(question(inputs, name))

    return _PLACE.sub(put, template)


def messages_of(inputs: dict[str, Any], prompt: Prompt | None, key: str | None) -> list[dict[str, Any]]:
    """Give the messages that a model is asked, without a system prompt."""
    asked: Any
    if prompt is None:
        asked = question(inputs, key)
    elif isinstance(prompt, str):
        asked = filled(prompt, inputs)
    else:
        asked = prompt(inputs)
    return list(asked) if is_messages(asked) else [{"role": "user", "content": as_text(asked)}]

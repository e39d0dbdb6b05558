"""Scorers of Inspect as scorers."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text, is_messages, question
from assay.adapters._inspect_tasks import message
from assay.adapters._trial import scored

# As Inspect's own `value_to_float` reads them.
_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


def scorer(
    thing: Any,
    /,
    *,
    range: tuple[float, float] = (0.0, 1.0),
    key: str | None = None,
    input: str | None = None,
    values: Mapping[str, float] | None = None,
) -> Adapted:
    """Adapt a scorer.

    Parameters
    ----------
    thing : Scorer
        What a function decorated with `@scorer` made.
    range : (float, float)
        The smallest and largest score.
    key : str, optional
        Which of its values is the score, where it gives several.
    input : str, optional
        The input of a case that was asked.
    values : mapping, optional
        What its labels are worth; C 1, P 0.5, I and N 0 by default.

    Returns
    -------
    Adapted
        Explanations are reasons, labels stay labels, what Inspect leaves unscored is unscored.
    """
    solvers: Any = importlib.import_module("inspect_ai.solver")
    scorers: Any = importlib.import_module("inspect_ai.scorer")
    chats: Any = importlib.import_module("inspect_ai.model")
    worth = _LETTERS if values is None else values

    async def score(  # noqa: PLR0917
        output: Any,
        expected: Any,
        inputs: dict[str, Any],
        tool_calls: list[dict[str, Any]] | None = None,
        metadata: dict[str, Any] | None = None,
        case_id: str = "",
    ) -> dict[str, Any]:
        asked = question(inputs, input)
        said = as_text(output) if output is not None else ""
        answer = chats.ModelOutput.from_content(model="assay/target", content=said)
        calls: list[Any] = []
        if tool_calls:
            tools: Any = importlib.import_module("inspect_ai.tool")
            for at, call in enumerate(tool_calls):
                given = call["arguments"] if isinstance(call["arguments"], dict) else {"value": call["arguments"]}  # type: ignore[reportUnknownVariableType]
                calls.append(tools.ToolCall(id=str(at), function=call["name"], arguments=given))
        talk: list[Any] = asked if is_messages(asked) else [{"role": "user", "content": as_text(asked)}]
        messages = [message(chats, part) for part in talk]
        messages.append(chats.ChatMessageAssistant(content=said, tool_calls=calls or None))
        several: list[Any] = expected if isinstance(expected, list) else [expected]  # type: ignore[reportUnknownVariableType]
        wanted = [as_text(one) for one in several if one is not None]
        state = solvers.TaskState(
            model=chats.ModelName("assay/target"),
            sample_id=case_id,
            epoch=1,
            input=as_text(asked),
            messages=messages,
            target=scorers.Target(wanted),
            choices=inputs.get("choices"),
            output=answer,
            completed=True,
            metadata=metadata or {},
        )
        result = await thing(state, scorers.Target(wanted))
        if result is None:
            return scored(None, range, reason="the scorer gave no score")
        value = _single(result.value, key)
        label = None
        if isinstance(value, str):
            label = value
            if value in worth:
                value = worth[value]
        why = result.explanation or getattr(result, "reason", None)
        return scored(value, range, reason=why, label=label)

    info = thing.__registry_info__
    settings = getattr(thing, "__registry_params__", None)
    version = identity("inspect-ai", info.name, settings, thing, key, input, dict(worth), roots=("inspect_ai",))
    return Adapted(score, str(info.name).rpartition("/")[2], version, {"range": range})


def _single(value: Any, key: str | None) -> Any:
    if isinstance(value, Mapping):
        parts: Mapping[str, Any] = value  # type: ignore[reportUnknownVariableType]
        if key is None and len(parts) != 1:
            raise ValueError(f"it gives several values: say key=…, one of: {', '.join(parts)}")
        return question(parts, key)
    if isinstance(value, (list, tuple)):
        raise ValueError("it gives a list of values, not one score")
    return value

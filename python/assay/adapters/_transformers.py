"""Pipelines of Hugging Face as targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import Prompt, as_text, filled, is_messages, question

_ANSWERS = ("generated_text", "summary_text", "translation_text", "answer", "text", "label")


class Pipeline(Protocol):
    """What is needed of a pipeline."""

    task: str
    model: Any

    def __call__(self, given: Any, **parameters: Any) -> Any:
        """Ask it."""
        ...


def target(thing: Pipeline, /, *, input: str | None = None, prompt: Prompt | None = None, **parameters: Any) -> Adapted:
    """Adapt a pipeline. One call is made at a time, unless `max_concurrency` says otherwise.

    Parameters
    ----------
    thing : Pipeline
        The pipeline.
    input : str, optional
        The input of a case that is asked.
    prompt : str or callable, optional
        What is asked instead, with `{{ name }}` where inputs belong; or a function of the inputs.
    **parameters
        What the pipeline is called with.

    Returns
    -------
    Adapted
        The answer is the text it generated, or the label it gave.
    """

    def call(inputs: dict[str, Any]) -> dict[str, Any]:
        if prompt is None:
            asked = question(inputs, input)
        else:
            asked = filled(prompt, inputs) if isinstance(prompt, str) else prompt(inputs)
        return _reply(thing(asked if is_messages(asked) else as_text(asked), **parameters))

    settings = getattr(thing.model, "config", None)
    named = str(getattr(thing.model, "name_or_path", "")) or type(thing.model).__name__
    commit = getattr(settings, "_commit_hash", None)
    version = identity("transformers", thing.task, named, commit, input, prompt, parameters)
    return Adapted(call, named.rpartition("/")[2], version, {"max_concurrency": 1})


def _reply(result: Any) -> dict[str, Any]:
    first = result
    while isinstance(first, list) and first:
        first = first[0]  # type: ignore[reportUnknownVariableType]
    if not isinstance(first, Mapping):
        return {"output": result}
    fields: Mapping[str, Any] = first  # type: ignore[reportUnknownVariableType]
    answer = next((fields[name] for name in _ANSWERS if name in fields), result)
    if is_messages(answer):
        answer = answer[-1]["content"]
    return {"output": answer, "metadata": {"score": float(fields["score"])} if "score" in fields else {}}

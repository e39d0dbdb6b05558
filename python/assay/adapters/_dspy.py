"""Modules of DSPy as targets."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import question

# How an answer was come by, which is not the answer.
_ON_THE_WAY = frozenset({"reasoning", "rationale", "trajectory", "context", "contexts", "passages"})
_CONTEXTS = ("context", "contexts", "passages")


class Module(Protocol):
    """What is needed of a module."""

    def __call__(self, **inputs: Any) -> Any:
        """Ask it."""
        ...

    def acall(self, **inputs: Any) -> Awaitable[Any]:
        """Ask it without blocking."""
        ...

    def dump_state(self) -> Any:
        """Give what an optimiser may have changed."""
        ...


def target(thing: Module, /, *, output: str | None = None, inputs: list[str] | None = None) -> Adapted:
    """Adapt a module.

    Parameters
    ----------
    thing : Module
        The module; it is called with the inputs of a case by name.
    output : str, optional
        The field of its prediction that is the answer. By default the one that is left without reasoning and contexts;
        a dictionary where several are left.
    inputs : list of str, optional
        The inputs it is given; all by default.

    Returns
    -------
    Adapted
        Answers carry the tokens of all models that were asked, and contexts where the prediction has a list of them.
    """
    dspy: Any = importlib.import_module("dspy")
    lm = getattr(dspy.settings, "lm", None)

    def reply(prediction: Any) -> dict[str, Any]:
        return _reply(prediction, output)

    def chosen(given: dict[str, Any]) -> dict[str, Any]:
        return given if inputs is None else {name: question(given, name) for name in inputs}

    async def later(inputs: dict[str, Any]) -> dict[str, Any]:
        with dspy.context(track_usage=True):
            return reply(await thing.acall(**chosen(inputs)))

    def now(inputs: dict[str, Any]) -> dict[str, Any]:
        with dspy.context(track_usage=True):
            return reply(thing(**chosen(inputs)))

    state = thing.dump_state()
    model = None if lm is None else (getattr(lm, "model", None), getattr(lm, "kwargs", None))
    version = identity("dspy", type(thing), state, model, output, inputs)
    return Adapted(later if hasattr(thing, "aforward") else now, type(thing).__name__, version)


def _reply(prediction: Any, output: str | None) -> dict[str, Any]:
    if not hasattr(prediction, "toDict"):
        return {"output": prediction}
    fields: Mapping[str, Any] = prediction.toDict()
    left = {name: value for name, value in fields.items() if name not in _ON_THE_WAY}
    answer: Any
    if output is not None:
        answer = question(fields, output)
    else:
        answer = next(iter(left.values())) if len(left) == 1 else left or dict(fields)
    reply: dict[str, Any] = {"output": answer}
    contexts = next((fields[name] for name in _CONTEXTS if isinstance(fields.get(name), list)), None)
    if contexts is not None:
        reply["contexts"] = [str(context) for context in contexts]
    counts: dict[str, Any] = prediction.get_lm_usage() or {}
    for name, told in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
        found = [usage[told] for usage in counts.values() if usage.get(told) is not None]
        if found:
            reply.setdefault("usage", {})[name] = int(sum(found))
    return reply

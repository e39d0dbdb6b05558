"""Metrics of Ragas as scorers."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text, question
from assay.adapters._trial import one_text, scored, texts

_PASSED = {"pass": 1.0, "fail": 0.0}


def scorer(
    thing: Any,
    /,
    *,
    range: tuple[float, float] | None = None,
    input: str | None = None,
    llm: Any = None,
    values: Mapping[str, float] | None = None,
) -> Adapted:
    """Adapt a metric of a single turn.

    Parameters
    ----------
    thing : SingleTurnMetric, or a metric of `ragas.metrics.collections`, or a discrete or numeric metric
        The metric.
    range : (float, float), optional
        The smallest and largest score; by default the values that the metric allows, else 0 and 1.
    input : str, optional
        The input of a case that was asked.
    llm : InstructorBaseRagasLLM, optional
        The model of a metric that is given one with each call.
    values : mapping, optional
        What the labels of a discrete metric are worth; `pass` 1 and `fail` 0 by default.

    Returns
    -------
    Adapted
        Reasons are kept, where the metric gives them. What it cannot score (NaN) is unscored.
    """
    allowed = getattr(thing, "allowed_values", None)
    worth = _PASSED if values is None else dict(values)
    labels: list[str] = list(allowed) if isinstance(allowed, list) else []  # type: ignore[reportUnknownArgumentType]
    unknown = [label for label in labels if label not in worth]
    if unknown:
        raise ValueError(
            f"the metric `{thing.name}` gives labels: say values={{…}} with what {', '.join(unknown)} is worth"
        )
    if hasattr(thing, "single_turn_ascore"):
        ask = _single_turn(thing)
    elif hasattr(thing, "ascore"):
        ask = _by_name(thing, llm)
    else:
        raise TypeError(f"the metric `{thing.name}` is not of a single turn")
    within = range or _range(allowed, worth if labels else None)

    async def score(
        output: Any,
        expected: Any,
        inputs: dict[str, Any],
        contexts: list[Any] | None = None,
        retrieved: list[Any] | None = None,
    ) -> dict[str, Any]:
        fields = {
            "user_input": as_text(question(inputs, input)),
            "response": None if output is None else as_text(output),
            "reference": one_text(expected),
            "retrieved_contexts": texts(retrieved),
            "reference_contexts": texts(contexts),
            "retrieved_context_ids": _ids(retrieved),
            "reference_context_ids": _ids(contexts),
        }
        rest = {name: value for name, value in inputs.items() if name not in fields}
        value, reason = await ask({name: part for name, part in fields.items() if part is not None}, rest)
        if labels:
            if value not in worth:
                raise ValueError(f"the metric gave {value!r}, which is none of {', '.join(labels)}")
            return scored(worth[value], within, reason=reason, label=value)
        return scored(value, within, reason=reason)

    version = identity("ragas", thing, input, llm, worth if labels else None, roots=("ragas",))
    return Adapted(score, str(thing.name), version, {"range": within})


def _single_turn(metric: Any) -> Any:
    sample: Any = importlib.import_module("ragas.dataset_schema").SingleTurnSample

    async def ask(fields: dict[str, Any], rest: dict[str, Any]) -> tuple[Any, Any]:
        missing = sorted(metric.required_columns.get("SINGLE_TURN", set()) - set(fields) - set(rest))
        if missing:
            raise ValueError(f"the metric needs {', '.join(missing)}, which the trial does not have")
        known = {name: value for name, value in rest.items() if name in sample.model_fields}
        value = await metric.single_turn_ascore(sample(**fields, **known))
        return getattr(value, "value", value), getattr(value, "reason", None)

    return ask


def _by_name(metric: Any, llm: Any) -> Any:
    parameters = inspect.signature(getattr(metric, "_func", None) or metric.ascore).parameters
    everything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    required = {
        name
        for name, p in parameters.items()
        if p.default is inspect.Parameter.empty and p.kind is not inspect.Parameter.VAR_KEYWORD
    }
    if everything and llm is None and hasattr(metric, "prompt"):
        raise ValueError(f"the metric `{metric.name}` asks a model: say llm=…")

    async def ask(fields: dict[str, Any], rest: dict[str, Any]) -> tuple[Any, Any]:
        given = {**rest, **fields, **({} if llm is None else {"llm": llm})}
        missing = sorted(required - set(given))
        if missing:
            raise ValueError(f"the metric needs {', '.join(missing)}, which the trial does not have")
        result = await metric.ascore(**{n: v for n, v in given.items() if everything or n in parameters})
        if result.value is None:  # how it tells of an exception
            raise RuntimeError(result.reason or "the metric gave no value")
        return result.value, result.reason

    return ask


def _range(allowed: Any, worth: Mapping[str, float] | None) -> tuple[float, float]:
    if worth is not None:
        return min(worth.values()), max(worth.values())
    if isinstance(allowed, tuple) and len(allowed) == 2:  # type: ignore[reportUnknownArgumentType]
        return float(allowed[0]), float(allowed[1])  # type: ignore[reportUnknownArgumentType]
    if isinstance(allowed, range):
        return float(allowed[0]), float(allowed[-1])
    return 0.0, 1.0


def _ids(contexts: list[Any] | None) -> list[str] | None:
    """Give the ids of contexts, where each has one."""
    found = [context.get("id") for context in contexts or [] if isinstance(context, dict)]  # type: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return [str(name) for name in found] if found and None not in found else None  # type: ignore[reportUnknownArgumentType, reportUnknownVariableType]

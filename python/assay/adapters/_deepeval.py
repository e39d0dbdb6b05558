"""Metrics of DeepEval as scorers."""

from __future__ import annotations

import asyncio
import copy
import importlib
import inspect
import re
from typing import Any

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text, question
from assay.adapters._trial import one_text, scored, texts


def scorer(thing: Any, /, *, range: tuple[float, float] = (0.0, 1.0), input: str | None = None) -> Adapted:
    """Adapt a metric of a single turn.

    Parameters
    ----------
    thing : BaseMetric
        The metric. A copy of it scores each answer, since metrics keep their last result.
    range : (float, float)
        The smallest and largest score.
    input : str, optional
        The input of a case that was asked.

    Returns
    -------
    Adapted
        With the metric's threshold, its direction as its own verdict has it, and its reasons. A context of DeepEval is
        a reference context of the case; its retrieval context is what the target retrieved.
    """
    cases: Any = importlib.import_module("deepeval.test_case")
    base: Any = importlib.import_module("deepeval.metrics").BaseMetric
    # Its bar of progress would be drawn into the caller's terminal. Metrics of the caller's own may not know the word.
    quiet = {"_show_indicator": False}
    awaits = type(thing).a_measure is not base.a_measure

    async def score(  # noqa: PLR0917
        output: Any,
        expected: Any,
        inputs: dict[str, Any],
        contexts: list[Any] | None = None,
        retrieved: list[Any] | None = None,
        tool_calls: list[dict[str, Any]] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        wanted = expected.get("tool_calls") if isinstance(expected, dict) else None  # type: ignore[reportUnknownMemberType, reportUnknownVariableType]
        case = cases.LLMTestCase(
            input=as_text(question(inputs, input)),
            actual_output=None if output is None else as_text(output),
            expected_output=None if wanted is not None else one_text(expected),
            context=texts(contexts),
            retrieval_context=texts(retrieved),
            tools_called=_calls(cases, tool_calls),
            expected_tools=_calls(cases, wanted),
            metadata=metadata,
        )
        metric = copy.copy(thing)
        metric.error = metric.evaluation_cost = None
        measure = metric.a_measure if awaits else metric.measure
        known = inspect.signature(measure).parameters
        told = {name: value for name, value in quiet.items() if name in known}
        value = await measure(case, **told) if awaits else await asyncio.to_thread(measure, case, **told)
        if metric.error is not None:
            raise RuntimeError(str(metric.error))
        if getattr(metric, "skipped", False):
            return scored(None, range, reason=metric.reason or "the metric skipped it", cost=metric.evaluation_cost)
        value = metric.score if metric.score is not None else value
        if value is None:
            raise ValueError("the metric gave no score")
        return scored(value, range, reason=metric.reason, cost=metric.evaluation_cost)

    options: dict[str, Any] = {"range": range, "direction": _direction(thing, range)}
    if thing.threshold is not None:
        options["threshold"] = float(thing.threshold)
    model = getattr(thing, "model", None)
    named = getattr(model, "name", None) or thing.evaluation_model
    version = identity("deepeval", thing, input, named, roots=("deepeval",))
    return Adapted(score, re.sub(r"\W+", "_", str(thing.__name__)).strip("_").lower(), version, options)


def _calls(cases: Any, calls: Any) -> Any:
    if calls is None:
        return None
    return [cases.ToolCall(name=call["name"], input_parameters=call.get("arguments")) for call in calls]


def _direction(metric: Any, within: tuple[float, float]) -> str:
    """Tell which way is better, as the metric's own verdict about the smallest and the largest score says."""
    verdicts: list[Any] = []
    for value in within:
        probe = copy.copy(metric)
        probe.score, probe.error, probe.success = value, None, None
        try:
            verdicts.append(probe.is_successful())
        except Exception:  # a metric of the caller's own that wants more than a score
            return "higher"
    return "lower" if verdicts == [True, False] else "higher"

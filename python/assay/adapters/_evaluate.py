"""Metrics of Hugging Face `evaluate` as scorers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text
from assay.adapters._trial import one_text, scored

# The smallest and largest score of those of its metrics that have a largest, and are for one answer.
_RANGES = {
    **dict.fromkeys(("accuracy", "exact_match", "f1", "precision", "recall", "rouge", "bleu", "google_bleu"), (0, 1)),
    **dict.fromkeys(("meteor", "bertscore"), (0, 1)),
    **dict.fromkeys(("sacrebleu", "chrf"), (0, 100)),
    "squad": (0, 100),
    "matthews_correlation": (-1, 1),
}
_LOWER = frozenset({"wer", "cer", "ter", "mse", "mae", "perplexity"})


class EvaluationModule(Protocol):
    """What is needed of a metric."""

    name: str
    features: Any

    def compute(self, *, predictions: Any = None, references: Any = None, **parameters: Any) -> Any:
        """Compute it."""
        ...


def scorer(
    thing: EvaluationModule, /, *, range: tuple[float, float] | None = None, key: str | None = None, **parameters: Any
) -> Adapted:
    """Adapt a metric. It is computed for each answer by itself.

    The mean of it over answers is what is reported, which for metrics of a corpus (BLEU, F1 of classes) is another
    number than the metric of all answers together. A metric keeps its inputs in files: one call is made at a time.

    Parameters
    ----------
    thing : EvaluationModule
        The metric.
    range : (float, float), optional
        The smallest and largest score; must be given where the metric is none that is known.
    key : str, optional
        Which of its values is the score, where it gives several; by default the one that is called as the metric.
    **parameters
        What `compute` is called with.

    Returns
    -------
    Adapted
        The scorer. Answers and what is expected are read as numbers where the metric wants numbers.
    """
    name = str(thing.name)
    within = range or _RANGES.get(name)
    if within is None:
        raise ValueError(f"the range of the metric `{name}` is not known: say range=(smallest, largest)")
    lock = threading.Lock()
    features: Any = thing.features
    ways: list[dict[str, Any]] = [dict(way) for way in (features if isinstance(features, list) else [features])]  # type: ignore[reportUnknownVariableType]

    def score(output: Any, expected: Any) -> dict[str, Any]:
        if expected is None:
            return scored(None, within, reason="the case has no expected answer")
        many = isinstance(expected, list)
        kinds = next((way for way in ways if _is_list(way.get("references")) == many), ways[0])
        given: dict[str, Any] = {}
        if "predictions" in kinds:
            given["predictions"] = [_read(output, kinds["predictions"], "the answer")]
        if "references" in kinds:
            given["references"] = [_read(expected, kinds["references"], "the expected answer")]
        with lock:
            result: Mapping[str, Any] = thing.compute(**given, **parameters)
        return scored(_single(result, key, name), within)

    direction = "lower" if name in _LOWER else "higher"
    version = identity("evaluate", name, type(thing), getattr(thing, "hash", None), key, parameters)
    return Adapted(score, name, version, {"range": within, "direction": direction})


def _is_list(kind: Any) -> bool:
    return hasattr(kind, "feature") or isinstance(kind, list)


def _read(value: Any, kind: Any, said: str) -> Any:
    """Give a value as a feature wants it."""
    if _is_list(kind):
        inner = kind[0] if isinstance(kind, list) else kind.feature  # type: ignore[reportUnknownVariableType]
        return [_read(part, inner, said) for part in (value if isinstance(value, list) else [value])]  # type: ignore[reportUnknownVariableType]
    wanted = str(getattr(kind, "dtype", "string"))
    if isinstance(kind, Mapping):
        raise TypeError("the metric wants records, not texts or numbers: write a scorer that calls it")
    if not wanted.startswith(("int", "uint", "float")):
        return one_text(value) if isinstance(value, list) else as_text(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"the metric wants numbers, but {said} is {as_text(value)[:100]!r}") from None
    if wanted.startswith("float"):
        return number
    if not number.is_integer():
        raise ValueError(f"the metric wants whole numbers, but {said} is {number}")
    return int(number)


def _single(result: Mapping[str, Any], key: str | None, name: str) -> Any:
    if key is not None:
        if key not in result:
            raise ValueError(f"the metric gives no `{key}`; it gives: {', '.join(result)}")
        return result[key]
    numbers = {part: value for part, value in result.items() if isinstance(value, (int, float))}
    if name in result:
        return result[name]
    if len(numbers) == 1:
        return next(iter(numbers.values()))
    raise ValueError(f"the metric gives several values: say key=…, one of: {', '.join(result)}")

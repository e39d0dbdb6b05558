"""Scorers of autoevals as scorers."""

from __future__ import annotations

from typing import Any

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text, question
from assay.adapters._trial import scored, texts


def scorer(thing: Any, /, *, range: tuple[float, float] = (0.0, 1.0), input: str | None = None) -> Adapted:
    """Adapt a scorer.

    Parameters
    ----------
    thing : Scorer
        The scorer. It gets the answer, what is expected, `input` (what was asked), `context` (what the target
        retrieved) and the inputs of the case by name.
    range : (float, float)
        The smallest and largest score; autoevals has 0 to 1.
    input : str, optional
        The input of a case that was asked.

    Returns
    -------
    Adapted
        Rationales are reasons, choices labels. A scorer that skips a trial leaves it unscored.
    """

    async def score(
        output: Any, expected: Any, inputs: dict[str, Any], retrieved: list[Any] | None = None
    ) -> dict[str, Any]:
        given = {name: value for name, value in inputs.items() if name not in ("output", "expected", "self")}
        found = texts(retrieved)
        if found is not None:
            given["context"] = found
        given["input"] = as_text(question(inputs, input))
        result = await thing.eval_async(output, expected, **given)
        if getattr(result, "error", None) is not None:
            raise result.error
        about: dict[str, Any] = result.metadata or {}
        reason = about.get("rationale") or about.get("reason")
        return scored(result.score, range, reason=reason, label=about.get("choice"))

    version = identity("autoevals", thing, input, roots=("autoevals",))
    return Adapted(score, _name(thing), version, {"range": range})


def _name(thing: Any) -> str:
    return str(getattr(thing, "name", None) or type(thing).__name__)

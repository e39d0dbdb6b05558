"""Query engines of LlamaIndex as targets."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import Any, Protocol

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text, question


class QueryEngine(Protocol):
    """What is needed of a query engine."""

    def aquery(self, str_or_query_bundle: Any) -> Awaitable[Any]:
        """Ask it."""
        ...


def target(thing: QueryEngine, /, *, input: str | None = None) -> Adapted:
    """Adapt a query engine.

    Parameters
    ----------
    thing : BaseQueryEngine
        The engine.
    input : str, optional
        The input of a case that is asked; by default the only one, or the one that is called as questions are.

    Returns
    -------
    Adapted
        Answers carry the source nodes as contexts: by the id of their document where they have one, with the
        retriever's score.
    """

    async def call(inputs: dict[str, Any]) -> dict[str, Any]:
        response = await thing.aquery(as_text(question(inputs, input)))
        if hasattr(response, "response_gen"):  # streamed
            response = response.get_response()
            response = await response if inspect.isawaitable(response) else response
        answer = response.response
        return {"output": "" if answer is None else answer, "contexts": [_passage(n) for n in response.source_nodes]}

    return Adapted(call, type(thing).__name__, identity("llama-index-core", thing, input, roots=("llama_index",)))


def _passage(found: Any) -> dict[str, Any]:
    passage = {"id": found.node.ref_doc_id or found.node.node_id, "text": found.node.get_content()}
    return passage if found.score is None else {**passage, "score": float(found.score)}

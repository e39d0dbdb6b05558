from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.adapters import adapt_target

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")

from llama_index.core import Document, PromptTemplate, SummaryIndex, get_response_synthesizer
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import CustomQueryEngine, RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode


class Retriever(BaseRetriever):
    def __init__(self, top: int = 2) -> None:
        super().__init__()
        self.top = top

    def _retrieve(self, query_bundle: Any) -> list[NodeWithScore]:
        whole = TextNode(id_="n1", text="Paris is the capital of France.")
        whole.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id="france.md")
        return [NodeWithScore(node=whole, score=0.9), NodeWithScore(node=TextNode(id_="n2", text="More."))][: self.top]


def _engine(template: str = "Context: {context_str}\nQuestion: {query_str}", **options: Any) -> RetrieverQueryEngine:
    synthesizer = get_response_synthesizer(
        llm=MockLLM(), text_qa_template=PromptTemplate(template), **{"streaming": False, **options}
    )
    return RetrieverQueryEngine(retriever=Retriever(), response_synthesizer=synthesizer)


@pytest.mark.parametrize("streaming", [False, True])
def test_nodes_are_contexts(folder: Path, streaming: bool) -> None:
    seen: list[Any] = []

    def found(output: str, retrieved: Any) -> bool:
        seen.append(retrieved)
        return "Paris" in output and "What?" in output

    case = {"question": "What?", "contexts": [{"id": "france.md"}], "lang": "en"}
    run = assay.evaluate([case], _engine(streaming=streaming), [found, {"retrieval": {"metric": "recall"}}])
    assert run.scores["found"].estimate == 1.0 and run.scores["retrieval"].estimate == 1.0
    assert run.targets == ["RetrieverQueryEngine"]
    assert seen == [
        [{"id": "france.md", "text": "Paris is the capital of France.", "score": 0.9}, {"id": "n2", "text": "More."}]
    ]


def test_an_engine_of_ones_own(folder: Path) -> None:
    class Engine(CustomQueryEngine):
        def custom_query(self, query_str: str) -> str:
            if "bad" in query_str:
                raise RuntimeError("the index is gone")
            return query_str.upper()

    cases = [
        {"id": "a", "q": "x", "lang": "de", "expected": "X"},
        {"id": "b", "q": "bad", "lang": "de", "expected": "?"},
    ]
    run = assay.evaluate(cases, adapt_target(Engine(), input="q", name="mine"), ["equals"])
    assert run.targets == ["mine"] and run.scores["equals"].n == 1 and run.totals["errors"] == 1
    assert "the index is gone" in str(run.case("b"))


def test_a_version_changes_with_the_prompt() -> None:
    assert adapt_target(_engine()).version == adapt_target(_engine()).version
    # In another process the variables of a template come in another order.
    turned = _engine()
    turned.get_prompts()["response_synthesizer:text_qa_template"].template_vars.reverse()
    assert adapt_target(turned).version == adapt_target(_engine()).version
    assert adapt_target(_engine()).version != adapt_target(_engine("Q: {query_str} {context_str}")).version


def test_data_of_an_index_is_no_part_of_a_version() -> None:
    def version(text: str, **options: Any) -> str:
        index = SummaryIndex.from_documents([Document(text=text)])
        return adapt_target(index.as_query_engine(llm=MockLLM(), **options)).version

    # Nodes have other ids each time.
    assert version("a") == version("b") != version("a", response_mode="tree_summarize")

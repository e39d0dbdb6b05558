from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.adapters import adapt_target

pytest.importorskip("langchain_core", reason="langchain-core is not installed")

from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

CASES = [
    {"id": "a", "question": "Capital of France?", "expected": "Paris"},
    {"id": "b", "question": "Capital of Italy?", "expected": "Paris"},
]
USAGE = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10, "input_token_details": {"cache_read": 2}}


def _said(text: str, **more: Any) -> AIMessage:
    about = {"finish_reason": "stop", "model_name": "fake-1"}
    return AIMessage(content=text, usage_metadata=USAGE, response_metadata=about, **more)


def test_a_model_is_asked_the_question(folder: Path) -> None:
    run = assay.evaluate(CASES, FakeListChatModel(responses=["Paris"]), ["equals"])
    assert run.scores["equals"].estimate == 1.0 and run.targets == ["FakeListChatModel"]


def test_messages_are_given_as_they_are(folder: Path) -> None:
    seen: list[Any] = []

    class Model(FakeListChatModel):
        def _call(self, messages: list[Any], *args: Any, **kwargs: Any) -> str:
            seen.append([(message.type, message.content) for message in messages])
            return "ok"

    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    assay.evaluate([{"messages": asked}], Model(responses=[]), [{"contains": "ok"}])
    assert seen == [[("system", "Be brief."), ("human", "Why?")]]


def test_a_chain_gets_its_inputs_and_tokens_are_counted_on_the_way(folder: Path) -> None:
    prompts: list[str] = []

    def note(prompt: Any) -> Any:
        prompts.append(prompt.to_string())
        return prompt

    model = GenericFakeChatModel(messages=iter([_said("Paris"), _said("Rome")]))
    prompt = ChatPromptTemplate.from_template("In {lang}: {question}")
    chain = prompt | RunnableLambda(note) | model | StrOutputParser()
    cases = [{**case, "lang": "English"} for case in CASES]
    run = assay.evaluate(cases, chain, ["equals"], concurrency=1)
    assert sorted(prompts) == ["Human: In English: Capital of France?", "Human: In English: Capital of Italy?"]
    trials = list(run.cases())
    assert {trial["output"] for trial in trials} == {"Paris", "Rome"}
    assert run.totals["input_tokens"] == 14 and run.totals["output_tokens"] == 6


def test_tool_calls_and_the_reason_are_kept(folder: Path) -> None:
    call = {"name": "search", "args": {"q": "x"}, "id": "1", "type": "tool_call"}
    model = GenericFakeChatModel(messages=iter([_said("", tool_calls=[call])]))
    seen: list[Any] = []

    def called(tool_calls: Any) -> bool:
        seen.append(tool_calls)
        return True

    assay.evaluate(CASES[:1], model, [called])
    assert seen == [[{"name": "search", "arguments": {"q": "x"}}]]


class _Retriever(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(page_content=f"about {query}", id="d1"), Document("more", metadata={"source": "s.md"})]


def test_documents_are_contexts(folder: Path) -> None:
    seen: list[Any] = []

    def found(retrieved: Any) -> bool:
        seen.append([(passage["id"], passage["text"]) for passage in retrieved])
        return True

    assay.evaluate(CASES[:1], _Retriever(), [found])
    model = FakeListChatModel(responses=["Paris"])
    chain = RunnablePassthrough.assign(context=lambda inputs: _Retriever().invoke(inputs["question"])).assign(
        answer=lambda inputs: model.invoke(inputs["question"]).content
    )
    run = assay.evaluate(CASES[:1], chain, [found, "equals"])
    assert run.scores["equals"].estimate == 1.0
    assert seen == [[("d1", "about Capital of France?"), ("s.md", "more")]] * 2


def test_the_answer_of_an_agent_is_its_last_message(folder: Path) -> None:
    call = {"name": "look", "args": {}, "id": "1"}

    def agent(state: dict[str, Any]) -> dict[str, Any]:
        asked = HumanMessage(state["question"])
        return {"messages": [asked, _said("", tool_calls=[call]), ToolMessage("x", tool_call_id="1"), _said("Paris")]}

    run = assay.evaluate(CASES[:1], RunnableLambda(agent), ["equals"])
    assert run.scores["equals"].estimate == 1.0
    # Tokens are those of both of its messages.
    assert run.totals["input_tokens"] == 14


def test_an_agent_gets_a_message(folder: Path) -> None:
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    call = {"name": "look", "args": {"place": "France"}, "id": "1", "type": "tool_call"}
    answers = iter([_said("", tool_calls=[call]), _said("Paris")])
    seen: list[Any] = []

    def look(place: str) -> str:
        """Look a place up."""
        seen.append(place)
        return "Its capital is Paris."

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

    agent = agents.create_agent(Model(messages=answers), tools=[look])
    called: list[Any] = []
    assert adapt_target(agent).version == adapt_target(agent).version
    run = assay.evaluate(
        [{**CASES[0], "lang": "en"}], agent, ["equals", lambda tool_calls: called.append(tool_calls) or True]
    )
    assert run.scores["equals"].estimate == 1.0 and seen == ["France"]
    assert called == [[{"name": "look", "arguments": {"place": "France"}}]]
    assert (run.totals["input_tokens"], run.totals["output_tokens"]) == (14, 6)


def test_an_exception_is_an_error_of_the_trial(folder: Path) -> None:
    def broken(inputs: dict[str, Any]) -> str:
        if "Italy" in inputs["question"]:
            raise RuntimeError("the tool is down")
        return "Paris"

    run = assay.evaluate(CASES, RunnableLambda(broken), ["equals"])
    assert (run.totals["ok"], run.totals["errors"]) == (1, 1) and run.scores["equals"].n == 1
    assert "the tool is down" in str(run.case("b"))


def test_a_run_goes_on_with_the_same_runnable(folder: Path) -> None:
    def answer(inputs: dict[str, Any]) -> str:
        if "Italy" in inputs["question"] and not Path("repaired").exists():
            raise RuntimeError("the tool is down")
        return "Paris"

    run = assay.evaluate(CASES, RunnableLambda(answer), ["equals"])
    Path("repaired").touch()
    again = assay.resume(run, target=RunnableLambda(answer), retry_errors=True)
    assert again.id == run.id and again.totals["ok"] == 2
    with pytest.raises(assay.UsageError, match="is not what it was"):
        assay.resume(run, target=adapt_target(FakeListChatModel(responses=["x"]), name="answer"))


_VERSION = """
from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from assay.adapters import adapt_target
chain = ChatPromptTemplate.from_template("Say {q}") | FakeListChatModel(responses=["a"]) | RunnableLambda(len)
print(adapt_target(chain).version)
"""


def test_a_version_holds_for_processes_and_changes_with_the_prompt() -> None:
    said = subprocess.run([sys.executable, "-c", _VERSION], capture_output=True, text=True, check=True).stdout.split()
    spaces: list[dict[str, Any]] = [{}, {}]
    for space, code in zip(spaces, (_VERSION, _VERSION.replace("Say", "Tell")), strict=True):
        exec(code, space)
    same, other = (adapt_target(space["chain"]).version for space in spaces)
    assert len(same) == 32 and said == [same] and same != other


def test_a_key_is_no_part_of_a_version() -> None:
    class Model(FakeListChatModel):
        api_key: str = "a"
        temperature: float = 0.0

    one, other = (adapt_target(Model(responses=["x"], api_key=key)) for key in "ab")
    warm = adapt_target(Model(responses=["x"], temperature=1.0))
    assert one.version == other.version != warm.version

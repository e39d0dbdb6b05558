from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.adapters import adapt_scorer, adapt_target

pytest.importorskip("inspect_ai", reason="inspect-ai is not installed")

from inspect_ai import Task
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, accuracy, includes, match, model_graded_fact, scorer
from inspect_ai.solver import Generate, TaskState, chain, generate, solver, system_message, use_tools
from inspect_ai.tool import tool

CASES = [{"id": str(i), "question": f"word {i}", "expected": f"WORD {i}"} for i in range(12)]


def _model(answer: Any) -> Any:
    return get_model("mockllm/model", custom_outputs=answer, memoize=False)


def _counted(output: ModelOutput) -> ModelOutput:
    """With tokens: where none are told they would be counted with a vocabulary from the network."""
    output.usage = ModelUsage(input_tokens=5, output_tokens=2, total_tokens=7, input_tokens_cache_read=1)
    return output


def _said(text: str) -> ModelOutput:
    return _counted(ModelOutput.from_content("mockllm/model", text))


def _upper(messages: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
    return _said(messages[-1].text.upper())


@solver
def checked(word: str = "bad") -> Any:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if word in state.input_text:
            raise RuntimeError("the tool is down")
        return await generate(state)

    return solve


def test_a_task_is_a_target(folder: Path) -> None:
    task = Task(name="words", solver=[system_message("Shout."), generate()], model=_model(_upper))
    run = assay.evaluate(CASES, task, ["equals"], concurrency=4)
    assert run.scores["equals"].estimate == 1.0 and run.targets == ["words"] and run.totals["ok"] == 12
    # Again, in another event loop; and each case twice.
    run = assay.evaluate(CASES[:2], task, ["equals"], epochs=2)
    assert run.totals["ok"] == 4
    assert (run.totals["input_tokens"], run.totals["output_tokens"]) == (24, 8)
    assert not list(folder.glob("logs*"))


def test_an_error_of_a_sample_is_an_error_of_the_trial(folder: Path) -> None:
    cases = [*CASES[:3], {"id": "bad", "question": "bad", "expected": "?"}]
    run = assay.evaluate(cases, adapt_target(Task(solver=checked()), model=_model(_upper)), ["equals"])
    assert (run.totals["ok"], run.totals["errors"]) == (3, 1)
    assert "the tool is down" in str(run.case("bad"))


def test_tools_are_called_and_told(folder: Path) -> None:
    @tool
    def add() -> Any:
        async def execute(x: int, y: int) -> int:
            """Add.

            Args:
                x: One.
                y: Other.
            """
            return x + y

        return execute

    answers = [
        _counted(ModelOutput.for_tool_call("mockllm/model", "add", {"x": 1, "y": 2})),
        _said("3"),
    ]
    seen: list[Any] = []

    def called(output: Any, tool_calls: Any) -> bool:
        seen.append((output, tool_calls))
        return True

    task = Task(solver=chain(use_tools(add()), generate()), model=_model(answers))
    assay.evaluate([{"q": "1 + 2"}], task, [called])
    assert seen == [("3", [{"name": "add", "arguments": {"x": 1, "y": 2}}])]


def test_a_model_that_is_not_there_is_an_error(folder: Path) -> None:
    with pytest.raises(assay.AllFailedError, match="model"):
        assay.evaluate(CASES[:2], adapt_target(Task(), model="nosuch/model"), ["equals"])


def test_a_version_changes_with_parameters_of_a_solver() -> None:
    def version(*solvers: Any) -> str:
        return adapt_target(Task(solver=list(solvers)), model="mockllm/model").version

    assert version(system_message("a"), generate()) == version(system_message("a"), generate())
    assert version(system_message("a"), generate()) != version(system_message("b"), generate())
    assert version(checked("x")) != version(checked("y"))


def test_scorers_give_labels_and_explanations(folder: Path) -> None:
    cases = [
        {"id": "a", "said": "It is Paris", "expected": "Paris"},
        {"id": "b", "said": "It is Rome.", "expected": ["Paris", "London"]},
    ]
    run = assay.evaluate(cases, lambda inputs: inputs["said"], [match(), includes()])
    assert run.scores["match"].estimate == 0.5 and run.scores["includes"].estimate == 0.5
    one = next(trial for trial in run.cases() if trial["case"] == "a")
    assert one["scores"]["match"] == {"value": 1.0, "label": "C", "reason": "It is Paris", "status": "scored"}


def test_a_judge_of_inspect(folder: Path) -> None:
    grader = _model(lambda *_: _said("Close.\nGRADE: P"))
    judge = adapt_scorer(model_graded_fact(model=grader, partial_credit=True), name="judge")
    run = assay.evaluate([{"q": "a", "expected": "b"}], lambda inputs: "x", [judge])
    assert run.scores["judge"].estimate == 0.5 and "Close." in next(iter(run.cases()))["scores"]["judge"]["reason"]


def test_what_scorers_may_give(folder: Path) -> None:
    @scorer(metrics=[accuracy()])
    def several(kind: str = "") -> Any:
        async def score(state: TaskState, target: Any) -> Any:
            given: dict[str, Any] = {
                "none": None,
                "nan": Score.unscored(explanation="no grade"),
                "dict": Score(value={"a": 0.25, "b": 1}),
                "word": Score(value="maybe"),
                "bool": Score(value=True),
            }
            if state.input_text == "raise":
                raise ValueError("broken")
            return given[state.input_text]

        return score

    cases = [{"id": kind, "q": kind} for kind in ("none", "nan", "dict", "word", "bool", "raise")]
    run = assay.evaluate(cases, str, [adapt_scorer(several(), key="a")])
    said = {trial["case"]: trial["scores"]["several"] for trial in run.cases()}
    assert {case: score["status"] for case, score in said.items()} == {
        "none": "unscored", "nan": "unscored", "dict": "scored", "word": "error", "bool": "scored", "raise": "error",
    }  # fmt: skip
    assert said["dict"]["value"] == 0.25 and said["bool"]["value"] == 1.0 and said["nan"]["reason"] == "no grade"
    with pytest.raises(TypeError, match=r"several makes scorers of Inspect: give several\(\)"):
        assay.evaluate(cases, str, [several])

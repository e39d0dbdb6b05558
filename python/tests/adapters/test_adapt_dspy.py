from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.adapters import adapt_target

dspy = pytest.importorskip("dspy", reason="dspy is not installed")

from dspy.utils import DummyLM

CASES = [
    {"id": "a", "question": "Capital of France?", "expected": "Paris"},
    {"id": "b", "question": "Capital of Italy?", "expected": "Rome"},
]


@pytest.fixture(autouse=True)
def lm() -> Iterator[None]:
    answers = {
        "France": {"reasoning": "I know", "answer": "Paris", "confidence": "high"},
        "Italy": {"reasoning": "I know", "answer": "Rome", "confidence": "low"},
    }
    dspy.configure(lm=DummyLM(answers))
    yield
    dspy.configure(lm=None)


def test_the_field_that_is_no_reasoning_is_the_answer(folder: Path) -> None:
    run = assay.evaluate(CASES, dspy.ChainOfThought("question -> answer"), ["equals"])
    assert run.scores["equals"].estimate == 1.0 and run.targets == ["ChainOfThought"]
    assert run.totals["output_tokens"] >= 0


def test_a_field_can_be_named(folder: Path) -> None:
    module = dspy.Predict("question -> answer, confidence")
    assert assay.evaluate(CASES, adapt_target(module, output="answer"), ["equals"]).scores["equals"].estimate == 1.0
    run = assay.evaluate(CASES, module, [lambda output: output["confidence"] == "high"])
    assert run.scores["function"].estimate == 0.5


def test_a_program_of_ones_own_is_called_in_threads_and_its_contexts_are_kept(folder: Path) -> None:
    class Rag(dspy.Module):
        def __init__(self) -> None:
            super().__init__()
            self.answer = dspy.Predict("context, question -> answer")

        def forward(self, question: str) -> Any:
            if "Italy" in question:
                raise RuntimeError("no such passage")
            context = ["Paris is in France."]
            return dspy.Prediction(context=context, answer=self.answer(context=context, question=question).answer)

    seen: list[Any] = []

    def found(retrieved: Any) -> bool:
        seen.append([passage["text"] for passage in retrieved])
        return True

    cases = [{**case, "lang": "en"} for case in CASES]
    run = assay.evaluate(cases, adapt_target(Rag(), inputs=["question"]), ["equals", found])
    assert run.scores["equals"].estimate == 1.0 and run.totals["errors"] == 1 and seen == [["Paris is in France."]]
    assert "no such passage" in str(run.case("b"))


def test_a_version_changes_with_instructions_and_demonstrations() -> None:
    plain = dspy.Predict("question -> answer")
    told = dspy.Predict(dspy.Signature("question -> answer", "Be brief."))
    shown = dspy.Predict("question -> answer")
    shown.demos = [dspy.Example(question="1+1", answer="2").with_inputs("question")]
    versions = [adapt_target(module).version for module in (plain, told, shown)]
    assert len(set(versions)) == 3 and adapt_target(dspy.Predict("question -> answer")).version == versions[0]

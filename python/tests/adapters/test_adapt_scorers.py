"""Metrics of other libraries as scorers."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.adapters import adapt_scorer

CASES = [
    {"id": "same", "question": "1?", "answer": "one two", "expected": "one two"},
    {"id": "near", "question": "2?", "answer": "one tow", "expected": "one two"},
    {"id": "far", "question": "3?", "answer": "xyz", "expected": "one two"},
]


def answer(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"output": inputs["answer"], "contexts": ["one", "two"]}


def _scores(run: Any, scorer: str) -> dict[str, Any]:
    return {trial["case"]: trial["scores"][scorer] for trial in run.cases()}


# autoevals


def test_autoevals(folder: Path) -> None:
    autoevals = pytest.importorskip("autoevals", reason="autoevals is not installed")
    run = assay.evaluate(CASES, answer, [autoevals.Levenshtein(), autoevals.ExactMatch(), autoevals.NumericDiff()])
    found = {case: score["value"] for case, score in _scores(run, "Levenshtein").items()}
    assert found == {"same": 1.0, "near": pytest.approx(5 / 7), "far": 0.0}
    assert run.scores["Levenshtein"].range == (0.0, 1.0)
    assert run.scores["ExactMatch"].estimate == pytest.approx(1 / 3)
    # Texts are no numbers: it fails, which is no zero.
    assert run.scores["NumericDiff"].scorer_errors == 3 and run.scores["NumericDiff"].n == 0


def test_what_autoevals_say_beside_the_score(folder: Path) -> None:
    pytest.importorskip("autoevals", reason="autoevals is not installed")
    from autoevals import Score
    from autoevals.score import Scorer

    seen: list[Any] = []

    class Judge(Scorer):
        async def _run_eval_async(self, output: Any, expected: Any = None, **given: Any) -> Score:
            seen.append(given)
            if output == "xyz":
                return Score(name="j", score=None)
            return Score(name="j", score=0.5, metadata={"rationale": "so so", "choice": "B"})

        def _run_eval_sync(self, output: Any, expected: Any = None, **given: Any) -> Score:
            raise AssertionError("async is there")

    run = assay.evaluate(CASES, answer, [adapt_scorer(Judge(), name="judge", input="question")])
    said = _scores(run, "judge")
    assert said["same"] == {"value": 0.5, "label": "B", "reason": "so so", "status": "scored"}
    assert said["far"]["status"] == "unscored"
    assert seen[0]["context"] == ["one", "two"] and seen[0]["input"] in ("1?", "2?", "3?")


# DeepEval


def test_deepeval(folder: Path) -> None:
    pytest.importorskip("deepeval", reason="deepeval is not installed")
    from deepeval.metrics import BaseMetric, ExactMatchMetric, PatternMatchMetric

    class Slow(BaseMetric):
        """As people write them: it knows nothing of indicators, and keeps its last score."""

        threshold = 0.5

        def measure(self, test_case: Any) -> float:
            raise AssertionError("async is there")

        async def a_measure(self, test_case: Any) -> float:
            self.score = len(test_case.actual_output) / 10
            mine = self.score
            await asyncio.sleep(0.3)
            assert self.score == mine, "another trial has overwritten the score"
            if test_case.actual_output == "xyz":
                self.error = "the judge did not answer"
            self.reason = " ".join(test_case.retrieval_context)
            return self.score

        @property
        def __name__(self) -> str:
            return "Slow Metric"

    started = time.perf_counter()
    cases = [{**CASES[i % 3], "id": str(i)} for i in range(30)]
    run = assay.evaluate(
        cases, answer, [ExactMatchMetric(), PatternMatchMetric(pattern="one.*"), Slow()], concurrency=30
    )
    assert time.perf_counter() - started < 6, "they wait for each other"
    assert run.scores["exact_match"].estimate == pytest.approx(1 / 3)
    assert run.scores["pattern_match"].estimate == pytest.approx(2 / 3)
    slow = run.scores["slow_metric"]
    assert (slow.n, slow.scorer_errors, slow.estimate) == (20, 10, pytest.approx(0.7))
    one = next(iter(run.cases()))["scores"]
    assert one["exact_match"]["reason"] == "The actual and expected outputs are exact matches."
    assert adapt_scorer(Slow()).options["threshold"] == 0.5


def test_a_metric_of_deepeval_with_a_model(folder: Path) -> None:
    pytest.importorskip("deepeval", reason="deepeval is not installed")
    from deepeval.metrics import GEval
    from deepeval.models import DeepEvalBaseLLM
    from deepeval.test_case import SingleTurnParams

    class Judge(DeepEvalBaseLLM):
        def load_model(self, *args: Any, **kwargs: Any) -> Any:
            return self

        def generate(self, prompt: str, schema: Any = None, **kwargs: Any) -> Any:
            said = {"score": 7, "reason": "mostly right", "steps": ["look"], "verdict": "yes"}
            return schema(**{name: said[name] for name in schema.model_fields})

        async def a_generate(self, prompt: str, schema: Any = None, **kwargs: Any) -> Any:
            return self.generate(prompt, schema)

        def get_model_name(self, *args: Any, **kwargs: Any) -> str:
            return "judge-1"

    metric = GEval(
        name="Right",
        criteria="Is it right?",
        evaluation_params=[SingleTurnParams.ACTUAL_OUTPUT, SingleTurnParams.EXPECTED_OUTPUT],
        model=Judge(),
        threshold=0.6,
    )
    run = assay.evaluate(CASES, answer, [adapt_scorer(metric, input="question", name="right")])
    assert run.scores["right"].estimate == pytest.approx(0.7) and run.scores["right"].scorer_errors == 0
    assert _scores(run, "right")["far"]["reason"] == "mostly right"


def test_a_metric_that_is_better_when_lower(folder: Path) -> None:
    pytest.importorskip("deepeval", reason="deepeval is not installed")
    from deepeval.metrics import BaseMetric

    class Toxic(BaseMetric):
        threshold = 0.2

        def measure(self, test_case: Any) -> float:
            self.score = 0.1
            return self.score

        def is_successful(self) -> bool:
            return self.score <= self.threshold

        @property
        def __name__(self) -> str:
            return "Toxic"

    scorer = adapt_scorer(Toxic(), input="question")
    assert scorer.options["direction"] == "lower" and scorer.options["threshold"] == 0.2
    run = assay.evaluate(CASES, answer, [scorer])
    assert run.scores["toxic"].estimate == pytest.approx(0.1)


# Ragas


def test_ragas(folder: Path) -> None:
    pytest.importorskip("ragas", reason="ragas is not installed")
    from ragas.metrics import NonLLMContextRecall, NonLLMStringSimilarity
    from ragas.metrics.collections import ExactMatch
    from ragas.metrics.collections import NonLLMStringSimilarity as Similarity

    similar = adapt_scorer(NonLLMStringSimilarity(), input="question", name="similar")
    newer = adapt_scorer(Similarity(), input="question", name="newer")
    exact = adapt_scorer(ExactMatch(), input="question")
    recall = adapt_scorer(NonLLMContextRecall(), input="question", name="recall")
    cases = [{**CASES[0], "contexts": ["one", "three"]}, *CASES[1:]]
    run = assay.evaluate(cases, answer, [similar, newer, exact, recall])
    found = {case: score["value"] for case, score in _scores(run, "similar").items()}
    assert found == {"same": 1.0, "near": pytest.approx(5 / 7), "far": pytest.approx(0.0)}
    assert found == {case: pytest.approx(score["value"]) for case, score in _scores(run, "newer").items()}
    assert run.scores["exact_match"].estimate == pytest.approx(1 / 3)
    recalled = _scores(run, "recall")
    assert recalled["same"]["value"] == 0.5 and recalled["far"]["status"] == "unscored"
    assert run.scores["recall"].unscored == 2


def test_metrics_of_ragas_that_are_written_as_functions(folder: Path) -> None:
    pytest.importorskip("ragas", reason="ragas is not installed")
    from ragas.metrics import MetricResult, discrete_metric, numeric_metric

    @discrete_metric(name="polite", allowed_values=["pass", "fail"])
    def polite(response: str) -> Any:
        return MetricResult(value="pass" if "one" in response else "fail", reason="it says one")

    @numeric_metric(name="long", allowed_values=(0, 50))
    def long(response: str) -> Any:
        return MetricResult(value=len(response), reason=None)

    @discrete_metric(name="grade", allowed_values=["good", "poor"])
    def grade(response: str) -> Any:
        return MetricResult(value="good", reason=None)

    with pytest.raises(ValueError, match=r"gives labels: say values=\{…\} with what good, poor is worth"):
        adapt_scorer(grade)
    graded = adapt_scorer(grade, values={"good": 2, "poor": 0}, input="question")
    others = [adapt_scorer(metric, input="question") for metric in (polite, long)]
    run = assay.evaluate(CASES, answer, [*others, graded])
    assert run.scores["polite"].estimate == pytest.approx(2 / 3)
    assert run.scores["long"].estimate == pytest.approx(17 / 3) and run.scores["long"].range == (0.0, 50.0)
    assert run.scores["grade"].estimate == 2.0
    assert _scores(run, "polite")["far"] == {"value": 0.0, "label": "fail", "reason": "it says one", "status": "scored"}


# Hugging Face evaluate


def _metric(folder: Path, name: str, kind: str, body: str) -> Any:
    evaluate = pytest.importorskip("evaluate", reason="evaluate is not installed")
    place = folder / "metrics" / name
    place.mkdir(parents=True)
    (place / f"{name}.py").write_text(
        f"""
import datasets
import evaluate

class {name.title().replace("_", "")}(evaluate.Metric):
    def _info(self):
        kind = datasets.Value("{kind}")
        features = datasets.Features({{"predictions": kind, "references": kind}})
        return evaluate.MetricInfo(description="d", citation="c", inputs_description="i", features=features)

    def _compute(self, predictions, references, **more):
        {body}
"""
    )
    return evaluate.load(str(place), cache_dir=str(folder / "cache"))


def test_evaluate(folder: Path) -> None:
    exact = _metric(
        folder,
        "exact_match",
        "string",
        "return {'exact_match': float(predictions == references) + more.get('bonus', 0)}",
    )
    cases = [{**CASES[i % 3], "id": str(i)} for i in range(30)]
    run = assay.evaluate(cases, answer, [exact])
    assert run.scores["exact_match"].estimate == pytest.approx(1 / 3) and run.scores["exact_match"].n == 30
    bonus = adapt_scorer(exact, bonus=1, range=(0, 2), name="bonus")
    assert assay.evaluate(cases, answer, [bonus]).scores["bonus"].estimate == pytest.approx(4 / 3)


def test_evaluate_of_numbers(folder: Path) -> None:
    mae = _metric(folder, "mae", "float", "return {'mae': abs(predictions[0] - references[0]), 'n': len(predictions)}")
    cases = [{"id": "a", "q": "1.5", "expected": 1}, {"id": "b", "q": "many", "expected": 2}]
    with pytest.raises(ValueError, match="the range of the metric `mae` is not known: say range="):
        assay.evaluate(cases, lambda inputs: inputs["q"], [mae])
    scorer = adapt_scorer(mae, range=(0, 10))
    assert scorer.options["direction"] == "lower"
    run = assay.evaluate(cases, lambda inputs: inputs["q"], [scorer])
    assert run.scores["mae"].estimate == 0.5 and run.scores["mae"].scorer_errors == 1
    assert "the metric wants numbers, but the answer is 'many'" in _scores(run, "mae")["b"]["reason"]


def test_versions_of_scorers_change_with_their_settings() -> None:
    pytest.importorskip("deepeval", reason="deepeval is not installed")
    from deepeval.metrics import PatternMatchMetric

    one, same, other = (adapt_scorer(PatternMatchMetric(pattern=p)).version for p in ("a", "a", "b"))
    assert one == same != other

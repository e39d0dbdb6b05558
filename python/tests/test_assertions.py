"""Assertions on runs, cases and values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay import InconclusiveError, Run, assert_that
from assay._cases import CaseResult, Score, TrialResult, cases_of
from assay._listing import listing
from assay._plain import plain

CASES = [
    {"id": f"c{i}", "q": f"word {i}", "expected": f"WORD {i}", "metadata": {"lang": "de" if i % 2 else "en"}}
    for i in range(200)
]


def shout(inputs: dict[str, Any]) -> str:
    """Wrong for every tenth case, which are all English."""
    return inputs["q"] if inputs["q"].endswith("0") else inputs["q"].upper()


def whisper(inputs: dict[str, Any]) -> str:
    return inputs["q"]


def test_runs(folder: Path) -> None:
    run = assay.evaluate(CASES, shout, ["equals", "latency"], slices=["lang"], gate=["equals >= 0.8"], name="words")
    whole = assert_that(run).passes().passes(["equals <= 0.97"])
    whole.scorer("equals").is_at_least(0.8).is_at_most(0.99).no_worse_than(run, margin=0.05)
    whole.scorer("equals", slice="lang = 'de'").is_at_least(0.95)
    whole.scorer("latency", quantile=0.95).is_at_most(30)
    with pytest.raises(AssertionError) as failed:
        whole.scorer("equals").is_at_least(0.97)
    assert not isinstance(failed.value, InconclusiveError)
    said = str(failed.value).splitlines()
    ends = assay.stats.wilson(180, 200)
    assert said[0] == "equals ≥ 0.97: fail"
    assert said[1] == f"  0.9000 (95% CI {ends.lower:.4f} to {ends.upper:.4f}, n = 200)"
    assert "  case c0: 0, expected `WORD 0`, got `word 0`" in said and "  and 15 more" in said
    assert said[-1] == f"  run {run.id[-8:]}: assay show {run.id[-8:]}"
    with pytest.raises(InconclusiveError, match=r"equals ≥ 0.88: inconclusive(.|\n)*about \d+ cases would settle it"):
        whole.scorer("equals").is_at_least(0.88)
    with pytest.raises(InconclusiveError, match="inconclusive"):
        whole.passes(["equals >= 0.88", "equals >= 0.8"])
    with pytest.raises(AssertionError, match=r"equals ≥ 0\.99: fail"):
        whole.passes(["equals >= 0.88", "equals >= 0.99"])
    with pytest.raises(AssertionError, match=r"180 of 200 cases pass\n  case c0: equals 0"):
        whole.every_case_passes()
    with pytest.raises(assay.UsageError, match="no scorer `equal`"):
        whole.scorer("equal").is_at_least(0.5)
    worse = assay.evaluate(CASES, [shout, whisper], ["equals"], name="words")
    with pytest.raises(AssertionError, match=r"of whisper: fail\n.*\n  case c1: 1 became 0"):
        assert_that(worse).scorer("equals").no_worse_than(run, margin=0.05)
    with pytest.raises(AssertionError, match="of whisper: fail"):
        assert_that(worse).scorer("equals").is_at_least(0.8)
    assert_that(worse).scorer("equals", target="shout").is_at_least(0.8).no_worse_than(run, margin=0.05)
    with pytest.raises(ValueError, match="the run has no gate"):
        assert_that(worse).passes()


def test_cases(folder: Path) -> None:
    run = assay.evaluate(CASES[:12], shout, ["equals"], epochs=2)
    cases = cases_of(run)
    assert list(cases) and len(cases) == 12
    right, wrong = cases["c1"], cases["c10"]
    assert right.passed and right.values("equals") == [1.0, 1.0] and right.output == "WORD 1"
    assert right.expected == "WORD 1" and right.inputs == {"q": "word 1"} and right.metadata == {"lang": "de"}
    assert [trial.epoch for trial in wrong.trials] == [0, 1] and not wrong.passed
    assert_that(right).passes()
    with pytest.raises(AssertionError, match=r"case c10 passes: fail\n  0 of 2 trials pass\n  epoch 0: equals 0"):
        assert_that(wrong).passes()
    with pytest.raises(KeyError, match="there is no score 'equal'; there are: equals"):
        right.values("equal")
    unscored = assay.evaluate([{"q": "a", "expected": "A"}, {"q": "b", "expected": None}], shout, ["equals"])
    with pytest.raises(InconclusiveError, match="no scorer says whether it passes"):
        assert_that(unscored).every_case_passes()


RUN = Run("0" * 32, Path())


def case(*trials: TrialResult) -> CaseResult:
    return CaseResult("c", RUN, trials)


def trial(epoch: int, value: float | None, status: str = "ok", error: str | None = None) -> TrialResult:
    state = "error" if value is None else "scored"
    scores = {"equals": Score(value, None, error, state, None if value is None else value >= 1)}
    return TrialResult(
        RUN, "c", {}, None, "t", epoch, status, "out", error, {}, None, None, False, scores if status == "ok" else {}
    )


@pytest.mark.parametrize(
    ("trials", "flake", "verdict"),
    [
        ([trial(0, 1)], 0.0, "pass"),
        ([trial(0, 0)], 0.0, "fail"),
        ([trial(0, 1), trial(1, 0)], 0.0, "fail"),
        # Of ten, at a flake of 2%, one failure is explained by chance and two are not.
        ([*(trial(e, 1) for e in range(9)), trial(9, 0)], 0.02, "pass"),
        ([*(trial(e, 1) for e in range(8)), trial(8, 0), trial(9, 0)], 0.02, "fail"),
        ([trial(0, None, error="judge is away")], 0.0, "inconclusive"),
        ([trial(0, None), trial(1, 0)], 0.0, "fail"),
        ([trial(0, None, "refused_by_budget")], 0.0, "inconclusive"),
        ([trial(0, None, "error", "boom")], 0.0, "fail"),
    ],
)
def test_a_case_passes_fails_or_is_open(trials: list[TrialResult], flake: float, verdict: str) -> None:
    from assay._assertions import _judge

    found, lines = _judge(tuple(trials), flake, 1)
    assert found == verdict and bool(lines) == (verdict != "pass")
    assert case(*trials).passed == (all(one.passed for one in trials))


def test_values() -> None:
    few, many = [1] * 9 + [0], [1] * 900 + [0] * 20
    assert_that(many).is_at_least(0.95).is_at_most(0.99).no_worse_than(many, margin=0.01)
    assert_that([0.25, 0.5, 0.75] * 40, bounds=(0, 1), clusters=list(range(120))).is_at_most(0.6)
    with pytest.raises(
        InconclusiveError, match=r"answered ≥ 0.9: inconclusive\n  0.9 \(95% CI 0.5958 to 0.9821, n = 10\)"
    ):
        assert_that(few, name="answered").is_at_least(0.9)
    with pytest.raises(AssertionError, match=r"no worse than the baseline by 0\.01: fail"):
        assert_that([0] * 50).no_worse_than([1] * 50, margin=0.01)
    with pytest.raises(ValueError, match="NaN"):
        assert_that([float("nan")]).is_at_least(0.5)
    with pytest.raises(TypeError):
        assert_that("text").is_at_least(0.5)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="options are for numbers, not for a CaseResult"):
        assert_that(case(trial(0, 1)), name="x")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[2J\x07\r\n\tnext", "[2J next"),
        ("a\u202eb\u2066c\u200f", "a b c"),
        ("\ud800x\x9b", "x"),
        ("é 日本 👍🏽", "é 日本 👍🏽"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_what_a_terminal_obeys_is_a_space(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_cases_are_drawn_by_the_seed(folder: Path) -> None:
    found = listing(CASES, None, folder / ".assay")
    assert found.limited(None, 0) == found.limited(1000, 0) == [row["id"] for row in CASES]
    ten = found.limited(10, 0)
    assert len(ten) == 10 and ten == found.limited(10, 0) != found.limited(10, 1)
    assert ten != found.ids[:10] and [row["id"] for row in found.rows(set(ten))] == ten

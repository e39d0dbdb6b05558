"""What runs hold, compare and give: levels, differences, gates, tables, reports."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import stats

CASES = [
    {"id": str(i), "q": f"word {i}", "expected": f"WORD {i}", "metadata": {"lang": "de" if i % 2 else "en"}}
    for i in range(40)
]


def shout(inputs: dict[str, Any]) -> str:
    return inputs["q"].upper()


def test_two_versions_are_compared_by_case(folder: Path) -> None:
    def half(inputs: dict[str, Any]) -> str:
        return inputs["q"].upper() if inputs["q"] < "word 2" else inputs["q"]

    first = assay.evaluate(CASES, half, ["equals"], slices=["lang"], name="words")
    second = assay.evaluate(CASES, shout, ["equals"], slices=["lang"], name="words", baseline=first)
    found = second.compare(first)
    moved = found["equals"]
    assert found.verdict == moved.verdict == "better" and found.matched == 40
    assert moved.estimate == pytest.approx(moved.candidate - moved.baseline)
    assert moved.worse == 0 and moved.better == len(moved.flips) == 40 * moved.estimate
    assert not any(flip.worse for flip in moved.flips)
    assert found.to_dict() == assay.compare(second, first).to_dict()
    assert second.comparison is not None and second.comparison.verdict == "better"
    assert assay.compare(first, second).verdict == "worse"
    assert len(found.slices) == 2 and "<Comparison:" in repr(found)
    both = assay.evaluate(CASES, [half, shout], ["equals"])
    assert both.scores["equals", "shout"].estimate == 1.0
    with pytest.raises(KeyError, match="several targets"):
        both.scores["equals"]
    assert both.compare(both, target="shout", baseline_target="half").verdict == "better"
    rules = [{"scorer": "equals", "margin": 0.01}]
    assert assay.gate(second, rules, baseline=both, baseline_target="half").passed
    assert assay.gate(first, rules, baseline=both, baseline_target="shout").verdict == "fail"
    with pytest.raises(ValueError, match="goes with a baseline"):
        assay.gate(second, rules, baseline_target="half")
    with pytest.raises(assay.UsageError, match="half"):
        both.compare(first)


def test_what_runs_hold_is_called_as_in_stats(folder: Path) -> None:
    first = assay.evaluate(
        CASES, lambda inputs: inputs["q"].upper()[: 5 + len(inputs["q"]) % 2], ["equals"], name="words"
    )
    second = assay.evaluate(CASES, shout, ["equals"], name="words")
    values = [[case["scores"]["equals"]["value"] for case in run.cases()] for run in (second, first)]
    level, moved = stats.level(values[0]), stats.difference(*values)
    for ours, theirs in ((second.scores["equals"], level), (second.compare(first)["equals"], moved)):
        shared = {field.name for field in dataclasses.fields(theirs)} - {"kind", "_native"}
        assert shared <= {field.name for field in dataclasses.fields(ours)}
        for name in shared:
            assert str(getattr(ours, name)) == str(getattr(theirs, name)), name
        assert float(ours) == theirs.estimate
    assert second.compare(first)["equals"].pvalue == moved.pvalue
    assert assay.evaluate(CASES[:1], shout, ["latency"]).scores["latency"].reason == "one case has no spread"


def test_what_a_run_is_compared_with_is_found_before_anything_is_run(folder: Path) -> None:
    if (
        "|NAME|"
        not in subprocess.run([os.environ["ASSAY_BIN"], "run", "--help"], capture_output=True, text=True).stdout
    ):
        pytest.skip("this `assay` command knows no names of baselines")
    called: list[str] = []

    def counted(inputs: dict[str, Any]) -> str:
        called.append(inputs["q"])
        return inputs["q"].upper()

    for unknown in ("@nothing", "v1", "0123456789abcdef"):
        with pytest.raises(assay.UsageError):
            assay.evaluate(CASES, counted, ["equals"], name="words", baseline=unknown)
    assert not called and not assay.runs()
    first = assay.evaluate(CASES, counted, ["equals"], name="words")
    subprocess.run([os.environ["ASSAY_BIN"], "baseline", "set", "v1", first.id], check=True, capture_output=True)
    second = assay.evaluate(CASES, counted, ["equals"], name="words", baseline="v1")
    assert second.comparison is not None and first.id[-8:] in second.comparison.baseline
    assert assay.compare(second, "v1").matched == 40
    assert assay.gate(second, [{"scorer": "equals", "margin": 0.2}], baseline="v1").passed


def test_a_gate_is_asked_other_rules(folder: Path) -> None:
    run = assay.evaluate(CASES, shout, ["equals"])
    assert run.gate.verdict is None and "no rules" in repr(run.gate)
    assert assay.gate(run, ["equals >= 0.8"]).passed
    assert assay.gate(run, "equals <= 0.5").verdict == "fail"
    open_ = assay.gate(run, [{"scorer": "equals", "min": 0.99}])
    assert open_.verdict == "inconclusive" and open_.rules[0].reasons == ("the interval contains the threshold",)
    with pytest.raises(TypeError, match="inconclusive"):
        bool(open_)
    with pytest.raises(assay.UsageError, match="no scorer `equal`"):
        assay.gate(run, ["equal >= 0.8"])


def test_tables(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    run = assay.evaluate(CASES, shout, ["equals", {"name": "output", "contains": "WORD 1"}])
    frame = run.to_pandas()
    first = ["case_id", "target", "epoch", "status", "inputs.q", "expected", "metadata.lang", "output", "equals"]
    assert [*frame.columns[:10]] == [*first, "output_score"]
    assert [*frame["inputs.q"].str.upper()] == [*frame["expected"]] == [*frame["output"]]
    assert frame.groupby("metadata.lang")["equals"].count().to_dict() == {"de": 20, "en": 20}
    assert len(frame) == 40 and frame["equals"].mean() == 1.0
    assert math.isclose(frame["output_score"].mean(), run.scores["output"].estimate)
    assert run.to_polars("scores").height == 80
    assert run.to_arrow("trials").num_rows == 40
    with pytest.raises(ValueError, match="must be 'joined', 'trials' or 'scores'"):
        run.to_arrow("cases")  # type: ignore[arg-type]


def test_tables_show_what_was_asked_in_its_own_types(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    rows = [
        {
            "id": f"c{i}",
            "n": i,
            "share": i / 2,
            "deep": [i],
            "odd": bool(i % 2),
            "mixed": i if i else "none",
            "huge": 10**i,
        }
        for i in range(30)
    ]
    del rows[3]["share"]
    fields = {"input": ["n", "share", "deep", "odd", "mixed", "huge"], "expected": "n"}
    run = assay.evaluate(rows, lambda inputs: str(inputs["n"]), ["numeric"], fields=fields, epochs=2)
    table = run.to_arrow()
    types = {name.partition(".")[2]: str(table.schema.field(name).type) for name in table.column_names if "." in name}
    assert types == {
        "n": "int64", "share": "double", "deep": "string", "odd": "bool", "mixed": "string", "huge": "string"
    }  # fmt: skip
    frame = table.to_pandas()
    assert len(frame) == 60 and frame["expected"].to_list() == frame["inputs.n"].to_list()
    assert frame["inputs.share"].isna().sum() == 2 and json.loads(frame["inputs.deep"][9]) == [frame["inputs.n"][9]]
    case = next(case for case in run.cases() if case["case"] == "c7")
    assert (case["inputs"]["deep"], case["inputs"]["huge"], case["expected"]) == ([7], 10**7, 7)


def test_reports_and_charts(folder: Path) -> None:
    run = assay.evaluate(CASES, shout, ["equals", "latency"], gate=["equals >= 0.8"])
    for name, begins in [("a.html", "<!doctype html>"), ("a.md", "#"), ("a.json", "{"), ("a.xml", "<?xml")]:
        assert run.report(name).read_text().lower().startswith(begins)
    with pytest.raises(ValueError, match="must end with"):
        run.report("a.pdf")
    html = run._repr_html_()
    assert "<svg" in html and html.count("<circle") == 2 and "stroke-dasharray" in html
    pytest.importorskip("matplotlib").use("Agg")
    assert len(run.plot().get_yticks()) == 2

"""Retrieval, records and tool calls."""

from __future__ import annotations

import math
import random
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType

import pytest

from assay import metrics


def collection(queries: int = 30, documents: int = 40) -> tuple[dict, dict]:
    rng = random.Random(2)
    qrels = {
        f"q{q}": {f"d{d}": rng.choice([-1, 0, 0, 1, 2, 3]) for d in rng.sample(range(documents), 15)}
        for q in range(queries)
    }
    # With ties, scores that are equal as 32-bit floats only, and negative ones.
    run = {
        f"q{q}": {
            f"d{d}": rng.choice([1.0, 1.00000001, round(rng.uniform(-1, 3), 1)])
            for d in rng.sample(range(documents), 25)
        }
        for q in range(queries - 3)
    }
    run["unknown"] = {"d1": 1.0}
    return qrels, run


QRELS, RUN = collection()


@pytest.mark.parametrize("level", [1, 2])
def test_measures_are_those_of_trec_eval(level: int) -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    names = {
        "ndcg": "ndcg",
        "ndcg@5": "ndcg_cut_5",
        "map": "map",
        "map@10": "map_cut_10",
        "p@5": "P_5",
        "recall@10": "recall_10",
        "mrr": "recip_rank",
        "rprec": "Rprec",
        "bpref": "bpref",
        "infap": "infAP",
        "success@5": "success_5",
        "iprec@0.10": "iprec_at_recall_0.10",
        "11pt_avg": "11pt_avg",
        "set_f": "set_F",
        "num_rel_ret": "num_rel_ret",
    }
    evaluator = pytrec_eval.RelevanceEvaluator(QRELS, pytrec_eval.supported_measures, relevance_level=level)
    expected = evaluator.evaluate(RUN)
    found = metrics.evaluate(QRELS, RUN, list(names), relevance_level=level, missing="skip")
    assert set(found.queries) == set(expected)
    for query, values in expected.items():
        for ours, theirs in names.items():
            assert found.queries[query][ours] == pytest.approx(values[theirs]), (query, ours)
    mean = sum(values["ndcg_cut_5"] for values in expected.values()) / len(expected)
    assert found["ndcg@5"] == pytest.approx(mean)
    assert found.missing == ("q27", "q28", "q29")
    assert found.not_judged == ("unknown",)
    with_zeros = metrics.evaluate(QRELS, RUN, "ndcg@5", relevance_level=level)
    assert with_zeros["ndcg@5"] == pytest.approx(mean * len(expected) / len(QRELS))
    every = metrics.evaluate(QRELS, RUN, "all_trec")
    assert len(every.scores) > 60


@pytest.mark.filterwarnings("ignore")  # of numba, about types
def test_measures_are_those_of_ranx() -> None:
    ranx = pytest.importorskip("ranx")
    rng = random.Random(5)
    qrels = {f"q{q:02}": {f"d{d}": max(rng.randint(-1, 3), 0) for d in rng.sample(range(60), 20)} for q in range(30)}
    qrels = {query: {**grades, "missed": 1} for query, grades in qrels.items()}
    # Without ties, which trec_eval and ranx break in different ways.
    run = {
        query: {f"d{d}": float(s) for d, s in zip(rng.sample(range(60), 30), rng.sample(range(1000), 30), strict=True)}
        for query in qrels
    }
    names = {
        "precision@5": "p@5",
        "recall@10": "recall@10",
        "r-precision": "rprec",
        "mrr": "mrr",
        "map@10": "map@10",
        "ndcg@5": "ndcg@5",
        "ndcg_burges@5": "ndcg_exp@5",
        "bpref": "bpref",
    }
    theirs = ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), list(names), return_mean=False)
    ours = metrics.evaluate(qrels, run, list(names.values()))
    for name, own in names.items():
        assert [ours.queries[query][own] for query in sorted(qrels)] == pytest.approx(list(theirs[name])), name


def test_any_mapping_will_do_and_names_of_trec_eval_too() -> None:
    plain = metrics.evaluate(QRELS, RUN, ["ndcg@5"])
    frozen = {q: MappingProxyType(d) for q, d in QRELS.items()}
    other = metrics.evaluate(MappingProxyType(frozen), OrderedDict(RUN), ["ndcg_cut_5"])
    assert other.scores == plain.scores
    assert "ndcg@5" in repr(plain)
    assert plain.to_dict()["scores"] == plain.scores


def test_files_are_read_and_their_faults_named(tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text("q1 0 d1 1\nq1 0 d2 0\n")
    (tmp_path / "run").write_text("q1 Q0 d2 1 3.0 x\nq1 Q0 d1 2 2.0 x\n")
    qrels, run = metrics.read_qrels(tmp_path / "qrels"), metrics.read_run(tmp_path / "run")
    assert (qrels, run) == ({"q1": {"d1": 1, "d2": 0}}, {"q1": {"d2": 3.0, "d1": 2.0}})
    assert metrics.evaluate(qrels, run, "mrr")["mrr"] == 0.5
    (tmp_path / "run").write_text("q1 Q0 d2 1 high x\n")
    with pytest.raises(ValueError, match=r"run: line 1: the score `high` is not a finite number"):
        metrics.read_run(tmp_path / "run")


def test_one_ranking() -> None:
    ranked, grades = ["a", "b", "c", "d"], {"b": 1, "d": 2, "x": 1}
    qrels, run = {"q": grades}, {"q": {document: -at for at, document in enumerate(ranked)}}
    whole = metrics.evaluate(qrels, run, ["ndcg@3", "map", "mrr", "p@2", "recall@4"]).queries["q"]
    assert metrics.ndcg(ranked, grades, k=3) == pytest.approx(whole["ndcg@3"])
    assert metrics.average_precision(ranked, grades) == pytest.approx(whole["map"])
    assert metrics.reciprocal_rank(ranked, grades) == whole["mrr"]
    assert metrics.precision_at(ranked, grades, 2) == whole["p@2"]
    assert metrics.recall_at(ranked, grades, 4) == pytest.approx(whole["recall@4"])
    exponential = metrics.ndcg(ranked, grades, gain="exponential")
    dcg = 1 / math.log2(3) + 3 / math.log2(5)
    assert exponential == pytest.approx(dcg / (3 + 1 / math.log2(3) + 1 / 2))
    # Chapelle et al. 2009, by hand: grades 0, 1, 0, 2 of at most 2.
    assert metrics.rank_measures(ranked, grades, ["err"], highest=2)["err"] == pytest.approx(0.25 / 2 + 0.75 * 0.75 / 4)
    assert math.isnan(metrics.alpha_ndcg(["a"], {"a": []}, k=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"q": {"d": 1.5}}, {}), r'qrels\["q"\]\["d"\] is 1.5: it must be a whole number'),
        (({"q": {"d": 1}}, {"q": {"d": math.nan}}), r'run\["q"\]\["d"\] is NaN: it must be a finite number'),
        (({"q": {"d": 1}}, {"q": {"d": "x"}}), r'run\["q"\]\["d"\] must be a finite number, not str'),
        (({"q": ["d"]}, {}), r'qrels\["q"\] must be a dictionary \{document: number\}, not list'),
        (([], {}), r"qrels must be a dictionary \{query: \{document: number\}\}, not list"),
        (({1: {"d": 1}}, {}), r"a query of qrels must be a text, not int"),
        (({"q": {1: 1}}, {}), r'a document of qrels\["q"\] must be a text, not int'),
        (({}, {}, ["ndgc"]), r"`ndgc` is no measure"),
        (({}, {}, ["p"]), r"`p` needs a cut, such as p@10"),
    ],
)
def test_what_is_wrong_is_named(arguments: tuple, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        metrics.evaluate(*arguments)


def test_records_are_compared_field_by_field() -> None:
    given = [{"total": "$1,200.00", "items": [{"name": "b"}, {"name": "a"}]}, {"total": 3, "vat": 1}]
    expected = [{"total": 1200, "items": [{"name": "a"}, {"name": "b"}]}, {"total": 4, "date": "2024-05-01"}]
    found = metrics.field_scores(given, expected)
    # Three of three, and none of two.
    assert (found.credit, found.expected, found.given) == (3.0, 5, 5)
    assert (found.precision, found.recall, found.f1.estimate) == (0.6, 0.6, 0.6)
    assert found.wrong == ((), ("total",))
    assert found.missing == ((), ("date",))
    assert found.invented == ((), ("vat",))
    assert metrics.field_scores([{"a": "1.001"}], [{"a": 1}], rules={"a": "number"}, tolerance=0.01).f1.estimate == 1.0
    assert metrics.field_scores([{"a": "hallo"}], [{"a": "hello"}], match="anls").f1.estimate == pytest.approx(0.8)
    with pytest.raises(ValueError, match=r'the rule of a is "numbr": it must be one of exact'):
        metrics.field_scores([{}], [{}], rules={"a": "numbr"})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r'predictions\[0\]\["a"\] is NaN: JSON has no such number'):
        metrics.field_scores([{"a": math.nan}], [{}])
    with pytest.raises(TypeError, match=r'predictions\[0\]\["a"\] must be what JSON can hold, not set'):
        metrics.field_scores([{"a": {1}}], [{}])
    deep: list = []
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(ValueError, match="lies deeper than 128 levels"):
        metrics.field_scores([deep], [{}])


def test_json_and_tool_calls() -> None:
    found = metrics.compare_json(
        {"a": 1.01, "b": [1], "t": 3}, {"a": 1, "b": [1, 2], "t": 4}, tolerance=0.1, ignore=["t"]
    )
    assert (found.right, found.expected, found.missing, found.equal) == (2, 3, (".b[1]",), False)
    assert metrics.find_json('```json\n{"a": [1, 2.5, null, true, "x"]}\n```') == {"a": [1, 2.5, None, True, "x"]}
    assert metrics.find_json("none here") is None
    calls = [("search", {"q": "x"}), ("open", {"id": 1})]
    reverse = [{"name": "open", "arguments": '{"id": 1}'}, {"name": "search", "arguments": {"q": "x"}}]
    assert metrics.tool_calls(calls, reverse).agree
    assert not metrics.tool_calls(calls, reverse, mode="exact").agree
    part = metrics.tool_calls(calls, calls[:1], mode="subset")
    assert (part.agree, part.precision, part.recall) == (True, 1.0, 0.5)
    assert not metrics.tool_calls(calls, [("search", {"q": "y"})], mode="subset").agree
    assert metrics.tool_calls(calls, [("search", {"q": "y"})], mode="subset", arguments=False).agree
    with pytest.raises(ValueError, match=r"the arguments of y_pred\[0\] are no JSON"):
        metrics.tool_calls(calls, [("search", "{")])
    with pytest.raises(ValueError, match=r"y_pred\[0\] must be \(name, arguments\) or have the keys"):
        metrics.tool_calls(calls, [{"name": "search"}])
    assert metrics.numbers_in_text("a 1,200 b") == [1200.0]
    assert metrics.last_number("no") is None

"""What statistics take, and what they say to what they do not take."""

from __future__ import annotations

import math
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from assay import _results, stats

np = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
arrow = pytest.importorskip("pyarrow")

# Numbers that 32 bits hold exactly.
VALUES = [0.125, 0.875, 0.5, 0.75, 0.25, 0.625]
STRIDED = np.repeat(np.array(VALUES), 2)[::2]
READ_ONLY = np.array(VALUES)
READ_ONLY.flags.writeable = False

FORMS: dict[str, Any] = {
    "list": VALUES,
    "tuple": tuple(VALUES),
    "array": np.array(VALUES),
    "strided": STRIDED,
    "reversed": np.array(VALUES[::-1])[::-1],
    "read-only": READ_ONLY,
    "float32": np.array(VALUES, dtype="float32"),
    "big-endian": np.array(VALUES, dtype=">f8"),
    "pandas": pandas.Series(VALUES, index=list("abcdef")),
    "pandas nullable": pandas.Series(VALUES, dtype="Float64"),
    "pandas arrow": pandas.Series(VALUES, dtype="double[pyarrow]"),
    "polars": polars.Series("score", VALUES),
    "arrow": arrow.array(VALUES),
    "arrow chunks": arrow.chunked_array([VALUES[:2], VALUES[2:]]),
}


@pytest.mark.parametrize("form", FORMS)
def test_columns_of_all_kinds_say_the_same(form: str) -> None:
    column = FORMS[form]
    digits = 1e-6 if form == "float32" else 1e-12
    for function in (
        stats.level,
        stats.clustered_mean,
        lambda values: stats.difference(values, VALUES[::-1]),
        lambda values: stats.bootstrap(values, n_resamples=200),
        lambda values: stats.bootstrap(values, np.mean, n_resamples=200),
        lambda values: stats.pearson(values, [1, 2, 3, 4, 5, 7]),
    ):
        found, wanted = function(column), function(VALUES)
        assert found.estimate == pytest.approx(wanted.estimate, rel=digits, abs=digits)
        assert found.interval.lower == pytest.approx(wanted.interval.lower, rel=digits, abs=digits)
    assert list(stats.midranks(column)) == [1, 6, 3, 5, 2, 4]
    assert isinstance(stats.midranks(column), list) == (not hasattr(column, "__array__"))


@pytest.mark.parametrize("form", ["list", "array", "pandas", "polars", "arrow"])
def test_clusters_are_any_hashable_values(form: str) -> None:
    names = ["a", "a", "b", "b", "c", "c"]
    make: dict[str, Callable[[list[str]], Any]] = {
        "list": list,
        "array": np.array,
        "pandas": pandas.Series,
        "polars": polars.Series,
        "arrow": arrow.array,
    }
    found = stats.level(VALUES, clusters=make[form](names), bounds=(0, 1))
    assert found.clusters == 3
    assert found == stats.level(VALUES, clusters=[1, 1, 2, 2, 3, 3], bounds=(0, 1))


NAN = float("nan")
REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "nan": (lambda: stats.level([0.5, NAN]), ValueError, r"values\[1\] is NaN"),
    "nan in an array": (lambda: stats.level(np.array([0.5, NAN])), ValueError, r"values\[1\] is NaN"),
    "none": (lambda: stats.level([0.5, None]), ValueError, r"values\[1\] is NaN"),  # type: ignore[list-item]
    "infinite": (lambda: stats.level([math.inf, 1.0], nan_policy="omit"), ValueError, "values holds inf"),
    "text": (lambda: stats.level("0.5"), TypeError, "values must be a sequence of numbers, not str"),  # type: ignore[arg-type]
    "texts": (lambda: stats.level(["0.5"]), TypeError, r"values\[0\] must be a number, not str"),  # type: ignore[list-item]
    "texts in an array": (lambda: stats.level(np.array(["x"])), TypeError, "values must hold numbers"),
    "a number": (lambda: stats.level(0.5), TypeError, "values must be a sequence of numbers, not float"),  # type: ignore[arg-type]
    "two dimensions": (lambda: stats.level(np.ones((2, 2))), ValueError, "values has 2 dimensions"),
    "a data frame": (lambda: stats.level(pandas.DataFrame({"a": [1.0]})), ValueError, "values has 2 dimensions"),
    "a mapping": (lambda: stats.level({"a": 1}), TypeError, "values must be a sequence of numbers, not dict"),  # type: ignore[arg-type]
    "kind": (lambda: stats.level([1], kind="yes"), ValueError, "kind must be 'binary', "),  # type: ignore[arg-type]
    "binary range": (
        lambda: stats.level([2, 0], kind="binary"),
        ValueError,
        r"values\[0\] is 2: it must be from 0 to 1",
    ),
    "range": (lambda: stats.level([0.5, 2], bounds=(0, 1)), ValueError, r"values\[1\] is 2: it must be from 0 to 1"),
    "bounds": (lambda: stats.level([0.5], bounds=(1, 0)), ValueError, "bounds must be a smaller and a larger"),
    "bounds of binary": (lambda: stats.level([1], kind="binary", bounds=(0, 1)), ValueError, "bounds go with"),
    "quantile": (lambda: stats.level([1, 2], q=95), ValueError, "q must be between 0 and 1, not 95"),
    "quantile without q": (lambda: stats.level([1, 2], kind="quantile"), ValueError, "kind='quantile' needs q"),
    "confidence": (
        lambda: stats.level([1, 0], confidence=95),
        ValueError,
        "confidence must be between 0 and 1, not 95",
    ),
    "confidence of a rate": (lambda: stats.wilson(1, 2, confidence=1), ValueError, "confidence must be between"),
    "policy": (lambda: stats.level([1], nan_policy="drop"), ValueError, "nan_policy must be"),  # type: ignore[arg-type]
    "clusters": (lambda: stats.level([1, 0], clusters=["a"]), ValueError, "values has 2 items and clusters has 1"),
    "clusters unhashable": (lambda: stats.level([1, 0], clusters=[[], []]), TypeError, "clusters must be"),
    "no cluster": (lambda: stats.level([1, 0], clusters=["a", None]), ValueError, r"clusters\[1\] is missing"),
    "weights": (lambda: stats.level([1, 0], weights=[1, -1]), ValueError, r"weights\[1\] is -1"),
    "no weight": (lambda: stats.level([1, 0], weights=[0, 0]), ValueError, "weights are all 0"),
    "repeats": (lambda: stats.level([1, 0], repeats=0), ValueError, "repeats must be whole numbers of at least 1"),
    "pairs": (lambda: stats.difference([1, 0], [1]), ValueError, "candidate has 2 items and baseline has 1"),
    "unpaired design": (lambda: stats.difference([1], [1], baseline_weights=[1]), ValueError, "go with paired=False"),
    "quantiles unpaired": (lambda: stats.difference([1], [1], paired=False, q=0.5), ValueError, "quantiles"),
    "margin": (lambda: stats.difference([1, 0], [1, 1]).no_regression(-1), ValueError, "margin must be a number of at"),
    "equivalence": (
        lambda: stats.difference([1, 0], [1, 1]).p_equivalent(0),
        ValueError,
        "margin must be a number above",
    ),
    "verdict of": (lambda: stats.no_regression(0.1, margin=0.1), TypeError, "difference must be a result"),  # type: ignore[arg-type]
    "no limit": (lambda: stats.level([1, 0]).verdict(), ValueError, "a level needs min, max or both"),
    "limits": (lambda: stats.level([1, 0]).verdict(min=1, max=0), ValueError, "min must not be above max"),
    "successes": (lambda: stats.wilson(60, 50), ValueError, "successes must be from 0 to n = 50, not 60"),
    "negative": (lambda: stats.clopper_pearson(-1, 50), ValueError, "successes must be 0 or more"),
    "fraction": (lambda: stats.clopper_pearson(1.5, 50), TypeError, "successes must be a whole number, not float"),  # type: ignore[arg-type]
    "arms": (lambda: stats.newcombe(1, 2, 5, 4), ValueError, "baseline_successes must be from 0 to baseline_n = 4"),
    "delta": (lambda: stats.miettinen_nurminen_z(1, 2, 1, 2, delta=2), ValueError, "delta must be from -1 to 1"),
    "discordant": (lambda: stats.tango(5, 6, 10), ValueError, "must be n = 10 cases together at most"),
    "statistic": (lambda: stats.bootstrap([1, 2], "mode"), ValueError, "statistic must be a function, 'mean'"),
    "statistic of two": (lambda: stats.bootstrap([1, 2], "pearson"), ValueError, "'pearson' is of 2 column"),
    "no statistic": (lambda: stats.bootstrap([1, 2], 3), TypeError, "statistic must be a function or a name"),  # type: ignore[arg-type]
    "returns": (lambda: stats.bootstrap([1, 2], lambda x: "x"), TypeError, "what statistic returns must be a number"),  # type: ignore[arg-type,return-value]
    "method": (lambda: stats.bootstrap([1, 2], method="t"), ValueError, "method must be 'bca'"),  # type: ignore[arg-type]
    "resamples": (lambda: stats.bootstrap([1, 2], n_resamples=0), ValueError, "n_resamples must be 2 or more"),
    "seed": (lambda: stats.bootstrap([1, 2], seed=-1), ValueError, "seed must be 0 or more"),
    "columns": (
        lambda: stats.bootstrap(([1, 2], [1]), "ratio"),
        ValueError,
        r"data\[0\] has 2 items and data\[1\] has 1",
    ),
    "transform": (lambda: stats.jackknife([1, 2], transform="log"), ValueError, "transform must be"),  # type: ignore[arg-type]
    "p-values": (lambda: stats.holm([0.5, 1.2]), ValueError, r"p\[1\] is 1.2"),
    "cells": (lambda: stats.max_t({"a": [1, 2], "b": [1]}), ValueError, "b has 1 items and a has 2"),
    "no cells": (lambda: stats.max_t({}), ValueError, "differences has no columns"),
    "cells of": (lambda: stats.max_t([1, 2]), TypeError, "differences must be a mapping"),
    "looks": (lambda: stats.boundaries([0.5, 0.4]), ValueError, "."),
    "spending": (lambda: stats.boundaries([1], spending="all"), ValueError, "spending must be"),  # type: ignore[arg-type]
    "gamma": (lambda: stats.boundaries([1], spending="hwang_shih_decani"), ValueError, "needs gamma"),
    "bets": (lambda: stats.betting_interval([0.5, 3]), ValueError, r"values\[1\] is 3: it must be from 0 to 1"),
    "suite": (lambda: stats.betting_interval([0.5, 0.5], total=1), ValueError, "more values than cases"),
    "e-values": (lambda: stats.e_bh([-1]), ValueError, r"e\[0\] is -1"),
    "k": (lambda: stats.pass_at_k(5, 2, 0), ValueError, "k must be 1 or more"),
    "passed": (lambda: stats.pass_at_k(5, 6, 1), ValueError, "c must be n at most"),
    "slices": (lambda: stats.shrink_rates([1], [2]), ValueError, "at least 2 are needed"),
    "slice": (lambda: stats.shrink_rates([1, 3], [2, 2]), ValueError, "slice 1 has 3 successes of 2"),
    "ragged": (
        lambda: stats.item_analysis([[1, 0], [1]]),
        ValueError,
        r"scores\[1\] has 1 numbers where scores\[0\] has 2",
    ),
    "score": (lambda: stats.item_analysis([[1, 7]]), ValueError, r"scores\[0, 1\] is 7: it must be from 0 to 1"),
    "candidates": (lambda: stats.best_of([[1, 0]]), ValueError, "at least 2 are needed"),
    "discovery": (lambda: stats.discover({"a": ["x"]}, [1, 0]), ValueError, "a has 1 items and outcome has 2"),
    "support": (lambda: stats.discover({"a": ["x"]}, [1], support=0), ValueError, "support must be above 0"),
    "power": (lambda: stats.paired_cases(1, power=1), ValueError, "power must be between 0 and 1, not 1"),
    "spread": (lambda: stats.paired_cases(-1), ValueError, "sd must be a number of at least 0, not -1"),
    "discordance": (lambda: stats.paired_power(10, 0.1, effect=0.2), ValueError, "needs a discordance"),
    "correlation": (lambda: stats.correlation_interval(2, 10), ValueError, "r must be from -1 to 1, not 2"),
    "binomial": (lambda: stats.binomial_pmf(1, 2.5, 0.5), ValueError, "n must be a whole number"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_argument_is_named(case: str) -> None:
    call, kind, words = REFUSED[case]
    with pytest.raises(kind, match=words):
        call()


EMPTY: dict[str, Callable[[Any], Any]] = {
    "level": lambda none: stats.level(none),
    "difference": lambda none: stats.difference(none, none),
    "unpaired": lambda none: stats.difference(none, none, paired=False),
    "mean": lambda none: stats.clustered_mean(none),
    "bootstrap": lambda none: stats.bootstrap(none),
    "bootstrap of a function": lambda none: stats.bootstrap(none, lambda x: float(len(x))),
    "jackknife": lambda none: stats.jackknife(none),
    "pearson": lambda none: stats.pearson(none, none),
    "sign-flip": lambda none: stats.sign_flip(none),
    "wilcoxon": lambda none: stats.wilcoxon(none),
    "quantile interval": lambda none: stats.quantile_interval(none, 0.5),
    "betting": lambda none: stats.betting_interval(none),
    "clusters": lambda none: stats.level(none, clusters=none),
}


@pytest.mark.parametrize("case", EMPTY)
def test_nothing_is_undefined_and_not_an_error(case: str) -> None:
    for none in ([], np.array([]), pandas.Series([], dtype=float), polars.Series([], dtype=polars.Float64)):
        found = EMPTY[case](none)
        assert "undefined" in repr(found) or found == stats.Interval(0.0, 1.0)
        assert found.to_dict() and found._repr_html_()
    assert math.isnan(stats.quantile([], 0.5)) and math.isnan(stats.hodges_lehmann([]))
    assert stats.holm([]) == [] and stats.midranks([]) == []


def test_missing_values_are_left_out_where_that_is_asked_for() -> None:
    wanted = stats.level([1, 0, 1], clusters=["a", "b", "b"])
    column = pandas.Series([1, None, 0, 1], dtype="Int64")
    assert stats.level(column, clusters=["a", "a", "b", "b"], nan_policy="omit") == wanted
    found = stats.difference([1, None, 0, 1], [1, 1, None, 0], nan_policy="omit")  # type: ignore[list-item]
    assert (found.n, found.better, found.worse, found.same) == (2, 1, 0, 1)


def test_the_kind_decides_the_interval() -> None:
    for options, method in [
        ({}, "wilson"),
        ({"clusters": [1, 1, 2, 2, 3, 3]}, "clustered_wilson"),
        ({"repeats": 4}, "clustered_wilson"),
        ({"kind": "unbounded"}, "cr2_t"),
        ({"bounds": (0, 2)}, "cr2_t"),
        ({"q": 0.5}, "order_statistics"),
    ]:
        found = stats.level([1, 0, 1, 1, 0, 1], **options)  # type: ignore[arg-type]
        assert found.method == method
    a, b = [1, 0, 1, 1, 0, 1], [1, 0, 0, 1, 1, 0]
    for options, method in [
        ({}, "tango"),
        ({"clusters": [1, 1, 2, 2, 3, 3]}, "cr2_t"),
        ({"q": 0.5}, "bootstrap_quantile"),
        ({"paired": False}, "newcombe"),
        ({"paired": False, "kind": "unbounded"}, "welch"),
    ]:
        assert stats.difference(a, b, **options).method == method  # type: ignore[arg-type]


def test_results_survive_pickling_with_their_verdicts() -> None:
    level, gain = stats.level(VALUES, bounds=(0, 1)), stats.difference([1] * 30 + [0] * 9, [1] * 25 + [0] * 14)
    again, back = pickle.loads(pickle.dumps(level)), pickle.loads(pickle.dumps(gain))
    assert (again.to_dict(), back.to_dict()) == (level.to_dict(), gain.to_dict())
    assert again.verdict(min=0.1) == level.verdict(min=0.1)
    assert back.no_regression(0.05) == gain.no_regression(0.05)
    assert back.p_worse(0.05) == gain.p_worse(0.05) > 0
    rates = pickle.loads(pickle.dumps(stats.shrink_rates([1, 2, 3], [9, 9, 9])))
    assert rates.worst(draws=10).probability


def test_a_verdict_is_true_when_it_passes() -> None:
    good, bad = [1] * 300 + [0] * 3, [1] * 200 + [0] * 103
    assert stats.difference(good, good).no_regression(0.05)
    assert not stats.difference(bad, good).no_regression(0.05)
    assert stats.difference(bad, good).no_regression(0.05).kind == "fail"
    few = stats.difference([1, 1, 0], [1, 1, 1]).no_regression(0.05)
    assert few.kind == "inconclusive" and not few and few.reasons


def test_groups_of_a_data_frame_are_levels() -> None:
    frame = pandas.DataFrame({"topic": ["a", "b"] * 20, "passed": [1, 0, 1, 1] * 10})
    levels = frame.groupby("topic")["passed"].apply(stats.level)
    assert [found.estimate for found in levels] == [1.0, 0.5]
    table = frame.groupby("topic")["passed"].agg(lambda column: stats.level(column).interval.lower)
    assert table["a"] > table["b"]
    expanded = pandas.DataFrame([found.to_dict() for found in levels], index=levels.index)
    assert list(expanded["n"]) == [20, 20] and expanded.loc["a", "interval"]["upper"] == 1.0


def test_slices_of_frames_are_found_whatever_the_library() -> None:
    table = {"lang": ["de", "en"] * 40, "size": ["s"] * 40 + ["l"] * 40}
    outcome = [0, 1] * 20 + [1, 1] * 20
    for frame in (table, pandas.DataFrame(table), polars.DataFrame(table), arrow.table(table)):
        found = stats.discover(frame, outcome)
        assert found[0].items == {"lang": "de", "size": "s"} and found[0].divergence == pytest.approx(-0.75)
        assert sum(found[0].shares.values()) == pytest.approx(found[0].divergence)


def test_a_statistic_that_raises_raises_itself_and_stops() -> None:
    calls = 0

    def fails(values: Any) -> float:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyError("lost")
        return float(values[0])

    for function in (stats.bootstrap, stats.jackknife, stats.delete_one):
        calls = 0
        with pytest.raises(KeyError, match="lost"):
            function([1.0, 2.0, 3.0, 4.0], fails)
        assert calls == 3
    undefined = stats.bootstrap([1.0, 2.0, 3.0], lambda values: None, n_resamples=50)
    assert math.isnan(undefined.estimate)


def test_other_threads_run_while_a_named_statistic_is_resampled() -> None:
    values = np.random.default_rng(1).normal(size=20_000)
    done = threading.Event()

    def resample() -> None:
        stats.bootstrap(values, "mean", n_resamples=2_000)
        done.set()

    thread = threading.Thread(target=resample)
    thread.start()
    ticks = 0
    while not done.is_set():
        time.sleep(0.001)
        ticks += 1
    thread.join()
    assert ticks > 5


def test_a_borrowed_array_is_not_changed() -> None:
    values = np.array([0.3, 0.1, 0.2])
    for function in (stats.hodges_lehmann, stats.midranks, lambda x: stats.quantile(x, 0.5), stats.holm):
        function(values)
    assert values.tolist() == [0.3, 0.1, 0.2]


def test_results_are_sentences_tables_dictionaries_and_plots() -> None:
    gain = stats.difference([1, 1, 0, 1], [1, 0, 0, 1])
    assert repr(gain).startswith("<Difference: +0.25, 95% interval ")
    assert "1 better, 0 worse, 3 the same" in str(gain)
    assert "_native" not in gain.to_dict() and gain.to_dict()["interval"]["confidence"] == 0.95
    assert "<div>+0.25" in gain._repr_html_() and "</table>" in gain._repr_html_()
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    for result in (gain, stats.level([1, 0, 1]), stats.shrink_rates([1, 2], [3, 3]), stats.wilson(1, 2)):
        assert result.plot() is not None
    pyplot.close("all")


def test_hostile_labels_are_escaped_in_tables() -> None:
    found = stats.discover({"<b>": ["<script>"] * 30 + ["x"] * 30}, [0] * 30 + [1] * 30)
    assert isinstance(found[0], _results.Result) and "<script>" not in found[0]._repr_html_()


def test_groups_of_any_whole_numbers_are_the_same() -> None:
    values = [0.1, 0.9, 0.4, 0.7, 0.2, 0.8]
    expected = stats.level(values, clusters=["a", "b", "a", "c", "b", "a"])
    for clusters in ([0, 1, 0, 2, 1, 0], [7, 3, 7, -5, 3, 7], [-(2**63), 2**63 - 1, -(2**63), 0, 2**63 - 1, -(2**63)]):
        for column in (clusters, np.array(clusters, dtype=np.int64)):
            assert stats.level(values, clusters=column) == expected
    assert stats.level([], clusters=np.array([], dtype=np.int64)).reason == "no case has a value"

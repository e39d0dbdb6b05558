"""What arguments metrics take, and what they say about others."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from assay import metrics

TEXTS = ["a cat", "über", "", "the dog sat"]
OTHERS = ["a cut", "uber", "x", "a dog sat"]
CONTAINERS: dict[str, Callable[[list], object]] = {
    "list": list,
    "tuple": tuple,
    "numpy": np.array,
    "numpy objects": lambda values: np.array(values, dtype=object),
    "pandas": pd.Series,
    "pandas objects": lambda values: pd.Series(values, dtype=object),
    "polars": pl.Series,
    "arrow": pa.array,
    "arrow chunks": lambda values: pa.chunked_array([values[:2], values[2:]]),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_columns_of_texts_come_in_any_container(container: str) -> None:
    make = CONTAINERS[container]
    expected = [metrics.levenshtein(a, b) for a, b in zip(TEXTS, OTHERS, strict=True)]
    assert metrics.levenshtein(make(TEXTS), make(OTHERS)).tolist() == expected
    assert metrics.sentence_chrf(make(TEXTS), make(OTHERS)).shape == (4,)
    assert metrics.corpus_bleu(make(TEXTS), make(OTHERS), groups=make(["x", "x", "y", "y"])).groups == 2
    assert metrics.wer(make(OTHERS), make(TEXTS)) == metrics.wer(OTHERS, TEXTS)


@pytest.mark.parametrize("container", CONTAINERS)
def test_columns_of_labels_come_in_any_container(container: str) -> None:
    make = CONTAINERS[container]
    for truth, predicted in (
        (["b", "a", "b", "c"], ["b", "b", "b", "c"]),
        ([1, 0, 1, 2], [1, 1, 1, 2]),
        ([True, False, True, True], [True, True, True, False]),
        ([0.5, 1.5, 0.5, 2.5], [0.5, 0.5, 0.5, 2.5]),
    ):
        found = metrics.confusion_matrix(make(truth), make(predicted))
        assert found.labels == tuple(sorted(set(truth + predicted)))
        assert found.accuracy == np.mean([a == b for a, b in zip(truth, predicted, strict=True)])
    assert metrics.roc_auc_score(make([0, 1, 0, 1]), make([0.1, 0.9, 0.2, 0.8])) == 1.0


def test_labels_of_any_type_that_can_be_ordered() -> None:
    days = [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]
    assert metrics.accuracy_score(days, days) == 1.0
    assert metrics.f1_score([("a", 1), ("b", 2)], [("a", 1), ("a", 1)], average="micro") == 0.5
    large = np.array([-(2**62), 2**62, 5])
    assert metrics.confusion_matrix(large, large).labels == (-(2**62), 5, 2**62)
    assert metrics.accuracy_score(np.array([2**63 + 1], dtype="uint64"), [2**63 + 1]) == 1.0
    strided = np.arange(20)[::2]
    assert metrics.accuracy_score(strided, strided[::-1]) == 0.0


def test_read_only_and_strided_tables() -> None:
    table = np.array([[0.7, 0.3], [0.2, 0.8]])
    expected = metrics.log_loss([0, 1], table)
    table.flags.writeable = False
    wide = np.zeros((2, 4))
    wide[:, ::2] = table
    for other in (table, wide[:, ::2], table.astype("float32"), pl.DataFrame(table), table.tolist()):
        assert metrics.log_loss([0, 1], other) == pytest.approx(expected, rel=1e-6)


F = float("nan")
WRONG: list[tuple[str, Callable[[], object], type[Exception], str]] = [
    ("no text", lambda: metrics.levenshtein(1, "a"), TypeError, "a must be a sequence of texts, not int"),
    (
        "a number among texts",
        lambda: metrics.levenshtein(["a", 1], ["a", "b"]),
        TypeError,
        r"a\[1\] must be a text, not int",
    ),
    (
        "a missing text",
        lambda: metrics.rouge_l(["a", None], ["a", "b"]),
        TypeError,
        r"prediction\[1\] must be a text, not NoneType",
    ),
    (
        "a missing text of pandas",
        lambda: metrics.wer(pd.Series(["a", None]), ["a", "b"]),
        TypeError,
        r"reference\[1\] must be a text",
    ),
    ("half a surrogate", lambda: metrics.jaro("\ud800", "a"), ValueError, "a is no Unicode text"),
    (
        "a frame",
        lambda: metrics.levenshtein(pd.DataFrame({"a": ["b"]}), ["b"]),
        TypeError,
        "a must be a sequence of texts, not DataFrame",
    ),
    (
        "a frame of Polars",
        lambda: metrics.levenshtein(pl.DataFrame({"a": ["b"]}), ["b"]),
        TypeError,
        "a must be a sequence of texts, not DataFrame",
    ),
    (
        "a dictionary",
        lambda: metrics.levenshtein({"a": 1}, ["b"]),
        TypeError,
        "a must be a sequence of texts, not dict",
    ),
    ("lengths", lambda: metrics.levenshtein(["a"], ["b", "c"]), ValueError, "a has 1 items and b has 2"),
    (
        "lengths of references",
        lambda: metrics.corpus_bleu(["a"], ["b", "c"]),
        ValueError,
        "hypotheses has 1 items and references has 2",
    ),
    (
        "one text for a corpus",
        lambda: metrics.corpus_bleu("a", ["a"]),
        TypeError,
        "hypotheses must be a sequence of texts, not str",
    ),
    ("no reference", lambda: metrics.sentence_bleu(["a"], [[]]), ValueError, r"references\[0\] holds no reference"),
    (
        "tokenizer",
        lambda: metrics.sentence_bleu("a", "a", tokenize="14"),
        ValueError,
        'tokenize is "14": it must be one of 13a',
    ),
    ("smoothing", lambda: metrics.sentence_bleu("a", "a", smooth_method="x"), ValueError, 'smooth_method is "x"'),
    (
        "smoothing's value",
        lambda: metrics.sentence_bleu("a", "a", smooth_method="floor", smooth_value=F),
        ValueError,
        "smooth_value must be",
    ),
    ("word order", lambda: metrics.sentence_chrf("a", "a", word_order=3), ValueError, "word_order is 3"),
    ("rouge", lambda: metrics.rouge("a", "a", types=["rouge0"]), ValueError, 'types is "rouge0"'),
    ("meteor", lambda: metrics.meteor_score("a", "a", alpha=2), ValueError, "alpha and gamma must be from 0 to 1"),
    (
        "confidence",
        lambda: metrics.corpus_bleu(["a"], ["a"], confidence=95),
        ValueError,
        "confidence is 95: it must be between 0 and 1",
    ),
    (
        "groups",
        lambda: metrics.corpus_bleu(["a"], ["a"], groups=[1, 2]),
        ValueError,
        "hypotheses has 1 items and groups has 2",
    ),
    ("scorer", lambda: metrics.cdist(["a"], ["a"], scorer="x"), ValueError, 'scorer is "x"'),
    ("workers", lambda: metrics.cdist(["a"], ["a"], workers=0), ValueError, "workers is 0"),
    ("unit", lambda: metrics.word_errors("a", "a", unit="x"), ValueError, 'unit is "x"'),
    ("one document", lambda: metrics.contamination(["a"], "a"), TypeError, "documents must be texts"),
    ("run length", lambda: metrics.contamination(["a"], ["a"], length=0), ValueError, "the length of a run must be"),
    ("threshold", lambda: metrics.near_duplicates(["a"], threshold=0), ValueError, "threshold is 0"),
    ("no cases", lambda: metrics.confusion_matrix([], []), ValueError, "there is nothing to score"),
    ("class lengths", lambda: metrics.f1_score([1], [1, 0]), ValueError, "y_true has 1 items and y_pred has 2"),
    (
        "mixed labels",
        lambda: metrics.accuracy_score([1, "a"], [1, "a"]),
        TypeError,
        "the labels of y_true and y_pred cannot be put in order",
    ),
    ("labels of two types", lambda: metrics.accuracy_score(np.array([1]), ["a"]), TypeError, "cannot be put in order"),
    (
        "unhashable",
        lambda: metrics.accuracy_score([[1]], [[1]]),
        TypeError,
        r"y_true\[0\] must be a label that can be hashed, not list",
    ),
    ("missing label", lambda: metrics.accuracy_score(["a", None], ["a", "a"]), ValueError, r"y_true\[1\] is missing"),
    ("NaN label", lambda: metrics.accuracy_score(["a", "a"], pd.Series([1, F])), ValueError, r"y_pred\[1\] is missing"),
    (
        "weights",
        lambda: metrics.accuracy_score([1, 0], [1, 0], sample_weight=[1, -1]),
        ValueError,
        r"sample_weight\[1\] is -1",
    ),
    (
        "many classes",
        lambda: metrics.f1_score([1, 2, 3], [1, 2, 3]),
        ValueError,
        "there are 3 classes and average is 'binary'",
    ),
    (
        "positive",
        lambda: metrics.f1_score(["a", "b"], ["a", "b"]),
        ValueError,
        "pos_label 1 is not among the labels 'a', 'b'",
    ),
    ("average", lambda: metrics.f1_score([1, 0], [1, 0], average="x"), ValueError, 'average is "x"'),
    ("zero division", lambda: metrics.f1_score([1, 0], [1, 0], zero_division=2), ValueError, "zero_division is 2"),
    ("one class", lambda: metrics.roc_auc_score([1, 1], [0.1, 0.2]), ValueError, "the truth holds a single class"),
    (
        "three classes",
        lambda: metrics.roc_auc_score([1, 2, 3], [0.1, 0.2, 0.3]),
        ValueError,
        "more than two labels: say which is positive",
    ),
    ("NaN score", lambda: metrics.roc_auc_score([1, 0], [F, 1]), ValueError, r"y_score\[0\] is NaN"),
    ("scores of texts", lambda: metrics.roc_auc_score([1, 0], ["a", "b"]), TypeError, r"y_score\[0\] must be a number"),
    ("table", lambda: metrics.roc_auc_score([0, 1, 2], np.eye(3)), ValueError, 'multi_class is "raise"'),
    (
        "columns",
        lambda: metrics.log_loss([0, 1], np.eye(3)[:2]),
        ValueError,
        "there are 2 labels and y_prob has 3 columns: name them all",
    ),
    ("probabilities", lambda: metrics.log_loss([0, 1], [0.5, 1.5]), ValueError, "a probability is not from 0 to 1"),
    ("sum", lambda: metrics.log_loss([0, 1], [[0.5, 0.4], [0.5, 0.5]]), ValueError, "with the sum 1"),
    (
        "ragged",
        lambda: metrics.log_loss([0, 1], [[0.5, 0.5], [1.0]]),
        ValueError,
        r"y_prob\[1\] has 1 numbers where y_prob\[0\] has 2",
    ),
    (
        "three dimensions",
        lambda: metrics.crps_ensemble([1.0], np.zeros((1, 1, 1))),
        ValueError,
        "members has 3 dimensions: it must have two",
    ),
    ("bins", lambda: metrics.reliability_diagram([0, 1], [0.1, 0.9], n_bins=0), ValueError, "needs a bin"),
    (
        "flags",
        lambda: metrics.event_scores([0, 2], [0, 1]),
        ValueError,
        r"y_true\[1\] is 2: it must be 0 or 1, or a boolean",
    ),
    ("indicators", lambda: metrics.multilabel_scores([[0, 3]], [[0, 1]]), ValueError, r"y_true\[0, 1\] is 3"),
    (
        "unknown label",
        lambda: metrics.multilabel_scores([{"a"}], [{"b"}], labels=["a"]),
        ValueError,
        r"y_pred\[0\] holds 'b'",
    ),
    (
        "tag",
        lambda: metrics.entity_scores([["B-A"]], [["X-A"]]),
        ValueError,
        r"y_pred\[0\]: a tag is not one of the scheme",
    ),
    (
        "tag lengths",
        lambda: metrics.entity_scores([["O"]], [["O", "O"]]),
        ValueError,
        r"y_true\[0\] has 1 items and y_pred\[0\] has 2",
    ),
    ("span", lambda: metrics.match_spans([[(0, 0, "A")]], [[]]), ValueError, r"y_true\[0\]\[0\] is empty"),
    (
        "span's parts",
        lambda: metrics.match_spans([[(0, 1)]], [[]]),
        ValueError,
        r"y_true\[0\]\[0\] must be \(start, end, label\)",
    ),
    ("zeros", lambda: metrics.mape([0, 1], [1, 1]), ValueError, "1 actual values are 0"),
    (
        "quantile",
        lambda: metrics.pinball_loss([1], [1], alpha=1),
        ValueError,
        "the level of a quantile is between 0 and 1",
    ),
    (
        "training",
        lambda: metrics.mase([1], [1], y_train=[1]),
        ValueError,
        "the training values are not longer than a season",
    ),
    ("deviation", lambda: metrics.crps_normal([1], [1], [0]), ValueError, "a standard deviation is above 0"),
    ("forecasts", lambda: metrics.pit_histogram([1]), ValueError, "give either members, or loc and scale"),
    ("window", lambda: metrics.vus([0, 1], [0.1, 0.2], window=3), ValueError, "the window is longer than the series"),
    ("share", lambda: metrics.point_scores([0, 1], [0, 1], k=2), ValueError, "from 0 to 1"),
    ("metric", lambda: metrics.interval("f2", [0, 1], [0, 1]), ValueError, 'metric is "f2"'),
]


@pytest.mark.parametrize(("call", "kind", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_wrong_is_named(call: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_undefined_is_nan_in_fields_and_none_in_dictionaries() -> None:
    found = metrics.confusion_matrix(["a"], ["a"])
    assert math.isnan(found.kappa)
    assert found.to_dict()["kappa"] is None
    assert math.isnan(metrics.wer("", "words"))
    lonely = metrics.corpus_bleu(["a b c d"], ["a b c d"])
    assert lonely.method == "one case has no spread"
    assert (lonely.interval.lower, lonely.interval.upper) == (0.0, 1.0)


def test_results_show_and_draw_themselves() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    hostile = ["<b>a</b>", "b"]
    matrix = metrics.confusion_matrix(hostile, hostile[::-1])
    assert "<b>" not in matrix._repr_html_()
    truth, scores = [0, 1, 1, 0], [0.2, 0.9, 0.4, 0.5]
    drawn = [
        matrix,
        metrics.roc_curve(truth, scores),
        metrics.precision_recall_curve(truth, scores),
        metrics.reliability_diagram(truth, scores),
        metrics.pit_histogram([1.0], members=[[0.0, 2.0]]),
        metrics.group_rates(truth, truth, sensitive_features=["a", "a", "b", "b"]),
    ]
    for result in drawn:
        axes = result.plot()
        assert axes.has_data()
        assert repr(result).startswith(f"<{type(result).__name__}: ")
        pyplot.close(axes.figure)

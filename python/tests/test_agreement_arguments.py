"""What the functions of agreement, experiments and drift take, and what they say of what they do not take."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

from assay import stats

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

R = np.random.default_rng(7)
N = 48
X = [float(x) for x in R.normal(size=N)]
Y = [float(x) for x in R.normal(size=N)]
FLAGS = [float(i % 2) for i in range(N)]
OTHER = [float(i % 3 == 0) for i in range(N)]
SHARES = [float(x) for x in R.uniform(0.1, 0.9, size=N)]
UNITS = [float(i // 2 % 8 + 8 * (i // 2 % 2)) for i in range(N)]

# By name: the function of its columns, the columns, and what the message calls them.
CALLS: dict[str, tuple[Callable[..., Any], list[list[float]], list[str]]] = {
    "raw_agreement": (stats.raw_agreement, [FLAGS, OTHER], ["a", "b"]),
    "group_difference": (stats.group_difference, [X, FLAGS], ["values", "second"]),
    "partial_correlation": (stats.partial_correlation, [X, Y, SHARES], ["x", "y", "z"]),
    "isotonic_regression": (stats.isotonic_regression, [X, Y], ["x", "y"]),
    "platt_scaling": (stats.platt_scaling, [X, FLAGS], ["scores", "y_true"]),
    "brier_decomposition": (stats.brier_decomposition, [FLAGS, SHARES], ["y_true", "y_prob"]),
    "calibration_error": (stats.calibration_error, [FLAGS, SHARES], ["y_true", "y_prob"]),
    "temperature_scaling": (stats.temperature_scaling, [X, FLAGS], ["logits", "y_true"]),
    "risk_coverage": (stats.risk_coverage, [SHARES, FLAGS], ["confidences", "errors"]),
    "abstention_threshold": (stats.abstention_threshold, [SHARES, FLAGS], ["confidences", "errors"]),
    "position_bias": (stats.position_bias, [FLAGS, OTHER], ["first", "second"]),
    "conformal_quantile": (stats.conformal_quantile, [X], ["scores"]),
    "ppi_mean": (lambda y, f: stats.ppi_mean(y, f, [0.0, 1.0, 0.5]), [X, Y], ["y", "yhat"]),
    "effect": (lambda x: stats.effect(x, Y), [X], ["treatment"]),
    "ratio_arm": (stats.ratio_arm, [X, SHARES], ["numerators", "denominators"]),
    "diff_in_diff": (
        lambda y, post: stats.diff_in_diff(y, treated=[u >= 8 for u in UNITS], post=post, units=UNITS),
        [X, FLAGS],
        ["outcomes", "post"],
    ),
    "ipw": (
        lambda y, t, e: stats.ipw(y, treated=t, propensities=e),
        [X, FLAGS, SHARES],
        ["outcomes", "treated", "propensities"],
    ),
    "off_policy": (
        lambda y, e, t: stats.off_policy(y, propensities=e, targets=t),
        [X, SHARES, SHARES],
        ["rewards", "propensities", "targets"],
    ),
    "interleaving_preference": (stats.interleaving_preference, [FLAGS, OTHER], ["credit_a", "credit_b"]),
    "psi": (lambda a, b: stats.psi(a, b, kind="numeric"), [X, Y], ["reference", "current"]),
    "wasserstein_distance": (stats.wasserstein_distance, [X, Y], ["reference", "current"]),
    "ks_2samp": (stats.ks_2samp, [X, Y], ["reference", "current"]),
    "stl": (lambda x: stats.stl(x, period=7), [X], ["values"]),
    "horvitz_thompson": (lambda x: stats.horvitz_thompson(x, [0.5] * N), [X], ["scores"]),
    "diebold_mariano": (stats.diebold_mariano, [X, Y], ["losses", "baseline"]),
    "Cusum.alarms": (lambda x: stats.Cusum(0.5, 4).alarms(x), [X], ["values"]),
    "marked_difference": (stats.marked_difference, [X, FLAGS], ["scores", "marked"]),
}
EACH = [(name, at) for name, (_, columns, _) in CALLS.items() for at in range(len(columns))]
# Columns of different lengths are meant.
UNPAIRED = {"psi", "wasserstein_distance", "ks_2samp"}


def plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return value.tolist() if hasattr(value, "tolist") else value


def strided(column: list[float]) -> Any:
    return np.repeat(column, 3)[::3]


def frozen(column: list[float]) -> Any:
    array = np.array(column)
    array.flags.writeable = False
    return array


FORMS: dict[str, Callable[[list[float]], Any]] = {
    "tuple": tuple,
    "array": np.array,
    "strided": strided,
    "read-only": frozen,
    "reversed twice": lambda column: np.array(column)[::-1].copy()[::-1],
    "pandas": pd.Series,
    "pandas nullable": lambda column: pd.Series(column, dtype="Float64"),
    "polars": pl.Series,
    "arrow": pa.array,
    "chunked arrow": lambda column: pa.chunked_array([column[:5], column[5:]]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CALLS)
def test_every_kind_of_column_says_the_same(name: str, form: str) -> None:
    function, columns, _ = CALLS[name]
    read = map(FORMS[form], columns)
    assert json.dumps(plain(function(*read))) == json.dumps(plain(function(*columns)))


@pytest.mark.parametrize(("name", "at"), EACH)
@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda column: [*column[:-1], float("nan")], ValueError),
        (lambda column: [*column[:-1], float("inf")], ValueError),
        (lambda column: [*column[:-1], None], ValueError),
        (lambda column: ["a", *column[1:]], TypeError),
        (lambda column: np.array(column).reshape(2, -1), ValueError),
        (lambda column: np.array(["a"] * len(column)), TypeError),
        (lambda column: "text", TypeError),
        (lambda column: 3.0, TypeError),
    ],
)
def test_what_is_wrong_is_named(name: str, at: int, spoil: Callable[[list[float]], Any], kind: type[Exception]) -> None:
    function, columns, names = CALLS[name]
    spoilt = [spoil(column) if k == at else column for k, column in enumerate(columns)]
    with pytest.raises(kind, match=names[at]):
        function(*spoilt)


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if len(call[1]) > 1 and name not in UNPAIRED])
def test_lengths_that_differ_are_named(name: str) -> None:
    function, columns, names = CALLS[name]
    with pytest.raises(ValueError, match=f"{names[0]} has {N} items and {names[1]} has {N - 1}"):
        function(columns[0], columns[1][:-1], *columns[2:])


# `isotonic_regression` of nothing is nothing.
@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("isotonic_regression",)])
def test_nothing_is_an_error_or_undefined_but_no_panic(name: str) -> None:
    function, columns, _ = CALLS[name]
    try:
        function(*([] for _ in columns))
    except (ValueError, TypeError) as error:
        assert str(error)


TABLE = [[1.0, 2.0, None], [2.0, 2.0, 2.0], [1.0, 1.0, 1.0], [2.0, None, 1.0]] * 5


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: np.array(rows, dtype=float),
        lambda rows: np.asfortranarray(np.array(rows, dtype=float)),
        lambda rows: np.array(rows, dtype=object),
        lambda rows: pd.DataFrame(rows),
        lambda rows: pd.DataFrame(rows).astype("Int64"),
        lambda rows: pl.DataFrame(rows, orient="row"),
        lambda rows: pa.Table.from_pandas(pd.DataFrame(rows)),
        lambda rows: [tuple(row) for row in rows],
    ],
)
def test_every_kind_of_table_says_the_same(form: Callable[[Any], Any]) -> None:
    for function in (stats.krippendorff_alpha, stats.fleiss_kappa, stats.gwet_ac, stats.conger_kappa):
        assert function(form(TABLE)).to_dict() == function(TABLE).to_dict()


@pytest.mark.parametrize(
    ("ratings", "kind", "words"),
    [
        ([1, 2, 3], TypeError, "ratings must be a table"),
        (np.arange(3.0), ValueError, "ratings has 1 dimensions"),
        ([[1, 2], [1]], ValueError, r"ratings\[1\] has 1 columns and ratings\[0\] has 2"),
        ([], ValueError, "ratings has no rows"),
        (pd.DataFrame(), ValueError, "ratings"),
        ([[1, float("inf")]], ValueError, "infinite"),
        ("text", TypeError, "ratings"),
        ({"a": 1}, TypeError, "ratings"),
        (5, TypeError, "ratings"),
    ],
)
def test_tables_that_are_none_are_named(ratings: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        stats.krippendorff_alpha(ratings)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: stats.krippendorff_alpha([[1, 2]], level="cardinal"), ValueError, "level must be one of nominal"),
        (lambda: stats.krippendorff_alpha([["a", "b"]], level="ordinal"), ValueError, "give `categories`"),
        (lambda: stats.krippendorff_alpha([["a", "b"]], level="ratio"), ValueError, "need numbers"),
        (lambda: stats.krippendorff_alpha([[1, -2]], level="ratio"), ValueError, "negative"),
        (lambda: stats.krippendorff_alpha([[1, 2]], confidence=1.0), ValueError, "confidence must be between 0 and 1"),
        (lambda: stats.krippendorff_alpha([[1, 2]] * 3, clusters=[1]), ValueError, "clusters has 1"),
        (lambda: stats.gwet_ac([["a", "c"]], categories=["a", "b"]), ValueError, "not among the categories"),
        (lambda: stats.gwet_ac([[1, 3]], categories=[1, 2]), ValueError, "not among the categories"),
        (lambda: stats.cohen_kappa(["a"], ["b", "a"]), ValueError, "a has 1 items and b has 2"),
        (lambda: stats.icc([[1, None], [2, 3]]), ValueError, r"ratings\[0, 1\] is NaN: it must be a finite number"),
        (lambda: stats.rating_table(["x", "x"], ["r", "r"], [1, 2]), ValueError, "has rated item x before"),
        (lambda: stats.rating_table([None], ["r"], [1]), ValueError, r"items\[0\] is missing"),
        (lambda: stats.dawid_skene([1], [1], [1]), ValueError, "fewer than two classes"),
        (lambda: stats.dawid_skene([1], [1], ["z"], classes=["a", "b"]), ValueError, "not among the classes"),
        (lambda: stats.dawid_skene([1, 2], [1], [1, 0]), ValueError, "items has 2 items and raters has 1"),
        (lambda: stats.dawid_skene([[1]], [1], [1]), TypeError, "hashable"),
        (lambda: stats.bradley_terry([("a", "b", "c")]), ValueError, r"winner\[0\] is 'c'"),
        (lambda: stats.bradley_terry([("a", "a", "a")]), ValueError, "battle 0"),
        (lambda: stats.bradley_terry([]), ValueError, "no battles"),
        (lambda: stats.bradley_terry([("a", "b")]), ValueError, "battles must each be"),
        (lambda: stats.bradley_terry([("a", "b", "a"), ("c", "d", "c")]), ValueError, "never met"),
        (lambda: stats.bradley_terry(), TypeError, "give battles"),
        (lambda: stats.alt_test([1] * 5, [[1, 1]] * 5), ValueError, "no annotator has 30 items"),
        (lambda: stats.rogan_gladen((5, 10), (5, 10), (5, 10)), ValueError, "tells nothing"),
        (lambda: stats.rogan_gladen((5, 0), (5, 10), (5, 10)), ValueError, "judged is 5 of 0"),
        (lambda: stats.double_sampling((8, 10), (9, 9), (0, 1)), ValueError, "counts do not fit"),
        (lambda: stats.ppi_mean([1], [1], [1]), ValueError, "."),
        (lambda: stats.corrected_level([1, 0, 1], [1, None, None]), ValueError, "label"),
        (lambda: stats.corrected_level([1, 2, 9], [1, 0, None], bounds=(0, 3)), ValueError, "judge and truth"),
        (lambda: stats.sample_ratio([10]), ValueError, "two arms"),
        (lambda: stats.sample_ratio([10, 2.5]), ValueError, r"counts\[1\] is 2.5"),
        (lambda: stats.sample_ratio([10, 20], [1, 0]), ValueError, "shares must be above 0"),
        (lambda: stats.two_proportions((3, 2), (1, 2)), ValueError, "treatment has 3 successes of 2"),
        (lambda: stats.lift([1, 2], [1, 2], method="bayes"), ValueError, "method must be one of auto"),
        (lambda: stats.aa_check([1, 2, 3], treated=3), ValueError, "treated must be"),
        (lambda: stats.aa_check([1, 2, 3], p_value=lambda _: "no"), TypeError, "."),
        (lambda: stats.psi(["a"], [1.0], kind="what"), ValueError, "kind must be one of"),
        (lambda: stats.category_test([3], [4], kind="counts"), ValueError, "."),
        (lambda: stats.mmd_test([[1, 2]], [[1, 2, 3]] * 3), ValueError, "."),
        (lambda: stats.stl([1.0] * 20, period=1), ValueError, "period must be 2 or more"),
        (lambda: stats.robust_z([1, 2, 3], masked=[0, 0, 1]), TypeError, "masked goes with period"),
        (lambda: stats.ADWIN(delta=2), ValueError, "delta"),
        (lambda: stats.DDM().update(0.5), ValueError, "must be 0 .passed. or 1"),
        (lambda: stats.ADWIN().update(float("nan")), ValueError, "finite"),
        (lambda: stats.Cusum.design(shift=-1, arl0=100), ValueError, "shift"),
        (lambda: stats.Shewhart(-1.0), ValueError, "limit must be above 0"),
        (lambda: stats.Reservoir(0), ValueError, "size"),
        (lambda: stats.irt_fit([[0, 2], [1, 0]]), ValueError, "each must be 0, 1 or missing"),
        (lambda: stats.irt_fit([[1, 1], [1, 1]]), ValueError, "two of each are needed"),
        (lambda: stats.canary_exposure(0, 4), ValueError, "rank"),
        (lambda: stats.Looks(1, taken=1).look(), ValueError, "used up"),
        (lambda: stats.assign_raters([3], 2), ValueError, "raters"),
        (lambda: stats.assign_raters([1], 2).sheets(gold=1, each=2), ValueError, "gold"),
        (lambda: stats.items_for_alpha(1.5, 0.1), ValueError, "alpha must be"),
        (lambda: stats.diebold_mariano([1, 2], [1, 2], horizon=5), ValueError, "horizon"),
        (lambda: stats.interleaving_credit(["a"], ["b"], ["c"], [1]), ValueError, "neither ranking holds"),
        (lambda: stats.off_policy([1], propensities=[0.0], targets=[1.0]), ValueError, "propensities"),
        (lambda: stats.off_policy([1], propensities=[1], targets=[1], predicted_logged=[1]), TypeError, "both"),
        (lambda: stats.judge_grade(labels=-1), ValueError, "labels must be 0 or more"),
        (lambda: stats.rogan_gladen((-1, 10), (5, 10), (5, 10)), ValueError, "judged must be 0 or more"),
        (lambda: stats.rogan_gladen(3, (5, 10), (5, 10)), TypeError, "judged must be a pair"),
        (lambda: stats.gold_accuracy(2.5, 1), TypeError, "hits must be a whole number"),
        (lambda: stats.stl([1.0] * 20, period=-7), ValueError, "period must be 2 or more"),
        (lambda: stats.psi(X, Y, bins=-1), ValueError, "bins must be 0 or more"),
        (lambda: stats.mace([1, 1], [1, 2], ["a", "b"], seed=-3), ValueError, "seed must be 0 or more"),
        (lambda: stats.KSWIN(window_size=-3), ValueError, "window_size must be 0 or more"),
    ],
)
def test_refusals_say_why(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_what_is_undefined_is_nan() -> None:
    assert np.isnan(stats.krippendorff_alpha([[1, 1], [1, 1]]).estimate)
    assert np.isnan(stats.cohen_kappa([1, 1], [1, 1]).estimate)
    assert np.isnan(stats.icc([[1, 1], [1, 1]]).icc1.estimate)
    assert np.isnan(stats.effect([1, 1], [1, 1]).estimate)
    assert stats.krippendorff_alpha([[1, 1], [1, 1]]).to_dict()["estimate"] is None


RESULTS: list[Callable[[], Any]] = [
    lambda: stats.krippendorff_alpha(TABLE),
    lambda: stats.gwet_ac(TABLE),
    lambda: stats.icc([[1, 2], [3, 4], [5, 5]]),
    lambda: stats.ppi_mean(X, Y, SHARES),
    lambda: stats.risk_coverage(SHARES, FLAGS),
    lambda: stats.bradley_terry([("a", "b", "a"), ("b", "a", "b"), ("a", "c", "tie")]),
    lambda: stats.alt_test(FLAGS, [[f, o] for f, o in zip(FLAGS, FLAGS, strict=True)]),
    lambda: stats.calibration_error(FLAGS, SHARES),
    lambda: stats.dawid_skene([1, 1, 2, 2], [1, 2, 1, 2], ["a", "b", "b", "b"]),
    lambda: stats.mace([1, 1, 2, 2], [1, 2, 1, 2], ["a", "b", "b", "b"]),
    lambda: stats.rater_severity([0, 0, 1, 1, 2, 2], [0, 1] * 3, [1.0, 2.0, 3.0, 3.5, 2.0, 4.0]),
    lambda: stats.effect(X, Y),
    lambda: stats.lift([x + 5 for x in X], [y + 5 for y in Y]),
    lambda: stats.ipw(X, treated=FLAGS, propensities=SHARES),
    lambda: stats.off_policy(X, propensities=SHARES, targets=SHARES),
    lambda: stats.interleaving_preference(FLAGS, OTHER),
    lambda: stats.drift_distances(X, Y),
    lambda: stats.domain_classifier([[x] for x in X], [[y + 2] for y in Y]),
    lambda: stats.stl(X, period=7),
    lambda: stats.irt_fit([[1, 0, 1], [0, 1, 1], [1, 1, 0]]),
    lambda: stats.corrected_level([*FLAGS], [x if at < 24 else None for at, x in enumerate(OTHER)]),
    lambda: stats.anchored_mean(X[:20], Y[:20], Y),
    lambda: stats.rating_speed([at // 4 for at in range(N)], [at % 4 for at in range(N)], SHARES),
]


@pytest.mark.parametrize("make", RESULTS)
def test_results_show_themselves(make: Callable[[], Any]) -> None:
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot

    found = make()
    assert "<script" not in found._repr_html_()
    assert repr(found).startswith(f"<{type(found).__name__}: ")
    assert "nan" not in repr(found)
    json.dumps(found.to_dict())
    assert found.plot() is not None
    pyplot.close("all")


def test_hostile_names_are_text_in_notebooks() -> None:
    evil = "<script>alert(1)</script>"
    ranking = stats.bradley_terry([(evil, "b", evil), ("b", evil, "b")])
    assert evil not in ranking._repr_html_()
    assert evil not in stats.rating_table([evil], ["r"], [1])._repr_html_()


def test_results_go_through_pickle() -> None:
    for make in (RESULTS[0], RESULTS[5], RESULTS[11], RESULTS[20]):
        found = make()
        assert pickle.loads(pickle.dumps(found)).to_dict() == found.to_dict()


def test_many_threads_count_at_once() -> None:
    table = R.integers(0, 5, size=(2000, 4)).astype(float)
    want, found = stats.krippendorff_alpha(table).to_dict(), []
    threads = [
        threading.Thread(target=lambda: found.append(stats.krippendorff_alpha(table).to_dict())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [want] * 8


def test_a_clone_goes_its_own_way() -> None:
    detector = stats.PageHinkley(threshold=5)
    detector.alarms([0.0] * 40)
    twin = detector.clone()
    assert twin.alarms([5.0] * 20)
    assert repr(twin) == repr(detector) == "PageHinkley(min_instances=30, delta=0.005, threshold=5.0, alpha=0.9999)"
    assert not detector.drift_detected

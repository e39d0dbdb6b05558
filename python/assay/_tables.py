"""Tables of a run for Arrow."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from assay import _frozen
from assay._command import ask

Table = Literal["joined", "trials", "scores"]
"""A table of a run: trials with their cases and a column for each score, trials as stored, scores as stored."""

# What a joined table begins with; the other columns of trials come last.
_FIRST = ("case_id", "target", "epoch", "status")


def arrow(run: str, table: Table, workspace: Path, plan: str) -> Any:
    """Read a table of a run.

    Raises
    ------
    ImportError
        pyarrow is not installed.
    """
    try:
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("tables need pyarrow: pip install pyarrow") from error
    if table not in ("joined", "trials", "scores"):
        raise ValueError(f"table must be 'joined', 'trials' or 'scores', not {table!r}")
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:

        def read(which: str) -> Any:
            path = os.path.join(folder, f"{which}.parquet")
            ask(["export", run, "--table", which, "--output", path], workspace)
            return parquet.read_table(path)

        if table != "joined":
            return read(table)
        trials, scores = read("trials"), read("scores")
    return _joined(trials, scores, _frozen.cases(workspace, plan))


def _joined(trials: Any, scores: Any, cases: dict[str, dict[str, Any]]) -> Any:
    """Put trials beside their cases and scores."""
    import pyarrow  # noqa: PLC0415

    taken = set(trials.column_names)
    digests = trials.column("case_digest").to_pylist()
    columns = {name: trials.column(name) for name in _FIRST}
    columns.update(_of_cases([cases.get(digest, {}) for digest in digests]))
    for key, values in _keys("metadata", [dict(pairs or ()) for pairs in trials.column("metadata").to_pylist()]):
        columns[key] = pyarrow.array(values, pyarrow.string())
    columns["output"] = trials.column("output")
    numbers: list[int] = trials.column("number").to_pylist()
    places = {number: at for at, number in enumerate(numbers)}
    found: dict[str, list[float | None]] = {}
    rows = (scores.column(name).to_pylist() for name in ("scorer", "number", "value"))
    for scorer, number, value in zip(*rows, strict=True):
        found.setdefault(scorer, [None] * len(numbers))[places[number]] = value
    for scorer, values in found.items():
        # Another column may have the name of a scorer.
        name = scorer if scorer not in taken | columns.keys() else f"{scorer}_score"
        columns[name] = pyarrow.array(values, pyarrow.float64())
    columns.update((name, trials.column(name)) for name in trials.column_names if name not in (*columns, "metadata"))
    return pyarrow.table(columns)


def _of_cases(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the columns of what trials were asked."""
    columns = {key: _column(values) for key, values in _keys("inputs", [case.get("inputs", {}) for case in cases])}
    for key, name in (("expected", "expected"), ("contexts", "reference_contexts")):
        values = [case.get(key) for case in cases]
        if any(value is not None for value in values):
            columns[name] = _column(values)
    return columns


def _keys(name: str, rows: list[dict[str, Any]]) -> list[tuple[str, list[Any]]]:
    """Give a column for each key, in the order of their first appearance."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return [(f"{name}.{key}", [row.get(key) for row in rows]) for key in keys]


def _column(values: Sequence[Any]) -> Any:
    """Make a column of texts, booleans or numbers; of what is something else, or several of them, as JSON."""
    import pyarrow  # noqa: PLC0415

    kinds = {type(value) for value in values if value is not None}
    for known, made in (({str}, pyarrow.string()), ({bool}, pyarrow.bool_()), ({int, float}, None)):
        if kinds and kinds <= known:
            try:
                return pyarrow.array(values, made, from_pandas=False)
            except (pyarrow.ArrowInvalid, OverflowError):
                break  # a whole number that no column holds
    texts = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return pyarrow.array(texts, pyarrow.string())

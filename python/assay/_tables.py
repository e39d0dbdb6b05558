"""Tables of a run for Arrow."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from assay._command import ask

Table = Literal["joined", "trials", "scores"]
"""A table of a run: trials with a column for each score, trials as stored, scores as stored."""


def arrow(run: str, table: Table, workspace: Path) -> Any:
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

        return read(table) if table != "joined" else _joined(read("trials"), read("scores"))


def _joined(trials: Any, scores: Any) -> Any:
    """Add a column for each scorer to the trials."""
    import pyarrow  # noqa: PLC0415

    numbers: list[int] = trials.column("number").to_pylist()
    places = {number: at for at, number in enumerate(numbers)}
    columns: dict[str, list[float | None]] = {}
    rows = (scores.column(name).to_pylist() for name in ("scorer", "number", "value"))
    for scorer, number, value in zip(*rows, strict=True):
        columns.setdefault(scorer, [None] * len(numbers))[places[number]] = value
    for scorer, values in columns.items():
        # A column of the trials may have the name of a scorer.
        name = scorer if scorer not in trials.column_names else f"{scorer}_score"
        trials = trials.append_column(name, pyarrow.array(values, pyarrow.float64()))
    return trials

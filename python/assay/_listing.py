"""The cases of a dataset, before it is evaluated."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay import _command
from assay._dataset import declared, rows
from assay._suite import many

# More than any version has.
_ALL = "1000000000"


class Listing:
    """Cases with their ids, as rows that can be evaluated.

    Attributes
    ----------
    ids : list of str
        Their ids, in the order of the dataset.
    fields : mapping or None
        Which column of the rows is what.
    """

    def __init__(self, found: list[dict[str, Any]], fields: Mapping[str, Any] | None) -> None:
        self.fields = None if fields is None else dict(fields)
        self._rows: dict[str, dict[str, Any]] = {}
        column = (self.fields or {}).get("id") or "id"
        path = str(column).split(".")
        there = any(_at(row, path) is not None for row in found)
        if not there and self.fields is not None:
            if self.fields.get("id") is not None:
                raise ValueError(f"dataset: no row has the id `{column}`")
            self.fields["id"] = column
        for at, row in enumerate(found, 1):
            given: Any = _at(row, path) if there else str(at)
            if isinstance(given, bool) or not isinstance(given, (str, int)):
                raise TypeError(f"dataset: row {at}: an id is a text or a whole number, not {given!r}")
            id = str(given)
            if id in self._rows:
                raise ValueError(f"dataset: two rows have the id {id!r}")
            self._rows[id] = {**row, column: id} if len(path) == 1 else row
        self.ids = list(self._rows)

    def limited(self, limit: int | None, seed: int) -> list[str]:
        """Give the ids of at most so many cases, drawn by a seed."""
        if limit is None or limit >= len(self.ids):
            return self.ids
        return [self.ids[at] for at in sorted(random.Random(seed).sample(range(len(self.ids)), limit))]

    def rows(self, ids: set[str]) -> list[dict[str, Any]]:
        """Give the rows of these cases."""
        return [row for id, row in self._rows.items() if id in ids]


def listing(dataset: Any, fields: Mapping[str, Any] | None, workspace: Path) -> Listing:
    """List the cases of a dataset as :func:`assay.evaluate` takes it; files and stored datasets are read by the engine.

    Raises
    ------
    TypeError, ValueError
        There are no rows, or their ids are no ids.
    UsageError
        A file or a stored dataset cannot be read.
    """
    if not isinstance(dataset, (str, Mapping)) and not hasattr(dataset, "__fspath__"):
        found = [dict(row) for row in rows(dataset)]
        if not found:
            raise ValueError("dataset: there are no rows")
        return Listing(found, fields)
    return Listing(_read(declared(dataset, "dataset", fields, workspace), workspace), None)


def _read(entry: dict[str, Any], workspace: Path) -> list[dict[str, Any]]:
    """Have the engine read a file or a stored dataset, in a workspace that is thrown away."""
    changed = {key: entry[key] for key in ("fields", "where", "limit", "format") if entry.get(key) is not None}
    with tempfile.TemporaryDirectory(prefix="assay-") as place:
        path = entry.get("path")
        if entry.get("dataset") is not None:
            split = [] if entry.get("split") is None else ["--split", str(entry["split"])]
            said = _command.ask(["dataset", "show", entry["dataset"], "--cases", _ALL, "--json", *split], workspace)
            if not changed:
                return [json.loads(line) for line in said.split("\n") if line.strip()]
            path = Path(place) / "cases.jsonl"
            path.write_text(said)
        options: list[str] = []
        for key, value in {**changed.pop("fields", {}), **changed}.items():
            for one in _columns(value):
                options += [f"--{key}", one]
        kept = Path(place) / "workspace"
        _command.ask(["dataset", "add", "cases", str(path), *options, "--json"], kept)
        return _command.ask_lines(["dataset", "show", "cases", "--cases", _ALL, "--json"], kept)


def _columns(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [f"{name}={path}" for name, path in value.items()]  # type: ignore[reportUnknownVariableType]
    return [str(one) for one in many(value)]


def _at(row: Mapping[str, Any], path: list[str]) -> Any:
    value: Any = row
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None  # type: ignore[reportUnknownVariableType]
    return value  # type: ignore[reportUnknownVariableType]

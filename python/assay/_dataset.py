"""Data of the caller as a dataset of a suite."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assay._json import text_of

# Endings of files that the engine reads: a text with one of them is a path, else the name of a stored dataset.
_ENDINGS = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".feather", ".xlsx", ".yaml", ".yml", ".json")


def declared(dataset: Any, name: str, fields: Mapping[str, Any] | None, workspace: Path) -> dict[str, Any]:
    """Give a dataset as a suite has it; rows of this process are written into the workspace, once for each content.

    Raises
    ------
    TypeError
        It is nothing that has rows, or a row holds what is not JSON.
    ValueError
        There are no rows.
    """
    entry: dict[str, Any]
    if isinstance(dataset, Mapping) and type(dataset).__module__.startswith("datasets."):  # type: ignore[reportUnknownArgumentType]
        raise TypeError(f"dataset has splits: give one of them, dataset[{next(iter(dataset), '…')!r}]")  # type: ignore[reportUnknownArgumentType]
    if isinstance(dataset, Mapping):
        entry = dict(dataset)  # type: ignore[reportUnknownArgumentType]
    elif isinstance(dataset, os.PathLike):
        entry = {"path": os.fspath(dataset)}  # type: ignore[reportUnknownArgumentType]
    elif isinstance(dataset, str):
        is_path = os.path.exists(dataset) or dataset.lower().endswith(_ENDINGS)
        entry = {"path": dataset} if is_path else {"dataset": dataset}
    else:
        entry = {"name": name, "path": _written(rows(dataset), workspace)}
    if fields is not None:
        entry["fields"] = {**entry.get("fields", {}), **fields}
    return entry


def _written(rows: Iterator[Mapping[str, Any]], workspace: Path) -> str:
    """Write rows under their digest and give the path as the suite says it: from here on where it is below."""
    folder = workspace / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    digest, count = hashlib.sha256(), 0
    handle, draft = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            for count, row in enumerate(rows, 1):
                try:
                    line = text_of(row).encode() + b"\n"
                except (TypeError, ValueError, RecursionError) as error:
                    raise TypeError(f"dataset: row {count}: {error}") from None
                digest.update(line)
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if count == 0:
            raise ValueError("dataset: there are no rows")
        path = folder / f"{digest.hexdigest()}.jsonl"
        os.replace(draft, path)  # the same bytes, where it was there
    except BaseException:
        os.unlink(draft)
        raise
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def rows(dataset: Any) -> Iterator[Mapping[str, Any]]:
    """Give the rows of what has rows."""
    if hasattr(dataset, "iter_rows") and hasattr(dataset, "columns"):  # Polars
        yield from dataset.iter_rows(named=True)
    elif hasattr(dataset, "itertuples") and hasattr(dataset, "columns"):  # pandas
        columns = [str(column) for column in dataset.columns]
        for row in dataset.itertuples(index=False, name=None):
            # What is missing is no value, whatever marks it.
            yield {column: None if _missing(value) else value for column, value in zip(columns, row, strict=True)}
    elif hasattr(dataset, "to_batches"):  # Arrow
        for batch in dataset.to_batches():
            yield from batch.to_pylist()
    elif isinstance(dataset, Iterable) and not isinstance(dataset, bytes):  # dictionaries, Hugging Face
        for at, row in enumerate(dataset, 1):  # type: ignore[reportUnknownVariableType]
            if not isinstance(row, Mapping):
                raise TypeError(f"dataset: row {at} must be a dictionary, not {type(row).__name__}")  # type: ignore[reportUnknownArgumentType]
            yield row  # type: ignore[reportUnknownVariableType]
    else:
        raise TypeError(
            "dataset must be a list of dictionaries, a data frame, a Hugging Face dataset, a path or the name of a "
            f"stored dataset, not {type(dataset).__name__}"
        )


def _missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)

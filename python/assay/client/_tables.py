"""Tables of a server, as record batches, rows or files."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.client._transport import PART, Answer, Transport

if TYPE_CHECKING:
    import pandas  # type: ignore[reportMissingTypeStubs]
    import polars

    from assay.client import models

__all__ = ["Table"]

# The form that a file's name asks for.
FORMS: dict[str, models.Format] = {
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class Table:
    """A table that the server sends as it is read: memory holds a part of it at a time.

    Nothing is asked before it is read, and each reading asks anew. Iterating gives Arrow record batches.
    """

    __slots__ = ("_query", "_request", "_transport", "name")

    def __init__(self, transport: Transport, name: str, query: dict[str, str], **request: Any) -> None:
        self._transport, self.name = transport, name
        self._query, self._request = query, request

    def __repr__(self) -> str:
        return f"<Table {self.name}>"

    def open(self, form: models.Format = "arrow") -> Answer:
        """Give the bytes of the table in a form, as they come; use it in a `with` statement."""
        query = {**self._query, "format": form}
        return self._transport.stream(query=query, **self._request)

    def __iter__(self) -> Iterator[Any]:
        return self.batches()

    def batches(self) -> Iterator[Any]:
        """Give the record batches (`pyarrow.RecordBatch`) as they come; needs pyarrow.

        Raises
        ------
        UnreachableError
            The stream broke off: what came before is not all.
        """
        with self._reader() as reader:
            yield from reader

    @contextlib.contextmanager
    def _reader(self) -> Generator[Any]:
        try:
            ipc: Any = importlib.import_module("pyarrow.ipc")
        except ImportError as error:
            raise ImportError("record batches need pyarrow: pip install pyarrow") from error
        with self.open("arrow") as answer, io.BufferedReader(answer, PART) as file:
            with ipc.open_stream(file) as reader:
                yield reader
            # The stream says itself where it ends; the answer must end there too.
            file.read()

    def to_arrow(self) -> Any:
        """Give all of it as a `pyarrow.Table`; needs pyarrow."""
        with self._reader() as reader:
            return reader.read_all()

    def to_pandas(self, **options: Any) -> pandas.DataFrame:
        """Give all of it as a data frame; needs pandas and pyarrow, which takes the options."""
        return self.to_arrow().to_pandas(**options)

    def to_polars(self) -> polars.DataFrame:
        """Give all of it as a data frame; needs Polars and pyarrow."""
        import polars  # noqa: PLC0415

        found = polars.from_arrow(self.to_arrow())
        assert isinstance(found, polars.DataFrame)
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give the rows one after another as dictionaries; needs nothing but Python."""
        with self.open("jsonl") as answer, io.BufferedReader(answer, PART) as lines:
            for line in lines:
                yield json.loads(line)

    def save(self, path: str | os.PathLike[str], form: models.Format | None = None) -> Path:
        """Write all of it to a file, which is there when it is whole.

        Parameters
        ----------
        path : path-like
            The file.
        form : {"arrow", "csv", "jsonl", "parquet"}, optional
            What the file's name says by default.

        Raises
        ------
        ValueError
            The name says no form.
        """
        place = Path(path)
        form = form or FORMS.get(place.suffix)
        if form is None:
            raise ValueError(f"path: {place.name!r} says no form; end it in {', '.join(FORMS)}, or give `form`")
        return save(self.open(form), place)


def save(answer: Answer, path: str | os.PathLike[str]) -> Path:
    """Write an answer to a file, which is there when the answer is whole."""
    place = Path(path)
    part = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with answer, part.open("xb") as file:
            for piece in answer.parts():
                file.write(piece)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return place

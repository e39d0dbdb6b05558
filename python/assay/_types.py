"""What arguments may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class ArrayLike(Protocol):
    """What NumPy can read: its arrays, pandas and Polars columns, Arrow arrays."""

    def __array__(self) -> Any:
        """Give it as an array."""
        ...


Numbers = Sequence[float] | ArrayLike
"""A column of numbers: a sequence, a NumPy array, a pandas or Polars column, an Arrow array."""

Groups = Sequence[Any] | ArrayLike
"""A column of hashable values that say which group an item is in."""

Texts = Sequence[str] | ArrayLike
"""A column of texts."""

Table = Sequence[Sequence[Any]] | ArrayLike
"""A table: a two-dimensional array, a data frame, or a sequence of rows; None and NaN are missing."""

Rows = Sequence[Numbers] | ArrayLike
"""Rows of numbers, all equally long: sequences, a two-dimensional array, a data frame."""

Column = Any
"""A column of results: a NumPy array if the argument was an array or a data frame's column, else a list."""

TextColumn = list[str] | tuple[str, ...] | ArrayLike
"""A column of texts where one text means something else."""

References = list[str] | tuple[str, ...] | list[list[str]] | ArrayLike
"""For each text of a column its reference, or its references."""

Labels = Sequence[Any] | ArrayLike
"""A column of class labels: hashable values that can be put in order."""

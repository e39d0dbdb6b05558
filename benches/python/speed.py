"""The speed table: Assay's functions beside those of the packages they replace, in one process, with equal results.

``python benches/python/speed.py [WORD...] [--json]`` prints a Markdown table of the rows whose method or reference has
one of the words, or of all. A row's numbers are medians of repeated timings, taken in turns so that what else the
machine does meets both. A row whose reference is not installed is named below the table; a result that deviates more
than its row allows ends the command with 1.

Rows live in the modules of `MODULES` beside this file: each has a list `ROWS` of `Row`.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import importlib.util
import json
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

MODULES = ["stats", "agreement", "metrics"]

# Seconds of one timing at least, and of a row in all about.
TIMING, BUDGET = 0.002, 1.5
REPEATS = 15


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison.

    `ours` and `theirs` take no argument, import what they need themselves, and give numbers: a float, or any nesting
    of sequences, arrays and mappings of floats. `equal` is the largest deviation |a - b| / max(1, |b|) allowed, or a
    function of both results that gives their deviation and raises `AssertionError` where it is too large.
    """

    method: str
    """What is computed, on how much: "Kendall's tau, 10,000 pairs"."""
    reference: str
    """The function it is compared with; its first word is the distribution's name: "scipy stats.kendalltau"."""
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    equal: float | Callable[[Any, Any], float] = 1e-9

    @property
    def package(self) -> str:
        return self.reference.split()[0]


def numbers(value: Any) -> Iterable[float]:
    """All numbers of a nesting, in order."""
    if isinstance(value, Mapping):
        value = [value[key] for key in sorted(value)]
    elif hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers(item)
    else:
        yield float(value)


def deviation(ours: Any, theirs: Any) -> float:
    """The largest deviation of two results, relative for numbers above 1."""
    a, b = list(numbers(ours)), list(numbers(theirs))
    assert len(a) == len(b), f"{len(a)} numbers against {len(b)}"
    largest = 0.0
    for x, y in zip(a, b, strict=True):
        if x == y or (math.isnan(x) and math.isnan(y)):
            continue
        gap = abs(x - y) / max(1.0, abs(y))
        largest = max(largest, math.inf if math.isnan(gap) else gap)
    return largest


def checked(row: Row) -> float:
    """The deviation of a row's results.

    Raises
    ------
    AssertionError
        It is larger than the row allows.
    """
    ours, theirs = row.ours(), row.theirs()
    if callable(row.equal):
        return row.equal(ours, theirs)
    found = deviation(ours, theirs)
    assert found <= row.equal, f"deviates by {found:.2g}, more than {row.equal:.2g}"
    return found


def timing(function: Callable[[], Any], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times


def measured(row: Row) -> tuple[float, float]:
    """Median seconds of a call of ours and of theirs."""
    once = [max(timing(function, 1), 1e-9) for function in (row.ours, row.theirs)]
    times = [max(1, math.ceil(TIMING / each)) for each in once]
    round_takes = sum(a * b for a, b in zip(once, times, strict=True))
    repeats = max(3, min(REPEATS, int(BUDGET / round_takes)))
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, many, into in zip((row.ours, row.theirs), times, taken, strict=True):
            into.append(timing(function, many))
    return statistics.median(taken[0]), statistics.median(taken[1])


def shown(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def rows(words: list[str]) -> list[Row]:
    found: list[Row] = []
    for name in MODULES:
        if importlib.util.find_spec(name) is not None:
            found.extend(importlib.import_module(name).ROWS)
    lower = [word.lower() for word in words]
    return [row for row in found if not lower or any(word in f"{row.method} {row.reference}".lower() for word in lower)]


def main(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    chosen = rows([word for word in arguments if word != "--json"])
    if not chosen:
        print("no row has any of these words", file=sys.stderr)
        return 2
    if not as_json:
        print("| method | reference | Assay | reference takes | ratio | deviation |")
        print("|---|---|--:|--:|--:|--:|")
    missing: list[str] = []
    wrong: list[str] = []
    done: list[dict[str, Any]] = []
    for row in chosen:
        try:
            version = importlib.metadata.version(row.package)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{row.method}: {row.package} is not installed")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                off = checked(row)
            except AssertionError as error:
                wrong.append(f"{row.method}: {error}")
                continue
            ours, theirs = measured(row)
        reference = f"{row.package} {version} {' '.join(row.reference.split()[1:])}".strip()
        done.append(
            {"method": row.method, "reference": reference, "ours": ours, "theirs": theirs, "deviation": off},
        )
        if not as_json:
            cells = [row.method, reference, shown(ours), shown(theirs), f"{theirs / ours:.3g}×", f"{off:.1g}"]
            print("| " + " | ".join(cells) + " |", flush=True)
    if as_json:
        print(json.dumps(done, indent=1))
    for line in missing + wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    # The package of this project, if none is installed.
    sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))
    raise SystemExit(main(sys.argv[1:]))

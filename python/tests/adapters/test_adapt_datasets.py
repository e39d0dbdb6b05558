from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay

datasets = pytest.importorskip("datasets", reason="datasets is not installed")

ROWS = [
    {"id": "a", "question": "x", "expected": "X", "metadata": {"lang": "de"}},
    {"id": "b", "question": "y", "expected": "Z", "metadata": {"lang": "en"}},
]


def shout(inputs: dict[str, Any]) -> str:
    return inputs["question"].upper()


def _stream() -> Iterator[dict[str, Any]]:
    yield from ROWS


@pytest.mark.parametrize("kind", ["rows", "stream", "shuffled", "split", "numpy"])
def test_a_dataset_is_read(folder: Path, kind: str) -> None:
    made = {
        "rows": lambda: datasets.Dataset.from_list(ROWS),
        "stream": lambda: datasets.IterableDataset.from_generator(_stream),
        "shuffled": lambda: datasets.Dataset.from_list(ROWS).shuffle(seed=1),
        "split": lambda: datasets.DatasetDict({"test": datasets.Dataset.from_list(ROWS)})["test"],
        "numpy": lambda: datasets.Dataset.from_list(ROWS).with_format("numpy"),
    }[kind]()
    run = assay.evaluate(made, shout, ["equals"], slices=["lang"], name="hf")
    assert run.scores["equals"].estimate == 0.5 and run.totals["ok"] == 2
    assert {level.slice: level.estimate for level in run.scores.slices} == {"lang = de": 1.0, "lang = en": 0.0}


def test_a_stream_can_be_cut(folder: Path) -> None:
    stream = datasets.IterableDataset.from_generator(_endless)
    assert assay.evaluate(stream.take(3), lambda inputs: inputs["n"], ["equals"]).totals["ok"] == 3


def _endless() -> Iterator[dict[str, Any]]:
    n = 0
    while True:
        yield {"n": str(n), "expected": str(n)}
        n += 1


def test_classes_keep_their_numbers(folder: Path) -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    made = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]}, features=features)
    run = assay.evaluate(made, lambda inputs: 1, ["equals"], fields={"expected": "label"})
    assert run.scores["equals"].estimate == 0.5


def test_several_splits_are_refused(folder: Path) -> None:
    made = datasets.DatasetDict({"test": datasets.Dataset.from_list(ROWS), "train": datasets.Dataset.from_list(ROWS)})
    with pytest.raises(TypeError, match="splits"):
        assay.evaluate(made, shout, ["equals"])

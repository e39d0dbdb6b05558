"""The examples of the documentation run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def test_the_examples_of_evaluate_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    text = (DOCS / "python.md").read_text()
    namespace: dict[str, Any] = {"__name__": "example"}
    shown: list[str] = []
    for block, output in re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", text, re.DOTALL):
        exec(compile(block, "python.md", "exec"), namespace)
        said = capsys.readouterr().out
        if output:
            shown.append(output)
            assert without_ids(said) == without_ids(output)
    assert len(shown) >= 2


def without_ids(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{8}\b", "ID", text)

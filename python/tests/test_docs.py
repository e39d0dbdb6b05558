"""The Python of the pages is executed as it stands there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Served


@pytest.mark.parametrize("page", ["python-statistics.md"])
def test_the_examples_of_a_page_run(page: str) -> None:
    path = ROOT / "docs" / page
    found = doctest.testfile(str(path), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0 and found.failed == 0


def test_the_page_of_the_client(server: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for package in ("pyarrow", "pandas", "polars", "opentelemetry"):
        pytest.importorskip(package)
    monkeypatch.setenv("ASSAY_SERVER", server.address)
    monkeypatch.setenv("ASSAY_SERVER_KEY", server.token or "")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python-client.md").read_text(), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        exec(compile(block, "python-client.md", "exec"), names)
    assert names["job"].exit in {0, 3}
    assert len(names["frame"]) == 4
    assert (tmp_path / "scores.parquet").stat().st_size > 0
    assert names["trace"].current(names["sent"]).case_id == "refund-7"


def test_the_examples_of_evaluate_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    text = (ROOT / "docs/python.md").read_text()
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

"""The examples of the documentation run with the real libraries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.test_adapt_clients import serving

DOCS = Path(__file__).parents[3] / "docs"
LIBRARIES = """
    anthropic autoevals datasets deepeval dspy inspect_ai langchain_core llama_index.core openai ragas
""".split()


def test_the_examples_run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARIES:
        pytest.importorskip(name, reason=f"{name} is not installed")
    namespace: dict[str, Any] = {"__name__": "example"}
    outputs = 0
    with serving() as server:
        for maker, place in (("OPENAI", "/v1"), ("ANTHROPIC", "")):
            monkeypatch.setenv(f"{maker}_API_KEY", "k")
            monkeypatch.setenv(f"{maker}_BASE_URL", f"http://127.0.0.1:{server.server_port}{place}")
        text = (DOCS / "adapters.md").read_text()
        for block, output in re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", text, re.DOTALL):
            exec(compile(block, "adapters.md", "exec"), namespace)
            said = capsys.readouterr().out
            if output:
                outputs += 1
                assert said == output
    assert outputs >= 4

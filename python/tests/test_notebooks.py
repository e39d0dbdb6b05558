"""The notebooks of the examples run from top to bottom, without a word of complaint."""

from __future__ import annotations

import base64
import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

nbformat: Any = pytest.importorskip("nbformat")
nbclient: Any = pytest.importorskip("nbclient")
manager: Any = pytest.importorskip("jupyter_client.manager")
pytest.importorskip("ipykernel")

FOLDER = ROOT / "examples/notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
RESULTS = ROOT / "python/test-results/notebooks"
# What a notebook imports beside the package, by its module.
_IMPORTS = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)


def code(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def keep(notebook: Any, name: str) -> None:
    """Leave what was executed for people to look at: pictures, and a page if there is a converter."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for old in RESULTS.glob(f"{name}*"):
        old.unlink()
    for at, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            picture = output.get("data", {}).get("image/png")
            if picture is not None:
                (RESULTS / f"{name}-{at:02}.png").write_bytes(base64.b64decode(picture))
    try:
        from nbconvert import HTMLExporter
    except ImportError:
        nbformat.write(notebook, RESULTS / f"{name}.ipynb")
    else:
        (RESULTS / f"{name}.html").write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")


def test_there_are_notebooks() -> None:
    assert NAMES == ["analyse-an-ab-test", "calibrate-a-judge", "compare-two-models", "plan-a-study"]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_stored_without_outputs(name: str) -> None:
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    stored = json.loads(text)
    assert text == json.dumps(stored, indent=1, ensure_ascii=False) + "\n", "clear its outputs, indent by 1"
    for cell in stored["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None, f"cell {cell['id']} has outputs"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs(name: str, binary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    for module in {word for source in code(notebook) for word in _IMPORTS.findall(source)}:
        pytest.importorskip(module)
    monkeypatch.setenv("ASSAY_BIN", str(Path(binary).absolute()))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python"), prepend=":")
    with tempfile.TemporaryDirectory() as short:  # paths of sockets may not be long
        kernel = manager.AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{short}/kernel")
        place = {"metadata": {"path": str(FOLDER)}}
        client = nbclient.NotebookClient(notebook, km=kernel, timeout=120, resources=place)
        began = time.monotonic()
        client.execute()
    took = time.monotonic() - began
    keep(notebook, name)
    said = [
        f"cell {cell.id}: {output.text}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert not said, "\n".join(said)
    assert took < 60, f"it took {took:.0f} s: readers will not wait"

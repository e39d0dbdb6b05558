from __future__ import annotations

import os
from pathlib import Path

import pytest

# The command of this tree, unless another one is named.
_BUILT = Path(__file__).parents[2] / "target" / "debug" / "assay"
if "ASSAY_BIN" not in os.environ and _BUILT.exists():
    os.environ["ASSAY_BIN"] = str(_BUILT)
os.environ.pop("ASSAY_WORKSPACE", None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with a command to evaluate by."""
    if "ASSAY_BIN" not in os.environ:
        pytest.skip("the `assay` command is not built: ASSAY_BIN names none")
    monkeypatch.chdir(tmp_path)
    return tmp_path

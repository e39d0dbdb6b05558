"""The cases of a run as the engine froze them, whatever became of the dataset since."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def cases(workspace: Path, plan: str) -> dict[str, dict[str, Any]]:
    """Read the cases of a plan, by the digests that trials have.

    Whoever asks has had a table of the run from the engine first, which refuses those of sealed parts.

    Returns
    -------
    dict
        `inputs`, and where there are such `expected`, `contexts` and `metadata`. Nothing where the workspace has no
        cases of the run, as of one that was recorded by another tool.
    """
    path = (workspace / "plans" / f"{plan}.db").resolve()
    if not path.is_file():
        return {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
        rows = file.execute("SELECT digest, body FROM cases")
        return {digest.hex(): json.loads(body) for digest, body in rows}

"""The `assay` command: where it is, and how it is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from assay._errors import AssayError, failed


def executable() -> str:
    """Find the command: `ASSAY_BIN`, else where the wheel puts it, else on the path.

    Raises
    ------
    AssayError
        It is nowhere.
    """
    named = os.environ.get("ASSAY_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise AssayError(f"ASSAY_BIN names {named}, which is no program that can be started")
        return named
    beside = Path(sysconfig.get_path("scripts"), "assay")
    if os.access(beside, os.X_OK):
        return str(beside)
    found = shutil.which("assay")
    if found is None:
        raise AssayError("the `assay` command is not installed: `pip install assay-eval`, or let ASSAY_BIN name it")
    return found


def workspace(folder: str | os.PathLike[str] | None = None, here: Path | None = None) -> Path:
    """Find the workspace as the command does.

    The named one, `ASSAY_WORKSPACE`, the nearest `.assay` here or in a folder above, else a new one here.
    """
    named = folder or os.environ.get("ASSAY_WORKSPACE")
    here = here or Path.cwd()
    if named:
        return here / named
    for above in (here, *here.parents):
        if (above / ".assay").is_dir():
            return above / ".assay"
    return here / ".assay"


def command(arguments: list[str], folder: Path | None) -> list[str]:
    """Give the whole command line."""
    where = [] if folder is None else ["--workspace", str(folder)]
    return [executable(), *arguments, *where]


def ask(
    arguments: list[str], folder: Path | None, *, given: str | None = None, fine: frozenset[int] = frozenset({0})
) -> str:
    """Run the command to its end and give what it printed.

    Raises
    ------
    AssayError
        It ended with a code that is not fine; in its own words.
    """
    # A character that its writer broke must not hide what was said.
    done = subprocess.run(
        command(arguments, folder), input=given or "", capture_output=True, encoding="utf-8", errors="replace",
        check=False,
    )  # fmt: skip
    if done.returncode not in fine:
        raise failed(done.returncode, done.stderr)
    return done.stdout


def ask_json(
    arguments: list[str], folder: Path | None, *, given: str | None = None, fine: frozenset[int] = frozenset({0})
) -> Any:
    """Run the command to its end and read the JSON that it printed."""
    return json.loads(ask(arguments, folder, given=given, fine=fine))


def ask_lines(arguments: list[str], folder: Path | None) -> list[dict[str, Any]]:
    """Run the command to its end and read the JSON lines that it printed."""
    return [json.loads(line) for line in ask(arguments, folder).split("\n") if line.strip()]

"""Evaluations that processes share: one of them runs it, the others wait and take over its run."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from assay._errors import AllFailedError, AssayError, NothingSelectedError, UsageError
from assay._run import Run

_KINDS: dict[str, type[AssayError]] = {"UsageError": UsageError, "NothingSelectedError": NothingSelectedError}


class Once:
    """What was evaluated in a session of several processes.

    Parameters
    ----------
    workspace : pathlib.Path
        The workspace, in whose folder `pytest` the processes meet.
    session : str
        What the processes of the session have in common, and no other has.
    """

    def __init__(self, workspace: Path, session: str) -> None:
        self.workspace = workspace
        self.folder = workspace / "pytest" / session
        self._known: dict[str, Run | AssayError] = {}

    def run(self, identity: str, evaluate: Callable[[], Run]) -> Run:
        """Give the run of an evaluation, which is executed where no process of the session has done so.

        An evaluation of the same identity in another session is waited for, since it may be gone on with.

        Raises
        ------
        AssayError
            It could not be evaluated: again for whoever asks later.
        """
        if identity not in self._known:
            with locked(self.workspace / "pytest" / f"{identity}.lock"):
                self._known[identity] = self._read(identity) or self._execute(identity, evaluate)
        found = self._known[identity]
        if isinstance(found, AssayError):
            raise found
        return found

    def _execute(self, identity: str, evaluate: Callable[[], Run]) -> Run | AssayError:
        told: dict[str, Any]
        found: Run | AssayError
        try:
            found = evaluate()
            told = {"run": found.id}
        except AssayError as error:
            found = error
            told = {"error": str(error), "code": error.code, "kind": type(error).__name__}
            if isinstance(error, AllFailedError):
                told["run"] = error.run.id
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"{identity}.{os.getpid()}.part"
        draft.write_text(json.dumps(told))
        draft.replace(self.folder / f"{identity}.json")
        return found

    def _read(self, identity: str) -> Run | AssayError | None:
        try:
            told = json.loads((self.folder / f"{identity}.json").read_text())
        except FileNotFoundError:
            return None
        run = Run(told["run"], self.workspace) if "run" in told else None
        if "error" not in told:
            return run
        if told["kind"] == "AllFailedError" and run is not None:
            return AllFailedError(told["error"], run)
        return _KINDS.get(told["kind"], AssayError)(told["error"], told["code"])

    def end(self) -> None:
        """Forget the session: no process of it is left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()  # unless others are in it


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold a lock among processes. It ends with the process that holds it, and leaves no file."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # another session has just removed the folder
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Whoever held it before may have removed the file: then others lock a new one.
            if _is(path, file):
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        finally:
            os.close(file)


def _is(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False

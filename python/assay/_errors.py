"""What can go wrong, as exceptions."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay._run import Run

__all__ = ["AllFailedError", "AssayError", "InterruptedRunError", "NothingSelectedError", "UsageError"]


class AssayError(Exception):
    """What the engine could not do, in its own words.

    Attributes
    ----------
    code : int
        The exit code of the command: 2 wrong usage, suite or data, 4 infrastructure or provider, 5 nothing selected.
    """

    code = 4

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class UsageError(AssayError, ValueError):
    """Something was asked for in a wrong way: a parameter, a suite, data that do not fit."""

    code = 2


class NothingSelectedError(AssayError):
    """No case was selected."""

    code = 5


class AllFailedError(AssayError):
    """Every trial of a run failed, so that nothing was measured.

    Attributes
    ----------
    run : Run
        The run, with the error of each trial.
    """

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


class InterruptedRunError(KeyboardInterrupt):
    """A run was stopped. What was answered is kept, and the run can be gone on with.

    Attributes
    ----------
    run : str or None
        The id of the run, where it had begun.
    """

    def __init__(self, run: str | None) -> None:
        self.run = run
        said = "stopped before the run began"
        if run is not None:
            said = f"run {run} was stopped; finished trials are kept: go on with `assay.resume({run!r}, …)`"
        super().__init__(said)


def failed(code: int, said: str) -> AssayError:
    """Make the exception of a command that ended with this code and these words."""
    text = said.strip() or f"the `assay` command ended with code {code}"
    if text.startswith("error: "):
        text = textwrap.dedent(text[7:])
    kinds: dict[int, type[AssayError]] = {2: UsageError, 5: NothingSelectedError}
    return kinds.get(code, AssayError)(text, code)

"""How far a run is: a bar in terminals, a live line in notebooks."""

from __future__ import annotations

import html
import os
import sys
import time
from typing import Any

from assay._charts import FONT


class Progress:
    """Shows nothing; what others show is given to it, too."""

    def __init__(self) -> None:
        self.planned = 0
        self.started = time.monotonic()

    def begin(self, planned: int) -> None:
        """Take note of how many trials there are."""
        self.planned = planned
        self.show(0, "")

    def update(self, event: dict[str, Any]) -> None:
        """Show an event of the run."""
        done, rate, cost = int(event["done"]), float(event.get("rate") or 0), float(event.get("cost_usd") or 0)
        self.planned = int(event["planned"])
        parts = [str(event["waiting"])] if event.get("waiting") else [f"{rate:.1f}/s"]
        if rate > 0 and not event.get("waiting"):
            parts.append(f"{_time((self.planned - done) / rate)} left")
        if cost > 0:
            parts.append(f"${cost:.4f}")
        if event.get("errors"):
            parts.append(f"{event['errors']} failed")
        self.show(done, ", ".join(parts))

    def end(self, whole: bool) -> None:
        """Leave what is shown as it ended."""
        if whole and self.planned:
            self.show(self.planned, _time(time.monotonic() - self.started))

    def show(self, done: int, text: str) -> None:
        """Show how many are done, and a text beside."""


class Bar(Progress):
    """A line of a terminal that is written again and again."""

    WIDTH = 30

    def show(self, done: int, text: str) -> None:
        """Draw the bar."""
        full = self.WIDTH * done // max(self.planned, 1)
        line = f"{'█' * full}{'░' * (self.WIDTH - full)} {done}/{self.planned} {text}"
        try:
            width = os.get_terminal_size(sys.stderr.fileno()).columns
        except (OSError, ValueError):
            width = 100
        sys.stderr.write(f"\r\x1b[K{line[: width - 1]}")
        sys.stderr.flush()

    def end(self, whole: bool) -> None:
        """End the line."""
        super().end(whole)
        if self.planned:
            sys.stderr.write("\n")


class Lines(Progress):
    """A line every five seconds, where nothing can be written over."""

    def __init__(self) -> None:
        super().__init__()
        self.last = 0.0

    def show(self, done: int, text: str) -> None:
        """Print a line, not too often."""
        now = time.monotonic()
        if now - self.last >= 5 or (done == self.planned and text):
            self.last = now
            print(f"{done}/{self.planned} {text}".rstrip(), file=sys.stderr)


class Notebook(Progress):
    """A display that is updated in place."""

    def __init__(self) -> None:
        super().__init__()
        self.handle: Any = None

    def show(self, done: int, text: str) -> None:
        """Draw the bar as HTML."""
        from IPython.display import HTML, display  # type: ignore # noqa: PLC0415

        drawn = HTML(  # type: ignore[reportUnknownVariableType]
            f"<div style='{FONT}'><progress value='{done}' max='{max(self.planned, 1)}' "
            "style='width:20em;vertical-align:middle'></progress> "
            f"{done}/{self.planned} {html.escape(text)}</div>"
        )
        if self.handle is None:
            self.handle = display(drawn, display_id=True)
        elif self.handle is not None:
            self.handle.update(drawn)


def progress(wanted: bool | None) -> Progress:
    """Choose how progress is shown here: None where somebody looks, True anywhere, False not at all."""
    if wanted is False:
        return Progress()
    if in_notebook():
        return Notebook()
    if sys.stderr is not None and sys.stderr.isatty():  # type: ignore[reportUnnecessaryComparison]
        return Bar()
    return Lines() if wanted else Progress()


def in_notebook() -> bool:
    """Tell whether this is a notebook: nothing of IPython is imported for that."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

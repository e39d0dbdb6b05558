"""What a gate says of a run."""

from __future__ import annotations

import dataclasses
import html
from typing import TYPE_CHECKING, Any

from assay._results import Result
from assay.client._errors import GateError

if TYPE_CHECKING:
    from assay.client import models

__all__ = ["Gate"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Gate(Result):
    """The verdict of a run's gate.

    Attributes
    ----------
    verdict : {"pass", "fail", "inconclusive"} or None
        None when the suite has no rules.
    confidence : float
        The confidence of the intervals.
    criteria : list of dict
        Each requirement with what was found and its own verdict.
    run : str
        The run.
    """

    verdict: models.VerdictKind | None
    confidence: float
    criteria: list[models.Criterion]
    run: str

    @property
    def passed(self) -> bool:
        """Whether it is a pass: neither a failure nor a verdict that the data cannot give."""
        return self.verdict == "pass"

    @property
    def unmet(self) -> list[models.Criterion]:
        """What did not pass."""
        return [one for one in self.criteria if one["verdict"]["kind"] != "pass"]

    def require(self) -> Gate:
        """Give the gate back if it passed.

        Raises
        ------
        GateError
            It failed, or the data cannot decide, or there are no rules; the message has what was found.
        """
        if self.passed:
            return self
        found = "".join(f"\n- {one['name']}: {one['found']}" for one in self.unmet)
        error = GateError(f"{self._sentence()}{found}", title="Gate")
        error.verdict = self.verdict
        raise error

    def _sentence(self) -> str:
        if self.verdict is None:
            return f"run {self.run[-8:]} has no gate"
        count = sum(one["verdict"]["kind"] == "pass" for one in self.criteria)
        return f"{self.verdict}: {count} of {len(self.criteria)} criteria of run {self.run[-8:]} pass"

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in ("criterion", "found", "verdict"))
        rows = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(text)}</td>" for text in (one["name"], one["found"], one["verdict"]["kind"]))
            + "</tr>"
            for one in self.criteria
        )
        title = html.escape(self._sentence())
        return f"<table><caption style='text-align:left'>{title}</caption><tr>{head}</tr><tbody>{rows}</tbody></table>"


def gate(run: str, report: Any) -> Gate:
    """Make it of what the server says."""
    return Gate(report["verdict"], report["confidence"], report["criteria"], run)

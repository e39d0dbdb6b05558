"""Releases: proposed changes on their way through policy, people and stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.client._operations import Operations

__all__ = ["Release"]


class Release:
    """A release as it was last seen. What is done to it says what was seen: if others acted since, nothing is done.

    Attributes
    ----------
    view : dict
        All that the server says of it.
    """

    __slots__ = ("_api", "view")

    def __init__(self, api: Operations, view: Any) -> None:
        self._api = api
        self.view: dict[str, Any] = view

    @property
    def number(self) -> int:
        """Its number."""
        return self.view["release"]

    @property
    def stand(self) -> str:
        """Where it stands."""
        return self.view["stand"]

    @property
    def head(self) -> str:
        """The digest of the newest line of its log."""
        return self.view["head"]

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """What holds it up."""
        return self.view["blocks"]

    def __repr__(self) -> str:
        title = self.view.get("opened", {}).get("title", "")
        return f"<Release {self.number}: {title!r}, {self.view.get('stand', 'changed')}>"

    def refresh(self) -> Release:
        """Look at it as it is now."""
        self.view = self._api.get_release(self.number)
        return self

    def evaluate(self, runs: Sequence[str] = ()) -> Release:
        """Read the policy off the candidate's runs: the newest ones, or these.

        Raises
        ------
        ConflictError
            Others have acted on it since it was seen: `refresh` it. So for all that follow.
        """
        self.view = self._api.evaluate_release(self.number, {"seen": self.head, "runs": list(runs)})
        return self

    def attach(self, document: str, reference: str) -> Release:
        """Attach a document that the policy asks for: a file of the project, or an address."""
        body: Any = {"seen": self.head, "document": document, "reference": reference}
        self.view = self._api.attach_to_release(self.number, body)
        return self

    def approve(self, reason: str) -> Release:
        """Agree to it as it stands."""
        self.view = self._api.approve_release(self.number, {"seen": self.head, "reason": reason})
        return self

    def reject(self, reason: str) -> Release:
        """Refuse it."""
        self.view = self._api.reject_release(self.number, {"seen": self.head, "reason": reason})
        return self

    def waive(self, rule: str, *, until: str, reason: str, owner: str, follow_up: str) -> Release:
        """Let a rule not hold it up until a day, such as ``2027-01-31``."""
        self.view = self._api.waive_rule(
            self.number,
            {
                "seen": self.head,
                "rule": rule,
                "until": until,
                "reason": reason,
                "owner": owner,
                "follow_up": follow_up,
            },
        )
        return self

    def ship(self, reason: str, *, emergency: bool = False) -> Release:
        """Take the next step of the rollout.

        Raises
        ------
        ConflictError
            Something holds it up: its `blocks` say what.
        """
        self.view = self._api.ship_release(self.number, {"seen": self.head, "reason": reason, "emergency": emergency})
        return self

    def roll_back(self, reason: str) -> Release:
        """Take it back."""
        self.view = self._api.roll_back_release(self.number, {"seen": self.head, "reason": reason})
        return self

"""Interleaving: two rankings in one list, and which of them people prefer."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Interval, Result, number
from assay.stats import _estimate
from assay.stats._estimate import Level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers

__all__ = [
    "Preference",
    "balanced_interleave",
    "interleaving_credit",
    "interleaving_preference",
    "probabilistic_interleave",
    "team_draft",
]


def _length(a: Groups, b: Groups, length: int | None) -> int:
    if length is not None and length < 0:
        raise ValueError(f"length must be 0 or more, not {length}")
    most = len(a) + len(b)  # type: ignore[arg-type]
    return most if length is None else min(length, most)


def team_draft(a: Groups, b: Groups, *, length: int | None = None, seed: int | None = None) -> list[tuple[Any, str]]:
    """Interleave two rankings by team draft: items with the team, "a" or "b", that picked each.

    Parameters
    ----------
    a, b : column
        Two rankings, the best first.
    length : int, optional
        At most so many items; it ends when a ranking has nothing left.
    seed : int, optional
        Of the lots; default: another one each time.

    References
    ----------
    Radlinski, F., Kurup, M. & Joachims, T. (2008). How does clickthrough data reflect retrieval quality?

    Examples
    --------
    >>> from assay import stats
    >>> picks = stats.team_draft(["x", "y", "z"], ["y", "w", "x"], length=3, seed=1)
    >>> len(picks), {team for _, team in picks} <= {"a", "b"}
    (3, True)
    """
    lots = random.Random(seed)
    return _assay.team_draft(a, b, [lots.random() for _ in range(_length(a, b, length))])


def balanced_interleave(a: Groups, b: Groups, *, length: int | None = None, seed: int | None = None) -> list[Any]:
    """Interleave two rankings by turns, who begins by lot.

    References
    ----------
    Joachims, T. (2002). Optimizing search engines using clickthrough data.

    Examples
    --------
    >>> from assay import stats
    >>> sorted(stats.balanced_interleave(["x", "y", "z"], ["y", "w", "x"], length=2, seed=1))
    ['x', 'y']
    """
    return _assay.balanced_interleave(a, b, _length(a, b, length), random.Random(seed).random() < 0.5)


def probabilistic_interleave(a: Groups, b: Groups, *, length: int | None = None, seed: int | None = None) -> list[Any]:
    """Interleave two rankings at random: each place goes to either ranker by lot, near the top of its list.

    References
    ----------
    Hofmann, K., Whiteson, S. & de Rijke, M. (2011). A probabilistic method for inferring preferences from clicks.

    Examples
    --------
    >>> from assay import stats
    >>> sorted(stats.probabilistic_interleave(["x", "y"], ["y", "x"], seed=1))
    ['x', 'y']
    """
    lots = random.Random(seed)
    return _assay.probabilistic_interleave(a, b, [lots.random() for _ in range(2 * _length(a, b, length))])


def interleaving_credit(
    a: Groups,
    b: Groups,
    shown: Groups,
    clicked: Numbers,
    *,
    method: Literal["balanced", "probabilistic"] = "probabilistic",
) -> tuple[float, float]:
    """Share the clicks on an interleaved list between the two rankings.

    Parameters
    ----------
    a, b : column
        The rankings.
    shown : column
        The list as it was shown.
    clicked : column of booleans
        Which of its items were clicked.
    method : {"balanced", "probabilistic"}
        How the list was made. (Of a team draft, count the clicks on each team's picks.)

    Examples
    --------
    >>> from assay import stats
    >>> stats.interleaving_credit("x y z".split(), "y w x".split(), "x y w".split(), [0, 1, 1], method="balanced")
    (1.0, 2.0)
    """
    if method not in ("balanced", "probabilistic"):
        raise ValueError(f"method must be one of balanced, probabilistic, not {method!r}")
    return _assay.interleaving_credit(a, b, shown, clicked, method == "probabilistic")


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Preference(Result):
    """Which ranker is preferred.

    Attributes
    ----------
    preference : Level
        (wins of a + ½ ties) / impressions − ½, with its interval: above 0 when a is preferred.
    wins_a, wins_b, ties : int
        Impressions with more credit for either, and with equal credit.
    p_value : float
        Exact two-sided sign test; NaN with clusters, as it takes impressions for independent.
    """

    preference: Level
    wins_a: int
    wins_b: int
    ties: int
    p_value: float

    @property
    def estimate(self) -> float:
        """The preference."""
        return self.preference.estimate

    @property
    def interval(self) -> Interval:
        """Its interval."""
        return self.preference.interval

    def _sentence(self) -> str:
        counts = f"{self.wins_a} to {self.wins_b}, {self.ties} ties"
        ends = f"{self.interval.lower:+.4g} to {self.interval.upper:+.4g}"
        return f"preference for a {self.estimate:+.4g}, {ends} ({counts})"

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw the preference with its interval; needs matplotlib."""
        ax = self.preference.plot(ax, label=label, at=at)
        ax.axvline(0, color="grey", linewidth=0.8)
        ax.set_xlabel(f"b  ←  preference, p {number(self.p_value, 3)}  →  a")
        return ax


def interleaving_preference(
    credit_a: Numbers, credit_b: Numbers, *, clusters: Groups | None = None, confidence: float = 0.95
) -> Preference:
    """Which of two rankers people prefer, from the credit that each got for every interleaved list.

    Parameters
    ----------
    credit_a, credit_b : column of numbers
        Such as clicks on their picks, a line per impression.
    clusters : column, optional
        Impressions that hang together, such as those of one user.

    References
    ----------
    Chapelle, O. et al. (2012). Large-scale validation and analysis of interleaved search evaluation.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.interleaving_preference([1] * 8 + [0, 0], [0] * 8 + [1, 0])
    >>> found.wins_a, found.wins_b, round(found.p_value, 4)
    (8, 1, 0.0391)
    """
    (native, fields), behind = _assay.interleaving_preference(credit_a, credit_b, clusters, confidence)
    return Preference(_estimate.made(fields, native, confidence), **behind)

"""Rankings of players by pairs: Bradley–Terry and models of ties."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Interval, Result, axes, interval, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers, Table

__all__ = ["Player", "Ranking", "bradley_terry", "elo"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Player(Result):
    """A player of a ranking.

    Attributes
    ----------
    name : object
        The player.
    strength : float
        Log strength; strengths sum to zero.
    interval : Interval
        Of the log strength.
    standard_error : float
        Its sandwich standard error, by cluster.
    best_rank, worst_rank : int
        Ranks from 1 that hold together for all players with the stated confidence.
    """

    name: Any
    strength: float
    interval: Interval
    standard_error: float
    best_rank: int
    worst_rank: int

    @property
    def elo(self) -> float:
        """Elo points: 1000 + 400 / ln 10 · strength."""
        return elo(self.strength)

    def _sentence(self) -> str:
        ends = f"{self.best_rank} to {self.worst_rank}" if self.best_rank < self.worst_rank else f"{self.best_rank}"
        return f"{self.name}: {self.elo:.0f} points, rank {ends}"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Ranking(Result):
    """Players, the strongest first.

    Attributes
    ----------
    players : list of Player
        With log strengths, intervals and ranks.
    tie : float
        The parameter of the model of ties; NaN when ties are halves.
    style : list of float
        How much a unit more of each style column moves the log odds.
    log_likelihood : float
        Of the fit.
    separated : bool
        Whether someone never won or never lost, so that a small ridge keeps strengths finite.
    """

    players: list[Player]
    tie: float
    style: list[float]
    log_likelihood: float
    separated: bool

    def _sentence(self) -> str:
        return "; ".join(player._sentence() for player in self.players[:3]) + (" …" if len(self.players) > 3 else "")  # type: ignore[reportPrivateUsage]

    def __getitem__(self, name: Any) -> Player:
        for player in self.players:
            if player.name == name:
                return player
        raise KeyError(name)

    def win_rate(self, a: Any, b: Any) -> float:
        """Give the chance that `a` beats `b`, ties shared."""
        return 1.0 / (1.0 + math.exp(min(700.0, self[b].strength - self[a].strength)))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw strengths in Elo points with their intervals, the strongest at the top; needs matplotlib."""
        ax = axes(ax)
        for at, player in enumerate(self.players):
            lower, upper = elo(player.interval.lower), elo(player.interval.upper)
            ax.plot([lower, upper], [at, at], color="C0")
            ax.plot([player.elo], [at], "o", color="C0")
        place(ax, [str(player.name) for player in self.players])
        ax.set_xlabel("Elo points")
        return ax


def bradley_terry(
    battles: Iterable[tuple[Any, Any, Any]] | None = None,
    *,
    a: Groups | None = None,
    b: Groups | None = None,
    winner: Groups | None = None,
    ties: Literal["half", "davidson", "rao_kupper"] = "half",
    weights: Numbers | None = None,
    style: Table | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> Ranking:
    """Rank players by pairs that met.

    Parameters
    ----------
    battles : iterable of (a, b, winner)
        Two names and who won: one of them, "a", "b", 1 (the first) or 0, and "tie", "both", 0.5 or None for a tie.
    a, b, winner : column
        The same as columns, instead of `battles`.
    ties : {"half", "davidson", "rao_kupper"}
        A tie is half a win for either side, or an outcome of its own by the model named.
    weights : column of numbers, optional
        How often each battle counts.
    style : table, optional
        A row per battle of differences first − second to be held equal, such as length; needs ties="half".
    clusters : column, optional
        Battles that hang together, such as those on one prompt.
    confidence : float, default 0.95
        Of intervals and of ranks.

    Returns
    -------
    Ranking

    Raises
    ------
    ValueError
        Groups of players never met; a winner that is neither; a player against itself.

    References
    ----------
    Bradley, R. A. & Terry, M. E. (1952); Davidson, R. R. (1970); Rao, P. V. & Kupper, L. L. (1967); Mohamad, D.,
    Goeman, J. J. & van Zwet, E. W. (2019), for the ranks.

    Examples
    --------
    >>> from assay import stats
    >>> battles = [("x", "y", "x")] * 30 + [("x", "y", "y")] * 10 + [("y", "z", "tie")] * 20
    >>> ranking = stats.bradley_terry(battles)
    >>> ranking
    <Ranking: x: 1127 points, rank 1; y: 936 points, rank 2 to 3; z: 936 points, rank 2 to 3>
    >>> round(ranking.win_rate("x", "y"), 2)
    0.75
    """
    if battles is not None:
        rows = [tuple(battle) for battle in battles]
        if any(len(row) != 3 for row in rows):
            raise ValueError("battles must each be (a, b, winner)")
        first, second, won = ([row[at] for row in rows] for at in range(3))
    elif a is None or b is None or winner is None:
        raise TypeError("give battles, or the columns a, b and winner")
    else:
        first, second, won = _assay.column(a), _assay.column(b), _assay.column(winner)
    if not len(first) == len(second) == len(won):
        raise ValueError(
            f"a, b and winner have {len(first)}, {len(second)} and {len(won)} items: equally many are needed"
        )
    outcomes = [_outcome(at, *battle) for at, battle in enumerate(zip(first, second, won, strict=True))]
    found = _assay.bradley_terry(first, second, outcomes, ties, weights, style, clusters, confidence)
    players = [
        Player(name, strength, interval(ends, confidence), se, *ranks)
        for name, strength, ends, se, ranks in zip(
            found["names"], found["strengths"], found["intervals"], found["standard_error"], found["ranks"], strict=True
        )
    ]
    players.sort(key=lambda player: -player.strength)
    return Ranking(players, found["tie"], found["style"], found["log_likelihood"], found["separated"])


def _outcome(at: int, a: Any, b: Any, winner: Any) -> float:
    if winner == a:
        return 1.0
    if winner == b:
        return 0.0
    if winner is None or winner == 0.5:
        return 0.5
    if isinstance(winner, str):
        word = winner.lower()
        if word in ("a", "model_a"):
            return 1.0
        if word in ("b", "model_b"):
            return 0.0
        if word in ("tie", "both", "draw", "tie (bothbad)"):
            return 0.5
    elif winner in (0, 1):
        return float(winner)
    raise ValueError(f"winner[{at}] is {winner!r}: it must be {a!r}, {b!r}, 'a', 'b', 1, 0 or a tie ('tie', 0.5, None)")


def elo(strength: float) -> float:
    """Elo points of a log strength: 1000 + 400 / ln 10 · strength.

    Examples
    --------
    >>> from assay import stats
    >>> stats.elo(0.0)
    1000.0
    """
    return _assay.elo(strength)

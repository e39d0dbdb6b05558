"""What a run found: scores with intervals, verdicts, comparisons."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from assay._charts import escaped, line, table
from assay._estimates import Estimated, estimated, interval_of, undefined
from assay._results import Interval, Result, axes, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Gate", "Level", "Scores"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True, kw_only=True)
class Level(Estimated):
    """A score of a target over the cases of a run, or of one of its slices.

    What it is called and holds is as in `assay.stats`: `estimate`, `interval`, `n`, `method`, `standard_error` …

    Attributes
    ----------
    target, scorer : str
        Whose it is, and what scored.
    reducer : str
        How repeats of a case are put together, such as `mean` or `pass@3`.
    metric : str or None
        The corpus metric, such as `macro_f1`; None for the mean over cases.
    slice : str or None
        The slice; None for all cases.
    estimate : float
        The level; NaN where nothing was scored.
    interval : Interval
        Its interval; NaN where it is not defined.
    n : int
        Cases with a score.
    method : str
        How the interval was made.
    scored, unscored, errors, scorer_errors : int
        Trials with a score; without one by the scorer's own word; whose target failed; whose scorer failed. Of slices
        only `n` is known.
    range : (float, float)
        The smallest and largest possible score.
    direction : str
        `higher` or `lower` is better.
    advisory : bool
        True for the word of a judge that is not calibrated well enough to decide.
    reason : str or None
        Why there is no interval, or a very wide one.
    """

    target: str
    scorer: str
    reducer: str
    metric: str | None
    slice: str | None
    scored: int
    unscored: int
    errors: int
    scorer_errors: int
    range: tuple[float, float]
    direction: str
    advisory: bool

    @property
    def name(self) -> str:
        """The scorer with its reducer, corpus metric and slice, where it has them."""
        name = self.scorer if self.metric is None else f"{self.scorer}.{self.metric}"
        name = name if self.reducer == "mean" or self.metric is not None else f"{name} {self.reducer}"
        return name if self.slice is None else f"{name} ({self.slice})"

    def _sentence(self) -> str:
        said = f"{self.name} {figure(self)}"
        missing = [(self.errors, "failed"), (self.unscored, "unscored"), (self.scorer_errors, "not scorable")]
        for count, word in missing:
            said += f", {count} {word}" if count else ""
        return f"{said}, advisory" if self.advisory else said

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw it with its interval; needs matplotlib."""
        return forest([self], ax)


def figure(level: Level) -> str:
    """Say a level in words."""
    ends = level.interval
    if math.isnan(ends.lower):
        return f"{number(level.estimate)} (n = {level.n})"
    share = f"{100 * ends.confidence:.4g}%"
    return f"{number(level.estimate)} ({share} CI {number(ends.lower)} to {number(ends.upper)}, n = {level.n})"


def _range(kind: Any) -> tuple[float, float]:
    if kind == "binary":
        return (0.0, 1.0)
    bounds = kind.get("bounded") if isinstance(kind, dict) else None  # type: ignore[reportUnknownVariableType]
    return (bounds["lo"], bounds["hi"]) if bounds else (-math.inf, math.inf)  # type: ignore[reportUnknownVariableType]


def levels(summary: dict[str, Any], confidence: float) -> Scores:
    """Read the levels of a report."""
    found: list[Level] = []
    for row in summary["rows"]:
        parts = [(None, row["estimate"])]
        parts += [(part["slice"], part["estimate"]) for part in row["slices"]]
        for name, estimate in parts:
            whole = name is None
            found.append(
                Level(
                    **estimated(estimate, confidence),
                    target=row["target"],
                    scorer=row["scorer"],
                    reducer=row["reducer"],
                    metric=row.get("metric"),
                    slice=name,
                    scored=row["scored"] if whole else estimate["n"],
                    unscored=row["unscored"] if whole else 0,
                    errors=row["trial_errors"] if whole else 0,
                    scorer_errors=row["scorer_errors"] if whole else 0,
                    range=_range(row["score"]),
                    direction=row["direction"],
                    advisory=row["advisory"],
                )
            )
    return Scores(found)


class Scores(Sequence[Level]):
    """The scores of a run, in the order of its scorers; slices are under :attr:`slices`.

    ``scores["equals"]`` is that of a scorer, ``scores["equals", "v2"]`` of one of several targets.
    """

    def __init__(self, found: Sequence[Level]) -> None:
        self._whole = [level for level in found if level.slice is None]
        self.slices = [level for level in found if level.slice is not None]

    def __len__(self) -> int:
        return len(self._whole)

    def __iter__(self) -> Iterator[Level]:
        return iter(self._whole)

    @overload
    def __getitem__(self, which: int | str | tuple[str, str]) -> Level: ...
    @overload
    def __getitem__(self, which: slice) -> Sequence[Level]: ...
    def __getitem__(self, which: int | str | tuple[str, str] | slice) -> Level | Sequence[Level]:
        if isinstance(which, (int, slice)):
            return self._whole[which]
        scorer, target = (which, None) if isinstance(which, str) else which
        found = [e for e in self._whole if scorer in (e.scorer, e.name) and target in (None, e.target)]
        if not found:
            raise KeyError(f"there is no score {which!r}; there are: {', '.join(e.name for e in self._whole)}")
        if len({e.target for e in found}) > 1:
            targets = ", ".join(repr((scorer, e.target)) for e in found)
            raise KeyError(f"{scorer!r} scored several targets: ask for one of {targets}")
        return found[0]

    def __repr__(self) -> str:
        return f"<Scores: {'; '.join(map(str, self._whole))}>"

    def _repr_html_(self) -> str:
        return scores_table(self._whole, "scores")


def scores_table(
    found: Sequence[Level], title: str, marks: dict[str, list[float]] | None = None, below: str = ""
) -> str:
    """Make a table of scores with a chart of their intervals."""
    several = len({level.target for level in found}) > 1
    header = [*(["target"] if several else []), "score", "", "level", "interval", "n", "missing"]
    rows: list[list[str]] = []
    for level in found:
        low, high = scale([e for e in found if e.scorer == level.scorer])
        ends = level.interval
        interval = "" if math.isnan(ends.lower) else f"{number(ends.lower)} to {number(ends.upper)}"
        missing = level.errors + level.unscored + level.scorer_errors
        chart = line(level.estimate, ends.lower, ends.upper, low, high, marks=(marks or {}).get(level.scorer, ()))
        cells = [escaped(level.name), chart, number(level.estimate), interval, str(level.n), str(missing or "")]
        rows.append([*([escaped(level.target)] if several else []), *cells])
    return table(title, header, rows, below)


def scale(found: Sequence[Level]) -> tuple[float, float]:
    """Give the scale of a chart: the range of the score, or what is there where it has none."""
    low, high = found[0].range
    ends = [e for x in found for e in (x.estimate, x.interval.lower, x.interval.upper) if math.isfinite(e)]
    if (math.isfinite(low) and math.isfinite(high)) or not ends:
        return low, high
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    return (low, high) if low < high else (low - 1, high + 1)


def forest(found: Sequence[Level], ax: Axes | None = None) -> Axes:
    """Draw scores with their intervals, one below the other; needs matplotlib."""
    ax = axes(ax)
    several = len({level.target for level in found}) > 1
    for at, level in enumerate(found):
        ends = level.interval
        wide = None
        if not math.isnan(ends.lower):
            wide = [[max(level.estimate - ends.lower, 0.0)], [max(ends.upper - level.estimate, 0.0)]]
        ax.errorbar([level.estimate], [at], xerr=wide, fmt="o", capsize=4)
    names = [f"{e.target}: {e.name}" if several else e.name for e in found]
    # A `$` in a name is no formula.
    ax.set_yticks(range(len(found)), [name.replace("$", r"\$") for name in names])
    ax.invert_yaxis()
    return ax


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Rule(Result):
    """A rule of a gate and what it says.

    Attributes
    ----------
    name, target, scorer : str
        The rule in words, and what it is about.
    role : str
        `gate`, or `guardrail` for one that fails when it is inconclusive.
    verdict : str
        `pass`, `fail` or `inconclusive`.
    found : str
        What it was read off, in words.
    estimate : float
        The level, or the difference.
    interval : Interval
        Its interval.
    n : int
        Cases.
    reasons : tuple of str
        Why it is not a plain pass.
    needed : int or None
        How many cases would settle it, where it is inconclusive.
    """

    name: str
    target: str
    scorer: str
    role: str
    verdict: str
    found: str
    estimate: float
    interval: Interval
    n: int
    reasons: tuple[str, ...]
    needed: int | None

    @property
    def sentence(self) -> str:
        """What it says, in a sentence."""
        said = f"{self.name}: {self.verdict}, {self.found}"
        if self.reasons and self.verdict != "pass":
            said += f"; {'; '.join(self.reasons)}"
        return f"{said}; about {self.needed} cases would settle it" if self.needed else said

    def _sentence(self) -> str:
        return self.sentence


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Gate(Result):
    """The verdict of a gate: of all its rules together.

    Attributes
    ----------
    verdict : str or None
        `pass`, `fail` or `inconclusive`; None where there are no rules.
    rules : tuple of Rule
        Each rule with its verdict.
    """

    verdict: str | None
    rules: tuple[Rule, ...]

    @property
    def passed(self) -> bool:
        """Whether it passed; False also where it is inconclusive."""
        return self.verdict == "pass"

    def __bool__(self) -> bool:
        raise TypeError("a gate may be inconclusive: ask `gate.passed`, or `gate.verdict` for which")

    def _sentence(self) -> str:
        if self.verdict is None:
            return "no rules"
        open_ = [rule.sentence for rule in self.rules if rule.verdict != "pass"]
        return ". ".join([self.verdict, *open_])

    def _repr_html_(self) -> str:
        rows = [[escaped(x) for x in (r.verdict, r.name, r.target, r.found, "; ".join(r.reasons))] for r in self.rules]
        return table(f"gate: {self.verdict}", ["verdict", "rule", "target", "found", "why"], rows)


def read_gate(report: dict[str, Any]) -> Gate:
    """Read a gate of a report."""
    rules: list[Rule] = []
    for row in report["criteria"]:
        verdict = row["verdict"]
        rules.append(
            Rule(
                name=row["name"],
                target=row["target"],
                scorer=row["scorer"],
                role=row["role"],
                verdict=verdict["kind"],
                found=row["found"],
                estimate=undefined(row["value"]),
                interval=interval_of(row["interval"], report["confidence"]),
                n=row["n"] or 0,
                reasons=tuple(verdict["reasons"]),
                needed=verdict["needed_n"],
            )
        )
    return Gate(report["verdict"], tuple(rules))

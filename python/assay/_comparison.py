"""Two runs compared, paired by case."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from assay._charts import escaped, line, table
from assay._estimates import Compared, compared, undefined
from assay._results import Result, axes, p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison", "Difference"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Flip(Result):
    """A case whose score moved.

    Attributes
    ----------
    case : str
        Its id.
    baseline, candidate : float
        Its score then and now.
    worse : bool
        Whether the move is a loss.
    """

    case: str
    baseline: float
    candidate: float
    worse: bool


@dataclasses.dataclass(frozen=True, repr=False, slots=True, kw_only=True)
class Difference(Compared):
    """How a score of the candidate differs from that of the baseline.

    What it is called and holds is as in `assay.stats`: `estimate`, `interval`, `p_value`, `n`, `method` …

    Attributes
    ----------
    scorer : str
        What scored; with its corpus metric where it is one.
    slice : str or None
        The slice; None for all cases.
    estimate : float
        The difference, turned so that positive is better.
    interval : Interval
        Its interval.
    p_value : float
        Of no difference; NaN where there is no test. Of slices it is Holm-adjusted over all slices and scorers.
    p_method : str or None
        The test behind it.
    method : str
        How the interval was made.
    n : int
        Cases that are in both.
    better, worse, same : int
        Cases that moved either way, and that did not.
    candidate, baseline : float
        The levels; NaN for slices.
    flips : tuple of Flip
        Cases that moved, the largest losses first.
    paired : bool
        Whether the same cases were compared.
    advisory : bool
        True for the word of a judge that is not calibrated well enough to decide.
    """

    scorer: str
    slice: str | None
    candidate: float
    baseline: float
    flips: tuple[Flip, ...]
    advisory: bool

    @property
    def verdict(self) -> str:
        """`better` or `worse` where the interval leaves out zero, else `inconclusive`."""
        if self.interval.lower > 0:
            return "better"
        return "worse" if self.interval.upper < 0 else "inconclusive"

    @property
    def name(self) -> str:
        """The scorer, with the slice where it is one."""
        return self.scorer if self.slice is None else f"{self.scorer} ({self.slice})"

    @property
    def sentence(self) -> str:
        """What it says, in a sentence."""
        ends = self.interval
        said = f"{self.name} {self.verdict}: {self.estimate:+.4g}"
        if not math.isnan(ends.lower):
            said += f" ({100 * ends.confidence:.4g}% CI {ends.lower:+.4g} to {ends.upper:+.4g}, n = {self.n})"
        return f"{said}, {self.better} better and {self.worse} worse"

    def _sentence(self) -> str:
        return self.sentence


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Comparison(Result):
    """A candidate compared with a baseline, paired by case.

    Attributes
    ----------
    candidate, baseline : str
        The runs and targets.
    matched, candidate_only, baseline_only : int
        Cases in both, and in one only.
    differences : tuple of Difference
        One for each score.
    slices : tuple of Difference
        One for each score and declared slice.
    refused : dict
        Scorers that cannot be compared, with the reason.
    """

    candidate: str
    baseline: str
    matched: int
    candidate_only: int
    baseline_only: int
    differences: tuple[Difference, ...]
    slices: tuple[Difference, ...]
    refused: dict[str, str]

    def __getitem__(self, scorer: str) -> Difference:
        for difference in self.differences:
            if difference.scorer == scorer:
                return difference
        if scorer in self.refused:
            raise KeyError(f"{scorer!r} cannot be compared: {self.refused[scorer]}")
        raise KeyError(f"nothing was scored by {scorer!r}; there are: {', '.join(d.scorer for d in self.differences)}")

    @property
    def verdict(self) -> str:
        """`worse` where any score is shown to be, else `better` where one is, else `inconclusive`.

        Scores are looked at together: by Holm's rule for p-values, so that more scorers find no more by chance.
        """
        shown = [d for d in self.differences if not d.advisory and not math.isnan(d.p_value)]
        shown.sort(key=lambda difference: difference.p_value)
        words: set[str] = set()
        for rank, difference in enumerate(shown):
            if difference.p_value * (len(shown) - rank) > 1 - difference.interval.confidence:
                break
            words.add("better" if difference.estimate > 0 else "worse")
        return next((word for word in ("worse", "better") if word in words), "inconclusive")

    def _sentence(self) -> str:
        parts = [difference.sentence for difference in self.differences]
        parts += [f"{scorer} cannot be compared: {why}" for scorer, why in self.refused.items()]
        return f"{self.candidate} against {self.baseline}, {self.matched} cases: {self.verdict}. " + "; ".join(parts)

    def _repr_html_(self) -> str:
        rows: list[list[str]] = []
        for d in (*self.differences, *self.slices):
            far = max(
                (abs(x) for x in (d.estimate, d.interval.lower, d.interval.upper) if math.isfinite(x)), default=0.0
            )
            colour = {"better": "#16a34a", "worse": "#dc2626"}.get(d.verdict, "#808b9b")
            ends = d.interval
            chart = line(d.estimate, ends.lower, ends.upper, -far, far, marks=[0.0], colour=colour)
            interval = "" if math.isnan(ends.lower) else f"{ends.lower:+.4g} to {ends.upper:+.4g}"
            moved = f"{d.better} better, {d.worse} worse"
            rows.append(
                [
                    escaped(d.name),
                    chart,
                    f"{d.estimate:+.4g}",
                    interval,
                    escaped(p_text(d.p_value)),
                    moved,
                    d.verdict,
                ]
            )
        header = ["score", "", "difference", "interval", "p", "cases", "verdict"]
        title = f"{self.candidate} against {self.baseline}, {self.matched} cases: {self.verdict}"
        refused = [f"{scorer} cannot be compared: {why}" for scorer, why in self.refused.items()]
        return table(title, header, rows, ". ".join(refused))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the differences with their intervals; needs matplotlib."""
        ax = axes(ax)
        ax.axvline(0.0, linewidth=1, linestyle="--", color="grey")
        shown = (*self.differences, *self.slices)
        for at, d in enumerate(shown):
            wide = None
            if not math.isnan(d.interval.lower):
                wide = [[max(d.estimate - d.interval.lower, 0.0)], [max(d.interval.upper - d.estimate, 0.0)]]
            ax.errorbar([d.estimate], [at], xerr=wide, fmt="o", capsize=4)
        ax.set_yticks(range(len(shown)), [d.name.replace("$", r"\$") for d in shown])
        ax.invert_yaxis()
        return ax


def comparison(report: dict[str, Any], confidence: float) -> Comparison:
    """Read a comparison of the engine."""
    whole: list[Difference] = []
    parts: list[Difference] = []
    for row in report["rows"]:
        name = row["scorer"] if row.get("metric") is None else f"{row['scorer']}.{row['metric']}"
        whole.append(
            _difference(
                name,
                None,
                row["difference"],
                p=row["difference"]["p"],
                levels=(undefined(row["candidate"]["value"]), undefined(row["baseline"]["value"])),
                flips=tuple(Flip(f["case"], f["baseline"], f["candidate"], f["worse"]) for f in row["flips"]),
                confidence=confidence,
                advisory=row["advisory"],
            )
        )
        parts += [
            _difference(
                name,
                part["slice"],
                part["difference"],
                p=part["adjusted_p"],
                levels=(math.nan, math.nan),
                flips=(),
                confidence=confidence,
                advisory=bool(part.get("advisory")),
            )
            for part in row["slices"]
        ]
    return Comparison(
        candidate=report["candidate"],
        baseline=report["baseline"],
        matched=report["matched"],
        candidate_only=report["candidate_only"],
        baseline_only=report["baseline_only"],
        differences=tuple(whole),
        slices=tuple(parts),
        refused=dict(report["refused"]),
    )


def _difference(
    scorer: str,
    slice: str | None,
    found: dict[str, Any],
    *,
    p: float | None,
    levels: tuple[float, float],
    flips: tuple[Flip, ...],
    confidence: float,
    advisory: bool,
) -> Difference:
    return Difference(
        **compared({**found, "p": p}, confidence),
        scorer=scorer,
        slice=slice,
        candidate=levels[0],
        baseline=levels[1],
        flips=flips,
        advisory=advisory,
    )

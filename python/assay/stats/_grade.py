"""Which grade of trust a judge has earned."""

from __future__ import annotations

import dataclasses
from typing import Any

from assay import _assay
from assay._results import Interval, Result

__all__ = ["JudgeGrade", "judge_grade"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class JudgeGrade(Result):
    """What a judge may be used for.

    Attributes
    ----------
    grade : str
        "U" (uncalibrated), "C" (monitor), "B" (compare) or "A" (gate).
    allows : str
        What it allows, in words.
    missing : list of str
        What the next grade needs and the evidence does not show.
    """

    grade: str
    allows: str
    missing: list[str]

    def _sentence(self) -> str:
        needs = f"; the next grade needs {'; '.join(self.missing)}" if self.missing else ""
        return f"{self.grade}, {self.allows}{needs}"


def judge_grade(
    *,
    labels: int,
    rarer_class: int = 0,
    smaller_arm: int | None = None,
    agreement: float | None = None,
    parse_failures: float | None = None,
    flip_rate: float | None = None,
    sensitivity: float | None = None,
    specificity: float | None = None,
    position_consistency: float | None = None,
    differential: tuple[float, float] | Interval | None = None,
    margin: float = 0.0,
    below_people: float | None = None,
    winning_rate: float | None = None,
    age: float | None = None,
    canary: bool | None = None,
) -> JudgeGrade:
    """Grade a judge by the evidence there is; what is not given is not known, and meets no requirement.

    Parameters
    ----------
    labels, rarer_class, smaller_arm : int
        Labels by people, those of the rarer class, those in the smaller arm.
    agreement, sensitivity, specificity : float
        Lower bounds.
    parse_failures, flip_rate, position_consistency : float
        Shares; give 1 for the consistency of a judge of single answers.
    differential : (float, float) or Interval
        Interval of judge − human in the candidate less that in the baseline.
    margin : float
        Of the comparison.
    below_people : float
        Upper bound of how much worse judge and people agree than people among each other.
    winning_rate : float
        Of the alternative annotator test.
    age : float
        Days since the labels were made.
    canary : bool
        Whether the frozen canary set still gets the same verdicts.

    Examples
    --------
    >>> from assay import stats
    >>> stats.judge_grade(labels=60, rarer_class=20, agreement=0.5, parse_failures=0, flip_rate=0.02).grade
    'C'
    """
    ends = (differential.lower, differential.upper) if isinstance(differential, Interval) else differential
    evidence: dict[str, Any] = {
        "labels": labels,
        "rarer_class": rarer_class,
        "smaller_arm": smaller_arm,
        "agreement": agreement,
        "parse_failures": parse_failures,
        "flip_rate": flip_rate,
        "sensitivity": sensitivity,
        "specificity": specificity,
        "position_consistency": position_consistency,
        "differential": ends,
        "margin": margin,
        "below_people": below_people,
        "winning_rate": winning_rate,
        "age": age,
        "canary": canary,
    }
    return JudgeGrade(*_assay.judge_grade(evidence))

"""What a run says of one case: its trials and whether they pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from assay._plain import plain
from assay._results import number
from assay._run import Run


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What a scorer said of a trial.

    Attributes
    ----------
    value : float or None
        None where it did not score.
    label, reason : str or None
        Its label, and why.
    status : str
        `scored`, `unscored` or `error`.
    passed : bool or None
        Whether the value reaches the scorer's threshold; None where there is no value, or no threshold.
    """

    value: float | None
    label: str | None
    reason: str | None
    status: str
    passed: bool | None


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class TrialResult:
    """One answer to one case, with its scores.

    Attributes
    ----------
    run : Run
        The run.
    case, target : str
        The id of the case, and who was asked.
    inputs : mapping
        What was asked.
    expected : object
        What is expected; None where nothing is.
    epoch : int
        Which repeat it is.
    status : str
        `ok`, or why there is no answer.
    output : str or None
        The answer.
    error : str or None
        What went wrong.
    metadata : mapping
        The metadata of the case.
    latency, cost : float or None
        Seconds and dollars.
    cached : bool
        Whether the answer came from the cache.
    scores : mapping of str to Score
        By scorer.
    """

    run: Run
    case: str
    inputs: Mapping[str, Any]
    expected: Any
    target: str
    epoch: int
    status: str
    output: str | None
    error: str | None
    metadata: Mapping[str, Any]
    latency: float | None
    cost: float | None
    cached: bool
    scores: Mapping[str, Score]

    @property
    def failures(self) -> list[str]:
        """What fails, each in a sentence that a terminal may show."""
        if self.status == "error":
            return [f"no answer: {plain(self.error, 500)}"]
        said: list[str] = []
        for name, score in self.scores.items():
            if score.passed is False:
                why = f", {plain(score.reason, 500)}" if score.reason else ""
                said.append(f"{plain(name)} {number(score.value)}{why}")
        return said

    @property
    def open(self) -> list[str]:
        """Why it cannot be said whether it passes, each in a sentence; nothing where it can."""
        if self.status not in ("ok", "error"):
            return [f"not executed: {plain(self.status)}"]
        broken = [f"{plain(k)}: {plain(s.reason, 500)}" for k, s in self.scores.items() if s.status == "error"]
        judged = any(score.passed is not None for score in self.scores.values())
        return broken if broken or judged or self.status == "error" else ["no scorer says whether it passes"]

    @property
    def passed(self) -> bool:
        """Whether it was answered, and every scorer that has a threshold says that it reaches it."""
        return not self.failures and not self.open

    def __repr__(self) -> str:
        said = "passed" if self.passed else "; ".join(self.failures or self.open)
        return f"<trial of case {plain(self.case)}, {plain(self.target)}, epoch {self.epoch}: {said}>"


class CaseResult:
    """A case of a run with all its trials.

    Attributes
    ----------
    id : str
        Its id.
    run : Run
        The run.
    trials : tuple of TrialResult
        For each target and epoch.
    """

    def __init__(self, id: str, run: Run, trials: tuple[TrialResult, ...]) -> None:
        self.id = id
        self.run = run
        self.trials = trials

    @property
    def output(self) -> str | None:
        """The answer of its first trial."""
        return self.trials[0].output

    @property
    def scores(self) -> Mapping[str, Score]:
        """The scores of its first trial."""
        return self.trials[0].scores

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata."""
        return self.trials[0].metadata

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the target was given."""
        return self.trials[0].inputs

    @property
    def expected(self) -> Any:
        """What is expected; None where nothing is."""
        return self.trials[0].expected

    def values(self, scorer: str) -> list[float]:
        """Give the scores of all its trials that have one.

        Raises
        ------
        KeyError
            There is no such scorer.
        """
        known = {name for trial in self.trials for name in trial.scores}
        if scorer not in known:
            raise KeyError(f"there is no score {scorer!r}; there are: {', '.join(sorted(known))}")
        found = (trial.scores[scorer].value for trial in self.trials if scorer in trial.scores)
        return [value for value in found if value is not None]

    @property
    def passed(self) -> bool:
        """Whether every trial passes."""
        return all(trial.passed for trial in self.trials)

    def __repr__(self) -> str:
        right = sum(trial.passed for trial in self.trials)
        return f"<case {plain(self.id)}: {right} of {len(self.trials)} trials pass>"


def cases_of(run: Run) -> dict[str, CaseResult]:
    """Give the cases of a run by their ids."""
    judged = {scorer["name"]: scorer for scorer in run.record["scorers"]}
    trials: dict[str, list[TrialResult]] = {}
    for row in run.cases():
        scores = {name: _score(score, judged.get(name, {})) for name, score in row["scores"].items()}
        told: dict[str, Any] = {**row, "run": run, "cached": bool(row["cached"]), "scores": scores}
        one = TrialResult(**told)
        trials.setdefault(one.case, []).append(one)
    order = {name: at for at, name in enumerate(run.targets)}
    found: dict[str, CaseResult] = {}
    for id, several in trials.items():
        several.sort(key=lambda trial: (order[trial.target], trial.epoch))
        found[id] = CaseResult(id, run, tuple(several))
    return found


def _score(found: Mapping[str, Any], scorer: Mapping[str, Any]) -> Score:
    value, threshold = found["value"], scorer.get("threshold")
    passed = None
    if value is not None and threshold is not None:
        passed = value <= threshold if scorer["direction"] == "lower" else value >= threshold
    return Score(value, found["label"], found["reason"], found["status"], passed)

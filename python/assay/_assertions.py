"""Assertions on runs, cases and values: pass, fail, or that the data cannot decide."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

from assay import _checks
from assay._cases import CaseResult, TrialResult, cases_of
from assay._checks import Check, settle
from assay._errors import AssayError
from assay._plain import plain
from assay._results import Interval, number
from assay._run import Run
from assay._run import gate as ask_gate
from assay._scores import Rule
from assay._types import Groups, Numbers

__all__ = ["assert_that"]

# How many cases are shown, and how much of an answer.
_CASES, _TEXT = 5, 300


@overload
def assert_that(what: Run) -> RunAssertion: ...
@overload
def assert_that(what: CaseResult | TrialResult) -> CaseAssertion: ...
@overload
def assert_that(
    what: Numbers,
    *,
    name: str = "values",
    bounds: tuple[float, float] | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> ValuesAssertion: ...
def assert_that(
    what: Any,
    *,
    name: str = "values",
    bounds: tuple[float, float] | None = None,
    clusters: Groups | None = None,
    confidence: float = 0.95,
) -> RunAssertion | CaseAssertion | ValuesAssertion:
    """Begin an assertion. What is asserted is shown by an interval, or refuted by it, or left open.

    Parameters
    ----------
    what : Run, CaseResult, TrialResult or column of numbers
        What is asserted of. Numbers are one for each case, such as scores that were computed elsewhere.
    name : str
        What the numbers are called in messages.
    bounds : (float, float), optional
        The smallest and the largest possible number; without it numbers that are all 0 or 1 are shares.
    clusters : column of hashable values, optional
        Which numbers depend on each other.
    confidence : float
        The confidence of the interval. That of a run is its gate's.

    Returns
    -------
    RunAssertion, CaseAssertion or ValuesAssertion
        What can be asserted.

    Raises
    ------
    TypeError
        Options of numbers were given for a run or a case.

    Examples
    --------
    >>> from assay import assert_that
    >>> _ = assert_that([1] * 97 + [0] * 3, name="answered").is_at_least(0.9)
    >>> assert_that([1] * 9 + [0], name="answered").is_at_least(0.9)
    Traceback (most recent call last):
    assay._checks.InconclusiveError: answered ≥ 0.9: inconclusive
      0.9 (95% CI 0.5958 to 0.9821, n = 10)
      the interval contains the threshold
    """
    if isinstance(what, (Run, CaseResult, TrialResult)):
        if (name, bounds, clusters, confidence) != ("values", None, None, 0.95):
            raise TypeError(f"options are for numbers, not for a {type(what).__name__}")
        return RunAssertion(what) if isinstance(what, Run) else CaseAssertion(what)
    return ValuesAssertion(what, name, bounds, clusters, confidence)


class RunAssertion:
    """What can be asserted of a run: see :func:`assert_that`."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def scorer(
        self,
        name: str,
        *,
        target: str | None = None,
        slice: str | None = None,
        metric: str | None = None,
        quantile: float | None = None,
        reducer: str | None = None,
    ) -> ScorerAssertion:
        """Choose a score.

        Parameters
        ----------
        name : str
            The scorer.
        target : str, optional
            Only this target; by default what is asserted must hold for each.
        slice : str, optional
            Only the cases of this slice, such as ``"lang = 'de'"``.
        metric : str, optional
            A corpus metric of the scorer instead of the mean, such as `macro_f1`.
        quantile : float, optional
            A quantile over cases instead of the mean: 0.95 for p95 of `latency`.
        reducer : str, optional
            How repeats of a case are put together, such as `pass@3`; the first that the run has by default.
        """
        chosen = {"target": target, "slice": slice, "metric": metric, "quantile": quantile, "reducer": reducer}
        return ScorerAssertion(self, name, {key: value for key, value in chosen.items() if value is not None})

    def passes(self, rules: Any = None) -> RunAssertion:
        """Assert that the gate of the run passes, or other rules, as in :func:`assay.gate`.

        Raises
        ------
        AssertionError
            It fails, or is inconclusive (:class:`InconclusiveError`).
        ValueError
            The run has no gate, and no rules are given.
        """
        __tracebackhide__ = True
        baseline = _baseline(None)
        found = ask_gate(self.run, rules, baseline=baseline) if rules or baseline else self.run.gate
        if found.verdict is None:
            raise ValueError("the run has no gate: give rules, such as ['equals >= 0.9']")
        self.settle(found.rules)
        return self

    def every_case_passes(self, *, flake: float = 0.0) -> RunAssertion:
        """Assert that each case passes for each target, as a unit test would: nothing is estimated.

        Parameters
        ----------
        flake : float
            The share of its epochs that may fail by chance. A case fails when it fails more often than that explains.
        """
        __tracebackhide__ = True
        cases = cases_of(self.run)
        judged = [(case, *_judge(case.trials, flake, len(cases))) for case in cases.values()]
        failed = [(case, lines) for case, verdict, lines in judged if verdict == "fail"]
        open_ = [(case, lines) for case, verdict, lines in judged if verdict == "inconclusive"]
        shown = failed or open_
        lines = [f"case {plain(case.id)}: {line}" for case, said in shown[:_CASES] for line in said[:2]]
        lines += [f"and {len(shown) - _CASES} more cases"] if len(shown) > _CASES else []
        right = len(judged) - len(failed) - len(open_)
        settle(
            Check(
                name="every case passes",
                verdict="fail" if failed else "inconclusive" if open_ or not judged else "pass",
                found=f"{right} of {len(judged)} cases pass" + (f", {len(open_)} cannot be decided" if open_ else ""),
                about="cases",
                estimate=right / len(judged) if judged else math.nan,
                n=len(judged),
                run=self.run.id,
                lines=tuple(lines),
            )
        )
        return self

    def settle(self, rules: Iterable[Rule], moved: Callable[[Rule], list[str]] | None = None) -> None:
        """Settle each rule, the worst first: a rule that is left open must not hide one that fails.

        `moved` gives the cases that answer for a rule, where it is not the failing ones that do.
        """
        __tracebackhide__ = True
        order = ("fail", "inconclusive", "pass")
        for rule in sorted(rules, key=lambda rule: order.index(rule.verdict)):
            settle(self._check(rule, moved or self._worst))

    def _check(self, rule: Rule, cases: Callable[[Rule], list[str]]) -> Check:
        several = len(self.run.targets) > 1
        lines = [plain(reason, 500) for reason in rule.reasons if rule.verdict != "pass"]
        if rule.verdict != "pass":
            lines += cases(rule)
        return Check(
            name=plain(rule.name) + (f" of {plain(rule.target)}" if several else ""),
            verdict=rule.verdict,
            found=plain(rule.found, 500),
            about=rule.scorer,
            estimate=rule.estimate,
            lower=rule.interval.lower,
            upper=rule.interval.upper,
            n=rule.n,
            needed=rule.needed,
            run=self.run.id,
            lines=tuple(lines),
        )

    def _worst(self, rule: Rule) -> list[str]:
        """Give the cases that answer for a rule: those without an answer, then the lowest scores."""
        judged = {scorer["name"] for scorer in self.run.record["scorers"]}
        rows = [
            row
            for row in self.run.failing
            if row["target"] == rule.target and (row["scorer"] == rule.scorer or row["scorer"] not in judged)
        ]
        lines: list[str] = []
        for row in rows[:_CASES]:
            value = "no answer" if row["value"] is None else number(row["value"])
            why = f", {plain(row['why'], _TEXT)}" if row["why"] else ""
            answer = plain(row["output"], _TEXT)
            answer = f"; answered: {answer}" if answer and answer not in why else ""
            lines.append(f"case {plain(row['case'])}: {value}{why}{answer}")
        return [*lines, f"and {len(rows) - _CASES} more"] if len(rows) > _CASES else lines


class ScorerAssertion:
    """What can be asserted of a score: see :meth:`RunAssertion.scorer`.

    The engine's gate decides, so that judges, clusters and missing scores count as they do there.
    """

    def __init__(self, of: RunAssertion, scorer: str, chosen: Mapping[str, Any]) -> None:
        self._of = of
        self._rule = {"scorer": scorer, **chosen}

    def is_at_least(self, level: float) -> ScorerAssertion:
        """Assert that the whole interval is at `level` or above.

        Raises
        ------
        AssertionError
            The whole interval is below it.
        InconclusiveError
            It is neither: more cases would tell.
        UsageError
            There is no such score.
        """
        __tracebackhide__ = True
        return self._holds({"min": float(level)})

    def is_at_most(self, level: float) -> ScorerAssertion:
        """Assert that the whole interval is at `level` or below; raises as :meth:`is_at_least`."""
        __tracebackhide__ = True
        return self._holds({"max": float(level)})

    def no_worse_than(self, baseline: Run | str | None = None, *, margin: float) -> ScorerAssertion:
        """Assert that the score is not worse than the baseline's by more than `margin`, paired by case.

        Parameters
        ----------
        baseline : Run or str, optional
            A run, its id, the name of a baseline, or a branch, tag or commit behind `@`; by default that of
            `--assay-baseline`, else the baseline `main`.
        margin : float
            The loss that is tolerated, in the scorer's own unit.

        Raises
        ------
        AssertionError
            A larger loss is shown.
        InconclusiveError
            No such loss is shown, but it is not excluded either; or there is no baseline.
        """
        __tracebackhide__ = True
        against = _baseline(baseline)
        found = ask_gate(self._of.run, [{**self._rule, "margin": float(margin)}], baseline=against)
        self._of.settle(found.rules, lambda rule: self._losses(rule, against))
        return self

    def _holds(self, limit: Mapping[str, float]) -> ScorerAssertion:
        __tracebackhide__ = True
        self._of.settle(ask_gate(self._of.run, [{**self._rule, **limit}]).rules)
        return self

    def _losses(self, rule: Rule, baseline: Run | str | None) -> list[str]:
        """Give the cases that became worse, the largest losses first."""
        try:
            flips = self._of.run.compare(baseline, target=rule.target)[rule.scorer].flips
        except (AssayError, KeyError):
            return []  # there is no baseline, or nothing to compare by case: the rule has said so
        worse = [flip for flip in flips if flip.worse]
        lines = [f"case {plain(f.case)}: {number(f.baseline)} became {number(f.candidate)}" for f in worse[:_CASES]]
        return [*lines, f"and {len(worse) - _CASES} more"] if len(worse) > _CASES else lines


class CaseAssertion:
    """What can be asserted of a case or a trial: see :func:`assert_that`."""

    def __init__(self, what: CaseResult | TrialResult) -> None:
        self.what = what

    def passes(self, *, flake: float = 0.0) -> CaseAssertion:
        """Assert that every trial was answered and reaches the threshold of each scorer that has one.

        Parameters
        ----------
        flake : float
            The share of epochs that may fail by chance.

        Raises
        ------
        AssertionError
            A trial fails.
        InconclusiveError
            A scorer failed, a budget refused a trial, or no scorer says what passes.
        """
        __tracebackhide__ = True
        trials = self.what.trials if isinstance(self.what, CaseResult) else (self.what,)
        id = trials[0].case
        verdict, lines = _judge(trials, flake, 1)
        right = sum(trial.passed for trial in trials)
        answers = [plain(trial.output, _TEXT) for trial in trials if not trial.passed and trial.output][:1]
        answers = [f"answered: {answer}" for answer in answers if answer not in "".join(lines)]
        settle(
            Check(
                name=f"case {plain(id)} passes",
                verdict=verdict,
                found=f"{right} of {len(trials)} trials pass",
                about="case",
                estimate=right / len(trials),
                n=len(trials),
                run=self.what.run.id,
                lines=tuple([*lines, *answers]),
                case=id,
            )
        )
        return self


class ValuesAssertion:
    """What can be asserted of numbers, one for each case: see :func:`assert_that`."""

    def __init__(
        self,
        values: Any,
        name: str,
        bounds: tuple[float, float] | None,
        clusters: Groups | None,
        confidence: float,
    ) -> None:
        self._values = values
        self._name = name
        self._options: dict[str, Any] = {"bounds": bounds, "clusters": clusters, "confidence": confidence}

    def is_at_least(self, level: float) -> ValuesAssertion:
        """Assert that the whole interval of their mean is at `level` or above; else raises AssertionError."""
        __tracebackhide__ = True
        self._level(f"≥ {number(level)}", {"min": float(level)})
        return self

    def is_at_most(self, level: float) -> ValuesAssertion:
        """Assert that the whole interval of their mean is at `level` or below; else raises AssertionError."""
        __tracebackhide__ = True
        self._level(f"≤ {number(level)}", {"max": float(level)})
        return self

    def no_worse_than(self, baseline: Numbers, *, margin: float) -> ValuesAssertion:
        """Assert that they are not lower than those of a baseline by more than `margin`, paired by place."""
        __tracebackhide__ = True
        from assay import stats  # noqa: PLC0415

        found = stats.difference(self._values, baseline, **self._options)
        self._settle(f"no worse than the baseline by {number(margin)}", found, found.no_regression(float(margin)))
        return self

    def _level(self, words: str, limit: Mapping[str, Any]) -> None:
        __tracebackhide__ = True
        from assay import stats  # noqa: PLC0415

        found = stats.level(self._values, **self._options)
        self._settle(words, found, found.verdict(**limit))

    def _settle(self, words: str, found: Any, verdict: Any) -> None:
        __tracebackhide__ = True
        ends: Interval = found.interval
        shown = f"{number(found.estimate)} (n = {found.n})"
        if not math.isnan(ends.lower):
            share = f"{100 * ends.confidence:.4g}%"
            shown = f"{number(found.estimate)} ({share} CI {number(ends.lower)} to {number(ends.upper)}, n = {found.n})"
        settle(
            Check(
                name=f"{plain(self._name)} {words}",
                verdict=verdict.kind,
                found=shown,
                about=self._name,
                estimate=found.estimate,
                lower=ends.lower,
                upper=ends.upper,
                n=found.n,
                needed=verdict.needed_n,
                lines=tuple(plain(reason, 500) for reason in verdict.reasons if verdict.kind != "pass"),
            )
        )


def _baseline(given: Run | str | None) -> Run | str | None:
    """Give what is compared with; None for the baseline `main`."""
    if given is None and _checks.watcher is not None:
        given = _checks.watcher.baseline
    return None if isinstance(given, str) and given == "main" else given


def _judge(trials: tuple[TrialResult, ...], flake: float, cases: int) -> tuple[str, list[str]]:
    """Give the verdict on a case, and why.

    Each target must pass. A trial that may still fail counts against a pass, but is no failure.
    """
    from assay import stats  # noqa: PLC0415

    by_target: dict[str, list[TrialResult]] = {}
    for trial in trials:
        by_target.setdefault(trial.target, []).append(trial)
    verdicts: list[str] = []
    lines: list[str] = []
    for target, several in by_target.items():
        # Of one case, so many failures are more than chance explains.
        too_many = stats.critical_failures(len(several), flake=flake, critical_cases=cases)
        failed = [trial for trial in several if trial.failures]
        open_ = [trial for trial in several if trial.open and not trial.failures]
        if len(failed) >= too_many:
            verdicts.append("fail")
        elif len(failed) + len(open_) >= too_many:
            verdicts.append("inconclusive")
        else:
            continue
        for trial in failed or open_:
            who = [f"epoch {trial.epoch}"] if len(several) > 1 else []
            who += [plain(target)] if len(by_target) > 1 else []
            begin = f"{', '.join(who)}: " if who else ""
            lines += [f"{begin}{line}" for line in (trial.failures or trial.open)]
    kinds = ("fail", "inconclusive")
    return next((kind for kind in kinds if kind in verdicts), "pass"), lines[:_CASES]

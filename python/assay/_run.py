"""Runs: what was found, as numbers, tables, reports and comparisons."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay import _command, _frozen
from assay._charts import escaped
from assay._comparison import Comparison, comparison
from assay._results import number
from assay._scores import Gate, Scores, forest, levels, read_gate, scores_table
from assay._suite import rules_of
from assay._tables import Table, arrow

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

__all__ = ["Run", "compare", "gate", "run", "runs"]


class Run:
    """A run: one execution of a suite, as :func:`assay.evaluate`, :func:`assay.run` and :func:`assay.runs` give it.

    What it holds is in the workspace; a run is read from there when something of it is asked for.

    Attributes
    ----------
    id : str
        Its id.
    workspace : pathlib.Path
        The workspace that has it.
    """

    def __init__(
        self, id: str, workspace: Path, *, report: dict[str, Any] | None = None, line: dict[str, Any] | None = None
    ) -> None:
        self.id = id
        self.workspace = workspace
        self._data = report
        self._line = line

    @property
    def data(self) -> dict[str, Any]:
        """Everything the report of the run holds, as `assay show --json` prints it."""
        if self._data is None:
            self._data = _command.ask_json(["show", self.id, "--json"], self.workspace)
        return self._data

    def refresh(self) -> Run:
        """Forget what was read of the run, so that it is read anew."""
        self._data = self._line = None
        return self

    @property
    def record(self) -> dict[str, Any]:
        """What the run rests on: suite, datasets, fingerprints of targets and scorers, seed, version."""
        return self.data["run"]

    def _known(self, key: str) -> Any:
        if self._line is not None and key in self._line:
            return self._line[key]
        return self.record[key] if key in self.record else self.data.get(key)

    @property
    def name(self) -> str:
        """The name of its suite."""
        return self._known("suite")

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return dict(self._known("labels") or {})

    @property
    def started(self) -> datetime.datetime:
        """When it began."""
        return datetime.datetime.fromtimestamp(self._known("started_us") / 1e6, tz=datetime.timezone.utc)

    @property
    def complete(self) -> bool:
        """Whether every trial has an outcome; one that is not can be gone on with by :func:`assay.resume`."""
        return self._known("status") == "sealed"

    @property
    def targets(self) -> list[str]:
        """The names of its targets."""
        return [target["name"] for target in self.record["targets"]]

    @property
    def totals(self) -> dict[str, Any]:
        """How many trials were answered (`ok`), failed (`errors`), were `refused` by a budget, were `cancelled`."""
        return self._known("totals")

    @property
    def cost(self) -> float:
        """Dollars that targets and judges have cost."""
        return (self.totals["target_cost"] + self.totals["judge_cost"]) / 1e9

    @property
    def scores(self) -> Scores:
        """The scores, each with its interval."""
        return levels(self.data["summary"], self.confidence)

    @property
    def confidence(self) -> float:
        """The confidence of its intervals."""
        return self.data["gate"]["confidence"]

    @property
    def gate(self) -> Gate:
        """The verdict of the run's own gate. :func:`assay.gate` asks other rules."""
        return read_gate(self.data["gate"])

    @property
    def comparison(self) -> Comparison | None:
        """The comparison with the baseline that the run was given, or with the baseline `main`."""
        found = self.data.get("comparison")
        return None if found is None else comparison(found, self.confidence)

    @property
    def failing(self) -> list[dict[str, Any]]:
        """Cases that fail, at most a hundred: `case`, `target`, `scorer`, `value`, `why`, `output`."""
        return list(self.data["failing"])

    def cases(self) -> Iterator[dict[str, Any]]:
        """Give each trial with its scores.

        Yields
        ------
        dict
            `case`, `inputs`, `expected`, `target`, `epoch`, `status`, `output`, `error`, `metadata`, `latency`
            (seconds), `cost` (dollars), `cached`, and `scores`: for each scorer its `value`, `label` and `reason`.
        """
        scores: dict[int, dict[str, Any]] = {}
        for row in self._lines("scores"):
            why = row.get("rationale") or row.get("reason")
            one = {"value": row.get("value"), "label": row.get("label"), "reason": why, "status": row["status"]}
            scores.setdefault(row["number"], {})[row["scorer"]] = one
        trials = self._lines("trials")
        cases = _frozen.cases(self.workspace, self.record["plan"])
        for row in trials:
            case = cases.get(row["case_digest"], {})
            yield {
                "case": row["case_id"],
                "inputs": case.get("inputs") or {},
                "expected": case.get("expected"),
                "target": row["target"],
                "epoch": row["epoch"],
                "status": row["status"],
                "output": row.get("output"),
                "error": row.get("error_message"),
                "metadata": row.get("metadata") or {},
                "latency": row["latency_us"] / 1e6 if row.get("latency_us") is not None else None,
                "cost": row["cost_nanousd"] / 1e9 if row.get("cost_nanousd") is not None else None,
                "cached": row.get("cached"),
                "scores": scores.get(row["number"], {}),
            }

    def case(self, id: str) -> dict[str, Any]:
        """Give everything about a case: `case` with inputs and what is expected, its `trials` and its `scores`."""
        return _command.ask_json(["show", self.id, id, "--json"], self.workspace)

    def _lines(self, table: str) -> list[dict[str, Any]]:
        return _command.ask_lines(["export", self.id, "--table", table, "--format", "jsonl"], self.workspace)

    def to_arrow(self, table: Table = "joined") -> Any:
        """Give the trials or scores as an Arrow table; needs pyarrow.

        Parameters
        ----------
        table : {"joined", "trials", "scores"}
            A row for each trial: what it was asked (`inputs.NAME`, `expected`, `reference_contexts`, `metadata.NAME`),
            its `output`, a column for the value of each scorer, then everything else that is stored of it; or one of
            the stored tables. Values of a case that are no texts, numbers or booleans, or of several kinds, are JSON.

        Raises
        ------
        ImportError
            pyarrow is not installed.
        """
        return arrow(self.id, table, self.workspace, self.record["plan"])

    def to_pandas(self, table: Table = "joined") -> Any:
        """Give the trials or scores as a pandas frame; see :meth:`to_arrow`."""
        return self.to_arrow(table).to_pandas()

    def to_polars(self, table: Table = "joined") -> polars.DataFrame:
        """Give the trials or scores as a Polars frame; see :meth:`to_arrow`."""
        import polars  # noqa: PLC0415

        frame = polars.from_arrow(self.to_arrow(table))
        assert isinstance(frame, polars.DataFrame)
        return frame

    def report(self, path: str | os.PathLike[str], *, baseline: Run | str | None = None) -> Path:
        """Write a report and give its path: HTML, Markdown (`.md`), JSON or JUnit (`.xml`), by the ending."""
        forms = {".md": "markdown", ".json": "json", ".xml": "junit", ".html": "html", ".htm": "html"}
        form = forms.get(Path(path).suffix.lower())
        if form is None:
            raise ValueError(f"path must end with {', '.join(forms)}: {os.fspath(path)!r}")
        against = [] if baseline is None else ["--baseline", word(baseline)]
        _command.ask(["report", self.id, "--format", form, "--output", os.fspath(path), *against], self.workspace)
        return Path(path)

    def compare(
        self, baseline: Run | str | None = None, *, target: str | None = None, baseline_target: str | None = None
    ) -> Comparison:
        """Compare the run, as the candidate, with a baseline: see :func:`assay.compare`."""
        return compare(self, baseline, target=target, baseline_target=baseline_target)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the scores with their intervals; needs matplotlib."""
        return forest(list(self.scores), ax)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def _sentence(self) -> str:
        if self.complete and self._data is None:
            return _outcomes(self.totals)  # lists of runs read no reports
        if not self.complete:
            return f"stopped: {_outcomes(self.totals)}; go on with `assay.resume`"
        said = "; ".join(level._sentence() for level in self.scores)  # type: ignore[reportPrivateUsage]
        verdict = self.gate.verdict
        return f"{said}; gate {verdict}" if verdict else said

    def __repr__(self) -> str:
        return f"<Run {self.id[-8:]} of {self.name}: {self._sentence()}>"

    def _repr_html_(self) -> str:
        if not self.complete:
            return f"<div>{escaped(repr(self), 1000)}</div>"
        marks: dict[str, list[float]] = {}
        for rule in self.record["gate"]["rules"]:
            if not {"slice", "metric", "quantile"} & rule.keys():
                marks.setdefault(rule["scorer"], []).extend(rule[k] for k in ("min", "max") if rule.get(k) is not None)
        title = f"run {self.id[-8:]} of {self.name}, {self.record['cases']} cases"
        below = f"{_outcomes(self.totals)}, ${number(self.cost)}" if self.cost else _outcomes(self.totals)
        whole = scores_table(list(self.scores), title, marks, below)
        verdict = self.gate
        if verdict.verdict is not None:
            whole += verdict._repr_html_()  # type: ignore[reportPrivateUsage]
        compared = self.comparison
        if compared is not None:
            whole += compared._repr_html_()  # type: ignore[reportPrivateUsage]
        return f"<div>{whole}</div>"


def _outcomes(totals: dict[str, Any]) -> str:
    words = [("ok", "answered"), ("errors", "failed"), ("refused", "refused by a budget"), ("cancelled", "cancelled")]
    said = [f"{totals[key]} {text}" for key, text in words if totals[key] or key == "ok"]
    cached = f" ({totals['cached']} from the cache)" if totals["cached"] else ""
    return said[0] + cached + "".join(f", {part}" for part in said[1:])


def word(which: Run | str, target: str | None = None) -> str:
    """Give a run as the command names it."""
    run = which.id if isinstance(which, Run) else which
    return run if target is None else f"{run}:{target}"


def _place(which: Run | str, workspace: str | os.PathLike[str] | None) -> Path:
    return which.workspace if workspace is None and isinstance(which, Run) else _command.workspace(workspace)


def run(id: str = "latest", *, workspace: str | os.PathLike[str] | None = None) -> Run:
    """Find a run.

    Parameters
    ----------
    id : str
        Its id or the end of it; `latest` is the newest.
    workspace : path, optional
        The workspace; by default `ASSAY_WORKSPACE`, or `.assay` here or in a folder above.

    Returns
    -------
    Run
        The run.

    Raises
    ------
    UsageError
        There is none.
    """
    place = _command.workspace(workspace)
    report = _command.ask_json(["show", id, "--json"], place)
    return Run(report["run"]["id"], place, report=report)


def runs(
    *,
    name: str | None = None,
    labels: dict[str, str] | None = None,
    limit: int = 20,
    workspace: str | os.PathLike[str] | None = None,
) -> list[Run]:
    """List runs, the newest first.

    Parameters
    ----------
    name : str, optional
        Only those of this suite.
    labels : dict, optional
        Only those with these labels.
    limit : int
        At most this many.
    workspace : path, optional
        The workspace.

    Returns
    -------
    list of Run
        The runs.
    """
    place = _command.workspace(workspace)
    wanted = labels or {}
    arguments = ["runs", "--json", "--limit", str(limit if len(wanted) < 2 else 100_000)]
    arguments += [] if name is None else ["--suite", name]
    for key, value in list(wanted.items())[:1]:
        arguments += ["--label", f"{key}={value}"]
    found = _command.ask_lines(arguments, place)
    fitting = [row for row in found if wanted.items() <= row["labels"].items()]
    return [Run(row["id"], place, line=row) for row in fitting[:limit]]


def compare(
    candidate: Run | str,
    baseline: Run | str | None = None,
    *,
    target: str | None = None,
    baseline_target: str | None = None,
    workspace: str | os.PathLike[str] | None = None,
) -> Comparison:
    """Compare a candidate with a baseline, paired by case.

    Parameters
    ----------
    candidate : Run or str
        The new run.
    baseline : Run or str, optional
        What it is compared with: a run, its id, the name of a baseline, or a branch, tag or commit behind `@`; by
        default the baseline `main` of its suite. The same run compares two of its targets.
    target, baseline_target : str, optional
        Which target of each, where there are several.
    workspace : path, optional
        The workspace that has both.

    Returns
    -------
    Comparison
        Differences with intervals, turned so that positive is better; tests; cases that moved; a verdict.

    Raises
    ------
    UsageError
        There is no such run or target, or nothing to compare with.
    """
    place = _place(candidate, workspace)
    if isinstance(baseline, Run) and baseline.workspace != place:
        raise ValueError(f"the runs are in two workspaces: {place} and {baseline.workspace}")
    against = [] if baseline is None else [word(baseline, baseline_target)]
    report = _command.ask_json(["compare", word(candidate, target), *against, "--json"], place)
    found = candidate if isinstance(candidate, Run) else run(candidate, workspace=place)
    return comparison(report, found.confidence)


def gate(
    run: Run | str,
    rules: Any = None,
    *,
    target: str | None = None,
    baseline: Run | str | None = None,
    baseline_target: str | None = None,
    workspace: str | os.PathLike[str] | None = None,
) -> Gate:
    """Ask a gate about a run.

    Parameters
    ----------
    run : Run or str
        The run.
    rules : list, optional
        Rules as under `gate.rules` of suites, or short texts such as ``"equals >= 0.8"``; those of the run by default.
        Rules that were chosen after the scores were seen prove less than those that a run began with.
    target : str, optional
        Only this target.
    baseline : Run or str, optional
        What rules with a `margin` compare with: a run, its id, the name of a baseline, or a branch, tag or commit
        behind `@`; the baseline `main` by default.
    baseline_target : str, optional
        Which target of it, where there are several; by default the one of the same name.
    workspace : path, optional
        The workspace.

    Returns
    -------
    Gate
        The verdict, with that of each rule.

    Raises
    ------
    UsageError
        A rule names a scorer that the run does not have; the run is not complete.
    """
    place = _place(run, workspace)
    arguments = ["gate", word(run), "--json"]
    given = None
    if rules is not None:
        arguments, given = [*arguments, "--rules", "-"], json.dumps(rules_of(rules))
    arguments += [] if target is None else ["--target", target]
    if baseline is not None:
        arguments += ["--baseline", word(baseline, baseline_target)]
    elif baseline_target is not None:
        raise ValueError("baseline_target goes with a baseline")
    # Its exit code is the verdict.
    said = _command.ask(arguments, place, given=given, fine=frozenset({0, 1, 3, 4, 6}))
    if not said.strip():
        said = _command.ask(arguments, place, given=given)  # fails with the command's own words
    return read_gate(json.loads(said))


def newest(found: Sequence[Run], text: str) -> Run | None:
    """Find the newest run of a suite with this text that was stopped."""
    return next((one for one in found if not one.complete and one.record["suite_text"] == text), None)

"""Evaluation of functions of this process by the run engine."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from assay import _command
from assay._errors import AllFailedError, InterruptedRunError, UsageError, failed
from assay._functions import Scorer, Target
from assay._progress import Progress, progress
from assay._run import Run, newest, runs, word
from assay._run import run as find_run
from assay._serve import Server
from assay._suite import Served, attached, many, suite

__all__ = ["aevaluate", "evaluate", "resume"]


def evaluate(
    dataset: Any,
    target: Any,
    scorers: Any,
    *,
    name: str | None = None,
    fields: Mapping[str, Any] | None = None,
    epochs: int | Mapping[str, Any] = 1,
    seed: int = 0,
    concurrency: int = 16,
    gate: Any = None,
    slices: Sequence[str | Mapping[str, Any]] = (),
    budget: Mapping[str, Any] | None = None,
    max_cost: float | None = None,
    limit: int | None = None,
    cache: bool = True,
    offline: bool = False,
    labels: Mapping[str, str] | None = None,
    baseline: Run | str | None = None,
    resume: bool = False,
    workspace: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Run:
    """Evaluate: every case against every target, scored, with intervals.

    The same engine runs it as `assay run`: finished trials are journaled and survive a crash, answers may come from the
    cache, budgets and limits hold. It runs in a process of its own and calls the functions of this one.

    Parameters
    ----------
    dataset : list of dict, data frame, dataset, path or str
        The cases: dictionaries; a frame of pandas or Polars; an Arrow table; a dataset of Hugging Face; the path of a
        file (JSONL, CSV, Parquet …); the name of a stored dataset (`qa`, `qa@3`); or a mapping as under `dataset` of
        suites.
        The usual columns are known (`id`, `expected`, `metadata`, `contexts`, `cluster` …), others are inputs.
    target : callable, Target or mapping, or a list of them
        What is evaluated: see :func:`assay.target`. A mapping is a target as in suites: ``{"openai": "gpt-5"}``.
    scorers : list of str, mapping, callable or Scorer
        How answers are scored: as in suites (``"equals"``, ``{"contains": "…"}``), or see :func:`assay.scorer`.
    name : str, optional
        The name of the suite; that of the first target by default. Runs of one name have one baseline.
    fields : mapping, optional
        Which column is what, as in suites: ``{"input": ["q"], "expected": "a", "metadata": ["lang"]}``.
    epochs : int or mapping
        Repeats of each case, or ``{"count": 5, "reduce": ["mean", "pass@3"]}``.
    seed : int
        Seed of the order of cases.
    concurrency : int
        Trials in flight at once. Sync functions are called in so many threads.
    gate : mapping or list, optional
        When the run is good enough: as in suites, or its rules only, or short texts (``["equals >= 0.8"]``).
    slices : list, optional
        Keys of metadata, or ``{"name": …, "where": …}``, that scores are also shown for.
    budget : mapping, optional
        Hard limits as in suites: ``{"usd": 5, "minutes": 30, "per_trial": {"calls": 4}}``.
    max_cost : float, optional
        Dollars that may be spent; short for a budget.
    limit : int, optional
        At most this many cases, in the seeded order.
    cache : bool
        Whether answers of models, and of targets that say ``cache=True``, may come from the cache.
    offline : bool
        Refuse every connection that is not to this machine. (Functions of this process are not watched.)
    labels : mapping, optional
        Labels of the run.
    baseline : Run or str, optional
        What the run is compared with: a run, its id, the name of a baseline, or a branch, tag or commit behind `@`,
        each with a target after a colon where there are several; the baseline `main` of the name by default.
    resume : bool
        Go on with the newest run of the very same suite that was stopped, where there is one.
    workspace : path, optional
        Where everything is kept; by default `ASSAY_WORKSPACE`, or `.assay` here or in a folder above.
    progress : bool, optional
        Whether progress is shown; by default in terminals and notebooks.

    Returns
    -------
    Run
        The run. A budget may have refused some of its trials (``run.totals["refused"]``).

    Raises
    ------
    UsageError
        Something does not fit: a scorer, a field, a rule, in the engine's own words.
    AllFailedError
        Every trial failed; it has the run.
    InterruptedRunError
        Ctrl-C: calls in flight are waited for (again: they are abandoned), what is finished is kept.

    Examples
    --------
    >>> import assay
    >>> cases = [{"question": "2 + 2", "expected": "4"}, {"question": "3 + 3", "expected": "6"}]
    >>> def answer(inputs):
    ...     return str(eval(inputs["question"]))
    >>> run = assay.evaluate(cases, answer, ["equals"])  # doctest: +SKIP
    >>> run  # doctest: +SKIP
    <Run 2c92fa8f of answer: equals 1 (95% CI 0.2907 to 1, n = 2)>
    """
    execution = _Execution(progress)
    work = _work(locals())
    return execution.run(work)


async def aevaluate(
    dataset: Any,
    target: Any,
    scorers: Any,
    *,
    name: str | None = None,
    fields: Mapping[str, Any] | None = None,
    epochs: int | Mapping[str, Any] = 1,
    seed: int = 0,
    concurrency: int = 16,
    gate: Any = None,
    slices: Sequence[str | Mapping[str, Any]] = (),
    budget: Mapping[str, Any] | None = None,
    max_cost: float | None = None,
    limit: int | None = None,
    cache: bool = True,
    offline: bool = False,
    labels: Mapping[str, str] | None = None,
    baseline: Run | str | None = None,
    resume: bool = False,
    workspace: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Run:
    """Evaluate without blocking the event loop: see :func:`evaluate`, whose parameters it has.

    Async targets and scorers are called in the loop that awaits this, so that they may use what belongs to it. When it
    is cancelled, the run is stopped as by Ctrl-C.
    """
    execution = _Execution(progress, asyncio.get_running_loop())
    given = locals()
    return await _beside(execution, lambda: execution.run(_work(given)))


def resume(
    run: Run | str = "latest",
    *,
    target: Any = (),
    scorers: Any = (),
    retry_errors: bool = False,
    concurrency: int | None = None,
    max_cost: float | None = None,
    offline: bool = False,
    workspace: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Run:
    """Go on with a run that was stopped, or retry what failed. What is recorded is not asked again.

    Parameters
    ----------
    run : Run or str
        The run; the newest by default.
    target, scorers : callable or list of them
        The functions that the run began with. They must be what they were.
    retry_errors : bool
        Execute trials again that failed, were cancelled, or that a budget refused.
    concurrency : int, optional
        Trials in flight at once.
    max_cost : float, optional
        Dollars that may be spent in all, instead of the run's budget.
    offline : bool
        Refuse every connection that is not to this machine.
    workspace : path, optional
        The workspace.
    progress : bool, optional
        Whether progress is shown.

    Returns
    -------
    Run
        The run.

    Raises
    ------
    UsageError
        The run is complete, or a function is missing or not what it was.
    """
    execution = _Execution(progress)
    given = run if isinstance(run, Run) else find_run(run, workspace=workspace)
    served = _needed(given, target, scorers)
    choices = _options({"--concurrency": concurrency, "--max-cost": max_cost})
    choices += ["--retry-errors"] if retry_errors else []
    choices += ["--offline"] if offline else []
    return execution.run(_Work(["resume", given.id, *choices], None, served, given.workspace))


class _Work:
    """What a command is to do."""

    def __init__(self, arguments: list[str], text: str | None, served: Served, workspace: Path) -> None:
        self.arguments = arguments
        self.text = text
        self.served = served
        self.workspace = workspace


def _options(given: Mapping[str, Any]) -> list[str]:
    return [part for key, value in given.items() if value is not None for part in (key, str(value))]


def _work(given: dict[str, Any]) -> _Work:
    """Turn the arguments of `evaluate` into work."""
    place = _command.workspace(given["workspace"])
    keys = ("name", "fields", "epochs", "seed", "concurrency", "gate", "slices", "budget", "cache")
    told = {key: given[key] for key in keys}
    text, served = suite(given["dataset"], given["target"], given["scorers"], **told, workspace=place)
    baseline = given["baseline"]
    choices = _options({"--baseline": None if baseline is None else word(baseline)})
    choices += ["--offline"] if given["offline"] else []
    if given["resume"]:
        stopped = newest(runs(name=json.loads(text)["suite"], workspace=place), text)
        if stopped is not None:
            more = _options({"--max-cost": given["max_cost"]})
            return _Work(["resume", stopped.id, *more, *choices], None, served, place)
    choices += _options({"--limit": given["limit"], "--max-cost": given["max_cost"]})
    labels: Mapping[str, str] = given["labels"] or {}
    for key, value in labels.items():
        choices += ["--label", f"{key}={value}"]
    return _Work(["run", "-", *choices], text, served, place)


def identity(arguments: Mapping[str, Any]) -> str:
    """Tell what :func:`evaluate` would do with these arguments: a digest of its suite and choices.

    Raises
    ------
    TypeError
        They are not its arguments.
    """
    given = inspect.signature(evaluate).bind(**arguments)
    given.apply_defaults()
    work = _work({**given.arguments, "resume": False})
    told = json.dumps([work.arguments, work.text, str(work.workspace)])
    return hashlib.sha256(told.encode()).hexdigest()


def _needed(run: Run, target: Any, scorers: Any) -> Served:
    """Give the functions that a run needs, when they are what they were.

    Raises
    ------
    UsageError
        One is missing, or another version of it is given.
    """
    served: Served = {}
    versions: dict[str, str] = {}
    for things, kind, role in ((target, Target, "target"), (scorers, Scorer, "scorer")):
        functions = [thing for thing in many(things) if not isinstance(thing, (str, Mapping))]
        if functions:
            entries, found = attached(functions, kind, role)  # type: ignore[reportArgumentType]
            served.update(found)
            versions.update({entry["python"]["attached"]: entry["python"]["version"] for entry in entries})
    for python in _attached_by(run):
        key = python["attached"]
        role, _, name = key.partition(".")
        if key not in versions:
            option = "scorers" if role == "scorer" else role
            raise UsageError(f"the {role} `{name}` of run {run.id[-8:]} is missing: give it by `{option}=`")
        if versions[key] != python.get("version"):
            raise UsageError(
                f"the {role} `{name}` is not what it was when run {run.id[-8:]} began: its version is {versions[key]}, "
                f"it was {python.get('version')}. Start a new run."
            )
    return served


def _attached_by(run: Run) -> Iterator[dict[str, Any]]:
    """Give what the suite of a run says about each attached function."""
    text: str = run.record["suite_text"]
    if not text.startswith("{"):
        return  # not written here
    whole = json.loads(text)
    entries: list[Any] = [*whole["targets"], *whole["scorers"]]
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("python"), dict) and "attached" in entry["python"]:  # type: ignore[reportUnknownMemberType]
            yield entry["python"]


async def _beside(execution: _Execution, work: Callable[[], Run]) -> Run:
    """Do work in a thread; when this is cancelled, stop the run and wait until it has."""

    def caught() -> Run | InterruptedRunError:
        try:
            return work()
        except InterruptedRunError as error:  # raised in a task, it would end the loop before anybody could see it
            return error

    done = asyncio.ensure_future(asyncio.to_thread(caught))
    try:
        found = await asyncio.shield(done)
    except asyncio.CancelledError:
        execution.stop()
        await done
        raise
    if isinstance(found, InterruptedRunError):
        raise found
    return found


class _Execution:
    """One run of the command."""

    def __init__(self, shown: bool | None, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.progress: Progress = progress(shown)
        self.loop = loop
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def stop(self) -> None:
        """Ask the command to stop; again: to abandon calls in flight."""
        self.stopped = True
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)

    def run(self, work: _Work) -> Run:
        """Serve the functions while the command runs, and give what came of it."""
        with Server(work.served, self.loop) as server, tempfile.TemporaryFile() as said:
            # A process group of its own: Ctrl-C reaches it through us, once, wherever it was pressed. What it says goes
            # into a file, which is there even when this process is not.
            process = subprocess.Popen(
                _command.command([*work.arguments, "--json", "--every", "0.5"], work.workspace),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
                env={**os.environ, "ASSAY_ATTACHED": str(server.path)},
            )
            self.process = process
            if self.stopped:
                self.stop()
            try:
                ended = self._follow(process, work.text, server)
            finally:
                self.progress.end(process.poll() in (0, 1, 3))
                _end(process)
            said.seek(0)
            words = said.read().decode(errors="replace")
        return self._outcome(work, process.returncode, ended, words)

    def _follow(self, process: subprocess.Popen[bytes], text: str | None, server: Server) -> dict[str, Any]:
        """Read the events of the command until it ends; give the last one of each kind."""
        lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        assert process.stdin is not None and process.stdout is not None
        threading.Thread(target=_lines, args=(process.stdout, lines), name="assay-events", daemon=True).start()
        threading.Thread(target=_write, args=(process.stdin, text), name="assay-suite", daemon=True).start()
        ended: dict[str, Any] = {}
        while True:
            try:
                line = lines.get()
                if line is None:
                    process.wait()
                    return ended
                event = json.loads(line)
                kind = event["event"]
                ended[kind] = event
                if kind == "started":
                    server.run = event["run"]
                    self.progress.begin(event["planned"])
                elif kind == "progress":
                    self.progress.update(event)
            except KeyboardInterrupt:
                self.stop()

    def _outcome(self, work: _Work, code: int, ended: dict[str, Any], words: str) -> Run:
        finished = ended.get("finished")
        if finished is None:
            run = ended.get("interrupted") or ended.get("started")
            if self.stopped or "interrupted" in ended:
                raise InterruptedRunError(run["run"] if run else None)
            raise failed(code, words)
        run = Run(finished["run"], work.workspace, report=finished.get("result"))
        totals = run.totals
        if totals["ok"] == 0 and totals["errors"] > 0:
            raise AllFailedError(words.strip() or "every trial failed", run)
        return run


def _lines(pipe: IO[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    for line in pipe:
        lines.put(line)
    lines.put(None)


def _write(pipe: IO[bytes], text: str | None) -> None:
    try:
        with pipe:
            pipe.write((text or "").encode())
    except OSError:
        pass  # it has ended, and says why itself


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no process behind, whatever went wrong here."""
    for end in (lambda: process.send_signal(signal.SIGINT), process.kill):
        if process.poll() is None:
            end()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                continue
    if process.stdout is not None:
        process.stdout.close()

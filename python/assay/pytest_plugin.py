"""The pytest plugin: evaluations as tests, with verdicts that may be inconclusive.

It is loaded wherever pytest runs, and so imports nothing before a test needs it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from assay import _checks

if TYPE_CHECKING:
    from pathlib import Path

    from assay.testing import Assay, CaseResult, Mark, Param, TrialResult

_MODES = ("fail", "skip", "xfail", "pass")
# How many assertions the summary shows.
_SHOWN = 20


class Settings:
    """What pytest was told, by options or in its configuration file. Options go first.

    Attributes
    ----------
    inconclusive : {"fail", "skip", "xfail", "pass"}
        What becomes of a test whose assertion the data cannot decide.
    baseline : str or None
        What runs are compared with.
    limit, epochs : int or None
        At most so many cases; so many repeats.
    offline : bool
        Whether the engine refuses connections.
    session : str
        What all workers of this session have in common.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.inconclusive = str(_said(config, "inconclusive") or "fail")
        if self.inconclusive not in _MODES:
            raise pytest.UsageError(f"assay_inconclusive must be {', '.join(_MODES)}: {self.inconclusive!r}")
        self.baseline: str | None = _said(config, "baseline") or None
        self.limit = _count(config, "limit")
        self.epochs = _count(config, "epochs")
        self.offline = bool(config.getoption("assay_offline") or config.getini("assay_offline"))
        worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.is_worker = worker is not None
        self.session = str(worker["assay_session"]) if worker is not None else os.urandom(16).hex()
        self._workspace: Path | None = None

    @property
    def workspace(self) -> Path:
        """The workspace, as it was where pytest was started."""
        if self._workspace is None:
            from assay._command import workspace  # noqa: PLC0415

            named = self.config.getoption("assay_workspace")
            if not named and self.config.getini("assay_workspace"):
                named = self.config.rootpath / self.config.getini("assay_workspace")
            self._workspace = workspace(named, self.config.invocation_params.dir)
        return self._workspace


def _said(config: pytest.Config, name: str) -> Any:
    given = config.getoption(f"assay_{name}")
    return given if given is not None else config.getini(f"assay_{name}")


def _count(config: pytest.Config, name: str) -> int | None:
    given = _said(config, name)
    if given in (None, ""):
        return None
    if not str(given).isdecimal() or int(given) < 1:
        raise pytest.UsageError(f"assay_{name} must be a whole number above 0: {given!r}")
    return int(given)


class Running:
    """A test that is running: it is told of assertions."""

    def __init__(self, settings: Settings, item: pytest.Item) -> None:
        self.baseline = settings.baseline
        self.goes_on = settings.inconclusive != "fail"
        self.item = item
        self.checks: list[_checks.Check] = []

    def seen(self, check: _checks.Check) -> bool:
        """Take note of an assertion; say whether the test may go on where it is inconclusive."""
        self.checks.append(check)
        about = [c.about for c in self.checks].count(check.about)
        begin = f"assay.{check.about}" + (f"#{about}" if about > 1 else "")
        told = {"estimate": check.estimate, "lower": check.lower, "upper": check.upper, "n": check.n}
        for key, value in told.items():
            if not math.isnan(value):
                self.item.user_properties.append((f"{begin}.{key}", value))
        self.item.user_properties.append((f"{begin}.verdict", check.verdict))
        run = ("assay.run", check.run)
        if check.run is not None and run not in self.item.user_properties:
            self.item.user_properties.append(run)
        return self.goes_on


class Plugin:
    """The hooks that need the session's state."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.running: Running | None = None
        self._assay: Assay | None = None
        self._used_elsewhere = False
        self._marks: dict[int, tuple[pytest.Mark, Mark]] = {}
        self._told: list[tuple[str, dict[str, Any]]] = []

    @property
    def assay(self) -> Assay:
        """What the fixture `assay` gives."""
        if self._assay is None:
            from assay.testing import Assay  # noqa: PLC0415

            self._assay = Assay(self.settings)
        return self._assay

    def mark(self, node: Any) -> Mark | None:
        """Give the evaluation that the closest mark of a node declares."""
        found = next(node.iter_markers_with_node("assay"), None)
        if found is None:
            return None
        where, mark = found
        if id(mark) not in self._marks:
            from assay.testing import Mark  # noqa: PLC0415

            stem = node.path.stem
            own = getattr(where, "originalname", None) or where.name
            name = stem if isinstance(where, pytest.Module) else f"{stem}.{own}"
            made = Mark(self.assay, _slug(name), node.path.parent, mark.args, mark.kwargs)
            self._marks[id(mark)] = (mark, made)
        return self._marks[id(mark)][1]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each case, or of each trial."""
        asked = {"case", "trial", "assay_run"}.intersection(metafunc.fixturenames)
        definition = metafunc.definition
        if not asked:
            if any(mark.name == "assay" for mark in getattr(metafunc.function, "pytestmark", ())):
                pytest.fail(
                    f"@pytest.mark.assay: {definition.name} asks for none of `case`, `trial` and `assay_run`, so that "
                    "nothing would be evaluated",
                    pytrace=False,
                )
            return
        wrong = None
        found: list[tuple[str, Param]] = []
        try:
            mark = self.mark(definition)
            if mark is None or not asked & {"case", "trial"}:
                return
            found = mark.trials() if "trial" in asked else mark.cases()
        except (_error(), TypeError, ValueError) as error:
            wrong = _words(error)
        if wrong is not None:
            pytest.fail(wrong, pytrace=False)
        names = sorted(asked & {"case", "trial"})
        values = [(param,) * len(names) for _, param in found]
        metafunc.parametrize(names, values, indirect=True, ids=[id for id, _ in found])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """See which cases are asked for, when `-k`, `--lf` and others have chosen."""
        if not self._marks:
            return
        chosen: dict[int, tuple[Mark, set[str] | None]] = {}
        for item in session.items:
            names: set[str] = set(getattr(item, "fixturenames", ()))
            if not names & {"case", "trial", "assay_run"}:
                continue
            mark = self.mark(item)
            if mark is None:
                continue
            _, ids = chosen.setdefault(id(mark), (mark, set()))
            param = _param(item)
            if "assay_run" in names or param is None:
                chosen[id(mark)] = (mark, None)
            elif ids is not None:
                ids.add(param.case)
        for mark, ids in chosen.values():
            mark.choose(ids)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Listen to assertions while a test runs."""
        before = _checks.watcher
        self.running = _checks.watcher = Running(self.settings, item)
        try:
            return (yield)
        finally:
            _checks.watcher = before
            self.running = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a report know of assertions, and give it the outcome that an inconclusive one calls for."""
        report = yield
        running = self.running
        if call.when != "call" or running is None or running.item is not item or not running.checks:
            return report
        open_ = [check for check in running.checks if check.verdict == "inconclusive"]
        # What a test that passes has caught itself is not of interest.
        caught = ("fail", "" if running.goes_on else "inconclusive") if report.passed else ()
        told = [_short(check) for check in running.checks if check.verdict not in caught]
        report.assay_checks = told  # type: ignore[attr-defined]
        if call.excinfo is not None:
            if isinstance(call.excinfo.value, _checks.InconclusiveError):
                report.assay_verdict = "inconclusive"  # type: ignore[attr-defined]
            return report
        if not open_ or not report.passed or not running.goes_on:
            return report
        said = "\n".join(check.message() for check in open_)
        report.sections.append(("Inconclusive", said))
        first = f"inconclusive: {open_[0].name}, {open_[0].found}"
        if self.settings.inconclusive == "skip":
            path, line = item.reportinfo()[:2]
            report.outcome = "skipped"
            report.longrepr = (str(path), (line or 0) + 1, f"Skipped: {first}")
        elif self.settings.inconclusive == "xfail":
            report.outcome = "skipped"
            report.wasxfail = first  # type: ignore[attr-defined]
        else:
            report.assay_verdict = "inconclusive"  # type: ignore[attr-defined]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Count tests that are inconclusive apart."""
        if getattr(report, "assay_verdict", None) == "inconclusive":
            return "inconclusive", "I", ("INCONCLUSIVE", {"yellow": True})
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of what was asserted, in whichever worker."""
        for check in getattr(report, "assay_checks", ()):
            self._told.append((report.nodeid, check))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show what is inconclusive, and a table of what was asserted."""
        config: pytest.Config = terminalreporter.config
        open_ = [report for report in terminalreporter.stats.get("inconclusive", []) if report.failed]
        if open_ and config.getoption("tbstyle") != "no":
            terminalreporter.write_sep("=", "INCONCLUSIVE")
            for report in open_:
                terminalreporter.write_sep("_", report.head_line or report.nodeid, yellow=True, bold=True)
                terminalreporter.write_line(report.longreprtext)
                for title, text in report.sections:
                    if config.getoption("showcapture") in ("all", title.removeprefix("Captured ").split()[0]):
                        terminalreporter.write_sep("-", title)
                        terminalreporter.write_line(text.rstrip("\n"))
        if self._told:
            terminalreporter.write_sep("=", "assay")
            for verdict, line in _table(self._told):
                colour = {"fail": "red", "inconclusive": "yellow", "pass": "green"}.get(verdict)
                terminalreporter.write_line(line, **({colour: True} if colour else {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Leave nothing behind that only the session needs."""
        used = self._assay is not None
        if self.settings.is_worker:
            self.settings.config.workeroutput["assay"] = used  # type: ignore[attr-defined]
        elif used or self._used_elsewhere:
            self.assay.end()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist which session it is of."""
        node.workerinput["assay_session"] = self.settings.session

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take note of what a worker has used; one that crashed has told nothing."""
        told: dict[str, Any] = getattr(node, "workeroutput", {"assay": True})
        self._used_elsewhere = self._used_elsewhere or error is not None or bool(told.get("assay"))


_PLUGIN = pytest.StashKey[Plugin]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare options."""
    group = parser.getgroup("assay", "evaluations of AI systems")
    says = {
        "workspace": ("DIR", "where runs are kept (default: ASSAY_WORKSPACE, or .assay here or in a folder above)"),
        "baseline": (
            "RUN",
            "what no_worse_than compares with: a run, the name of a baseline, or @ with a branch, tag or commit "
            "(write =@…)",
        ),
        "limit": ("N", "at most this many cases of each evaluation, drawn by its seed"),
        "epochs": ("N", "repeats of each case"),
    }
    for name, (kind, text) in says.items():
        group.addoption(f"--assay-{name}", dest=f"assay_{name}", metavar=kind, default=None, help=text)
        parser.addini(f"assay_{name}", text, type="string", default="")
    text = "refuse every connection that is not to this machine"
    group.addoption("--assay-offline", dest="assay_offline", action="store_true", default=False, help=text)
    parser.addini("assay_offline", text, type="bool", default=False)
    text = "what becomes of a test that the data cannot decide (default: fail)"
    group.addoption("--assay-inconclusive", dest="assay_inconclusive", choices=_MODES, default=None, help=text)
    parser.addini("assay_inconclusive", text, type="string", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark, and begin."""
    config.addinivalue_line(
        "markers",
        "assay(dataset, target, scorers, **options): evaluate once in the session, as assay.evaluate does; `case` and "
        "`trial` make a test of each case or trial, `assay_run` is the whole run.",
    )
    plugin = Plugin(Settings(config))
    config.stash[_PLUGIN] = plugin
    config.pluginmanager.register(plugin, "assay-session")


@pytest.fixture(scope="session")
def assay(pytestconfig: pytest.Config) -> Assay:
    """Give the module `assay` with the options of pytest: its workspace, limit and epochs."""
    return pytestconfig.stash[_PLUGIN].assay


@pytest.fixture
def assay_run(request: pytest.FixtureRequest) -> Any:
    """Give the run of the mark `assay`."""
    mark = request.config.stash[_PLUGIN].mark(request.node)
    if mark is None:
        _unmarked("assay_run")
    return _evaluated(mark.run)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> CaseResult:
    """Give a case of the mark `assay`, with what came of it: a test for each."""
    param: Param = getattr(request, "param", None) or _unmarked("case")
    return _evaluated(lambda: param.mark.case(param.case))


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> TrialResult:
    """Give a trial of the mark `assay`: a test for each case, target and epoch."""
    param: Param = getattr(request, "param", None) or _unmarked("trial")
    return _evaluated(lambda: param.mark.trial(param))


def _unmarked(name: str) -> NoReturn:
    pytest.fail(
        f"the fixture `{name}` needs a mark: @pytest.mark.assay(dataset=…, target=…, scorers=…) at the function, its "
        "class or its module",
        pytrace=False,
    )


def _evaluated(ask: Any) -> Any:
    """Evaluate in the set-up of a test: what cannot be evaluated is an error of it, and no failure."""
    try:
        return ask()
    except (_error(), TypeError, ValueError) as error:
        said = _words(error)
    pytest.fail(said, pytrace=False)  # outside: it comes of no other exception that would be shown


def _error() -> type[Exception]:
    from assay._errors import AssayError  # noqa: PLC0415

    return AssayError


def _words(error: Exception) -> str:
    """Give the words of an error, of which each line may be shown by a terminal."""
    from assay._plain import plain  # noqa: PLC0415

    lines = str(error).splitlines()
    return "\n".join(
        ["assay: " + plain(lines[0], 1000) if lines else "assay", *(f"  {plain(x, 1000)}" for x in lines[1:])]
    )


def _slug(name: str) -> str:
    return (
        "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name.lower()).strip("-._") or "test"
    )


def _param(item: pytest.Item) -> Param | None:
    from assay.testing import Param  # noqa: PLC0415

    params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return next((value for value in params.values() if isinstance(value, Param)), None)


def _short(check: _checks.Check) -> dict[str, Any]:
    """Give what a worker tells of an assertion."""
    return {
        "name": check.name,
        "verdict": check.verdict,
        "found": check.found,
        "run": check.run,
        "case": check.case,
    }


def _table(told: list[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    """Give the lines of the summary, the worst first, each with its verdict. Cases of a test are one line."""
    cases: dict[str, list[dict[str, Any]]] = {}
    rows: list[tuple[str, str, str, str]] = []
    for node, check in told:
        if check["case"] is None:
            rows.append((check["verdict"], check["name"], check["found"], _end(check["run"])))
        else:
            cases.setdefault(node.split("[")[0], []).append(check)
    order = {"fail": 0, "inconclusive": 1, "pass": 2}
    for node, checks in cases.items():
        worst = min((check["verdict"] for check in checks), key=lambda verdict: order[verdict])
        right = sum(check["verdict"] == "pass" for check in checks)
        runs = sorted({_end(check["run"]) for check in checks})
        rows.append((worst, node.split("::", 1)[-1], f"{right} of {len(checks)} pass", " ".join(runs)))
    rows.sort(key=lambda row: order[row[0]])
    widths = [max(len(row[at]) for row in rows[:_SHOWN]) for at in range(3)]
    for row in rows[:_SHOWN]:
        yield row[0], "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip()
    if len(rows) > _SHOWN:
        yield "", f"and {len(rows) - _SHOWN} more"


def _end(run: str | None) -> str:
    return "" if run is None else run[-8:]

"""Evaluations in tests: what the pytest plugin gives to them."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import assay as package
from assay import _evaluate
from assay._assertions import CaseAssertion, RunAssertion, ScorerAssertion, ValuesAssertion, assert_that
from assay._cases import CaseResult, Score, TrialResult, cases_of
from assay._checks import InconclusiveError
from assay._errors import AllFailedError, UsageError
from assay._listing import Listing, listing
from assay._once import Once
from assay._run import Run
from assay._suite import many

if TYPE_CHECKING:
    from assay.pytest_plugin import Settings

__all__ = [
    "Assay",
    "CaseAssertion",
    "CaseResult",
    "InconclusiveError",
    "RunAssertion",
    "Score",
    "ScorerAssertion",
    "TrialResult",
    "ValuesAssertion",
    "assert_that",
]

# What the plugin says itself.
_OURS = frozenset({"workspace", "progress", "resume"})


class Assay:
    """The fixture `assay`: the module of this name, with the options that pytest was started with.

    Whatever else the module has is here, too: ``assay.scorer``, ``assay.stats``.

    Attributes
    ----------
    workspace : pathlib.Path
        Where runs are kept.
    """

    def __init__(self, settings: Settings) -> None:
        self.workspace = settings.workspace
        self._settings = settings
        self._once = Once(settings.workspace, settings.session)

    def evaluate(self, dataset: Any, target: Any, scorers: Any, *, once: bool = False, **options: Any) -> Run:
        """Evaluate as :func:`assay.evaluate`, with the workspace, limit and epochs that pytest was given.

        Parameters
        ----------
        dataset, target, scorers, **options
            As of :func:`assay.evaluate`.
        once : bool
            Evaluate once in the session, however many workers and tests ask for the very same: for fixtures that
            `pytest-xdist` makes in each worker. What was stopped is gone on with.
        """
        given = self.arguments({"dataset": dataset, "target": target, "scorers": scorers, **options})
        if not once:
            return _evaluate.evaluate(**given)
        if isinstance(dataset, Iterator):
            given["dataset"] = list(dataset)  # type: ignore[reportUnknownArgumentType]
        return self.once(given)

    async def aevaluate(self, dataset: Any, target: Any, scorers: Any, **options: Any) -> Run:
        """Evaluate as :func:`assay.aevaluate`, with what pytest was given."""
        given = self.arguments({"dataset": dataset, "target": target, "scorers": scorers, **options})
        return await _evaluate.aevaluate(**given)

    def once(self, arguments: dict[str, Any]) -> Run:
        """Give the run of an evaluation, which is executed once in the session."""
        identity = _evaluate.identity(arguments)
        resumed: dict[str, Any] = {**arguments, "resume": True}
        return self._once.run(identity, lambda: _evaluate.evaluate(**resumed))

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Give arguments of `evaluate` with what pytest was given."""
        settings = self._settings
        whole: dict[str, Any] = {"workspace": settings.workspace, "progress": False, **given}
        if settings.limit is not None:
            whole["limit"] = min(settings.limit, whole.get("limit") or settings.limit)
        if settings.epochs is not None:
            epochs = whole.get("epochs", 1)
            whole["epochs"] = {**epochs, "count": settings.epochs} if isinstance(epochs, Mapping) else settings.epochs
        if settings.offline:
            whole["offline"] = True
        return whole

    def end(self) -> None:
        """Forget what was evaluated once: the session is over."""
        self._once.end()

    def __getattr__(self, name: str) -> Any:
        return getattr(package, name)


class Param(NamedTuple):
    """What a test item asks of a mark: a case, and one of its trials."""

    mark: Mark
    case: str
    target: int = 0
    epoch: int = 0


class Mark:
    """An evaluation that a mark declares.

    Parameters
    ----------
    assay : Assay
        The session's.
    name : str
        The name of the suite, where the mark says none.
    folder : pathlib.Path
        Where the file of the test is: files of the mark may be beside it.
    args, kwargs
        What the mark was given.

    Raises
    ------
    UsageError
        They are not arguments of :func:`assay.evaluate`.
    """

    def __init__(self, assay: Assay, name: str, folder: Path, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        known = inspect.signature(_evaluate.evaluate).parameters
        wrong = next((key for key in kwargs if key not in known or key in _OURS), None)
        if wrong is not None:
            fine = ", ".join(key for key in known if key not in _OURS)
            why = "is said to pytest" if wrong in _OURS else "is not known"
            raise UsageError(f"@pytest.mark.assay: `{wrong}` {why}; there are: {fine}")
        try:
            given = inspect.signature(_evaluate.evaluate).bind(*args, **kwargs).arguments
        except TypeError as error:
            raise UsageError(f"@pytest.mark.assay: {error}") from None
        self._assay = assay
        self._given = assay.arguments({"name": name, **given})
        dataset = given["dataset"]
        if isinstance(dataset, Iterator):
            self._given["dataset"] = list(dataset)  # type: ignore[reportUnknownArgumentType]
        elif isinstance(dataset, (str, os.PathLike)) and (folder / dataset).exists():
            self._given["dataset"] = str(folder / dataset)
        self._listing: Listing | None = None
        self._chosen: set[str] | None = None
        self._run: Run | None = None
        self._cases: dict[str, CaseResult] | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of its cases. Nothing is evaluated for that."""
        if self._listing is None:
            given = self._given
            self._listing = listing(given["dataset"], given.get("fields"), given["workspace"])
        return self._listing.limited(self._given.get("limit"), self._given.get("seed", 0))

    def cases(self) -> list[tuple[str, Param]]:
        """Give what each case is called, and what stands for it."""
        return [(id, Param(self, id)) for id in self.ids]

    def trials(self) -> list[tuple[str, Param]]:
        """Give what each trial is called, and what stands for it."""
        epochs = self._given.get("epochs", 1)
        count = int(epochs["count"] if isinstance(epochs, Mapping) else epochs)  # type: ignore[reportUnknownArgumentType]
        targets = many(self._given["target"])
        found: list[tuple[str, Param]] = []
        for id in self.ids:
            for at, target in enumerate(targets):
                for epoch in range(count):
                    name = f"{id}-{_name(target, at)}" if len(targets) > 1 else id
                    found.append((f"{name}-{epoch}" if count > 1 else name, Param(self, id, at, epoch)))
        return found

    def choose(self, ids: set[str] | None) -> None:
        """Take note of the cases that are asked for; None for all."""
        self._chosen = ids

    def run(self) -> Run:
        """Give its run: of all cases, or of those that were chosen.

        Raises
        ------
        AssayError
            It cannot be evaluated; every trial failed.
        """
        if self._run is None:
            given = self._given
            if self._listing is not None:
                ids = set(self.ids) if self._chosen is None else self._chosen
                given = {**given, "dataset": self._listing.rows(ids), "fields": self._listing.fields, "limit": None}
            self._run = self._assay.once(given)
        return self._run

    def case(self, id: str) -> CaseResult:
        """Give what came of a case."""
        if self._cases is None:
            try:
                run = self.run()
            except AllFailedError as error:
                run = error.run  # each case says how it failed
            self._cases = cases_of(run)
        return self._cases[id]

    def trial(self, param: Param) -> TrialResult:
        """Give what came of a trial."""
        case = self.case(param.case)
        target = case.run.targets[param.target]
        return [trial for trial in case.trials if trial.target == target][param.epoch]


def _name(target: Any, at: int) -> str:
    if isinstance(target, Mapping):
        return str(target.get("name") or f"target{at + 1}")  # type: ignore[reportUnknownArgumentType]
    return str(getattr(target, "name", None) or getattr(target, "__name__", f"target{at + 1}"))

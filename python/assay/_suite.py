"""What is evaluated, as the text of a suite."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from assay._dataset import declared
from assay._functions import Attached, Scorer, Target

A = TypeVar("A", bound=Attached[Any, Any])

Served = dict[str, tuple[str, Callable[..., Any]]]
"""The functions that are served, by the names they are attached by."""

_RULE = re.compile(r"^\s*(?P<scorer>.+?)\s*(?P<sign>>=|<=)\s*(?P<level>[-+0-9.eE]+)\s*$")


def suite(
    dataset: Any,
    target: Any,
    scorers: Any,
    *,
    name: str | None,
    fields: Mapping[str, Any] | None,
    epochs: int | Mapping[str, Any],
    seed: int,
    concurrency: int,
    gate: Any,
    slices: Sequence[str | Mapping[str, Any]],
    budget: Mapping[str, Any] | None,
    cache: bool,
    workspace: Path,
) -> tuple[str, Served]:
    """Give the text of the suite, and the functions that it needs of this process."""
    targets, served = attached(many(target), Target, "target")
    judged, more = attached(many(scorers), Scorer, "scorer")
    called = name or _slug(str(targets[0].get("name", "evaluation")))
    whole: dict[str, Any] = {
        "suite": called,
        "dataset": declared(dataset, called, fields, workspace),
        "targets": targets,
        "scorers": judged,
        "epochs": epochs,
        "seed": seed,
        "concurrency": concurrency,
        "cache": cache,
    }
    if slices:
        whole["slices"] = list(slices)
    if gate is not None:
        whole["gate"] = gate_of(gate)
    if budget is not None:
        whole["budget"] = dict(budget)
    return json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False, default=_paths), {**served, **more}


def attached(things: Sequence[Any], kind: type[A], role: str) -> tuple[list[Any], Served]:
    """Give entries of a suite, and the functions among them.

    Raises
    ------
    TypeError
        One is neither a callable nor an entry of a suite.
    """
    entries: list[Any] = []
    served: Served = {}
    for thing in things:
        if isinstance(thing, Attached) and not isinstance(thing, kind):
            raise TypeError(f"{thing!r} is not a {role}")
        if isinstance(thing, Mapping) or (isinstance(thing, str) and role == "scorer"):
            entries.append(thing if isinstance(thing, str) else dict(thing))  # type: ignore[reportUnknownArgumentType]
            continue
        function: Any = thing if isinstance(thing, kind) else _made(kind, thing)
        entry = function.entry("")
        plain, number = entry["name"], 2
        while f"{role}.{entry['name']}" in served:
            entry["name"], number = f"{plain}-{number}", number + 1
        key = f"{role}.{entry['name']}"
        entry["python"]["attached"] = key
        entries.append(entry)
        served[key] = (entry["name"], function.function)
    if not entries:
        raise ValueError(f"at least one {role} is needed")
    return entries, served


def _made(kind: type[A], function: Any) -> A:
    from assay import adapters  # noqa: PLC0415
    from assay._functions import scorer, target  # noqa: PLC0415

    role = "target" if kind is Target else "scorer"
    made: Any = adapters.find(function, role)
    if made is not None:
        return made
    if not callable(function):
        raise TypeError(
            f"a {role} is a callable, an entry as in suite files, or one of {adapters.known(role)}; "
            f"not {type(function).__name__}"
        )
    made = target(function) if kind is Target else scorer(function)
    return made


def gate_of(gate: Any) -> dict[str, Any]:
    """Give a gate as a suite has it: of a mapping, of rules, or of rules as short texts."""
    if isinstance(gate, Mapping):
        whole: dict[str, Any] = dict(gate)  # type: ignore[reportUnknownArgumentType]
        if "rules" in whole:
            whole["rules"] = rules_of(whole["rules"])
            return whole
        return {"rules": rules_of([whole])} if "scorer" in whole else whole
    return {"rules": rules_of(gate)}


def rules_of(rules: Any) -> list[dict[str, Any]]:
    """Give rules as a suite has them; `"equals >= 0.8"` is short for `{"scorer": "equals", "min": 0.8}`.

    Examples
    --------
    >>> rules_of(["equals >= 0.8", {"scorer": "latency", "quantile": 0.95, "max": 2}])
    [{'scorer': 'equals', 'min': 0.8}, {'scorer': 'latency', 'quantile': 0.95, 'max': 2}]
    """
    made: list[dict[str, Any]] = []
    for rule in many(rules):
        if isinstance(rule, Mapping):
            made.append(dict(rule))  # type: ignore[reportUnknownArgumentType]
            continue
        found = _RULE.match(rule) if isinstance(rule, str) else None
        if found is None:
            raise ValueError(
                f"{rule!r} is no rule: write 'equals >= 0.8', or a mapping as under `gate.rules` of suites"
            )
        try:
            level = float(found["level"])
        except ValueError:
            raise ValueError(f"{rule!r}: {found['level']} is no number") from None
        made.append({"scorer": found["scorer"], "min" if found["sign"] == ">=" else "max": level})
    return made


def many(things: Any) -> list[Any]:
    """Give a list of one thing or several."""
    if isinstance(things, (list, tuple)):
        return list(things)  # type: ignore[reportUnknownArgumentType]
    return [things]


def _slug(name: str) -> str:
    """Make a name of a suite of a name."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._") or "evaluation"


def _paths(value: object) -> str:
    if isinstance(value, os.PathLike):
        return os.fspath(value)  # type: ignore[reportUnknownVariableType]
    raise TypeError(f"{type(value).__name__} cannot stand in a suite")

"""Decide with evidence whether a model, prompt, retrieval change or agent is good enough to ship.

What is not used is not imported: ``import assay`` takes a few milliseconds, and NumPy, pandas and the rest are only
asked for where an argument or a result is one of theirs.
"""

from __future__ import annotations

import importlib

from assay._assay import __version__

# What `typing` has by this name takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay import adapters, client, metrics, stats, trace
    from assay._assertions import assert_that
    from assay._checks import InconclusiveError
    from assay._comparison import Comparison, Difference
    from assay._errors import AllFailedError, AssayError, InterruptedRunError, NothingSelectedError, UsageError
    from assay._evaluate import aevaluate, evaluate, resume
    from assay._functions import Scorer, Target, scorer, target
    from assay._run import Run, compare, gate, run, runs
    from assay._scores import Estimate, Gate, Scores
    from assay._serve import Trial, current_trial
    from assay.client import Client

__all__ = [
    "AllFailedError",
    "AssayError",
    "Client",
    "Comparison",
    "Difference",
    "Estimate",
    "Gate",
    "InconclusiveError",
    "InterruptedRunError",
    "NothingSelectedError",
    "Run",
    "Scorer",
    "Scores",
    "Target",
    "Trial",
    "UsageError",
    "__version__",
    "adapters",
    "aevaluate",
    "assert_that",
    "client",
    "compare",
    "current_trial",
    "evaluate",
    "gate",
    "metrics",
    "resume",
    "run",
    "runs",
    "scorer",
    "stats",
    "target",
    "trace",
]

# Each file with its public names; a name that is its own module stands for the module.
_FILES = {
    "_assertions": ["assert_that"],
    "_checks": ["InconclusiveError"],
    "_comparison": ["Comparison", "Difference"],
    "_errors": ["AllFailedError", "AssayError", "InterruptedRunError", "NothingSelectedError", "UsageError"],
    "_evaluate": ["aevaluate", "evaluate", "resume"],
    "_functions": ["Scorer", "Target", "scorer", "target"],
    "_run": ["Run", "compare", "gate", "run", "runs"],
    "_scores": ["Estimate", "Gate", "Scores"],
    "_serve": ["Trial", "current_trial"],
    "client": ["Client"],
}
_NAMES = {
    "adapters": "assay.adapters",
    "client": "assay.client",
    "metrics": "assay.metrics",
    "stats": "assay.stats",
    "trace": "assay.trace",
    **{name: f"assay.{file}" for file, names in _FILES.items() for name in names},
}


def __getattr__(name: str) -> object:
    place = _NAMES.get(name)
    if place is None:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    module = importlib.import_module(place)
    return module if place == f"assay.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)

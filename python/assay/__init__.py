"""Decide with evidence whether a model, prompt, retrieval change or agent is good enough to ship.

What is not used is not imported: ``import assay`` takes a few milliseconds, and NumPy, pandas and the rest are only
asked for where an argument or a result is one of theirs.
"""

from __future__ import annotations

from assay._assay import __version__ as __version__
from assay._lazy import exports

# What `typing` has by this name takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay import adapters as adapters
    from assay import client as client
    from assay import metrics as metrics
    from assay import stats as stats
    from assay import trace as trace
    from assay._assertions import *
    from assay._checks import *
    from assay._comparison import *
    from assay._errors import *
    from assay._evaluate import *
    from assay._functions import *
    from assay._run import *
    from assay._scores import *
    from assay._serve import *
    from assay.client import Client as Client
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        {
            "_assertions": "assert_that",
            "_checks": "InconclusiveError",
            "_comparison": "Comparison Difference",
            "_errors": "AllFailedError AssayError InterruptedRunError NothingSelectedError UsageError",
            "_evaluate": "aevaluate evaluate resume",
            "_functions": "Scorer Target scorer target",
            "_run": "Run compare gate run runs",
            "_scores": "Gate Level Scores",
            "_serve": "Trial current_trial",
            "client": "Client",
        },
        modules="adapters client metrics stats trace",
    )
    __all__ += ["__version__"]

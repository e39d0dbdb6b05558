"""Spans of an application under test that know the trial which they belong to.

A runner says in which trial a call is (`trial`), as W3C baggage and as attributes of spans; the application reads it
(`current`) and describes what it does (`tool`, `retrieval`, `observe`) in the words of OpenTelemetry's conventions for
generative AI. Only OpenTelemetry's API is needed, and where it is not installed all of this does nothing.

The names are ``assay.run_id``, ``assay.case_id``, ``assay.epoch``, ``assay.suite`` and ``assay.target``. Over HTTP they
go as the header ``baggage``, and as ``x-assay-run``, ``x-assay-case`` and ``x-assay-epoch`` for applications without
OpenTelemetry.
"""

from __future__ import annotations

from assay._lazy import exports

# What `typing` has by this name takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay.trace._observe import *
    from assay.trace._spans import *
    from assay.trace._trial import *
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        {
            "_observe": "observe",
            "_spans": "Call Retrieval retrieval tool",
            "_trial": "Trial current headers hidden install received trial",
        },
    )

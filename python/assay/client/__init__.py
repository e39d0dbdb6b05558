"""The client of a server (`assay serve`): queue runs and wait for them, read gates, compare, stream tables.

Standard library only; pyarrow, pandas and Polars are asked for where a table shall be one of theirs. What goes in and
comes out is described by the typed dictionaries of `assay.client.models`, which are made from the server's document.
"""

from __future__ import annotations

from assay._lazy import exports

# What `typing` has by this name takes longer to import than all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assay.client import models as models
    from assay.client._client import *
    from assay.client._errors import *
    from assay.client._gate import *
    from assay.client._jobs import *
    from assay.client._releases import *
    from assay.client._tables import *
    from assay.client._transport import *
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        {
            "_client": "Client Event",
            "_errors": (
                "AuthenticationError ClientError ConflictError ForbiddenError GateError JobError NotFoundError "
                "RateLimitError RequestError ServerError UnreachableError WaitError"
            ),
            "_gate": "Gate",
            "_jobs": "Job",
            "_releases": "Release",
            "_tables": "Table",
            "_transport": "Answer",
        },
        modules="models",
    )

"""Adapters are tested with the real libraries, and without a network.

The libraries are those of `requirements-adapters.txt`; where one is missing its tests are skipped and say so.
"""

from __future__ import annotations

import os

# None of them may tell its makers what is tested here, or look for something in the network.
os.environ.update(
    {
        "ANONYMIZED_TELEMETRY": "false",
        "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
        "DEEPEVAL_DISABLE_DOTENV": "1",
        "DO_NOT_TRACK": "true",
        "HF_DATASETS_OFFLINE": "1",
        "HF_EVALUATE_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "LANGSMITH_TRACING": "false",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "RAGAS_DO_NOT_TRACK": "true",
    }
)

"""Prefect: evaluate on an Assay server, and go on only if the gate passes.

The flow waits without holding a thread: whatever else its process does goes on. It needs the package assay-eval, and
ASSAY_SERVER and ASSAY_SERVER_KEY in its environment (a key of a user with the role engineer).
"""

import asyncio
import sys

from prefect import flow, task
from prefect.artifacts import acreate_table_artifact
from prefect.runtime import flow_run

import assay


@task(retries=3, retry_delay_seconds=10)
def queue(suite: str, tier: str | None, key: str) -> int:
    """Ask for the evaluation; a task that is tried again gets the job that it queued before."""
    return assay.Client().run(suite, tier=tier, idempotency_key=key).number


@task(retries=3, retry_delay_seconds=10)
async def ended(number: int, timeout: float) -> str:
    """Wait for its end, and give its run."""
    job = await assay.Client().job(number).wait_async(timeout)
    return job.run


@flow
async def evaluation_gate(suite: str = "assay.yaml", tier: str | None = None, timeout: float = 6 * 3600) -> str:
    """Queue a run, wait for its end, and fail unless its gate passes."""
    number = queue(suite, tier, f"prefect {flow_run.id}")
    run = await ended(number, timeout)
    gate = await asyncio.to_thread(assay.Client().gate, run)
    rows = [
        {"criterion": one["name"], "found": one["found"], "verdict": one["verdict"]["kind"]} for one in gate.criteria
    ]
    await acreate_table_artifact(rows, key="gate", description=f"{gate}")
    return gate.require().run


if __name__ == "__main__":
    asyncio.run(evaluation_gate(*sys.argv[1:]))

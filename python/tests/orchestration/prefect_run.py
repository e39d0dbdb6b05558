"""Runs the example's flow with Prefect itself, over a server of its own: prefect_run.py SUITE…"""

from __future__ import annotations

import asyncio
import json
import sys

import prefect_gate
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import ArtifactSort
from prefect.testing.utilities import prefect_test_harness


async def main(suite: str) -> dict[str, object]:
    ticks = 0

    async def others() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.05)
            ticks += 1

    going = asyncio.create_task(others())
    state = await prefect_gate.evaluation_gate(suite, return_state=True)
    going.cancel()
    async with get_client() as client:
        artifacts = await client.read_artifacts(sort=ArtifactSort.CREATED_DESC)
    return {
        "state": state.type.value,
        "message": state.message,
        "artifact": artifacts[0].data,
        "ticks": ticks,
    }


with prefect_test_harness(server_startup_timeout=60):
    for name in sys.argv[1:]:
        print("RESULT " + json.dumps(asyncio.run(main(name))))

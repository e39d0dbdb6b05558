"""Runs the example's flow with Prefect itself, over a server of its own: prefect_run.py SUITE."""

from __future__ import annotations

import asyncio
import json
import sys

import prefect_gate
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness


async def main() -> dict[str, object]:
    ticks = 0

    async def others() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.05)
            ticks += 1

    going = asyncio.create_task(others())
    state = await prefect_gate.evaluation_gate(sys.argv[1], return_state=True)
    going.cancel()
    async with get_client() as client:
        artifacts = await client.read_artifacts()
        tasks = await client.read_task_runs()
    return {
        "state": state.type.value,
        "message": state.message,
        "tasks": sorted(f"{run.name.rpartition('-')[0]} {run.state_type.value}" for run in tasks),
        "artifact": artifacts[0].data,
        "ticks": ticks,
    }


with prefect_test_harness(server_startup_timeout=60):
    print("RESULT " + json.dumps(asyncio.run(main())))

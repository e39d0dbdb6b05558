"""Materialises the example's assets with Dagster itself, in process: dagster_run.py SUITE…"""

from __future__ import annotations

import json
import sys
import time

import dagster as dg
import dagster_gate as example


def tried(suite: str, instance: dg.DagsterInstance) -> dict[str, object]:
    """Queues, waits by the sensor, materialises what it asks for and what hangs on that."""
    config = dg.RunConfig(ops={"queued": example.Suite(suite=suite)})
    assert dg.materialize([example.queued], instance=instance, run_config=config).success
    skipped, requests = 0, []
    cursor = None
    while not requests:
        with dg.build_sensor_context(instance=instance, cursor=cursor, definitions=example.definitions) as context:
            tick = example.ended.evaluate_tick(context)
        requests, cursor = tick.run_requests, tick.cursor
        skipped += not requests
        time.sleep(0.1)
    with dg.build_sensor_context(instance=instance, cursor=cursor, definitions=example.definitions) as context:
        again = example.ended.evaluate_tick(context).run_requests

    @dg.asset(deps=[example.evaluation])
    def shipped() -> None:
        """What the gate blocks."""

    result = dg.materialize(
        [example.queued, example.evaluation, example.gate, shipped],
        selection=["evaluation", "shipped"],
        instance=instance,
        run_config=requests[0].run_config,
        raise_on_error=False,
    )
    checks = [
        {"check": one.check_name, "passed": one.passed, "severity": one.severity.value, "about": one.description}
        for one in result.get_asset_check_evaluations()
    ]
    made = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    return {"checks": checks, "made": made, "skipped": skipped, "again": len(again)}


for name in sys.argv[1:]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        print("RESULT " + json.dumps(tried(name, ephemeral)))

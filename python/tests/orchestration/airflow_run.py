"""Runs the example's DAG with Airflow itself, in process: airflow_run.py SUITE…"""

from __future__ import annotations

import json
import sys

import airflow_gate

dag = airflow_gate.evaluation_gate()
# Looks come sooner than a scheduler's would.
dag.get_task("ended").poke_interval = 1
for suite in sys.argv[1:]:
    run = dag.test(run_conf={"suite": suite})
    states = {one.task_id: str(one.state) for one in run.get_task_instances()}
    print("RESULT " + json.dumps({"state": str(run.state), "tasks": states}))

"""Airflow 3: evaluate on an Assay server, and go on only if the gate passes.

Nothing waits in a worker: the sensor gives its slot back between two looks. Workers need the package assay-eval, and
ASSAY_SERVER and ASSAY_SERVER_KEY in their environment (a key of a user with the role engineer).
"""

from __future__ import annotations

from airflow.sdk import PokeReturnValue, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

import assay


@dag(schedule=None, catchup=False, params={"suite": "assay.yaml", "tier": None}, tags=["evaluation"])
def evaluation_gate():
    """Queue a run, wait for its end, read its gate's verdict, ship."""

    @task(retries=3)
    def queue() -> int:
        context = get_current_context()
        run, params = context["dag_run"], context["params"]
        # The key names the DAG's run: a task that is tried again gets the job that it queued before.
        key = f"{run.dag_id} {run.run_id}"
        return assay.Client().run(params["suite"], tier=params["tier"], idempotency_key=key).number

    @task.sensor(mode="reschedule", poke_interval=30, timeout=6 * 3600)
    def ended(number: int) -> PokeReturnValue:
        job = assay.Client().job(number)
        return PokeReturnValue(is_done=job.over, xcom_value=number)

    @task(retries=3)
    def verdict(number: int) -> dict:
        job = assay.Client().job(number)
        try:
            gate = job.wait().gate().require()
        except (assay.client.GateError, assay.client.JobError) as error:
            # Trying again would say the same.
            raise AirflowFailException(str(error)) from error
        return {"run": gate.run, "verdict": gate.verdict}

    @task
    def ship(decided: dict) -> str:
        return f"shipped after run {decided['run']}"

    ship(verdict(ended(queue())))


evaluation_gate()

"""Dagster: an evaluation on an Assay server as an asset, its gate as an asset check.

Nothing waits in a run: `queued` asks for the evaluation, the sensor looks at it every half a minute, and `evaluation`
is materialised when it has ended. The gate blocks what depends on the evaluation. The code location needs the package
assay-eval, and ASSAY_SERVER and ASSAY_SERVER_KEY in its environment (a key of a user with the role engineer).
"""

import dagster as dg

import assay


class Suite(dg.Config):
    """What is evaluated."""

    suite: str = "assay.yaml"
    tier: str | None = None


class Ended(dg.Config):
    """The job that has ended."""

    job: int


@dg.asset
def queued(context: dg.AssetExecutionContext, config: Suite) -> dg.MaterializeResult:
    """An evaluation that the server was asked for."""
    # The key names Dagster's run: a step that is tried again gets the job that it queued before.
    job = assay.Client().run(config.suite, tier=config.tier, idempotency_key=f"dagster {context.run.run_id}")
    return dg.MaterializeResult(metadata={"job": job.number, "suite": config.suite})


@dg.asset(deps=[queued])
def evaluation(config: Ended) -> dg.MaterializeResult:
    """An evaluation that has ended."""
    client = assay.Client()
    gate = client.job(config.job).wait().gate()
    levels = {
        f"{row['target']}/{row['scorer']}": row["estimate"]["value"]
        for row in client.run_summary(gate.run)["summary"]["rows"]
    }
    return dg.MaterializeResult(metadata={"job": config.job, "run": gate.run, "levels": dg.MetadataValue.json(levels)})


@dg.asset_check(asset=evaluation, blocking=True)
def gate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """The verdict of the run's gate; what the data cannot decide is no pass."""
    event = context.instance.get_latest_materialization_event(evaluation.key)
    run = event.asset_materialization.metadata["run"].value
    found = assay.Client().gate(run)
    rows = [
        dg.TableRecord({"criterion": one["name"], "found": one["found"], "verdict": one["verdict"]["kind"]})
        for one in found.criteria
    ]
    return dg.AssetCheckResult(
        passed=found.passed,
        severity=dg.AssetCheckSeverity.ERROR if found.verdict == "fail" else dg.AssetCheckSeverity.WARN,
        description=f"{found}",
        metadata={"verdict": found.verdict or "none", "criteria": dg.MetadataValue.table(rows)},
    )


@dg.sensor(target=[evaluation], minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def ended(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for the evaluation to be materialised once the server has ended it."""
    event = context.instance.get_latest_materialization_event(queued.key)
    if event is None:
        return dg.SkipReason("nothing is queued")
    number = int(event.asset_materialization.metadata["job"].value)
    if context.cursor == str(number):
        return dg.SkipReason(f"job {number} has been seen")
    job = assay.Client().job(number)
    if not job.over:
        return dg.SkipReason(f"job {number} is {job.stand}")
    config = dg.RunConfig(ops={"evaluation": Ended(job=number)})
    return dg.SensorResult([dg.RunRequest(run_key=f"job {number}", run_config=config)], cursor=str(number))


definitions = dg.Definitions(assets=[queued, evaluation], asset_checks=[gate], sensors=[ended])

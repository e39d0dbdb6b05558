"""The examples of schedulers, executed by the schedulers.

ASSAY_ORCHESTRATION_PYTHON names a Python with `requirements-orchestration.txt`, apart from that of the other tests.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Served

PYTHON = os.environ.get("ASSAY_ORCHESTRATION_PYTHON")
HERE = Path(__file__).parent / "orchestration"

pytestmark = pytest.mark.skipif(not PYTHON, reason="ASSAY_ORCHESTRATION_PYTHON names no Python with the schedulers")


def executed(script: str, suite: str, server: Served, folder: Path, *prepare: list[str]) -> dict[str, Any]:
    """What a script says with a scheduler whose files are in a folder of their own."""
    assert PYTHON is not None
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    environment = {
        **kept,
        "HOME": str(folder),
        "ASSAY_SERVER": server.address,
        "ASSAY_SERVER_KEY": server.token or "",
        "PYTHONPATH": f"{ROOT / 'python'}{os.pathsep}{ROOT / 'examples/orchestration'}",
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "examples/orchestration"),
        "DAGSTER_HOME": str(folder),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    (folder / "dagster.yaml").write_text("telemetry: { enabled: false }\n")
    for words in (*prepare, [str(HERE / script), suite]):
        done = subprocess.run(
            [PYTHON, *words], env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return json.loads(line.removeprefix("RESULT "))


def test_airflow(server: Served, tmp_path: Path) -> None:
    migrate = ["-m", "airflow", "db", "migrate"]
    passed = executed("airflow_run.py", "sums.yaml", server, tmp_path, migrate)
    assert passed == {"state": "success", "tasks": dict.fromkeys(["queue", "ended", "verdict", "ship"], "success")}
    failed = executed("airflow_run.py", "strict.yaml", server, tmp_path)
    assert failed["state"] == "failed"
    assert failed["tasks"] == {"queue": "success", "ended": "success", "verdict": "failed", "ship": "upstream_failed"}


def test_dagster(server: Served, tmp_path: Path) -> None:
    passed = executed("dagster_run.py", "slow.yaml", server, tmp_path)
    # Twelve cases of half a second: it was looked at while it went on.
    assert passed["skipped"] > 1
    assert passed["again"] == 0
    assert passed["made"] == ["evaluation"]
    assert [(one["check"], one["passed"], one["severity"]) for one in passed["checks"]] == [("gate", False, "ERROR")]
    passed = executed("dagster_run.py", "sums.yaml", server, tmp_path)
    assert passed["made"] == ["evaluation", "shipped"]
    assert passed["checks"][0]["passed"]


def test_prefect(server: Served, tmp_path: Path) -> None:
    passed = executed("prefect_run.py", "sums.yaml", server, tmp_path)
    assert passed["state"] == "COMPLETED"
    assert "pass" in str(passed["artifact"])
    failed = executed("prefect_run.py", "slow.yaml", server, tmp_path)
    assert failed["state"] == "FAILED"
    assert "1 of" not in failed["message"]
    assert failed["ticks"] > 20

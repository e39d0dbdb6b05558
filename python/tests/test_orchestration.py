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


def executed(server: Served, folder: Path, *commands: list[str]) -> list[dict[str, Any]]:
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
    done = None
    for words in commands:
        done = subprocess.run(
            [PYTHON, *words], env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=180
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert done is not None
    lines = done.stdout.splitlines()
    return [json.loads(line.removeprefix("RESULT ")) for line in lines if line.startswith("RESULT ")]


def test_airflow(server: Served, tmp_path: Path) -> None:
    migrate = ["-m", "airflow", "db", "migrate"]
    passed, failed = executed(server, tmp_path, migrate, [str(HERE / "airflow_run.py"), "sums.yaml", "slow.yaml"])
    assert passed == {"state": "success", "tasks": dict.fromkeys(["queue", "ended", "verdict", "ship"], "success")}
    assert failed["state"] == "failed"
    assert failed["tasks"] == {"queue": "success", "ended": "success", "verdict": "failed", "ship": "upstream_failed"}


def test_dagster(server: Served, tmp_path: Path) -> None:
    passed, failed = executed(server, tmp_path, [str(HERE / "dagster_run.py"), "sums.yaml", "slow.yaml"])
    assert passed["made"] == ["evaluation", "shipped"]
    assert passed["checks"][0]["passed"]
    # Twelve cases of half a second: it was looked at while it went on.
    assert failed["skipped"] > 1
    assert failed["again"] == 0
    assert failed["made"] == ["evaluation"]
    assert [(one["check"], one["passed"], one["severity"]) for one in failed["checks"]] == [("gate", False, "ERROR")]


def test_prefect(server: Served, tmp_path: Path) -> None:
    passed, failed = executed(server, tmp_path, [str(HERE / "prefect_run.py"), "sums.yaml", "slow.yaml"])
    assert passed["state"] == "COMPLETED"
    assert json.loads(passed["artifact"])[0]["verdict"] == "pass"
    assert failed["state"] == "FAILED"
    assert "numeric ≥ 0.5" in failed["message"]
    # While it waited, what else there is went on.
    assert failed["ticks"] > 20

"""Real parts for the tests: the command that ASSAY_BIN names, else that of this tree, and servers of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assay import Client

ROOT = Path(__file__).resolve().parents[2]
_BUILT = ROOT / "target/debug/assay"
if "ASSAY_BIN" not in os.environ and _BUILT.exists():
    os.environ["ASSAY_BIN"] = str(_BUILT)
os.environ.pop("ASSAY_WORKSPACE", None)
# Scripts that are executed with another Python.
collect_ignore = ["orchestration"]

SUITE = """
suite: {name}
dataset:
  path: {cases}.jsonl
  fields: {{ id: id, input: [question], expected: answer, outputs: {{ model: reply }}, metadata: [kind] }}
target: {target}
scorers: [numeric]
slices: [kind]
tiers: {{ smoke: {{ limit: 4 }} }}
gate: {{ rules: [{{ scorer: numeric, min: {least} }}] }}
"""
# Answers late, so that there is a run to wait for.
SLOW = """
import time


def answer(case):
    time.sleep(0.5)
    return "4"
"""


@dataclass
class Served:
    """A server that runs; `run` is the first of its runs."""

    binary: str
    folder: Path
    address: str
    token: str | None
    process: subprocess.Popen[str]
    run: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def client(self, user: str | None = None, **options: Any) -> Client:
        """A client with the token, or with somebody's key."""
        return Client(self.address, key=self.token if user is None else self.keys[user], **options)

    def assay(self, *words: str) -> str:
        """What the command says in the server's project."""
        return command(self.binary, self.folder, *words)


def environment(folder: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**ours, "PATH": path, "ASSAY_WORKSPACE": str(folder / ".assay"), "ASSAY_USER": "ann@example.org"}


def command(binary: str, folder: Path, *words: str) -> str:
    return subprocess.run(
        [binary, *words], cwd=folder, env=environment(folder), capture_output=True, text=True, check=True
    ).stdout


@contextmanager
def serving(binary: str, folder: Path, *words: str) -> Iterator[Served]:
    """`assay serve` on a free port, until it is not needed any more."""
    with (folder / "serve.log").open("a") as log:
        process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--json", "--no-notify", *words],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "serve.log").read_text()
        said = json.loads(line)
        yield Served(binary, folder, said["address"].rstrip("/"), said.get("token"), process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def binary() -> str:
    """The command `assay`."""
    found = os.environ.get("ASSAY_BIN", "")
    if not os.access(found, os.X_OK):
        pytest.skip("the command `assay` is not built, and ASSAY_BIN names none")
    return found


@pytest.fixture
def folder(binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with a command to evaluate by."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def project(folder: Path) -> Path:
    """A project with suites that pass, fail and take their time."""
    rows = [
        {
            "id": f"c{n:02}",
            "question": f"What is {n} + 2?",
            "answer": str(n + 2),
            "reply": f"It is {n + 2 if n % 10 else n}.",
            "kind": "even" if n % 2 == 0 else "odd",
        }
        for n in range(60)
    ]
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "few.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:12]))
    (folder / "slow.py").write_text(SLOW)
    (folder / "broken.yaml").write_text("suite: broken\ndatasets: [{ path: sums.jsonl }]\nscorer: numeric\n")
    recorded = "{ recorded: model }"
    for name, cases, target, least in [
        ("sums", "sums", recorded, 0.6),
        ("assay", "sums", recorded, 0.2),
        ("strict", "sums", recorded, 0.999),
        ("slow", "few", '{ python: "slow.py:answer" }', 0.5),
    ]:
        (folder / f"{name}.yaml").write_text(SUITE.format(name=name, cases=cases, target=target, least=least))
    return folder


@pytest.fixture(scope="session")
def server(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of one person over two runs, the first of which is the baseline."""
    folder = project(tmp_path_factory.mktemp("local"))
    command(binary, folder, "run", "sums.yaml", "--quiet")
    command(binary, folder, "baseline", "set", "main", "latest")
    command(binary, folder, "run", "sums.yaml", "--quiet")
    with serving(binary, folder) as found:
        found.run = list(found.client().runs())[-1]["id"]
        yield found


@pytest.fixture(scope="session")
def team(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of a team: ada leads, ben works, cem looks, each with a key."""
    folder = project(tmp_path_factory.mktemp("team"))
    keys = {}
    for name, roles in {"ada": ["admin"], "ben": ["engineer", "approver"], "cem": ["viewer"]}.items():
        given = [word for role in roles for word in ("--role", role)]
        command(binary, folder, "user", "add", name, *given)
        said = command(binary, folder, "user", "key", name, "tests", *given, "--days", "1")
        keys[name] = next(word for word in said.split() if word.startswith("assay_"))
    with serving(binary, folder, "--team") as found:
        found.keys = keys
        yield found

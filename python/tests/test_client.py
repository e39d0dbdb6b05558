"""The client over real servers."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Served, command

import assay
from assay import Client, client
from assay.client import _jobs


def test_models_and_operations_are_those_of_the_document() -> None:
    script = Path(__file__).parents[1] / "scripts/models.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run `python scripts/models.py`"


def test_every_operation_of_the_document_has_a_method() -> None:
    document = json.loads((ROOT / "crates/assay-server/openapi.json").read_text())
    for path, verbs in document["paths"].items():
        for verb, spec in verbs.items():
            if "oidc" in path or (path.endswith("/session") and verb != "get"):
                continue
            word = f"``{verb.upper()} {path}``"
            assert any(word in (method.__doc__ or "") for method in vars(Client.__mro__[1]).values()), spec


def test_an_answer_has_what_its_model_says(server: Served) -> None:
    found = server.client()
    run = next(found.runs())
    for name, value in {"RunItem": run, "RunSummary": found.run_summary(run["id"])}.items():
        model = getattr(client.models, name)
        assert model.__required_keys__ <= set(value) <= model.__required_keys__ | model.__optional_keys__


def test_the_address_that_a_server_prints_is_enough(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client(f"{server.address}/#token={server.token}").session()["mode"] == "local"
    monkeypatch.setenv("ASSAY_SERVER", server.address)
    monkeypatch.setenv("ASSAY_SERVER_KEY", server.token or "")
    assert next(Client().runs())["suite"]
    assert server.token not in repr(Client())
    monkeypatch.delenv("ASSAY_SERVER")
    with pytest.raises(assay.AssayError, match="ASSAY_SERVER"):
        Client()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"server": "assay.example.org"}, "is no address such as"),
        ({"server": "ftp://assay.example.org"}, "is no address such as"),
        ({"server": "http://ada:secret@assay.example.org"}, "holds no password"),
        ({"server": "http://x", "key": "two\r\nlines"}, "characters that no key has"),
        ({"server": "http://x", "timeout": 0}, "timeout: 0 is not above 0"),
        ({"server": "http://x", "retries": -1}, "retries: -1 is below 0"),
    ],
)
def test_what_no_client_can_be_made_of(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        Client(**arguments)
    assert "secret" not in str(caught.value)


def test_problems_are_exceptions(server: Served, team: Served) -> None:
    with pytest.raises(client.NotFoundError, match="404 Not Found: there is no release of that number") as caught:
        server.client().release(77)
    assert (caught.value.status, caught.value.title) == (404, "Not Found")
    assert caught.value.detail == "there is no release of that number"
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.status, again.detail) == (client.NotFoundError, 404, caught.value.detail)
    with pytest.raises(client.AuthenticationError):
        Client(server.address, key="wrong").overview()
    with pytest.raises(client.AuthenticationError):
        Client(server.address).overview()
    with pytest.raises(client.ForbiddenError):
        team.client("cem").run("sums.yaml")
    with pytest.raises(client.RequestError, match=r"no file `nothing.yaml`"):
        server.client().run("nothing.yaml")
    with pytest.raises(client.RequestError):
        server.client().sql("SELECT nothing FROM scores").to_arrow()
    with pytest.raises(client.UnreachableError, match=r"127\.0\.0\.1:9"):
        Client("http://127.0.0.1:9", retries=0).overview()
    with pytest.raises(ValueError, match="no name that an address can hold"):
        server.client().get_run("..")


def test_names_in_paths_are_quoted(server: Served) -> None:
    with pytest.raises(client.NotFoundError):
        server.client().get_case("latest", "a/../b?c#d %2e")


def test_lists_come_page_by_page(server: Served) -> None:
    found = server.client()
    page = found.trials_page(server.run, limit=7)
    assert len(page["items"]) == 7
    assert page["total"] == 60
    all_of = list(found.trials(server.run, limit=7))
    assert len(all_of) == 60
    assert len({trial["case_id"] for trial in all_of}) == 60
    missed = list(found.trials(server.run, scorer="numeric", max=0.5, limit=2))
    assert sorted(trial["case_id"] for trial in missed) == [f"c{n:02}" for n in range(0, 60, 10)]
    assert len(list(islice(found.trials(server.run, limit=3), 4))) == 4


def test_a_comparison_and_a_gate(server: Served) -> None:
    found = server.client()
    runs = list(found.runs(suite="sums"))
    compared = found.compare(candidate=runs[0]["id"], baseline=server.run)
    assert compared["comparison"]["rows"]
    gate = found.gate(runs[0]["id"])
    assert gate.passed
    assert gate.require() is gate
    assert gate.to_dict()["verdict"] == "pass"
    assert "criteria" in repr(gate)
    assert "<table>" in gate._repr_html_()


def test_what_has_not_changed_is_not_sent_again(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    found = server.client()
    statuses = []
    once = found._transport._once

    def told(*arguments: Any) -> Any:
        answer = once(*arguments)
        statuses.append(answer.status)
        return answer

    monkeypatch.setattr(found._transport, "_once", told)
    first, second = found.get_run(server.run), found.get_run(server.run)
    assert statuses == [200, 304]
    assert first == second
    first["item"]["labels"]["mine"] = "changed"
    assert found.get_run(server.run) == second


def test_tables_as_batches_frames_rows_and_files(server: Served, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    found = server.client()
    scores = found.table(server.run, "scores")
    batches = list(scores)
    assert all(isinstance(batch, pyarrow.RecordBatch) for batch in batches)
    assert sum(batch.num_rows for batch in batches) == 60
    assert scores.to_arrow().num_rows == 60
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    assert scores.to_pandas()["value"].mean() == pytest.approx(0.9)
    assert scores.to_polars()["value"].mean() == pytest.approx(0.9)
    assert sum(row["value"] for row in scores.rows()) == 54
    trials = found.table(server.run, "trials").save(tmp_path / "trials.parquet")
    assert pytest.importorskip("pyarrow.parquet").read_table(trials).num_rows == 60
    assert len(scores.save(tmp_path / "scores.csv").read_text().splitlines()) == 61
    with pytest.raises(ValueError, match=r"'scores.xls' says no form"):
        scores.save(tmp_path / "scores.xls")
    with pytest.raises(client.NotFoundError):
        found.table("nothing").save(tmp_path / "nothing.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv", "trials.parquet"]
    assert found.sql("SELECT count(*) AS n FROM scores WHERE 1 = 0").to_pandas()["n"].tolist() == [0]
    assert found.sql("SELECT value FROM scores WHERE 1 = 0").to_polars().shape == (0, 1)
    again = pickle.loads(pickle.dumps(scores))
    assert again.to_arrow().num_rows == 60


def test_a_table_that_is_not_read_to_its_end(server: Served) -> None:
    pytest.importorskip("pyarrow")
    found = server.client()
    for _ in range(3):
        next(iter(found.table(server.run)))
    assert found.table(server.run).to_arrow().num_rows == 60


def test_nothing_heavy_is_imported_by_the_client(server: Served) -> None:
    code = (
        "import sys, assay\n"
        f"found = assay.Client({server.address!r}, key={server.token!r})\n"
        f"assert sum(1 for _ in found.table({server.run!r}).rows()) == 60\n"
        "print([name for name in ('pyarrow', 'numpy', 'pandas', 'polars', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_run_is_queued_and_waited_for(server: Served) -> None:
    found = server.client()
    job = found.run("sums.yaml", tier="smoke", labels={"why": "a test"}, gate=False)
    assert job.stand in {"queued", "running"}
    assert job.wait(60).exit == 0
    assert job.run is not None
    run = found.get_run(job.run)["item"]
    assert (run["tier"], run["labels"]["why"], run["labels"]["job"]) == ("smoke", "a test", str(job.number))
    assert job.gate().run == job.run
    assert found.job(job.number).item == job.item
    assert next(found.jobs())["job"] >= job.number
    strict = found.run("strict.yaml").wait(60)
    assert strict.exit == 1
    assert strict.gate().verdict == "fail"
    with pytest.raises(client.GateError, match=r"numeric ≥ 0\.999") as caught:
        strict.gate().require()
    assert pickle.loads(pickle.dumps(caught.value)).verdict == "fail"


def test_a_job_without_a_verdict_says_why(server: Served) -> None:
    job = server.client().run("broken.yaml")
    with pytest.raises(client.JobError, match="unknown key `scorer`") as caught:
        job.wait(60)
    assert caught.value.job["exit"] == 2
    assert job.wait(60, check=False).run is None
    with pytest.raises(client.JobError, match="has no run"):
        job.gate()


def test_a_job_that_is_asked_for_twice_is_one(server: Served) -> None:
    found = server.client()
    one = found.run("sums.yaml", limit=4, idempotency_key="nightly 7")
    two = server.client().run("sums.yaml", limit=4, idempotency_key="nightly 7")
    assert one.number == two.number
    with pytest.raises(client.RequestError, match="was used for another request"):
        found.run("sums.yaml", limit=5, idempotency_key="nightly 7")
    two.wait(60)


def test_waiting_gives_up_and_jobs_are_cancelled(server: Served) -> None:
    found = server.client()
    job = found.run("slow.yaml")
    behind = found.run("sums.yaml")
    with pytest.raises(client.WaitError, match=f"job {job.number} is .* after 0.4 s; it goes on") as caught:
        job.wait(0.4)
    assert isinstance(caught.value, TimeoutError)
    with pytest.raises(client.JobError, match="has no run"):
        behind.gate()
    assert behind.cancel().stand == "withdrawn"
    with pytest.raises(client.JobError, match="it was taken back"):
        behind.wait(5)
    assert behind.wait(5, check=False).over
    # A run is to be told to stop once there is one.
    while job.refresh().run is None:
        threading.Event().wait(0.1)
    told = [event.name for event in islice(found.events(job.run or ""), 1)]
    assert told == ["progress"]
    job.cancel()
    assert job.wait(60, check=False).exit == 130
    with pytest.raises(client.JobError) as ended:
        job.wait()
    assert ended.value.job["job"] == job.number
    with pytest.raises(client.ClientError):
        job.cancel()


def test_events_come_to_an_end(server: Served) -> None:
    names = [event.name for event in server.client().events(server.run)]
    assert names == ["progress", "end"]


def test_waiting_does_not_hold_the_event_loop(server: Served) -> None:
    async def both() -> tuple[int | None, int]:
        job = server.client().run("slow.yaml", limit=3)
        ticks, waits = 0, asyncio.create_task(job.wait_async(60, poll=0.3))
        while not waits.done():
            await asyncio.sleep(0.02)
            ticks += 1
        return (await waits).exit, ticks

    code, ticks = asyncio.run(both())
    assert code in {1, 3}
    assert ticks > 20


def test_a_server_that_is_away_for_a_while_is_waited_for(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    found = server.client(retries=0)
    job, look, away = found.run("sums.yaml", limit=3), found.get_job, iter(range(3))

    def flaky(number: int) -> Any:
        if next(away, None) is not None:
            raise client.UnreachableError("away")
        return look(number)

    monkeypatch.setattr(found, "get_job", flaky)
    assert job.wait(60, check=False).over
    monkeypatch.setattr(_jobs, "PATIENCE", 0.0)
    away = iter(range(3))
    queued = _jobs.Job(found, {**job.item, "stand": "queued"})
    with pytest.raises(client.UnreachableError):
        queued.wait(60)


def test_threads_share_a_client(server: Served) -> None:
    found = server.client()
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: len(list(found.trials(server.run, limit=n))), range(30, 38)))
    assert numbers == [60] * 8
    assert 1 <= len(found._transport._idle) <= 8


def of_child(found: Client, run: str, pipe: Any) -> None:
    pipe.send([len(list(found.trials(run, limit=40))), os.getpid()])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_share_a_client(server: Served, method: str) -> None:
    found = server.client()
    list(found.runs())
    parent = {id(connection) for connection, _ in found._transport._idle}
    context: Any = multiprocessing.get_context(method)
    here, there = context.Pipe()
    child = context.Process(target=of_child, args=(found, server.run, there))
    if method == "fork":
        # As if another thread were busy with it: the child must not wait for a thread that it does not have.
        with found._transport._lock:
            child.start()
    else:
        child.start()
    assert here.poll(30)
    number, process = here.recv()
    child.join(10)
    assert (number, process == os.getpid()) == (60, False)
    # The parent's connection is its own still.
    assert len(list(found.trials(server.run, limit=40))) == 60
    assert {id(connection) for connection, _ in found._transport._idle} == parent


def test_a_pickled_client_is_a_client(server: Served) -> None:
    found = pickle.loads(pickle.dumps(server.client(timeout=7, retries=2)))
    assert (found.server, found._transport.timeout, found._transport.retries) == (server.address, 7, 2)
    assert found.session()["user"]["name"] == "ann@example.org"


def test_releases_are_acted_on_as_they_were_seen(team: Served) -> None:
    (team.folder / "small.policy.yaml").write_text(
        "policy: small\nrequire:\n  - { suite: sums, why: Sums are right., rules: [{ scorer: numeric, min: 0.6 }] }\n"
        "approvals: { medium: { count: 1 } }\nstages: [{ name: all, share: 1 }]\n"
    )
    ben = team.client("ben")
    ben.run("sums.yaml").wait(60)
    opened = ben.open_release({"title": "A prompt", "policy": "small.policy.yaml", "kinds": ["prompt"]})
    release = ben.release(opened)
    assert release.number == opened["release"]
    stale = ben.release(release.number)
    assert release.evaluate().view["evaluation"]["verdicts"][0]["kind"] == "pass"
    with pytest.raises(client.ConflictError):
        stale.reject("too late")
    with pytest.raises(client.ConflictError) as caught:
        release.ship("go")
    assert caught.value.blocks
    assert [one["number"] for one in ben.releases()] == [release.number]
    with ben.memo(release.number, format="md") as memo:
        assert b"A prompt" in memo.read()


def test_people_and_keys_are_made(team: Served) -> None:
    ada = team.client("ada")
    key = "a request of this test"
    assert ada.add_user({"name": "dee", "roles": ["viewer"]}, idempotency_key=key)["password"]
    with pytest.raises(client.ConflictError, match="a secret, which is told once"):
        ada.add_user({"name": "dee", "roles": ["viewer"]}, idempotency_key=key)
    assert "dee" in [user["name"] for user in ada.users()]
    assert any(entry["by"] == "ada" for entry in ada.audit())


def test_a_run_of_this_machine_is_pushed(team: Served, tmp_path: Path) -> None:
    folder = tmp_path / "laptop"
    folder.mkdir()
    for name in ("sums.yaml", "sums.jsonl"):
        (folder / name).write_text((team.folder / name).read_text())
    command(team.binary, folder, "run", "sums.yaml", "--quiet", "--label", "from=laptop")
    ben = team.client("ben")
    for _ in range(2):
        item = ben.push("latest", workspace=folder / ".assay", command=team.binary)
        assert item["labels"]["from"] == "laptop"
    assert ben.table(item["id"]).to_arrow().num_rows == 60
    with pytest.raises(client.RequestError, match="nothing"):
        ben.push("nothing", workspace=folder / ".assay", command=team.binary)
    with pytest.raises(client.ClientError):
        team.client("cem").push("latest", workspace=folder / ".assay", command=team.binary)


def test_evidence_is_taken_away(server: Served, tmp_path: Path) -> None:
    with pytest.raises(client.ClientError):
        server.client().save_evidence(server.run, tmp_path / "pack.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_request_without_a_method(server: Served) -> None:
    with server.client().request("get", "/api/v1/runs", query={"limit": 1}) as answer:
        assert len(json.loads(answer.read())["items"]) == 1

"""`evaluate` with the real engine."""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assay

CASES = [
    {"id": str(i), "q": f"word {i}", "expected": f"WORD {i}", "metadata": {"lang": "de" if i % 2 else "en"}}
    for i in range(40)
]


def shout(inputs: dict[str, Any]) -> str:
    return inputs["q"].upper()


async def shout_later(inputs: dict[str, Any]) -> str:
    await asyncio.sleep(0.05)
    return inputs["q"].upper()


def test_a_function_is_evaluated(folder: Path) -> None:
    @assay.scorer(range=(0, 10))
    def words(output: str, metadata: dict[str, Any]) -> dict[str, Any]:
        return {"score": len(output.split()), "reason": metadata["lang"]}

    run = assay.evaluate(
        CASES,
        shout,
        ["equals", {"contains": "WORD"}, words],
        gate=["equals >= 0.8"],
        slices=["lang"],
        labels={"branch": "main"},
        name="Shouting".lower(),
    )
    assert run.name == "shouting" and run.complete and run.targets == ["shout"]
    equals = run.scores["equals"]
    assert (equals.estimate, equals.n, equals.errors, equals.interval.upper) == (1.0, 40, 0, 1.0)
    assert 0.9 < equals.interval.lower < 0.95
    assert run.scores["words"].estimate == 2.0 and run.scores["words"].range == (0.0, 10.0)
    assert [e.slice for e in run.scores.slices if e.scorer == "equals"] == ["lang = de", "lang = en"]
    assert run.gate.passed and run.gate.rules[0].verdict == "pass"
    assert run.cost == 0.0 and run.totals["ok"] == 40 and run.labels == {"branch": "main"}
    cases = list(run.cases())
    assert len(cases) == 40 and {c["status"] for c in cases} == {"ok"}
    one = next(c for c in cases if c["case"] == "7")
    assert one["output"] == "WORD 7" and one["metadata"] == {"lang": "de"}
    assert one["scores"]["words"] == {"value": 2.0, "label": None, "reason": "de", "status": "scored"}
    assert run.case("7")["case"]["inputs"] == {"q": "word 7"}
    assert "equals 1 (95% CI" in repr(run) and "gate pass" in repr(run)
    again = assay.run(run.id[-8:])
    assert again == run and again.scores["equals"] == equals and again.labels == {"branch": "main"}
    assert assay.runs(name="shouting", labels={"branch": "main"}) == [run]
    assert assay.runs(labels={"branch": "main", "other": "x"}) == []


def test_the_run_can_be_asked_for_from_the_command_line(folder: Path) -> None:
    run = assay.evaluate(CASES, {"echo": "{{ q | upper }}"}, "equals")
    said = subprocess.run(
        [os.environ["ASSAY_BIN"], "show", run.id, "--json"], capture_output=True, text=True, check=True
    )
    record = json.loads(said.stdout)["run"]
    (folder / "assay.yaml").write_text(record["suite_text"])
    again = subprocess.run([os.environ["ASSAY_BIN"], "run", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(again.stdout.splitlines()[-1])["result"]["run"]["plan"] == record["plan"]


def frames() -> dict[str, Callable[[list[dict[str, Any]]], Any]]:
    def pandas(rows: Any) -> Any:
        return pytest.importorskip("pandas").DataFrame(rows)

    def polars(rows: Any) -> Any:
        return pytest.importorskip("polars").DataFrame(rows)

    def arrow(rows: Any) -> Any:
        return pytest.importorskip("pyarrow").Table.from_pylist(rows)

    def path(rows: Any) -> Any:
        Path("given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return Path("given.jsonl")

    return {
        "list": list,
        "tuple": tuple,
        "generator": iter,
        "pandas": pandas,
        "polars": polars,
        "arrow": arrow,
        "path": path,
        "text": lambda rows: str(path(rows)),
        "mapping": lambda rows: {"path": str(path(rows)), "limit": 3},
    }


@pytest.mark.parametrize("kind", list(frames()))
def test_cases_come_from_what_has_rows(folder: Path, kind: str) -> None:
    rows = [{"question": "a", "answer": "A", "lang": "de"}, {"question": "b", "answer": None, "lang": "en"}]
    rows.append({"question": "c", "answer": "C", "lang": None})
    fields = {"input": ["question"], "expected": "answer", "metadata": ["lang"]}
    run = assay.evaluate(frames()[kind](rows), lambda inputs: inputs["question"].upper(), ["equals"], fields=fields)
    assert run.targets == ["function"]
    assert run.record["cases"] == 3 and run.scores["equals"].n == 2
    assert run.scores["equals"].unscored == 1, "what is not expected is no wrong answer"


@pytest.mark.parametrize(
    ("dataset", "error", "words"),
    [
        ([], ValueError, "there are no rows"),
        (3, TypeError, "must be a list of dictionaries.*not int"),
        (["a"], TypeError, "row 1 must be a dictionary, not str"),
        ([{"q": object()}], TypeError, r"row 1: builtins\.object is not JSON"),
        ([{"q": {1: b"x"}}], TypeError, r"row 1: builtins\.bytes is not JSON"),
        ("nothing.jsonl", assay.UsageError, "nothing.jsonl"),
        ("nothing", assay.UsageError, "nothing"),
        ([{"expected": "a"}], assay.UsageError, "no inputs"),
        ([{"q": 1, "id": "a"}, {"q": 2, "id": "a"}], assay.UsageError, "`a`"),
    ],
)
def test_wrong_data_is_told(folder: Path, dataset: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        assay.evaluate(dataset, shout, ["latency"])


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"target": 3}, TypeError, "a target is a callable"),
        ({"target": []}, ValueError, "at least one target"),
        ({"scorers": []}, ValueError, "at least one scorer"),
        ({"scorers": ["equal"]}, assay.UsageError, "did you mean `equals`"),
        ({"scorers": [assay.target(shout)]}, TypeError, "is not a scorer"),
        ({"target": {"opnai": "x"}}, assay.UsageError, "did you mean `openai`"),
        ({"gate": ["equals > 1"]}, ValueError, "is no rule"),
        ({"gate": ["equal >= 0.5"]}, assay.UsageError, "there is no scorer `equal`"),
        ({"gate": ["equals >= 1e"]}, ValueError, "is no number"),
        ({"epochs": 0}, assay.UsageError, "epochs must be"),
        ({"concurrency": 0}, assay.UsageError, "concurrency must be"),
        ({"slices": ["lng"]}, assay.UsageError, "did you mean `lang`"),
        ({"name": "Two Words"}, assay.UsageError, "cannot be a suite's name"),
        ({"budget": {"usd": -1}}, assay.UsageError, "a budget must be above 0"),
        ({"limit": 0}, assay.NothingSelectedError, "select"),
        ({"baseline": "none-such"}, assay.UsageError, "none-such"),
    ],
)
def test_what_does_not_fit_is_told(folder: Path, changed: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments: dict[str, Any] = {"dataset": CASES, "target": shout, "scorers": ["equals"], **changed}
    with pytest.raises(error, match=words):
        assay.evaluate(**arguments)


def test_an_exception_is_an_error_of_its_trial(folder: Path) -> None:
    def some(inputs: dict[str, Any]) -> Any:
        n = int(inputs["q"].split()[1])
        if n == 3:
            raise ValueError("cannot\nthree")
        if n == 4:
            return object()
        if n == 5:
            return float("nan")
        if n == 6:
            sys.exit(3)
        return inputs["q"].upper()

    def picky(output: str) -> bool:
        if output.endswith("7"):
            raise KeyError("seven")
        return True

    run = assay.evaluate(CASES, some, ["equals", picky])
    assert (run.scores["equals"].n, run.scores["equals"].errors) == (36, 4)
    assert run.scores["picky"].scorer_errors == 4  # 7, 17, 27, 37
    errors = {c["case"]: c["error"] for c in run.cases() if c["error"]}
    assert "in some | raise ValueError" in errors["3"] and errors["3"].endswith("ValueError: cannot three")
    assert "what was returned is not JSON: builtins.object" in errors["4"]
    assert "not JSON" in errors["5"] and "SystemExit: 3" in errors["6"]
    seven = next(c for c in run.cases() if c["case"] == "7")
    assert "KeyError: 'seven'" in seven["scores"]["picky"]["reason"]


def test_when_nothing_was_answered_nothing_was_measured(folder: Path) -> None:
    def broken(inputs: dict[str, Any]) -> str:
        return inputs["nothing"]

    with pytest.raises(assay.AllFailedError, match=r"every trial failed.*KeyError: 'nothing'") as caught:
        assay.evaluate(CASES, broken, ["equals"])
    assert caught.value.run.totals["errors"] == 40


def test_sync_functions_run_in_threads_and_async_ones_at_once(folder: Path) -> None:
    where = contextvars.ContextVar("where", default="nowhere")
    where.set("here")
    seen: set[tuple[str, str]] = set()
    now, most = 0, 0

    def sync(inputs: dict[str, Any], case_id: str) -> str:
        nonlocal now, most
        now += 1
        most = max(most, now)
        time.sleep(0.03)
        now -= 1
        trial = assay.current_trial()
        assert trial is not None and trial.case == case_id and trial.function == "sync" and trial.run is not None
        seen.add((where.get(), threading.current_thread().name))
        return inputs["q"].upper()

    assert assay.evaluate(CASES, sync, ["equals"], concurrency=10).scores["equals"].estimate == 1.0
    assert 4 <= most <= 10 and {place for place, _ in seen} == {"here"}
    assert assay.current_trial() is None
    began = time.monotonic()
    many = [{"q": f"word {i}", "expected": f"WORD {i}"} for i in range(400)]
    assert assay.evaluate(many, shout_later, ["equals"], concurrency=100).scores["equals"].estimate == 1.0
    assert time.monotonic() - began < 0.05 * 400 / 2, "one after another"


def test_in_a_loop_that_runs(folder: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def here(inputs: dict[str, Any]) -> str:
            assert asyncio.get_running_loop() is loop
            return await shout_later(inputs)

        run = await assay.aevaluate(CASES, here, ["equals"])
        assert run.scores["equals"].estimate == 1.0
        # A notebook's cell is inside of a loop, too, and waits.
        assert assay.evaluate(CASES, shout_later, ["equals"]).scores["equals"].estimate == 1.0

    asyncio.run(main())


def test_a_task_that_is_cancelled_stops_its_run(folder: Path) -> None:
    asked: list[str] = []

    async def slow(inputs: dict[str, Any]) -> str:
        asked.append(inputs["q"])
        await asyncio.sleep(0.2)
        return inputs["q"].upper()

    async def main() -> None:
        task = asyncio.create_task(assay.aevaluate(CASES, slow, ["equals"], concurrency=4))
        while len(asked) < 6:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    stopped = assay.run()
    assert not stopped.complete and "go on with `assay.resume`" in repr(stopped)
    before = len(asked)
    run = assay.resume(stopped, target=slow)
    assert run.id == stopped.id and run.complete and run.scores["equals"].n == 40
    assert len(asked) - before == 40 - stopped.totals["ok"]


def test_what_is_recorded_is_not_asked_again(folder: Path) -> None:
    asked: list[str] = []

    @assay.target(cache=True, version="1")
    def counted(inputs: dict[str, Any]) -> str:
        asked.append(inputs["q"])
        return inputs["q"].upper()

    assay.evaluate(CASES, counted, ["equals"])
    run = assay.evaluate(CASES, counted, ["equals"])
    assert len(asked) == 40 and run.totals["cached"] == 40
    assay.evaluate(CASES, counted, ["equals"], cache=False)
    assert len(asked) == 80
    with pytest.raises(assay.UsageError, match="is complete"):
        assay.resume(run, target=counted)


def test_budgets_hold(folder: Path) -> None:
    @assay.target(price={"input": 1000.0, "output": 1000.0})
    def paid(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"output": inputs["q"].upper(), "usage": {"input_tokens": 5, "output_tokens": 5, "cost_usd": 0.01}}

    run = assay.evaluate(CASES, paid, ["equals"])
    assert run.cost == pytest.approx(0.4)
    run = assay.evaluate(CASES, paid, ["equals"], budget={"calls": 10}, concurrency=1)
    assert run.totals["ok"] == 10 and run.totals["refused"] == 30
    assert "30 refused by a budget" in run._repr_html_()


def test_evaluations_in_threads_do_not_mix(folder: Path) -> None:
    found: dict[str, Any] = {}

    def one(word: str) -> None:
        rows = [{"q": f"{word} {i}", "expected": f"{word} {i}!"} for i in range(30)]
        found[word] = assay.evaluate(rows, lambda inputs: inputs["q"] + "!", ["equals"], name=word)

    threads = [threading.Thread(target=one, args=(word,)) for word in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for word in ("a", "b", "c"):
        assert found[word].scores["equals"].estimate == 1.0
        assert all(case["output"].startswith(word) for case in found[word].cases())


SCRIPT = """
import os, sys, time
import assay
cases = [{"id": str(i), "q": f"word {i}", "expected": f"WORD {i}"} for i in range(60)]
@assay.target(cache=True, version="1")
def slow(inputs):
    with open("asked", "a") as file:
        file.write(inputs["q"] + "\\n")
    time.sleep(0.05)
    return inputs["q"].upper()
if __name__ == "__main__":
    try:
        print(assay.evaluate(cases, slow, ["equals"], concurrency=4, resume="resume" in sys.argv).id)
    except assay.InterruptedRunError as error:
        print(error)
        sys.exit(7)
"""


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "script.py").write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, "script.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(assay.__file__).parents[1])},
    )


def asked(folder: Path) -> list[str]:
    file = folder / "asked"
    return file.read_text().splitlines() if file.exists() else []


def wait_for(folder: Path, calls: int) -> None:
    end = time.monotonic() + 60
    while len(asked(folder)) < calls and time.monotonic() < end:
        time.sleep(0.01)
    assert len(asked(folder)) >= calls


def ended(folder: Path) -> assay.Run:
    """The stopped run, when nobody executes it any more."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        held = subprocess.run([os.environ["ASSAY_BIN"], "runs"], capture_output=True, text=True, check=True).stdout
        if "resumable" in held or "interrupted" in held:
            return assay.run()
        time.sleep(0.1)
    raise AssertionError("the command goes on without the process that it belongs to")


@pytest.mark.parametrize("how", ["resume", "anew"])
def test_a_killed_process_loses_nothing(folder: Path, how: str) -> None:
    process = started(folder)
    wait_for(folder, 20)
    process.kill()
    process.wait()
    stopped = ended(folder)
    before = asked(folder)
    assert not stopped.complete and stopped.totals["errors"] == 0
    process = started(folder, how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    run = assay.run(out.strip())
    assert (run.id == stopped.id) == (how == "resume")
    assert run.scores["equals"].n == 60 and run.totals["errors"] == 0
    # Calls that nobody waited for any more are made again: at most as many as were in flight.
    assert len(asked(folder)) <= 60 + 4 and len(asked(folder)) - len(before) <= 44


def test_an_interrupt_stops_the_run_and_says_how_to_go_on(folder: Path) -> None:
    process = started(folder)
    wait_for(folder, 12)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 7, err
    stopped = assay.run()
    assert f"go on with `assay.resume('{stopped.id}'" in out
    assert stopped.totals["ok"] == len(asked(folder)), "calls in flight were waited for"
    with pytest.raises(assay.UsageError, match=r"target `slow` of run .* is missing"):
        assay.resume(stopped)

    @assay.target(version="2")
    def slow(inputs: dict[str, Any]) -> str:
        return inputs["q"].upper()

    with pytest.raises(assay.UsageError, match="its version is 2, it was 1"):
        assay.resume(stopped, target=slow)
    namespace: dict[str, Any] = {"__name__": "script"}
    exec(SCRIPT, namespace)
    run = assay.resume(stopped, target=namespace["slow"])
    assert run.complete and run.scores["equals"].n == 60 and len(asked(folder)) == 60


def test_a_fork_after_import_evaluates(folder: Path) -> None:
    assay.evaluate(CASES[:3], shout, ["equals"])
    child = os.fork()
    if child == 0:
        try:
            found = assay.evaluate(CASES, shout, ["equals"]).scores["equals"].n
            os._exit(0 if found == 40 else 1)
        except BaseException:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_a_function_may_fork(folder: Path) -> None:
    def forks(inputs: dict[str, Any]) -> str:
        child = os.fork()
        if child == 0:
            return "from the fork"
        os.waitpid(child, 0)
        return inputs["q"].upper()

    assert assay.evaluate(CASES[:8], forks, ["equals"]).scores["equals"].estimate == 1.0


def test_nothing_is_left_behind(folder: Path) -> None:
    assay.evaluate(CASES, shout_later, ["equals"])
    time.sleep(0.2)
    names = [thread.name for thread in threading.enumerate()]
    # The loop of async functions stays: what they keep open belongs to it.
    assert [name for name in names if name.startswith("assay")] == ["assay-async"]
    first = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        assay.evaluate(CASES, [shout, shout_later], ["equals"])
    time.sleep(0.2)
    assert len(os.listdir("/proc/self/fd")) <= first


def test_progress_is_shown_where_somebody_looks(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assay.evaluate(CASES, shout, ["equals"])
    assert capfd.readouterr() == ("", ""), "nobody looks"
    assay.evaluate(CASES, shout, ["equals"], progress=True)
    assert re.fullmatch(r"0/40\n40/40 \d+ s\n", capfd.readouterr().err)
    (folder / "script.py").write_text(SCRIPT)
    code = "import pty, sys; sys.exit(pty.spawn([sys.executable, 'script.py']) >> 8)"
    env = {**os.environ, "PYTHONPATH": str(Path(assay.__file__).parents[1]), "COLUMNS": "80"}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True).stdout
    assert "\x1b[K" in said and "█" in said and "60/60" in said


def test_a_notebook_shows_a_display_that_moves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython")
    from IPython.testing.globalipapp import start_ipython

    shell = start_ipython() or __import__("IPython").get_ipython()
    shown: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    monkeypatch.setattr(shell.display_formatter, "active_types", ["text/plain", "text/html"])
    monkeypatch.setattr(
        shell.display_pub, "publish", lambda data, *rest, **more: shown.append((data["text/html"], more))
    )
    assay.evaluate(CASES, shout, ["equals"])
    assert "0/40" in shown[0][0] and "40/40" in shown[-1][0]
    assert shown[0][1].get("update") in (None, False) and shown[-1][1]["update"] is True


def test_what_models_say_is_text_in_notebooks(folder: Path) -> None:
    evil = "<script>alert(1)</script>"

    @assay.target(name=evil)
    def target(inputs: dict[str, Any]) -> str:
        return evil

    run = assay.evaluate(
        [{"q": evil, "expected": "a"}],
        [target, shout],
        [{"equals": evil, "name": f"{evil}<svg onload=x>"}],
        name="evil",
    )
    shown = run._repr_html_() + run.compare(run, target="shout", baseline_target=evil)._repr_html_()
    assert "<script" not in shown and "<svg onload" not in shown and "&lt;script" in shown


def test_versions_follow_what_a_function_does() -> None:
    from assay._functions import version_of

    def made(prompt: str) -> Callable[[dict[str, Any]], str]:
        return lambda inputs: prompt + inputs["q"]

    assert version_of(made("a")) == version_of(made("a")) != version_of(made("b"))

    one, other = [lambda inputs: 1, lambda inputs: 2]
    assert version_of(one) != version_of(other), "two in one line"

    class App:
        def __init__(self, model: str) -> None:
            self.model = model

        def __call__(self, inputs: dict[str, Any]) -> str:
            return self.model

    assert version_of(App("a")) == version_of(App("a")) != version_of(App("b"))
    assert version_of(App("a").__call__) != version_of(App("b").__call__)
    source = "PROMPT = {!r}\ndef inner(q): return PROMPT + q\ndef answer(inputs): return inner(inputs['q'])\n"

    def version(prompt: str) -> str:
        namespace: dict[str, Any] = {"__name__": "app"}
        exec(source.format(prompt), namespace)
        return version_of(namespace["answer"])

    assert version("a") == version("a") != version("b"), "a constant two functions away"
    notes: list[str] = []

    def noting(inputs: dict[str, Any]) -> None:
        notes.append("called")

    before = version_of(noting)
    noting({})
    assert version_of(noting) == before, "what it notes down is not what it does"
    code = "from assay._functions import version_of as v\nclass A:\n  def __init__(s): s.x = object()\nprint(v(A()))"
    ask = [sys.executable, "-c", code]
    env = {**os.environ, "PYTHONPATH": str(Path(assay.__file__).parents[1])}
    said = {subprocess.run(ask, capture_output=True, text=True, check=True, env=env).stdout for _ in range(2)}
    assert len(said) == 1, "an address is no version"

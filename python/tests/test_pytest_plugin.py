"""The pytest plugin, in real pytest processes and with the real engine."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import assay

pytest_plugins = ["pytester"]

# One case of twelve is answered wrongly, by what a terminal would obey.
BOT = r"""
import os, signal
import pytest
import assay as module
from assay import assert_that

CASES = [{"id": f"c{i}", "q": f"word {i}", "expected": f"WORD {i}", "metadata": {"lang": "de" if i % 2 else "en"}}
         for i in range(12)]

def bot(inputs):
    with open("asked", "a") as file:
        file.write(inputs["q"] + "\n")
    if inputs["q"] == "word 7":
        return "\x1b[31mred\n::error::\x00\u202eno"
    return inputs["q"].upper()
"""

MARKED = (
    BOT
    + """
@pytest.mark.assay(dataset=CASES, target=bot, scorers=["equals"], slices=["lang"])
class TestBot:
    def test_each(self, case):
        assert case.inputs["q"].upper() == case.expected
        assert_that(case).passes()

    def test_trial(self, trial):
        assert trial.status == "ok" and trial.epoch == 0

    def test_all(self, assay_run):
        assert_that(assay_run).scorer("equals").is_at_least(0.5).is_at_most(1.0)

    def test_strict(self, assay_run):
        assert_that(assay_run).scorer("equals").is_at_least(0.9)
"""
)


class Session:
    """Runs pytest, and counts what the target was asked."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def run(self, *arguments: str) -> pytest.RunResult:
        (self.path / "asked").unlink(missing_ok=True)
        installed = any(e.name == "assay" for e in importlib.metadata.entry_points(group="pytest11"))
        plugin = [] if installed else ["-p", "assay.pytest_plugin"]
        return self.pytester.runpytest_subprocess(*plugin, *arguments)

    def asked(self) -> int:
        file = self.path / "asked"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def session(folder: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("PYTHONPATH", str(Path(assay.__file__).parents[1]))
    os.chdir(pytester.path)
    (pytester.path / ".assay").mkdir()
    return Session(pytester)


def properties(path: Path, name: str) -> dict[str, str]:
    case = next(case for case in ET.parse(path).iter("testcase") if case.get("name") == name)
    return {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_mark_is_evaluated_once(session: Session, workers: int) -> None:
    session.pytester.makepyfile(test_bot=MARKED)
    if workers:
        pytest.importorskip("xdist")
    result = session.run("--junitxml=junit.xml", *(["-n", str(workers)] if workers else []))
    said = result.stdout.str()
    assert session.asked() == 12
    assert result.ret == 1
    assert "1 failed, 24 passed, 1 inconclusive" in said
    result.stdout.fnmatch_lines(
        [
            "*case c7 passes: fail",
            "*equals 0, expected `WORD 7`, got *red ::error::*",
            "*= INCONCLUSIVE =*",
            "*equals ≥ 0.9: inconclusive",
            "*0.9167 (95% CI 0.6461 to 0.9851, n = 12)",
            "*about * cases would settle it, * more than there are",
            "*run ????????: assay show ????????",
            "*= assay =*",
            "fail          TestBot::test_each  11 of 12 pass *",
            "inconclusive  equals ≥ 0.9 * 0.9167 (95% CI*",
            "pass          equals ≥ 0.5 * 0.9167 (95% CI*",
        ]
    )
    assert not {"\x1b", "\x00", "\u202e"} & set(said)
    assert not [line for line in said.splitlines() if line.lstrip(" E").startswith("::")]
    junit = session.path / "junit.xml"
    strict = properties(junit, "test_strict")
    assert strict["assay.equals.verdict"] == "inconclusive" and strict["assay.equals.n"] == "12"
    assert float(strict["assay.equals.lower"]) < float(strict["assay.equals.estimate"]) == 11 / 12
    assert float(strict["assay.equals.upper"]) < 1
    run = assay.run("latest")
    assert strict["assay.run"] == run.id == properties(junit, "test_each[c7]")["assay.run"]
    assert properties(junit, "test_all")["assay.equals#2.verdict"] == "pass"
    assert properties(junit, "test_each[c7]")["assay.case.verdict"] == "fail"
    assert [r.name for r in assay.runs()] == ["test_bot.testbot"]
    assert not (session.path / ".assay" / "pytest").exists(), "what the session shared is gone"


def test_only_what_is_chosen_is_evaluated(session: Session) -> None:
    session.pytester.makepyfile(test_bot=MARKED)
    result = session.run("--collect-only", "-q")
    result.stdout.fnmatch_lines(["test_bot.py::TestBot::test_each[[]c7[]]", "26 tests collected*"])
    assert session.run("-k", "nothing").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert session.run("-m", "not assay").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert session.asked() == 0 and assay.runs() == []
    session.run("-k", "test_each and (c7 or c3)").assert_outcomes(passed=1, failed=1, deselected=24)
    assert session.asked() == 2
    session.run("--lf").assert_outcomes(failed=1, deselected=25)
    assert session.asked() == 1


def test_trials_and_repeats(session: Session) -> None:
    session.pytester.makepyfile(
        BOT
        + """
def other(inputs):
    return inputs["q"].upper()

@pytest.mark.assay(CASES[:3], [bot, other], ["equals", {"name": "word", "contains": "WORD"}], epochs=2)
def test_trial(case, trial):
    assert trial.passed and trial in case.trials and len(case.trials) == 2 * 2
    assert_that(trial).passes()
"""
    )
    result = session.run("-v", "--assay-limit", "2")
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines_random(["*test_trial[[]c?-bot-0[]] PASSED*", "*test_trial[[]c?-other-1[]] PASSED*"])
    assert session.asked() == 4
    result = session.run("--assay-epochs", "1", "--assay-workspace", "kept", "--assay-offline", "-q")
    assert "6 failed" in result.stdout.str(), "there is one epoch, not two"
    assert assay.run("latest", workspace="kept").record["epochs"] == 1
    assert len(assay.runs()) == 1, "the second is in the workspace that was named"


OPEN = """
from assay import assert_that

def test_open():
    assert_that([1] * 9 + [0], name="answered").is_at_least(0.9)

def test_open_and_wrong():
    assert_that([1] * 9 + [0]).is_at_least(0.9)
    assert_that([0] * 90 + [1] * 10, name="seen").is_at_least(0.9)

def test_shown():
    assert_that([1] * 99 + [0]).is_at_least(0.9)
"""


@pytest.mark.parametrize("mode", ["", "fail", "skip", "xfail", "pass"])
def test_inconclusive_is_an_outcome_of_its_own(session: Session, mode: str) -> None:
    session.pytester.makepyfile(OPEN)
    (session.path / "pytest.ini").write_text(f"[pytest]\nassay_inconclusive = {mode}\n")
    result = session.run("--tb=short", "-rsx", "-v")
    said, found = result.stdout.str(), result.parseoutcomes()
    found.pop("warnings", None)
    if mode in ("", "fail"):
        # Nothing after an assertion that fails is reached.
        assert found == {"passed": 1, "inconclusive": 2}
    else:
        word = {"skip": "skipped", "xfail": "xfailed", "pass": "inconclusive"}[mode]
        assert found == {"passed": 1, "failed": 1, word: 1}
        assert "seen ≥ 0.9: fail" in said, "an open assertion hides none that fails"
    if mode in ("skip", "xfail"):
        result.stdout.fnmatch_lines(["*inconclusive: answered ≥ 0.9, 0.9 (95% CI 0.5958 to 0.9821, n = 10)*"])
    assert ("test_open INCONCLUSIVE" in said) == (mode in ("", "fail", "pass"))
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("mode", ["fail", "skip", "xfail", "pass"])
def test_the_mode_decides_the_exit_code(session: Session, mode: str) -> None:
    session.pytester.makepyfile(OPEN)
    (session.path / "pytest.ini").write_text("[pytest]\nassay_inconclusive = fail\n")
    result = session.run(f"--assay-inconclusive={mode}", "-k", "not wrong")
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if mode == "fail" else pytest.ExitCode.OK)


def test_a_baseline_is_compared_with(session: Session) -> None:
    session.pytester.makepyfile(
        BOT
        + """
def wrong(inputs):
    return inputs["q"]

def test_first(assay):
    run = assay.evaluate(CASES, bot, ["equals"], name="bot")
    open("id", "w").write(run.id)
    assay.assert_that(run).scorer("equals").no_worse_than(run, margin=0.05)

def test_second(assay):
    run = assay.evaluate(CASES, wrong, ["equals"], name="bot")
    assay.assert_that(run).scorer("equals").no_worse_than(margin=0.05)
"""
    )
    assert "1 inconclusive" in session.run("-k", "second").stdout.str(), "there is no baseline"
    assert "a loss beyond the margin is not excluded" in session.run("-k", "first").stdout.str()
    id = (session.path / "id").read_text()
    result = session.run("-k", "second", "--assay-baseline", id)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*AssertionError: equals*: fail", "*difference -0.9167 (95% CI *", "*case c0: 1 became 0"]
    )
    session.run("-k", "second", "--assay-baseline=@none").assert_outcomes(failed=1)
    subprocess.run([os.environ["ASSAY_BIN"], "baseline", "set", "main", id], check=True, capture_output=True)
    session.run("-k", "second", "--assay-baseline=main").assert_outcomes(failed=1)
    if "|NAME|" in subprocess.run([os.environ["ASSAY_BIN"], "gate", "--help"], capture_output=True, text=True).stdout:
        subprocess.run([os.environ["ASSAY_BIN"], "baseline", "set", "v1", id], check=True, capture_output=True)
        result = session.run("-k", "second", "--assay-baseline", "v1")
        result.stdout.fnmatch_lines(["*difference -0.9167 (95% CI *", "*case c0: 1 became 0"])


WRONG = [
    ("missing a required argument: 'scorers'", "@pytest.mark.assay(CASES, bot)", "case"),
    ("`epoch` is not known; there are: dataset,", "@pytest.mark.assay(CASES, bot, ['equals'], epoch=2)", "case"),
    ("`workspace` is said to pytest", "@pytest.mark.assay(CASES, bot, ['equals'], workspace='x')", "case"),
    ("asks for none of `case`, `trial` and `assay_run`", "@pytest.mark.assay(CASES, bot, ['equals'])", ""),
    ("there are no rows", "@pytest.mark.assay([], bot, ['equals'])", "case"),
    ("row 1 must be a dictionary, not str", "@pytest.mark.assay(['a'], bot, ['equals'])", "case"),
    ("an id is a text or a whole number, not 1.5", "@pytest.mark.assay([{'id': 1.5}], bot, ['equals'])", "case"),
    ("two rows have the id 'c0'", "@pytest.mark.assay(CASES * 2, bot, ['equals'])", "case"),
    ("none.jsonl", "@pytest.mark.assay('none.jsonl', bot, ['equals'])", "trial"),
    ("the fixture `case` needs a mark", "", "case"),
    ("the fixture `assay_run` needs a mark", "", "assay_run"),
    ("did you mean `equals`", "@pytest.mark.assay(CASES, bot, ['equal'])", "case"),
    ("a target is a callable", "@pytest.mark.assay(CASES, 3, ['equals'])", "case"),
]


def test_wrong_use_is_told(session: Session) -> None:
    for at, (_, mark, argument) in enumerate(WRONG):
        (session.path / f"test_{at}.py").write_text(f"{BOT}\n{mark}\ndef test_it({argument}):\n    pass\n")
    result = session.run("--continue-on-collection-errors", "--tb=short")
    said = result.stdout.str()
    assert [words for words, *_ in WRONG if words not in said] == []
    assert "Traceback" not in said and "_pytest" not in said and "During handling" not in said
    assert sum(result.parseoutcomes().values()) == result.parseoutcomes()["errors"]
    assert session.asked() == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--assay-limit", "0"], "assay_limit must be a whole number above 0: '0'"),
        (["--assay-epochs", "many"], "assay_epochs must be a whole number above 0: 'many'"),
        (["--assay-inconclusive", "maybe"], "invalid choice: 'maybe'"),
        (["-o", "assay_inconclusive=maybe"], "assay_inconclusive must be fail, skip, xfail, pass: 'maybe'"),
    ],
)
def test_wrong_options_are_told(session: Session, arguments: list[str], words: str) -> None:
    result = session.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in result.stderr.str()


def test_cases_are_listed_wherever_they_are(session: Session) -> None:
    (session.path / "sub").mkdir()
    rows = '{"question": "a", "answer": "A"}\n{"question": "b", "answer": "X"}\n'
    (session.path / "sub" / "beside.jsonl").write_text(rows)
    (session.path / "ids.csv").write_text("key,q,expected\none\x1b[2J,a,A\ntwo,b,B\n")
    add = [os.environ["ASSAY_BIN"], "dataset", "add", "kept", "ids.csv", "--id", "key"]
    subprocess.run(add, check=True, capture_output=True, cwd=session.path)
    (session.path / "sub" / "test_listed.py").write_text(
        """
import pytest
from pathlib import Path

def shout(inputs):
    return next(iter(inputs.values())).upper()

@pytest.mark.assay("beside.jsonl", shout, ["equals"], fields={"input": ["question"], "expected": "answer"})
def test_beside(case):
    assert case.inputs.keys() == {"question"}
    assert case.passed == (case.expected == "A"), case

@pytest.mark.assay(Path("ids.csv"), shout, ["equals"], fields={"id": "key"})
def test_csv(case):
    assert case.passed and case.id in ("one\\x1b[2J", "two"), case.id

@pytest.mark.assay("kept@1", shout, ["equals"])
def test_kept(case):
    assert case.passed and case.id in ("one\\x1b[2J", "two")

@pytest.mark.assay([{"q": "a", "expected": "A"}, {"q": "b", "expected": "B"}], shout, ["equals"])
def test_rows(case):
    assert case.passed and case.id in ("1", "2")

FIELDS = {"id": "n", "input": ["q"], "expected": "e"}

@pytest.mark.assay([{"n": 7, "q": "a", "e": "A"}], shout, ["equals"], fields=FIELDS)
def test_fields(case):
    assert case.passed and case.id == "7"
"""
    )
    result = session.run("-v")
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines(
        ["*::test_csv[[]one*2J[]] PASSED*", "*::test_kept[[]two[]] PASSED*", "*::test_rows[[]1[]]*"]
    )


def test_a_session_that_was_killed_is_gone_on_with(session: Session) -> None:
    session.pytester.makepyfile(
        BOT.replace(
            'if inputs["q"] == "word 7":',
            'if os.path.exists("die") and len(open("asked").readlines()) > 6:\n'
            "        os.kill(os.getpid(), signal.SIGKILL)\n"
            '    if inputs["q"] == "word 7":',
        )
        + """
@pytest.mark.assay(CASES, bot, ["equals"], concurrency=1)
def test_all(assay_run):
    assert_that(assay_run).scorer("equals").is_at_least(0.5)
"""
    )
    (session.path / "die").touch()
    session.run()
    assert session.asked() == 7
    stopped = assay.run("latest")
    (session.path / "die").unlink()
    session.run().assert_outcomes(passed=1)
    assert session.asked() <= 6 and assay.run("latest") == stopped, "six answers were kept"


def test_a_fixture_is_evaluated_once_for_all_workers(session: Session) -> None:
    pytest.importorskip("xdist")
    session.pytester.makepyfile(
        BOT
        + """
@pytest.fixture(scope="session")
def answers(assay):
    return assay.evaluate(CASES, bot, ["equals"], once=True)

@pytest.mark.parametrize("n", range(6))
def test_some(answers, n):
    assert answers.scores["equals"].n == 12

def test_what_the_module_has(assay):
    assert assay.stats.wilson(1, 2) == module.stats.wilson(1, 2) and assay.scorer is module.scorer
    with pytest.raises(AttributeError, match="nothing"):
        assay.nothing
"""
    )
    session.run("-n", "2").assert_outcomes(passed=7)
    assert session.asked() == 12 and len(assay.runs()) == 1


def test_what_cannot_be_evaluated_is_told_to_each(session: Session) -> None:
    session.pytester.makepyfile(
        BOT
        + """
def broken(inputs):
    open("asked", "a").write("x\\n")
    return inputs["nothing"]

@pytest.mark.assay(CASES[:3], broken, ["equals"])
class TestBroken:
    def test_each(self, case):
        assert_that(case).passes()

    def test_all(self, assay_run):
        pass
"""
    )
    result = session.run("-n", "2")
    result.assert_outcomes(failed=3, errors=1)
    result.stdout.fnmatch_lines_random(["*no answer: *KeyError: 'nothing'", "assay: every trial failed*"])
    assert session.asked() == 3


def test_what_is_not_used_costs_nothing(session: Session) -> None:
    session.pytester.makepyfile(
        """
        import sys

        def test_nothing():
            ours = sorted(name for name in sys.modules if name.split(".")[0] == "assay")
            assert ours == ["assay", "assay._assay", "assay._checks", "assay._lazy", "assay.pytest_plugin"]
        """
    )
    result = session.run()
    result.assert_outcomes(passed=1)
    assert "= assay =" not in result.stdout.str()
    code = "import time, pytest; t = time.perf_counter(); import assay.pytest_plugin; print(time.perf_counter() - t)"
    took = [float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
            for _ in range(5)]  # fmt: skip
    assert min(took) < 0.05


def test_the_examples_of_the_documentation_run(session: Session) -> None:
    text = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text()
    for name, source in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL):
        (session.path / name).write_text(source)
    result = session.run("-p", "no:randomly")
    assert result.parseoutcomes() == {"failed": 3, "passed": 64, "inconclusive": 1}
    said = {plainly(line) for line in result.outlines}
    (shown,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    lines = [line for line in map(plainly, shown.splitlines()) if not line.startswith("=")]
    assert len(lines) == 4 and set(lines) <= said


def plainly(line: str) -> str:
    return " ".join(re.sub(r"\b[0-9a-f]{8}\b", "ID", line).split())

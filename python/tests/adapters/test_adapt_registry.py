"""Objects are known by their classes; the libraries themselves are not needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import adapters


def _class(module: str, name: str, **members: Any) -> type:
    return type(name, (), {"__module__": module, **members})


def test_what_is_unknown_is_refused_with_what_is_known(folder: Path) -> None:
    with pytest.raises(TypeError, match=r"builtins.object is no known target; known are runnables of LangChain, query"):
        adapters.adapt_target(object())
    with pytest.raises(
        TypeError, match=r"no known scorer; known are metrics of Hugging Face evaluate, metrics of Deep"
    ):
        adapters.adapt_scorer(object())
    with pytest.raises(TypeError, match=r"a target is a callable, an entry as in suite files, or one of runnables of"):
        assay.evaluate([{"q": "a"}], object(), ["equals"])
    with pytest.raises(TypeError, match=r"a scorer is a callable.* scorers of Inspect; not int"):
        assay.evaluate([{"q": "a"}], str, [1])


def test_a_class_and_an_object_of_the_other_role_are_refused() -> None:
    kind = _class("autoevals.score", "Scorer")
    mine = type("Mine", (kind,), {})
    with pytest.raises(TypeError, match=r"Mine is a class: give an object of it, Mine\(…\)"):
        adapters.adapt_scorer(mine)
    with pytest.raises(TypeError, match="Mine is no target: scorers of autoevals are scorers"):
        adapters.adapt_target(mine())


def test_a_class_of_the_same_name_elsewhere_is_not_known() -> None:
    assert adapters.find(_class("mymodule.openai", "OpenAI")(), "target") is None
    assert adapters.find(_class("openai_tools", "OpenAI")(), "target") is None
    assert adapters.find(lambda inputs: inputs, "target") is None


def test_nothing_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, assay; assert not [m for m in sys.modules if m.startswith('assay.adapters')]\n"
        "from assay import adapters; assert [m for m in sys.modules if m.startswith('assay.adapters')] == "
        "['assay.adapters'], sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class _Model:
    name_or_path = "org/tiny"


class _Pipeline:
    """As pipelines of Hugging Face are, which need torch to be real."""

    task = "text-generation"
    model = _Model()

    def __call__(self, given: Any, **parameters: Any) -> Any:
        if isinstance(given, list):
            return [{"generated_text": [*given, {"role": "assistant", "content": "yes"}]}]
        return [{"generated_text": given.upper() + "!" * parameters.get("marks", 0)}]


PIPELINE = type("Pipeline", (_Pipeline,), {"__module__": "transformers.pipelines.base"})


def test_a_pipeline_is_a_target(folder: Path) -> None:
    cases = [{"q": "a", "expected": "SAY A!!"}, {"q": "b", "expected": "SAY B!!"}]
    target = adapters.adapt_target(PIPELINE(), prompt="say {{ q }}", marks=2)
    assert target.name == "tiny" and target.options["max_concurrency"] == 1
    assert assay.evaluate(cases, target, ["equals"]).scores["equals"].estimate == 1.0
    run = assay.evaluate([{"q": "a", "expected": "A"}], PIPELINE(), ["equals"])
    assert run.scores["equals"].estimate == 1.0 and run.targets == ["tiny"]
    said = adapters.adapt_target(PIPELINE())({"messages": [{"role": "user", "content": "?"}]})
    assert said["output"] == "yes"
    assert target.version == adapters.adapt_target(PIPELINE(), prompt="say {{ q }}", marks=2).version
    assert target.version != adapters.adapt_target(PIPELINE(), prompt="say {{ q }}", marks=3).version


def test_a_prompt_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="the case has no input `p`; there are: q"):
        adapters.adapt_target(PIPELINE(), prompt="say {{ p }}")({"q": "a"})
    with pytest.raises(ValueError, match="only names of inputs can stand here"):
        adapters.adapt_target(PIPELINE(), prompt="say {{ q | upper }}")({"q": "a"})
    with pytest.raises(ValueError, match=r"which input is asked\? Say input=…, one of: a, b"):
        adapters.adapt_target(PIPELINE())({"a": "x", "b": "y"})

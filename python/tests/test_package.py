"""What holds for the package as a whole."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["assay", "assay.client", "assay.stats", "assay.metrics", "assay.trace"])
def test_every_public_name_is_there_and_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert sorted(module.__all__) == dir(module)
    for public in module.__all__:
        thing = getattr(module, public)
        assert public.startswith("__") or thing.__doc__, f"{name}.{public} has no documentation"


@pytest.mark.parametrize("name", ["assay", "assay.client", "assay.stats", "assay.metrics", "assay.trace"])
def test_type_checkers_see_what_there_is(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    known: set[str] = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("assay"):
            for alias in node.names:
                every = importlib.import_module(node.module).__all__ if alias.name == "*" else [alias.asname]
                known.update(one for one in every if one)
    assert known == set(module.__all__)


def test_nothing_heavy_is_imported() -> None:
    heavy = ("numpy", "pandas", "asyncio")
    modules = "assay, assay.client, assay.metrics, assay.stats"
    code = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    stats = importlib.import_module("assay.stats")
    with pytest.raises(AttributeError, match=r"'assay.stats' has no attribute 'wilsn'"):
        _ = stats.wilsn

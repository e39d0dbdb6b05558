"""The examples of the documentation run."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["python-statistics.md"])
def test_the_examples_of_a_page_run(page: str) -> None:
    path = DOCS / page
    if not path.exists():
        pytest.skip(f"{path} is not here")
    found = doctest.testfile(str(path), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0 and found.failed == 0

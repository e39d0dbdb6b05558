"""Threads, forks and memory of the native half."""

from __future__ import annotations

import gc
import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assay import stats

VALUES = [0.1, 0.9, 0.4, 0.8, 0.3, 0.7]


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def work(seed: int) -> tuple[float, float, float]:
    found = stats.bootstrap(VALUES * 20, "mean", n_resamples=200, seed=seed)
    called = stats.bootstrap(VALUES, lambda values: sum(values), n_resamples=50, seed=seed)
    return found.interval.lower, called.interval.upper, stats.level(VALUES).interval.lower


def test_threads_get_the_same_numbers() -> None:
    wanted = [work(seed) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, list(range(16)) * 4)) == wanted * 4


@pytest.mark.skipif(not hasattr(sys, "getrefcount") or sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_gets_the_same_numbers() -> None:
    wanted = [work(seed) for seed in range(4)]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(work, range(4)) == wanted


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_many_calls_leave_nothing_behind() -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.linspace(0, 1, 1_000)

    def calls(times: int) -> None:
        for _ in range(times):
            stats.wilson(45, 50)
            stats.level(VALUES)
            stats.level(array, clusters=numpy.arange(1_000) // 10).verdict(min=0.1)
            stats.midranks(array)
            stats.bootstrap(VALUES, lambda values: values[0], n_resamples=5)
            with pytest.raises(ValueError, match="values"):
                stats.level([0.5, float("nan")])

    calls(300)
    gc.collect()
    before = resident()
    calls(800)
    gc.collect()
    # A thousand numbers lost at each of 800 calls would be 6 MB.
    assert resident() - before < 3_000_000

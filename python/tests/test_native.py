"""The native module: it keeps no memory, may be called from threads at once, and survives fork and spawn."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from assay import metrics, stats


def resident() -> int:
    """Bytes of memory that the process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


TEXTS = [f"the cat sat on mat {at}" for at in range(50)]
OTHERS = [f"a cat sat on the mat {at}" for at in range(50)]
FLAGS = np.arange(200) % 3 == 0
SCORES = np.linspace(0, 1, 200)
QRELS = {f"q{q}": {f"d{d}": d % 3 for d in range(10)} for q in range(5)}
RUN = {f"q{q}": {f"d{d}": float(d * 7 % 5) for d in range(10)} for q in range(5)}


def wrong() -> None:
    with pytest.raises(ValueError, match="equally long"):
        metrics.levenshtein(TEXTS, OTHERS[1:])


# Calls by how many of them there are per round: together more than a million.
CALLS: list[tuple[int, Callable[[], object]]] = [
    (150_000, lambda: metrics.levenshtein("kitten", "sitting")),
    (30_000, lambda: metrics.token_f1("red apple", "green apple")),
    (200, lambda: metrics.sentence_chrf(TEXTS, OTHERS)),
    (200, lambda: metrics.corpus_bleu(TEXTS, OTHERS)),
    (2_000, lambda: metrics.f1_score(FLAGS, SCORES > 0.5)),
    (500, lambda: metrics.f1_score(TEXTS, OTHERS, average="macro")),
    (2_000, lambda: metrics.roc_auc_score(FLAGS, SCORES)),
    (200, lambda: metrics.evaluate(QRELS, RUN)),
    (5_000, lambda: metrics.compare_json({"a": [1, {"b": "c"}]}, {"a": [1, {"b": "d"}]})),
    (5_000, lambda: metrics.find_json('{"a": [1, 2, {"b": null}]}')),
    (200, lambda: metrics.cdist(TEXTS[:5], OTHERS[:5], scorer="jaro")),
    (200, wrong),
    (2_000, lambda: stats.wilson(45, 50)),
]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc to read the memory from")
def test_a_million_calls_keep_no_memory() -> None:
    def round_of_calls() -> None:
        for times, call in CALLS:
            for _ in range(times):
                call()
        gc.collect()

    rounds = 1 + -(-1_000_000 // sum(times for times, _ in CALLS))
    round_of_calls()
    before = resident()
    for _ in range(rounds - 1):
        round_of_calls()
    grown = resident() - before
    # A leak of 8 bytes in one of the calls that are made most would be about 4 MB.
    assert grown < 4 << 20, f"{grown / (1 << 20):.1f} MB more after a million calls"


def everything() -> list[object]:
    return [
        metrics.sentence_bleu(TEXTS, OTHERS).tolist(),
        metrics.rouge(TEXTS[0], OTHERS[0]),
        metrics.corpus_ter(TEXTS, OTHERS).estimate,
        metrics.interval("f1", FLAGS, SCORES > 0.5).to_dict(),
        metrics.confusion_matrix(TEXTS, OTHERS).labels,
        metrics.evaluate(QRELS, RUN, "all_trec").scores,
        metrics.near_duplicates(TEXTS).pairs,
        metrics.cdist(TEXTS, OTHERS, workers=2).tolist(),
        stats.wilson(45, 50).to_dict(),
    ]


def test_threads_may_call_at_once() -> None:
    alone = repr(everything())
    start = threading.Barrier(4)

    def repeated() -> list[str]:
        start.wait()
        return [repr(everything()) for _ in range(10)]

    with ThreadPoolExecutor(4) as threads:
        found = [each for future in [threads.submit(repeated) for _ in range(4)] for each in future.result()]
    assert found == [alone] * 40


def test_others_run_while_it_counts() -> None:
    texts = [text * 8 for text in TEXTS * 6]
    done = threading.Event()
    seen = 0

    def count() -> None:
        metrics.cdist(texts, texts, scorer="levenshtein")
        done.set()

    thread = threading.Thread(target=count)
    thread.start()
    while not done.is_set():
        seen += 1
        done.wait(0.0005)
    thread.join()
    # With the lock held the main thread would have come to its turn once or twice.
    assert seen > 5


def digest() -> str:
    return repr(everything())


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning", "ignore:.*fork.*:RuntimeWarning")
def test_processes_give_the_same(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    alone = digest()
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert [each.get(timeout=60) for each in [pool.apply_async(digest) for _ in range(4)]] == [alone] * 4

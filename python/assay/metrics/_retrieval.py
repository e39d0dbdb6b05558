"""Rankings and runs beside relevance judgements, as trec_eval evaluates them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from assay import _assay
from assay._results import Result, number
from assay._types import Texts

__all__ = [
    "Retrieval",
    "alpha_ndcg",
    "average_precision",
    "evaluate",
    "ndcg",
    "precision_at",
    "rank_measures",
    "read_qrels",
    "read_run",
    "recall_at",
    "reciprocal_rank",
]


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Retrieval(Result):
    """A run judged query by query.

    Attributes
    ----------
    scores : dict of str to float
        Each measure over all queries: its mean, geometric mean or sum; NaN where it is undefined.
    queries : dict of str to dict of str to float
        The same for each judged query, as pytrec_eval gives them.
    missing : tuple of str
        Judged queries that the run says nothing about.
    not_judged : tuple of str
        Queries of the run without a judgement, which count nowhere.
    """

    scores: dict[str, float]
    queries: dict[str, dict[str, float]]
    missing: tuple[str, ...]
    not_judged: tuple[str, ...]

    def _sentence(self) -> str:
        shown = ", ".join(f"{name} {number(value)}" for name, value in list(self.scores.items())[:8])
        left = "" if len(self.scores) <= 8 else f" and {len(self.scores) - 8} more"
        silent = f", nothing found for {len(self.missing)}" if self.missing else ""
        return f"{shown}{left} ({len(self.queries)} queries{silent})"

    def __getitem__(self, measure: str) -> float:
        return self.scores[measure]


def evaluate(
    qrels: Mapping[str, Mapping[str, int]],
    run: Mapping[str, Mapping[str, float]],
    measures: Sequence[str] | str = ("ndcg@10", "map", "mrr", "recall@100"),
    *,
    relevance_level: int = 1,
    depth: int | None = None,
    missing: Literal["zero", "skip"] = "zero",
) -> Retrieval:
    """Judge a run against relevance judgements.

    Documents are ranked as trec_eval does: by score as 32-bit float, ties by document id, both descending.

    Parameters
    ----------
    qrels : dict of query to dict of document to int
        Grades; below 0 is pooled but not judged.
    run : dict of query to dict of document to float
        Scores.
    measures : sequence of str
        ``ndcg@k``, ``ndcg_exp@k``, ``map``, ``p@k``, ``recall@k``, ``success@k``, ``mrr``, ``rprec``, ``bpref``,
        ``infap``, ``iprec@r``, ``err@k``, ``rbp@p``, ``judged@k``, ``set_p``, ``set_recall``, ``set_f`` and more, also
        under trec_eval's names (``ndcg_cut_10``, ``P_5``); ``all_trec`` stands for all that trec_eval prints.
    relevance_level : int, default 1
        The smallest grade that is relevant.
    depth : int, optional
        Cuts every ranking.
    missing : {"zero", "skip"}
        What a judged query without results counts: an empty ranking (``trec_eval -c``), or nothing, by which a run
        gains that is silent where it is weak.

    Returns
    -------
    Retrieval

    Raises
    ------
    ValueError
        An unknown measure, a grade that is no whole number, a score that is not finite.

    Examples
    --------
    >>> from assay import metrics
    >>> qrels = {"q1": {"d1": 1, "d2": 0}, "q2": {"d3": 2}}
    >>> run = {"q1": {"d2": 0.9, "d1": 0.8}, "q2": {"d3": 0.7}}
    >>> metrics.evaluate(qrels, run, ["mrr", "p@1"])
    <Retrieval: mrr 0.75, p@1 0.5 (2 queries)>
    """
    names = [measures] if isinstance(measures, str) else list(measures)
    scores, queries, silent, not_judged = _assay.evaluate_run(qrels, run, names, relevance_level, depth, missing)
    return Retrieval(scores, queries, tuple(silent), tuple(not_judged))


def rank_measures(
    ranked: Texts, grades: Mapping[str, float], measures: Sequence[str] | str, *, highest: float | None = None
) -> dict[str, float]:
    """Compute measures of one ranking; for their names see `evaluate`.

    Parameters
    ----------
    ranked : column of str
        Documents, best first; a repeated one counts where it stands first.
    grades : dict of document to float
        Above 0 is relevant.
    measures : sequence of str
    highest : float, optional
        The top of the scale of grades, for ``err``; without it the largest grade, at least 1.

    Returns
    -------
    dict of str to float
        By the names given; NaN where a measure is undefined.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.rank_measures(["a", "b", "c"], {"b": 1, "c": 1}, ["mrr", "p@3"])
    {'mrr': 0.5, 'p@3': 0.6666666666666666}
    """
    names = [measures] if isinstance(measures, str) else list(measures)
    return dict(zip(names, _assay.rank_measures(ranked, grades, names, highest), strict=True))


def _single(name: str, ranked: Texts, grades: Mapping[str, float], k: int | None) -> float:
    cut = name if k is None else f"{name}@{k}"
    return _assay.rank_measures(ranked, grades, [cut], None)[0]


def ndcg(
    ranked: Texts,
    grades: Mapping[str, float],
    *,
    k: int | None = None,
    gain: Literal["linear", "exponential"] = "linear",
) -> float:
    """Normalised discounted cumulative gain of one ranking.

    Parameters
    ----------
    ranked : column of str
        Documents, best first.
    grades : dict of document to float
    k : int, optional
        Of the first `k` documents only.
    gain : {"linear", "exponential"}
        The grade, or 2^grade - 1; the discount is log2(rank + 1).

    References
    ----------
    Järvelin, K., Kekäläinen, J. (2002). Cumulated gain-based evaluation of IR techniques. TOIS 20.

    Examples
    --------
    >>> from assay import metrics
    >>> round(metrics.ndcg(["a", "b"], {"a": 1, "b": 2}), 4)
    0.8597
    """
    if gain not in ("linear", "exponential"):
        raise ValueError(f"gain is {gain!r}: it must be one of linear, exponential")
    return _single("ndcg" if gain == "linear" else "ndcg_exp", ranked, grades, k)


def average_precision(ranked: Texts, grades: Mapping[str, float], *, k: int | None = None) -> float:
    """Average precision of one ranking: the mean over relevant documents of the precision at their ranks.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.average_precision(["a", "b", "c", "d"], {"a": 1, "d": 1})
    0.75
    """
    return _single("map", ranked, grades, k)


def reciprocal_rank(ranked: Texts, grades: Mapping[str, float], *, k: int | None = None) -> float:
    """1 / the rank of the first relevant document, 0 without one.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.reciprocal_rank(["a", "b"], {"b": 1})
    0.5
    """
    return _single("mrr", ranked, grades, k)


def precision_at(ranked: Texts, grades: Mapping[str, float], k: int) -> float:
    """Share of the first `k` ranks that hold a relevant document.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.precision_at(["a", "b"], {"b": 1}, 2)
    0.5
    """
    return _single("p", ranked, grades, k)


def recall_at(ranked: Texts, grades: Mapping[str, float], k: int) -> float:
    """Share of the relevant documents that are among the first `k`.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.recall_at(["a", "b"], {"b": 1, "c": 1}, 2)
    0.5
    """
    return _single("recall", ranked, grades, k)


def alpha_ndcg(
    ranked: Texts, subtopics: Mapping[str, Collection[Hashable]], *, alpha: float = 0.5, k: int | None = None
) -> float:
    """NDCG that rewards documents on new subtopics, with ndeval's greedy ideal.

    Parameters
    ----------
    ranked : column of str
        Documents, best first.
    subtopics : dict of document to collection
        What each judged document covers.
    alpha : float, default 0.5
        How little a subtopic gains that was seen before, from 0 to 1.
    k : int, optional

    Returns
    -------
    float
        NaN where no document covers a subtopic.

    References
    ----------
    Clarke, C. L. A. et al. (2008). Novelty and diversity in information retrieval evaluation. SIGIR.

    Examples
    --------
    >>> from assay import metrics
    >>> metrics.alpha_ndcg(["a", "b"], {"a": ["x", "y"], "b": ["z"]}, k=2)
    1.0
    """
    return _assay.alpha_ndcg_of(ranked, subtopics, alpha, k)


def read_qrels(path: str | os.PathLike[str]) -> dict[str, dict[str, int]]:
    """Read relevance judgements in trec_eval's format: query, iteration, document, grade.

    Raises
    ------
    ValueError
        A line cannot be read: the message names the file and the line.
    """
    return _read("qrels", path)


def read_run(path: str | os.PathLike[str]) -> dict[str, dict[str, float]]:
    """Read a run in trec_eval's format: query, Q0, document, rank, score, name.

    Raises
    ------
    ValueError
        A line cannot be read: the message names the file and the line.
    """
    return _read("run", path)


def _read(kind: str, path: str | os.PathLike[str]) -> Any:
    try:
        return _assay.parse_trec(kind, Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from None

"""Rows of the speed table: metrics beside sacrebleu, rouge-score, jiwer, rapidfuzz, scikit-learn, pytrec_eval and others."""

from __future__ import annotations

import functools
import random
from typing import Any

from speed import Row

WORDS = "the a of and cat dog runs quickly house-boat 3.5 1,000 don't York hello, world! said it's 42% e.g. mat sat on"


@functools.cache
def texts(n: int, words: int) -> tuple[list[str], list[str]]:
    """Hypotheses and references, about one word in five of which differs."""
    rng = random.Random(n + words)
    vocabulary = [f"{word}{at or ''}" for word in WORDS.split() for at in range(20)]
    references = [" ".join(rng.choices(vocabulary, k=rng.randint(words // 2, words))) for _ in range(n)]
    changed = [
        " ".join(rng.choice(vocabulary) if rng.random() < 0.2 else word for word in text.split()) for text in references
    ]
    return changed, references


@functools.cache
def labels(n: int, classes: int) -> Any:
    import numpy as np

    rng = np.random.default_rng(n)
    truth = rng.integers(0, classes, n)
    return truth, np.where(rng.random(n) < 0.7, truth, rng.integers(0, classes, n))


@functools.cache
def scores(n: int) -> Any:
    import numpy as np

    rng = np.random.default_rng(n)
    truth = rng.integers(0, 2, n)
    return truth, np.clip(0.3 * truth + 0.7 * rng.random(n), 0.001, 0.999)


@functools.cache
def names(n: int) -> Any:
    return tuple([f"class {at}" for at in side.tolist()] for side in labels(n, 10))


@functools.cache
def probabilities(n: int, classes: int) -> Any:
    import numpy as np

    return np.random.default_rng(n).dirichlet(np.ones(classes), n)


@functools.cache
def run(queries: int, depth: int) -> Any:
    rng = random.Random(queries)
    documents = [f"doc{at}" for at in range(5 * depth)]
    qrels = {f"q{q}": {d: rng.choice([0, 0, 1, 2]) for d in rng.sample(documents, 100)} for q in range(queries)}
    results = {f"q{q}": {d: rng.random() for d in rng.sample(documents, depth)} for q in range(queries)}
    return qrels, results


def translation() -> list[Row]:
    def theirs(name: str, n: int, words: int, **options: Any) -> float:
        import sacrebleu.metrics

        hypotheses, references = texts(n, words)
        return getattr(sacrebleu.metrics, name)(**options).corpus_score(hypotheses, [references]).score / 100

    def ours(name: str, n: int, words: int, **options: Any) -> float:
        from assay import metrics

        hypotheses, references = texts(n, words)
        return getattr(metrics, f"corpus_{name.lower()}")(hypotheses, references, **options).estimate

    def sentences(n: int) -> list[float]:
        import sacrebleu.metrics

        hypotheses, references = texts(n, 30)
        bleu = sacrebleu.metrics.BLEU(effective_order=True)
        return [bleu.sentence_score(h, [r]).score / 100 for h, r in zip(hypotheses, references, strict=True)]

    def our_sentences(n: int) -> Any:
        from assay import metrics

        return metrics.sentence_bleu(*texts(n, 30))

    cases: list[tuple[str, str, int, int, dict[str, Any]]] = [
        ("BLEU with an interval, 2,000 segments", "BLEU", 2000, 30, {}),
        ("chrF with an interval, 500 segments", "CHRF", 500, 30, {}),
        ("chrF++ with an interval, 500 segments", "CHRF", 500, 30, {"word_order": 2}),
        ("TER with an interval, 100 segments", "TER", 100, 30, {}),
    ]
    rows = [
        Row(method, f"sacrebleu {name}", *(functools.partial(f, name, n, words, **options) for f in (ours, theirs)))
        for method, name, n, words, options in cases
    ]
    rows.append(
        Row(
            "sentence BLEU, 1,000 sentences",
            "sacrebleu BLEU.sentence_score",
            functools.partial(our_sentences, 1000),
            functools.partial(sentences, 1000),
        )
    )
    return rows


def summaries() -> list[Row]:
    types = ["rouge1", "rouge2", "rougeL"]

    def ours() -> Any:
        from assay import metrics

        return metrics.rouge(*texts(200, 100), types=types)

    def theirs() -> Any:
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(types)
        found = [scorer.score(r, h) for h, r in zip(*texts(200, 100), strict=True)]
        return {kind: [each[kind].fmeasure for each in found] for kind in types}

    return [Row("ROUGE-1, -2, -L, 200 texts of 100 words", "rouge-score RougeScorer", ours, theirs)]


def speech() -> list[Row]:
    def ours(name: str, n: int, words: int) -> float:
        from assay import metrics

        hypotheses, references = texts(n, words)
        return getattr(metrics, name)(references, hypotheses)

    def theirs(name: str, n: int, words: int) -> float:
        import jiwer

        hypotheses, references = texts(n, words)
        return getattr(jiwer, name)(references, hypotheses)

    cases = [
        ("WER, 2,000 utterances of 20 words", "wer", 2000, 20),
        ("WER, 5 transcripts of 5,000 words", "wer", 5, 5000),
        ("CER, 2,000 utterances of 20 words", "cer", 2000, 20),
    ]
    return [
        Row(method, f"jiwer {name}", *(functools.partial(f, name, n, words) for f in (ours, theirs)))
        for method, name, n, words in cases
    ]


def distances() -> list[Row]:
    def scorer(name: str) -> tuple[Any, float]:
        from rapidfuzz import distance, fuzz

        known = {
            "levenshtein": (distance.Levenshtein.distance, 1.0),
            "jaro_winkler": (distance.JaroWinkler.similarity, 1.0),
        }
        return known[name] if name in known else (getattr(fuzz, name), 100.0)

    def table(name: str, n: int, words: int) -> Any:
        from assay import metrics

        return metrics.cdist(*texts(n, words), scorer=name)  # type: ignore[arg-type]

    def their_table(name: str, n: int, words: int) -> Any:
        import numpy as np
        from rapidfuzz import process

        function, scale = scorer(name)
        return process.cdist(*texts(n, words), scorer=function, dtype=np.float64) / scale

    def column(name: str, n: int, words: int) -> Any:
        from assay import metrics

        return getattr(metrics, name)(*texts(n, words))

    def their_column(name: str, n: int, words: int) -> Any:
        import numpy as np
        from rapidfuzz import process

        function, scale = scorer(name)
        return process.cpdist(*texts(n, words), scorer=function, dtype=np.float64) / scale

    rows = [
        Row(
            f"{name}, 200 × 200 texts of 8 words",
            "rapidfuzz process.cdist",
            functools.partial(table, name, 200, 8),
            functools.partial(their_table, name, 200, 8),
        )
        for name in ("levenshtein", "jaro_winkler", "token_set_ratio")
    ]
    for n, words in ((10_000, 8), (100, 400)):
        rows.append(
            Row(
                f"Levenshtein, {n:,} pairs of {words} words",
                "rapidfuzz process.cpdist",
                functools.partial(column, "levenshtein", n, words),
                functools.partial(their_column, "levenshtein", n, words),
            )
        )
    return rows


def classes() -> list[Row]:
    def row(method: str, name: str, theirs: str, data: Any, **options: Any) -> Row:
        def our() -> Any:
            from assay import metrics

            return getattr(metrics, name)(*data(), **options)

        def their() -> Any:
            import sklearn.metrics

            return getattr(sklearn.metrics, theirs)(*data(), **options)

        return Row(method, f"scikit-learn {theirs}", our, their)

    million = functools.partial(labels, 1_000_000, 10)
    ranked = functools.partial(scores, 1_000_000)

    def curve() -> Any:
        from assay import metrics

        found = metrics.roc_curve(*scores(100_000))
        return [found.fpr, found.tpr]

    def their_curve() -> Any:
        import sklearn.metrics

        return list(sklearn.metrics.roc_curve(*scores(100_000), drop_intermediate=False)[:2])

    def confusion() -> Any:
        from assay import metrics

        return metrics.confusion_matrix(*million()).matrix()

    def their_confusion() -> Any:
        import sklearn.metrics

        return sklearn.metrics.confusion_matrix(*million())

    def chances() -> Any:
        return labels(100_000, 10)[0], probabilities(100_000, 10)

    return [
        Row(
            "confusion matrix, 1,000,000 cases, 10 classes", "scikit-learn confusion_matrix", confusion, their_confusion
        ),
        row("macro F1, 1,000,000 cases, 10 classes", "f1_score", "f1_score", million, average="macro"),
        row("macro F1, 100,000 names", "f1_score", "f1_score", functools.partial(names, 100_000), average="macro"),
        row("Matthews' correlation, 1,000,000 cases", "matthews_corrcoef", "matthews_corrcoef", million),
        row("ROC AUC, 1,000,000 cases", "roc_auc_score", "roc_auc_score", ranked),
        row("average precision, 1,000,000 cases", "average_precision_score", "average_precision_score", ranked),
        Row("ROC curve, 100,000 cases", "scikit-learn roc_curve", curve, their_curve),
        row("log loss, 1,000,000 cases", "log_loss", "log_loss", ranked),
        row("Brier score, 1,000,000 cases", "brier_score", "brier_score_loss", ranked),
        row("log loss, 100,000 cases, 10 classes", "log_loss", "log_loss", chances),
        row(
            "ROC AUC one against the rest, 100,000 cases", "roc_auc_score", "roc_auc_score", chances, multi_class="ovr"
        ),
        row("mean absolute error, 1,000,000 cases", "mae", "mean_absolute_error", ranked),
    ]


def retrieval() -> list[Row]:
    def ours() -> Any:
        from assay import metrics

        return metrics.evaluate(*run(200, 1000), ["ndcg@10", "map", "recall@100"]).queries

    def theirs() -> Any:
        import pytrec_eval

        qrels, results = run(200, 1000)
        wanted = {"ndcg_cut.10": "ndcg@10", "map": "map", "recall.100": "recall@100"}
        found = pytrec_eval.RelevanceEvaluator(qrels, set(wanted)).evaluate(results)
        renamed = {name.replace(".", "_"): ours for name, ours in wanted.items()}
        return {query: {renamed[name]: value for name, value in values.items()} for query, values in found.items()}

    @functools.cache
    def their_types() -> Any:
        import ranx

        qrels, results = run(200, 1000)
        return ranx.Qrels(qrels), ranx.Run(results)

    def ranx_of(given: Any) -> Any:
        import ranx

        wanted = {"ndcg@10": "ndcg@10", "map": "map", "recall@100": "recall@100"}
        found = ranx.evaluate(*given, list(wanted), return_mean=False)
        queries = sorted(run(200, 1000)[0])
        return {q: {ours: float(found[name][at]) for name, ours in wanted.items()} for at, q in enumerate(queries)}

    def from_dictionaries() -> Any:
        import ranx

        qrels, results = run(200, 1000)
        return ranx_of((ranx.Qrels(qrels), ranx.Run(results)))

    what = "nDCG@10, MAP, recall@100, 200 queries × 1,000"
    return [
        Row(what, "pytrec-eval-terrier RelevanceEvaluator", ours, theirs),
        Row(what, "ranx evaluate, with Qrels and Run of dictionaries", ours, from_dictionaries),
        Row(what, "ranx evaluate, of Qrels and Run that are there", ours, lambda: ranx_of(their_types())),
    ]


def others() -> list[Row]:
    @functools.cache
    def tags() -> Any:
        rng = random.Random(1)
        known = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
        truth = [[rng.choice(known) for _ in range(25)] for _ in range(1000)]
        return truth, [[tag if rng.random() < 0.8 else rng.choice(known) for tag in row] for row in truth]

    def entities() -> float:
        from assay import metrics

        return metrics.entity_scores(*tags()).f1

    def their_entities() -> Any:
        import seqeval.metrics

        return seqeval.metrics.f1_score(*tags())

    @functools.cache
    def ensemble() -> Any:
        import numpy as np

        rng = np.random.default_rng(1)
        return rng.normal(size=10_000), rng.normal(size=(10_000, 50))

    def crps() -> Any:
        from assay import metrics

        return metrics.crps_ensemble(*ensemble())

    def their_crps() -> Any:
        import scoringrules

        return scoringrules.crps_ensemble(*ensemble(), estimator="nrg", backend="numpy")

    @functools.cache
    def series() -> Any:
        import numpy as np

        rng = np.random.default_rng(1)
        truth = np.repeat(rng.random(200) < 0.1, 25)
        # A hundred levels of equal size, so that all of them are among the thresholds that vus samples.
        place = np.argsort(np.argsort(truth / 3 + rng.random(len(truth))))
        return truth.astype(int), (place // 50).astype(float)

    def volumes() -> Any:
        from assay import metrics

        found = metrics.vus(*series(), window=50)
        return found.roc, found.pr

    def their_volumes() -> Any:
        from vus.utils.metrics import metricor

        return metricor().RangeAUC_volume_opt(*series(), 50)[-2:]

    def parity() -> float:
        from assay import metrics

        truth, predicted = labels(100_000, 2)
        return metrics.demographic_parity(truth, predicted, sensitive_features=labels(100_000, 5)[0]).difference

    def their_parity() -> Any:
        import fairlearn.metrics

        truth, predicted = labels(100_000, 2)
        groups = labels(100_000, 5)[0]
        return fairlearn.metrics.demographic_parity_difference(truth, predicted, sensitive_features=groups)

    return [
        Row("entity F1, 1,000 sentences of 25 tokens", "seqeval f1_score", entities, their_entities),
        Row("CRPS, 10,000 ensembles of 50", "scoringrules crps_ensemble", crps, their_crps),
        Row("VUS, 5,000 points, windows to 50", "vus metricor.RangeAUC_volume_opt", volumes, their_volumes),
        Row("demographic parity, 100,000 cases", "fairlearn demographic_parity_difference", parity, their_parity),
    ]


ROWS = [
    *translation(),
    *summaries(),
    *speech(),
    *distances(),
    *classes(),
    *retrieval(),
    *others(),
]

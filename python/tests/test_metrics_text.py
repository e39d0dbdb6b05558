"""Text metrics beside the packages they stand for."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from texts import pairs, sentence

from assay import metrics

HYPOTHESES, REFERENCES = pairs(60)
SECOND = pairs(60, seed=8)[0]
SEVERAL = [[a, b] for a, b in zip(REFERENCES, SECOND, strict=True)]


@pytest.mark.parametrize("tokenize", ["13a", "intl", "char", "zh", "none"])
@pytest.mark.parametrize("smooth", ["exp", "floor", "add-k", "none"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_bleu_is_that_of_sacrebleu(tokenize: str, smooth: str, lowercase: bool) -> None:
    bleu = pytest.importorskip("sacrebleu.metrics").BLEU
    theirs = bleu(tokenize=tokenize, smooth_method=smooth, lowercase=lowercase)
    expected = theirs.corpus_score(HYPOTHESES, [REFERENCES, SECOND])
    options = {"tokenize": tokenize, "smooth_method": smooth, "lowercase": lowercase}
    found = metrics.corpus_bleu(HYPOTHESES, SEVERAL, **options)
    assert found.estimate * 100 == pytest.approx(expected.score, abs=1e-9)
    assert found.signature == str(theirs.get_signature())
    if smooth != "add-k":
        # Ours are those before smoothing.
        assert [100 * p for p in found.precisions] == pytest.approx(expected.precisions)
    assert (found.length, found.reference_length) == (expected.sys_len, expected.ref_len)
    assert found.brevity_penalty == pytest.approx(expected.bp)
    single = bleu(tokenize=tokenize, smooth_method=smooth, lowercase=lowercase, effective_order=True)
    each = [single.sentence_score(h, r).score / 100 for h, r in zip(HYPOTHESES, SEVERAL, strict=True)]
    assert np.allclose(metrics.sentence_bleu(HYPOTHESES, SEVERAL, **options), each, atol=1e-12)


@pytest.mark.parametrize("word_order", [0, 2])
@pytest.mark.parametrize("lowercase", [False, True])
def test_chrf_is_that_of_sacrebleu(word_order: int, lowercase: bool) -> None:
    theirs = pytest.importorskip("sacrebleu.metrics").CHRF(word_order=word_order, lowercase=lowercase)
    options = {"word_order": word_order, "lowercase": lowercase}
    found = metrics.corpus_chrf(HYPOTHESES, SEVERAL, **options)
    assert found.estimate * 100 == pytest.approx(theirs.corpus_score(HYPOTHESES, [REFERENCES, SECOND]).score)
    assert found.signature == str(theirs.get_signature())
    each = [theirs.sentence_score(h, [r]).score / 100 for h, r in zip(HYPOTHESES, REFERENCES, strict=True)]
    assert np.allclose(metrics.sentence_chrf(HYPOTHESES, REFERENCES, **options), each)


@pytest.mark.parametrize("option", ["", "normalized", "no_punct", "case_sensitive"])
def test_ter_is_that_of_sacrebleu(option: str) -> None:
    options = {option: True} if option else {}
    theirs = pytest.importorskip("sacrebleu.metrics").TER(**options)
    found = metrics.corpus_ter(HYPOTHESES, SEVERAL, **options)
    assert found.estimate * 100 == pytest.approx(theirs.corpus_score(HYPOTHESES, [REFERENCES, SECOND]).score)
    assert found.signature == str(theirs.get_signature())
    each = [theirs.sentence_score(h, [r]).score / 100 for h, r in zip(HYPOTHESES, REFERENCES, strict=True)]
    ours = metrics.sentence_ter(HYPOTHESES, REFERENCES, **options)
    assert np.allclose(np.nan_to_num(ours), each)


@pytest.mark.parametrize("stem", [False, True])
def test_rouge_is_that_of_rouge_score(stem: bool) -> None:
    scorers = pytest.importorskip("rouge_score.rouge_scorer")
    types = ["rouge1", "rouge2", "rouge5", "rougeL", "rougeLsum"]
    scorer = scorers.RougeScorer(types, use_stemmer=stem)
    found = metrics.rouge(HYPOTHESES, REFERENCES, types=types, stem=stem)
    for at, (hypothesis, reference) in enumerate(zip(HYPOTHESES, REFERENCES, strict=True)):
        expected = scorer.score(reference, hypothesis)
        for kind in types:
            assert found[kind][at] == pytest.approx(expected[kind].fmeasure), (kind, hypothesis, reference)
    assert metrics.rouge_n(HYPOTHESES[0], REFERENCES[0], 2, stem=stem) == found["rouge2"][0]
    assert metrics.rouge_l(HYPOTHESES[0], SEVERAL[0]) == max(metrics.rouge_l(HYPOTHESES[0], one) for one in SEVERAL[0])


def test_meteor_is_that_of_nltk_without_synonyms() -> None:
    nltk = pytest.importorskip("nltk.translate.meteor_score")

    class NoSynonyms:
        @staticmethod
        def synsets(_: str) -> list[object]:
            return []

    for hypothesis, reference in zip(HYPOTHESES, REFERENCES, strict=True):
        if not (hypothesis.isascii() and reference.isascii()):
            continue
        expected = nltk.single_meteor_score(reference.split(), hypothesis.split(), wordnet=NoSynonyms())
        assert metrics.meteor_score(hypothesis, reference) == pytest.approx(expected)


def test_word_errors_are_those_of_jiwer() -> None:
    jiwer = pytest.importorskip("jiwer")
    words = jiwer.process_words(REFERENCES, HYPOTHESES)
    ours = metrics.word_errors(REFERENCES, HYPOTHESES)
    assert (ours.hits, ours.substitutions, ours.deletions, ours.insertions) == (
        words.hits,
        words.substitutions,
        words.deletions,
        words.insertions,
    )
    assert (ours.rate.estimate, ours.mer.estimate, ours.wil.estimate) == pytest.approx(
        (words.wer, words.mer, words.wil)
    )
    assert metrics.wer(REFERENCES, HYPOTHESES) == pytest.approx(words.wer)
    assert metrics.mer(REFERENCES, HYPOTHESES) == pytest.approx(words.mer)
    assert metrics.wil(REFERENCES, HYPOTHESES) == pytest.approx(words.wil)
    assert metrics.cer(REFERENCES, HYPOTHESES) == pytest.approx(jiwer.cer(REFERENCES, HYPOTHESES))


def counted(hypothesis: str, reference: str) -> tuple[int, int, int, int]:
    """Hits, substitutions, deletions, insertions of the alignment that rapidfuzz takes, cell by cell."""

    def beginning(a: str, b: str) -> int:
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))

    same = beginning(hypothesis, reference)
    h, r = hypothesis[same:], reference[same:]
    after = beginning(h[::-1], r[::-1])
    h, r = h[: len(h) - after], r[: len(r) - after]
    row = [(cost, 0) for cost in range(len(r) + 1)]
    for i, unit in enumerate(h):
        diagonal, row[0] = row[0], (i + 1, 0)
        for j, other in enumerate(r):
            left, above = row[j], row[j + 1]
            cost = min(diagonal[0] + (unit != other), left[0] + 1, above[0] + 1)
            if cost == left[0] + 1:
                hits = left[1]
            elif i > 0 and above[0] + 1 == diagonal[0]:
                hits = above[1]
            else:
                hits = diagonal[1] + (unit == other)
            diagonal, row[j + 1] = above, (cost, hits)
    cost, hits = row[-1]
    substitutions = len(h) + len(r) - 2 * hits - cost
    return hits + same + after, substitutions, len(r) - hits - substitutions, len(h) - hits - substitutions


@pytest.mark.parametrize("letters", ["ab", "abcdefgh"])
@pytest.mark.parametrize("length", [3, 60, 70, 200, 1100])
def test_alignments_are_those_of_the_table_of_edit_distances(letters: str, length: int) -> None:
    rng = random.Random(length)
    for _ in range(max(1, 30 - length // 20)):
        a, b = ("".join(rng.choices(letters, k=rng.randint(length // 2, length))) for _ in range(2))
        if length == 1100:
            a = "".join(rng.choices(letters, k=length))
        found = metrics.word_errors(b, a, unit="character")
        assert (found.hits, found.substitutions, found.deletions, found.insertions) == counted(a, b)


DISTANCES = {
    "levenshtein": ("Levenshtein", "distance"),
    "damerau_levenshtein": ("DamerauLevenshtein", "distance"),
    "osa": ("OSA", "distance"),
    "levenshtein_similarity": ("Levenshtein", "normalized_similarity"),
    "jaro": ("Jaro", "similarity"),
    "jaro_winkler": ("JaroWinkler", "similarity"),
    "lcs_similarity": ("LCSseq", "normalized_similarity"),
}


@pytest.mark.parametrize("name", [*DISTANCES, "token_sort_ratio", "token_set_ratio", "partial_ratio"])
def test_distances_are_those_of_rapidfuzz(name: str) -> None:
    pytest.importorskip("rapidfuzz")
    from rapidfuzz import distance, fuzz, process

    if name in DISTANCES:
        module, function = DISTANCES[name]
        scorer, scale = getattr(getattr(distance, module), function), 1.0
    else:
        scorer, scale = getattr(fuzz, name), 100.0
    rng = random.Random(3)
    # Long texts go another way than short ones.
    a = [*HYPOTHESES[:40], sentence(rng, 60, 90), ""]
    b = [*REFERENCES[:40], sentence(rng, 60, 90), "x"]
    expected = [scorer(x, y) / scale for x, y in zip(a, b, strict=True)]
    ours = getattr(metrics, name)
    assert np.allclose(ours(a, b), expected)
    assert ours(a[0], b[0]) == pytest.approx(expected[0])
    assert np.allclose(ours(a[0], b), [scorer(a[0], y) / scale for y in b])
    table = process.cdist(a, b, scorer=scorer, dtype=np.float64) / scale
    for workers in (1, 3):
        assert np.allclose(metrics.cdist(a, b, scorer=name, workers=workers), table)


def test_answers_are_those_of_the_squad_script() -> None:
    # Of the script for SQuAD 1.1, evaluate-v1.1.py.
    import collections
    import re
    import string

    def normal(text: str) -> str:
        text = "".join(c for c in text.lower() if c not in string.punctuation)
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())

    def f1(prediction: str, truth: str) -> float:
        p, t = normal(prediction).split(), normal(truth).split()
        if not p or not t:
            return float(p == t)
        same = sum((collections.Counter(p) & collections.Counter(t)).values())
        return 0.0 if same == 0 else 2 * same / (len(p) + len(t))

    best = [max(f1(h, r) for r in both) for h, both in zip(HYPOTHESES, SEVERAL, strict=True)]
    assert np.allclose(metrics.token_f1(HYPOTHESES, SEVERAL), best)
    exact = [float(any(normal(h) == normal(r) for r in both)) for h, both in zip(HYPOTHESES, SEVERAL, strict=True)]
    assert metrics.exact_match(HYPOTHESES, SEVERAL).tolist() == exact
    assert [metrics.normalize_answer(text) for text in HYPOTHESES] == [normal(text) for text in HYPOTHESES]


def test_the_interval_of_a_corpus_is_a_jackknife() -> None:
    sacrebleu = pytest.importorskip("sacrebleu.metrics")
    stats = pytest.importorskip("scipy.stats")
    n = 30
    hypotheses, references = HYPOTHESES[:n], REFERENCES[:n]
    found = metrics.corpus_bleu(hypotheses, references)
    bleu = sacrebleu.BLEU()

    def without(left_out: set[int]) -> float:
        kept = [at for at in range(n) if at not in left_out]
        return bleu.corpus_score([hypotheses[at] for at in kept], [[references[at] for at in kept]]).score / 100

    def jackknife(groups: list[set[int]], value: float) -> tuple[float, float]:
        logit = np.array([np.log(x / (1 - x)) for x in map(without, groups)])
        g = len(groups)
        half = stats.t.ppf(0.975, g - 1) * np.sqrt((g - 1) / g * ((logit - logit.mean()) ** 2).sum())
        centre = np.log(value / (1 - value))
        return tuple(1 / (1 + np.exp(-(centre + side * half))) for side in (-1, 1))

    assert (found.interval.lower, found.interval.upper) == pytest.approx(
        jackknife([{at} for at in range(n)], found.estimate)
    )
    assert (found.n, found.groups, found.method) == (n, n, "jackknife")
    groups = [f"document {at // 3}" for at in range(n)]
    grouped = metrics.corpus_bleu(hypotheses, references, groups=groups)
    by_group = [set(range(at, at + 3)) for at in range(0, n, 3)]
    assert (grouped.interval.lower, grouped.interval.upper) == pytest.approx(jackknife(by_group, found.estimate))
    assert grouped.groups == 10


def test_contamination_and_near_duplicates_find_what_brute_force_finds() -> None:
    rng = random.Random(5)
    cases = [sentence(rng, 4, 30) for _ in range(40)]
    documents = [f"before {case} after" if at % 3 == 0 else sentence(rng, 10, 50) for at, case in enumerate(cases)]
    found = metrics.contamination(cases, (text for text in documents), length=8)

    def normal(text: str) -> list[str]:
        import unicodedata

        lower = unicodedata.normalize("NFKC", text).lower()
        kept = "".join(c for c in lower if not unicodedata.category(c).startswith("P"))
        return kept.split()

    def runs(text: str) -> set[tuple[str, ...]]:
        words = normal(text)
        return {tuple(words[at : at + 8]) for at in range(len(words) - 7)}

    corpus = set().union(*map(runs, documents))
    for case, overlap in zip(cases, found.cases, strict=True):
        own = runs(case)
        assert overlap.contaminated == (bool(own & corpus) if own else None)
    assert found.documents == len(documents)
    assert found.contaminated + found.clean + found.unknown == len(cases)

    texts = [*cases, *(f"{case} more" for case in cases[:10] if len(case) > 60)]
    pairs_found = {(a, b): value for a, b, value in metrics.near_duplicates(texts, threshold=0.7).pairs}
    for a, first in enumerate(texts):
        for b in range(a + 1, len(texts)):
            likeness = metrics.jaccard_similarity(first, texts[b])
            assert ((a, b) in pairs_found) == (likeness >= 0.7), (first, texts[b], likeness)
    against = metrics.near_duplicates(cases, texts[len(cases) :], threshold=0.7).pairs
    assert {(a, b + len(cases)) for a, b, _ in against} <= set(pairs_found)

"""A small retrieval system over Assay's own documentation, in two versions.

`v1` ranks passages by how many words of the question they hold. `v2` ranks by BM25 (Robertson & Zaragoza 2009) over
stemmed words and counts a passage's title twice. Both answer with the sentence of the best passages that shares most
with the question.
"""

import math
import pathlib
import re
from collections import Counter

DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs"
STOP = set(
    "a an and are as at be by can do does for from has have how i in is it its my of on or that the their them there "
    "they this to was what when where which who why will with you your".split()
)


def passages():
    found = []
    for path in sorted(DOCS.glob("*.md")):
        if path.name == "scorers.md":
            continue
        for section in path.read_text(encoding="utf-8").split("\n## ")[1:]:
            title, _, body = section.partition("\n")
            slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
            found.append((f"{path.stem}#{slug}", title, " ".join(body.split())))
    return found


def words(text):
    return re.findall(r"[a-z0-9@^]+", text.lower())


def stem(word):
    for ending in ("ations", "ation", "ings", "ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def terms(text):
    return [stem(word) for word in words(text) if word not in STOP]


PASSAGES = passages()
PLAIN = [set(words(title + " " + body)) for _, title, body in PASSAGES]
BAGS = [Counter(terms(title) * 2 + terms(body)) for _, title, body in PASSAGES]
LENGTHS = [sum(bag.values()) for bag in BAGS]
MEAN_LENGTH = sum(LENGTHS) / len(LENGTHS)
FREQUENCY = Counter(term for bag in BAGS for term in bag)


def bm25(question, k1=1.2, b=0.75):
    scores = []
    for bag, length in zip(BAGS, LENGTHS):
        total = 0.0
        for term in terms(question):
            if term in bag:
                idf = math.log(1 + (len(BAGS) - FREQUENCY[term] + 0.5) / (FREQUENCY[term] + 0.5))
                total += idf * bag[term] * (k1 + 1) / (bag[term] + k1 * (1 - b + b * length / MEAN_LENGTH))
        scores.append(total)
    return scores


def overlap(question):
    asked = set(words(question))
    return [float(len(asked & found)) for found in PLAIN]


def reply(question, scores, split):
    order = sorted(range(len(PASSAGES)), key=lambda i: (-scores[i], PASSAGES[i][0]))[:5]
    asked = set(split(question))
    best, answer = -1.0, ""
    for rank, i in enumerate(order[:3]):
        for sentence in re.split(r"(?<=[.:]) ", PASSAGES[i][2]):
            score = len(asked & set(split(sentence))) - 0.5 * rank
            if score > best:
                best, answer = score, sentence
    contexts = [{"id": PASSAGES[i][0], "text": PASSAGES[i][2], "score": scores[i]} for i in order]
    return {"output": answer, "contexts": contexts}


def v1(inputs):
    return {**reply(inputs["question"], overlap(inputs["question"]), words), "version": "1"}


def v2(inputs):
    return {**reply(inputs["question"], bm25(inputs["question"]), terms), "version": "2"}

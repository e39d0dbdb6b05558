"""Made-up texts with the traps of real ones: punctuation, numbers, case, letters outside ASCII, empty lines."""

from __future__ import annotations

import random

WORDS = (
    "the a of and cat dog runs running quickly house-boat 3.5 1,000 don't naïve café Straße New York U.S. hello, "
    "world! (maybe) said: 'no' \"yes\" it's well-known 42% e.g. mats mat sat sitting on über 東京 привет"
).split()


def sentence(rng: random.Random, low: int = 0, high: int = 25) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def changed(rng: random.Random, text: str) -> str:
    """The text with some words dropped, replaced, doubled and swapped."""
    words = []
    for word in text.split():
        draw = rng.random()
        if draw < 0.1:
            continue
        words.append(rng.choice(WORDS) if draw < 0.2 else word)
        if draw > 0.95:
            words.append(word)
    if len(words) > 3 and rng.random() < 0.5:
        at = rng.randrange(len(words) - 1)
        words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def pairs(n: int = 120, seed: int = 7, low: int = 1, high: int = 25) -> tuple[list[str], list[str]]:
    """Hypotheses and references."""
    rng = random.Random(seed)
    references = [sentence(rng, low, high) for _ in range(n)]
    return [changed(rng, reference) for reference in references], references

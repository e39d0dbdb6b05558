"""Text from outside, such as what a model said, for a terminal."""

from __future__ import annotations

import re

# Control characters, marks and overrides of direction, line separators, halves of surrogate pairs.
_HOSTILE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: object, most: int = 200, *, lines: bool = False) -> str:
    r"""Give a text, cut where it is long; what a terminal would obey becomes a space.

    It is on one line, unless `lines` keeps its own.

    Examples
    --------
    >>> plain("red: \x1b[31m\nnext", 20)
    'red: [31m next'
    >>> plain("a long answer", 6)
    'a long…'
    >>> plain("first:\n  next", lines=True)
    'first:\n  next'
    """
    whole = str(text)
    if lines:
        clean = "\n".join(_HOSTILE.sub(" ", line) for line in whole[:most].split("\n"))
    else:
        clean = " ".join(_HOSTILE.sub(" ", whole[:most]).split())
    return f"{clean}…" if len(whole) > most else clean

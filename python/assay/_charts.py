"""Small charts for notebooks: SVG without scripts. Every text is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

# As large as the tables of Jupyter, wherever it stands.
FONT = "font-size:var(--jp-ui-font-size1,13px)"
# Up to so many characters a cell is not broken into lines.
_SHORT = 40


def escaped(text: object, most: int = 200) -> str:
    """Give a text from outside for HTML, cut where it is long."""
    plain = str(text)
    return html.escape(plain if len(plain) <= most else f"{plain[: most - 1]}…")


def line(
    value: float, lower: float, upper: float, low: float, high: float, *, marks: Sequence[float] = (), colour: str = ""
) -> str:
    """Draw a value with its interval on a scale from `low` to `high`, with marks such as thresholds."""
    width, height, edge = 220.0, 20.0, 6.0
    span = high - low
    if not (math.isfinite(value) and math.isfinite(span)) or span <= 0:
        return ""

    def at(where: float) -> float:
        return edge + (width - 2 * edge) * (min(max(where, low), high) - low) / span

    colour = colour or "#3b82f6"
    parts = [
        f"<line x1='{edge}' x2='{width - edge}' y1='{height / 2}' y2='{height / 2}' stroke='currentColor' "
        "stroke-opacity='0.15'/>"
    ]
    parts += [
        f"<line x1='{at(mark):.1f}' x2='{at(mark):.1f}' y1='1' y2='{height - 1}' stroke='currentColor' "
        "stroke-dasharray='2 2' stroke-opacity='0.6'/>"
        for mark in marks
        if low <= mark <= high
    ]
    if math.isfinite(lower) and math.isfinite(upper):
        parts.append(
            f"<line x1='{at(lower):.1f}' x2='{at(upper):.1f}' y1='{height / 2}' y2='{height / 2}' stroke='{colour}' "
            "stroke-width='2'/>"
        )
        parts += [
            f"<line x1='{at(end):.1f}' x2='{at(end):.1f}' y1='6' y2='{height - 6}' stroke='{colour}' stroke-width='2'/>"
            for end in (lower, upper)
        ]
    parts.append(f"<circle cx='{at(value):.1f}' cy='{height / 2}' r='4' fill='{colour}'/>")
    return (
        f"<svg width='{width:.0f}' height='{height:.0f}' viewBox='0 0 {width:.0f} {height:.0f}' role='img'>"
        f"{''.join(parts)}</svg>"
    )


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], below: str = "") -> str:
    """Make a table of cells that are HTML; title, header and what stands below are texts.

    A column in which nothing stands is left out.
    """
    left = "text-align:left;padding:2px 12px 2px 0"
    kept = [at for at in range(len(header)) if not rows or any(row[at] for row in rows)]
    head = "".join(f"<th style='{left}'>{escaped(header[at])}</th>" for at in kept)
    lines = ("".join(_cell(row[at], left) for at in kept) for row in rows)
    body = "".join(f"<tr>{cells}</tr>" for cells in lines)
    foot = f"<div>{escaped(below, 2000)}</div>" if below else ""
    return (
        f"<div style='{FONT}'><div>{escaped(title, 500)}</div><table style='font-size:inherit'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}</div>"
    )


def _cell(cell: str, style: str) -> str:
    short = len(cell) <= _SHORT or cell.startswith("<svg")
    return f"<td style='{style}{';white-space:nowrap' if short else ''}'>{cell}</td>"

"""Writes docs/reference/methods.md: each method with its reference, the largest deviation seen and the speed ratio.

Joins the catalogue in tests/oracle/methods/ with what the parity tests and the races printed (two files named on the
command line). Fails when the catalogue names a parity test or a race that did not run.
"""

import csv
import json
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
parity, races = {}, {}
for line in open(sys.argv[1], encoding="utf-8"):
    found = re.match(r"\s*parity (.*): (\d+) questions, largest deviation ([0-9.e-]+)$", line)
    if found:
        name, asked, deviation = found.groups()
        before = parity.get(name, (0, 0.0))
        parity[name] = (before[0] + int(asked), max(before[1], float(deviation)))
for line in open(sys.argv[2], encoding="utf-8"):
    if line.startswith("{"):
        race = json.loads(line)
        races[race["race"]] = race

titles = {
    "1.1": "Error bars, tests, power",
    "1.2": "Sequential, online, quasi-experiments",
    "1.3": "Judges and people",
    "1.4": "Integrity and validity",
    "1.5": "Drift and monitoring",
    "1.6": "Task metrics",
}
rows = []
for file in sorted((root / "tests/oracle/methods").glob("*.csv")):
    with open(file, encoding="utf-8", newline="") as text:
        rows += list(csv.DictReader(text))

missing = [
    f"{row['method']}: {what} `{name}` did not run"
    for row in rows
    for what, seen in (("parity", parity), ("race", races))
    for name in filter(None, (part.strip() for part in row[what].split(";")))
    if name not in seen
]


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


out = [
    "# Methods",
    "",
    "Written by `scripts/methods.sh` from the catalogue in `tests/oracle/methods/`, the parity tests and the races against",
    "the reference packages. *Deviation* is the largest seen over all questions, relative, or absolute times 1,000 near",
    "zero; a method that draws random numbers differs by them. *Speed* is the reference's time over ours for the same",
    "input on one thread, in one run. A dash says that there is no reference to ask; the note says what is compared instead.",
]
for section, title in titles.items():
    part = [row for row in rows if row["section"] == section]
    if not part:
        continue
    out += ["", f"## {title}", "", "| method | | command | questions | deviation | speed | reference and remarks |",
            "|---|---|---|---:|---:|---:|---|"]
    for row in part:
        asked = [parity[n] for n in (p.strip() for p in row["parity"].split(";")) if n in parity]
        raced = [races[n] for n in (p.strip() for p in row["race"].split(";")) if n in races]
        speed = ", ".join(
            f"{r['ratio']:.0f}×" if r["ratio"] >= 10 else f"{r['ratio']:.1f}×" for r in raced
        ) or "–"
        against = sorted({r["reference"] for r in raced})
        note = row["note"] + (f" (speed against {', '.join(against)})" if against else "")
        questions = str(sum(a for a, _ in asked)) if asked else "–"
        deviation = f"{max(d for _, d in asked):.1e}" if asked else "–"
        command = f"`{row['command']}`" if row["command"] else ""
        out.append("| " + " | ".join(cell(c) for c in (
            row["method"], row["priority"], command, questions, deviation, speed, note)) + " |")
(root / "docs/reference/methods.md").write_text("\n".join(out) + "\n", encoding="utf-8")
print("\n".join(missing))
sys.exit(1 if missing else 0)

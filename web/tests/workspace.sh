#!/usr/bin/env bash
# Builds a workspace for the browser tests, with the binary that ASSAY_BIN names: workspace.sh FOLDER.
# Runs of examples/docs-qa (gate, baseline), recorded answers, hostile answers, a dataset with versions and parts.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/../.."
assay=$ASSAY_BIN
export ASSAY_WORKSPACE=$out/.assay ASSAY_USER=${ASSAY_USER:-ann@example.org}

"$assay" run examples/docs-qa/assay.yaml --quiet
"$assay" run examples/docs-qa/assay.yaml --quiet --baseline latest:v1 --label branch=change
"$assay" run examples/recorded/assay.yaml --quiet

# What a model may say to whoever reads it: markup, terminal codes, a line of a megabyte, turned and hidden letters.
python3 - "$out" <<'PY'
import json, pathlib, sys
said = {
    "script": "<script>document.title='taken';alert(1)</script>",
    "image": "<img src=x onerror=\"document.title='taken'\">",
    "link": "[click](javascript:alert(1))",
    "ansi": "\x1b[2J\x1b[31mred\x1b]0;taken\x07",
    "long": "x" * 1_000_000,
    "bidi": "user\u202e\u2066// admin\u2069\u2066",
    "hidden": "pass\u200bword\u2060\ufeff",
    "json": json.dumps({"rows": [{"n": n, "text": "<b>" * 3} for n in range(5000)]}),
}
with open(pathlib.Path(sys.argv[1]) / "hostile.jsonl", "w") as file:
    for name, answer in said.items():
        file.write(json.dumps({"id": name, "question": answer[:200], "expected": "safe", "reply": answer}) + "\n")
PY
cat > "$out/hostile.yaml" <<'YAML'
suite: hostile
datasets:
  - path: hostile.jsonl
    fields: { id: id, input: [question], expected: expected, outputs: { answer: reply } }
target: { recorded: answer }
scorers: [icontains, numeric]
YAML
"$assay" run "$out/hostile.yaml" --quiet

questions=examples/docs-qa/questions.jsonl
fields=(--expected answer --metadata kind --metadata page)
head -60 "$questions" > "$out/first.jsonl"
"$assay" dataset add questions "$out/first.jsonl" "${fields[@]}" --tag approved -m "first set"
"$assay" dataset add questions "$questions" "${fields[@]}" -m "all questions"
"$assay" dataset split questions dev=0.3,test=0.5,holdout=0.2 --seal holdout --looks 5
"$assay" dataset synth questions --rules typo-swap --seed 7
"$assay" dataset revoke questions q02 --reason "consent withdrawn"

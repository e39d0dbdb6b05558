#!/usr/bin/env bash
# Builds a workspace for the browser tests, with the binary that ASSAY_BIN names: workspace.sh FOLDER.
# Runs of examples/docs-qa (gate, baseline), recorded answers, hostile answers, one that a look has ended, an agent's calls,
# a release, a dataset with versions and parts.
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

# A run that an early look has ended: its intervals are at another confidence than 95%.
python3 - "$out" <<'PY'
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
with open(folder / "early.jsonl", "w") as file:
    for n in range(400):
        file.write(json.dumps({"id": f"e{n}", "question": f"What is {n} + 1?", "expected": str(n + 1),
                               "reply": f"It is {n + 1 if n % 20 else n}."}) + "\n")
order = {"name": "find_order", "arguments": {"number": "4417", "with": ["lines", "payments"]}}
refund = {"name": "refund", "arguments": {"order": "4417", "amount": 12.5, "reason": "arrived broken"}}
cases = [
    {"id": "refund", "messages": [
        {"role": "system", "content": "You help the customers of a shop. " + "Be brief and check before you pay. " * 40},
        {"role": "user", "content": "My cup arrived broken. Order 4417."},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "find_order", "arguments": json.dumps(order["arguments"])}}]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"number": "4417", "lines": ["cup, blue"], "paid": 12.5})},
        {"role": "user", "content": [{"type": "text", "text": "That one. May I have my money back?"}]}],
     "expected": [order, refund], "answer": "You get 12.50 back for the blue cup.", "calls": [order, refund]},
    {"id": "hours", "messages": [{"role": "user", "content": "When are you open?"}],
     "expected": [], "answer": "<b>From nine to five</b>, and <script>alert(1)</script> on Sundays.", "calls": [order]},
]
with open(folder / "agent.jsonl", "w") as file:
    for case in cases:
        file.write(json.dumps(case) + "\n")
said = {case["id"]: {"output": case["answer"], "tool_calls": case["calls"]} for case in cases}
(folder / "agent.py").write_text(f"SAID = {said!r}\n\n\ndef answer(case):\n    return SAID[case['id']]\n")
PY
cat > "$out/early.yaml" <<'YAML'
suite: early
datasets:
  - path: early.jsonl
    fields: { id: id, input: [question], expected: expected, outputs: { answer: reply } }
target: { recorded: answer }
scorers: [icontains]
gate: { stop: gs, rules: [{ scorer: icontains, min: 0.8 }] }
YAML
"$assay" run "$out/early.yaml" --quiet
cat > "$out/agent.yaml" <<'YAML'
suite: agent
datasets:
  - path: agent.jsonl
    fields: { id: id, input: [messages, id], expected: expected }
target: { name: shop, python: "agent.py:answer" }
scorers:
  - { tool-calls: { mode: any-order }, name: calls }
YAML
"$assay" run "$out/agent.yaml" --quiet

cat > "$out/docs.policy.yaml" <<'YAML'
policy: docs
require:
  - suite: docs-qa
    why: The search must not get worse.
    rules:
      - { scorer: recall@3, min: 0.7 }
YAML
"$assay" release open "A better search" --policy "$out/docs.policy.yaml" --kind retrieval --target v2
# Inconclusive: the policy lets a change have one run, and this is its second.
"$assay" release evaluate || [ $? = 3 ]

questions=examples/docs-qa/questions.jsonl
fields=(--expected answer --metadata kind --metadata page)
head -60 "$questions" > "$out/first.jsonl"
"$assay" dataset add questions "$out/first.jsonl" "${fields[@]}" --tag approved -m "first set"
"$assay" dataset add questions "$questions" "${fields[@]}" -m "all questions"
"$assay" dataset split questions dev=0.3,test=0.5,holdout=0.2 --seal holdout --looks 5
"$assay" dataset synth questions --rules typo-swap --seed 7
"$assay" dataset revoke questions q02 --reason "consent withdrawn"

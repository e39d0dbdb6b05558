#!/usr/bin/env bash
# People and judges for the browser tests, with the binary that ASSAY_BIN names: people.sh FOLDER.
# A review project with training, quiz and gold that three raters have rated, one of pairs, and a judge with a certificate.
set -euo pipefail
out=$(cd "$1" && pwd)
assay=$ASSAY_BIN
export ASSAY_WORKSPACE=$out/.assay ASSAY_USER=${ASSAY_USER:-ann@example.org}

cat > "$out/support.rubric.yaml" <<'YAML'
rubric: support-answers
instructions: |
  Read the question, then the answer. Judge the answer alone: do not look anything up.

  Mark every word that the passages do not bear out.
criteria:
  - name: correct
    kind: yes_no
    question: Is every fact in the answer right?
  - name: helpful
    kind: ordinal
    question: How far does it help who asked?
    scale: { 1: not at all, 2: in part, 3: fully }
    tolerance: 1
  - name: tone
    kind: choice
    question: How does it sound?
    options: { plain: says what is, formal: like a letter, rude: puts the reader off }
  - name: invented
    kind: spans
    question: Mark what the passages do not say.
    labels: [made up, contradicts]
  - name: remarks
    kind: comment
    question: What else should be known?
examples:
  - inputs: What is the capital of Australia?
    output: Sydney.
    answers: { correct: no, helpful: 1, tone: plain }
    why: It is Canberra.
training:
  - inputs: How many days has a week?
    output: Seven.
    answers: { correct: yes, helpful: 3, tone: plain }
    why: It answers in full.
quiz:
  pass: 1.0
  attempts: 3
  items:
    - inputs: What is 2 + 2?
      output: '5'
      answers: { correct: no }
    - inputs: What is 2 + 2?
      output: '4'
      answers: { correct: yes }
YAML
cat > "$out/pairs.rubric.yaml" <<'YAML'
rubric: which-answer
instructions: Read both answers before you choose.
criteria:
  - { name: better, kind: pairwise, question: Which answer would you rather have? }
  - { name: wrong, kind: spans, question: Mark what is wrong in either. }
YAML
python3 - "$out" <<'PY'
import csv, json, pathlib, random, sys
out, rng = pathlib.Path(sys.argv[1]), random.Random(5)
places = ["Canberra", "Ottawa", "Bern", "Wellington", "Nairobi", "Lima"]
items = [{"id": f"r{n:02}", "region": "north" if n % 2 else "south", "target": "v1" if n % 3 else "v2",
          "inputs": {"question": f"Where is the office that answers ticket {n}?"},
          "contexts": [f"Tickets from {n} on go to {places[n % 6]}.", "The office is open from nine to five."],
          "output": f"Ticket {n} goes to {places[n % 6] if n % 4 else 'Atlantis'}. The office is open all day 🙂 and "
                    f"answers within {n % 5 + 1} hours."}
         for n in range(36)]
pairs = [{"id": f"p{n:02}", "target": "v1", "other_target": "v2", "inputs": {"question": f"What does page {n} say?"},
          "output": f"Page {n} says how to build.", "other": f"It says how to build, and page {n} also how to test it."}
         for n in range(12)]
for name, rows in ("items", items), ("pairs", pairs):
    (out / f"review-{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
with open(out / "review-gold.csv", "w") as file:
    file.write("item,correct,helpful\nr00,no,1\nr01,yes,3\nr04,no,1\nr05,yes,3\n")
# A rater's answers: the truth with their own errors. `ann`, who is at the page, has rated nothing.
with open(out / "ratings.csv", "w") as file:
    write = csv.writer(file)
    write.writerow(["item", "rater", "criterion", "value"])
    for rater, errs in ("ben", 0.08), ("cem", 0.15), ("dee", 0.3):
        for n, item in enumerate(items[:24]):
            right = n % 4 != 0
            correct = right if rng.random() > errs else not right
            helpful = max(1, min(3, (3 if right else 1) + rng.choice([0, 0, 0, 1, -1, -2] if errs > 0.1 else [0])))
            write.writerow([item["id"], rater, "correct", "yes" if correct else "no"])
            write.writerow([item["id"], rater, "helpful", helpful])
            write.writerow([item["id"], rater, "tone", rng.choices(["plain", "formal", "rude"], [8, 2, 1])[0]])
# Verdicts of a judge and labels of two people: the judge is a little too mild.
cases, labels = [], []
for n in range(260):
    outputs = {}
    for target in "base", "next":
        truth = rng.random() < 0.7
        passes = truth if rng.random() > (0.05 if truth else 0.14) else not truth
        answer = f"Answer {n}." if target == "base" else f"A longer answer {n}, with reasons." + " More." * (n % 7)
        outputs[target] = {"output": answer, "metadata": {"verdict": "pass" if passes else "fail"}}
        for rater in "ben", "cem":
            label = truth if rng.random() > 0.04 else not truth
            if n < 120:
                labels.append({"case": f"j{n:03}", "target": target, "label": label, "rater": rater, "drawn": "random"})
    cases.append({"id": f"j{n:03}", "question": f"Question {n}?", "kind": "fact" if n % 2 else "how", "outputs": outputs})
(out / "judged.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
(out / "labels.jsonl").write_text("".join(json.dumps(label) + "\n" for label in labels))
PY

"$assay" review create support --rubric "$out/support.rubric.yaml" --items "$out/review-items.jsonl" --drawn-at-random \
  --gold "$out/review-gold.csv" --overlap 1 --raters-per-item 3 --raters 4 --pay 0.40
"$assay" review import support "$out/ratings.csv" --from csv
"$assay" review create pairs --rubric "$out/pairs.rubric.yaml" --items "$out/review-pairs.jsonl"

cat > "$out/judged.yaml" <<'YAML'
suite: judged
datasets:
  - path: judged.jsonl
    fields: { id: id, input: [question], metadata: [kind] }
targets:
  - { name: base, recorded: base }
  - { name: next, recorded: next }
scorers:
  - { name: good, judge: { recorded: verdict, by: "a small model, prompt 3" } }
  - { name: brief, judge: { recorded: verdict } }
slices: [kind]
YAML
"$assay" run "$out/judged.yaml" --quiet
"$assay" judge calibrate good --labels "$out/labels.jsonl"
"$assay" judge check good

# A judge that nobody has labelled, for a test to calibrate.
cat > "$out/fresh.yaml" <<'YAML'
suite: fresh
datasets: [{ path: judged.jsonl, fields: { id: id, input: [question] } }]
target: { name: base, recorded: base }
scorers: [{ name: fresh, judge: { recorded: verdict, by: "a small model, prompt 4" } }]
YAML
"$assay" run "$out/fresh.yaml" --quiet

//! What `assay init` writes: a first suite that runs at once, without a key and without a network.

/// The files, each with its name and text.
pub fn files() -> [(&'static str, &'static str); 3] {
    [("assay.yaml", SUITE), ("cases.jsonl", CASES), ("app.py", APP)]
}

const SUITE: &str = "\
# yaml-language-server: $schema=./assay.schema.json
# A first suite. `assay run` runs it, `assay validate` checks it, `assay schema > assay.schema.json` helps your editor.
suite: first
dataset: cases.jsonl # one case a line: question, expected, metadata
target:
  python: app.py:answer # your system; or a model: `openai: MODEL` and `prompt: \"{{ question }}\"`
scorers: [equals]
slices: [topic]
gate:
  rules:
    - { scorer: equals, min: 0.5 } # the whole 95% interval must lie above
";

const CASES: &str = r#"{"id": "fr", "question": "What is the capital of France?", "expected": "Paris", "metadata": {"topic": "capitals"}}
{"id": "jp", "question": "What is the capital of Japan?", "expected": "Tokyo", "metadata": {"topic": "capitals"}}
{"id": "ke", "question": "What is the capital of Kenya?", "expected": "Nairobi", "metadata": {"topic": "capitals"}}
{"id": "pe", "question": "What is the capital of Peru?", "expected": "Lima", "metadata": {"topic": "capitals"}}
{"id": "au", "question": "What is the capital of Australia?", "expected": "Canberra", "metadata": {"topic": "capitals"}}
{"id": "ca", "question": "What is the capital of Canada?", "expected": "Ottawa", "metadata": {"topic": "capitals"}}
{"id": "sum-1", "question": "What is 17 + 25?", "expected": "42", "metadata": {"topic": "arithmetic"}}
{"id": "sum-2", "question": "What is 8 + 9?", "expected": "17", "metadata": {"topic": "arithmetic"}}
{"id": "sum-3", "question": "What is 120 + 80?", "expected": "200", "metadata": {"topic": "arithmetic"}}
{"id": "sum-4", "question": "What is 99 + 1?", "expected": "100", "metadata": {"topic": "arithmetic"}}
{"id": "sum-5", "question": "What is 7 + 6?", "expected": "13", "metadata": {"topic": "arithmetic"}}
{"id": "sum-6", "question": "What is 1000 + 1?", "expected": "1001", "metadata": {"topic": "arithmetic"}}
"#;

const APP: &str = r#""""The system under test. Replace `answer` with a call to your own."""

import re

# Sydney is not the capital of Australia, and Toronto is not that of Canada: the report will show both.
CAPITALS = {
    "France": "Paris",
    "Japan": "Tokyo",
    "Kenya": "Nairobi",
    "Peru": "Lima",
    "Australia": "Sydney",
    "Canada": "Toronto",
}


def answer(inputs):
    question = inputs["question"]
    numbers = re.findall(r"\d+", question)
    if len(numbers) == 2:
        return str(int(numbers[0]) + int(numbers[1]))
    for country, capital in CAPITALS.items():
        if country in question:
            return capital
    return "I do not know."
"#;

"""Makes log.jsonl again with openai/evals itself: its Match eval and its recorder, with answers made here.

Not part of CI: `pip install --no-deps evals==3.0.1.post1 blobfile requests pydantic lz4 zstandard openai backoff tqdm
pyyaml` and what these need; the package as a whole asks for more than a hundred others.
"""

import json
import os
import sys

os.environ["OPENAI_API_KEY"] = "none"
os.environ["EVALS_SEQUENTIAL"] = "1"

from evals.api import CompletionFn, CompletionResult
from evals.base import RunSpec
from evals.elsuite.basic.match import Match
from evals.record import LocalRecorder

folder = os.path.dirname(os.path.abspath(__file__))
samples = [{"input": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "France?"}], "ideal": "Paris"},
           {"input": [{"role": "user", "content": "Peru?"}], "ideal": ["Lima", "lima"]},
           {"input": [{"role": "user", "content": "Spain?"}], "ideal": "Madrid"}]
with open(f"{folder}/samples.jsonl", "w") as f:
    f.writelines(json.dumps(s) + "\n" for s in samples)


class Answer(CompletionResult):
    def __init__(self, text):
        self.text = text

    def get_completions(self):
        return [self.text]


class Mock(CompletionFn):
    def __call__(self, prompt, **kwargs):
        from evals.record import record_sampling
        text = str(prompt)
        answer = "Paris" if "France" in text else "lima, of course" if "Peru" in text else "Toledo"
        record_sampling(prompt=prompt, sampled=[answer])
        return Answer(answer)


spec = RunSpec(completion_fns=["mock"], eval_name="capitals.dev.v0", base_eval="capitals", split="dev", run_config={},
               created_by="", run_id="run1", created_at="2026-01-02 03:04:05")
log = f"{folder}/log.jsonl"
if os.path.exists(log):
    os.remove(log)
recorder = LocalRecorder(log, run_spec=spec)
result = Match(completion_fns=[Mock()], samples_jsonl=f"{folder}/samples.jsonl", name="capitals.dev.v0",
               eval_registry_path=None).run(recorder)
recorder.record_final_report(result)
print(result, file=sys.stderr)

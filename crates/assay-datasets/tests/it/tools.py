"""Real tools write files into the folder that is named, or read those that we wrote. Prints one JSON value."""

import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
os.environ.update(
    DEEPEVAL_TELEMETRY_OPT_OUT="YES", RAGAS_DO_NOT_TRACK="true", HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1",
    MLFLOW_DISABLE_TELEMETRY="true", TOKENIZERS_PARALLELISM="false", DO_NOT_TRACK="1",
)


def inspect_logs(folder):
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.log import read_eval_log
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import Score, includes, match, mean, scorer
    from inspect_ai.solver import generate, solver

    @scorer(metrics=[mean()])
    def length():
        async def score(state, target):
            n = len(state.output.completion)
            return Score(value=float("nan") if n == 0 else n, answer="x", explanation="because " * 30)

        return score

    @scorer(metrics={"*": [mean()]})
    def two():
        async def score(state, target):
            return Score(value={"a": 1, "b": 0.25})

        return score

    @solver
    def breaks():
        async def solve(state, generate):
            if state.sample_id == "c":
                raise RuntimeError("rate limit 429: try later")
            return state

        return solve

    def dataset():
        return MemoryDataset([
            Sample(id="a", input="What is 1+1? " + "pad " * 40, target="2", metadata={"lang": "en"}),
            Sample(id=7, input="Capital of France?", target=["Paris", "paris"]),
            Sample(id="c", input="empty", target="x", choices=["x", "y"]),
        ], name="demo")

    def model():
        usage = ModelUsage(input_tokens=11, output_tokens=3, total_tokens=14)
        def output(text):
            return ModelOutput(model="mockllm/model", choices=ModelOutput.from_content("m", text).choices, usage=usage)
        return get_model("mockllm/model", custom_outputs=[output(t) for t in ["2", "3", "Paris", "paris", "", "2"]])

    paths = {}
    for form in ["eval", "json"]:
        task = Task(dataset=dataset(), solver=generate(), scorer=[match(), length(), two()], epochs=2, name="demo")
        log = eval(task, model=model(), log_format=form, log_dir=f"{folder}/{form}", display="none", max_samples=1)[0]
        assert log.status == "success", log.error
        paths[form] = log.location
    task = Task(dataset=dataset(), solver=[breaks(), generate()], scorer=includes(), name="broken")
    log = eval(task, model=model(), log_format="eval", log_dir=f"{folder}/failed", display="none", max_samples=1,
               fail_on_error=False)[0]
    paths["failed"] = log.location
    out = {"paths": paths}
    for form in ["eval", "json"]:
        log = read_eval_log(paths[form])
        out[form] = {
            "metrics": {s.name: {m: v.value for m, v in s.metrics.items()} for s in log.results.scores},
            "samples": [[str(s.id), s.epoch, s.output.completion, s.input,
                         {k: repr(v.value) for k, v in s.scores.items()}, s.scores["length"].explanation] for s in log.samples],
        }
    return out


def inspect_reads(path):
    from inspect_ai.dataset import json_dataset

    return [[s.id, s.input if isinstance(s.input, str) else [[m.role, m.text] for m in s.input], s.target, s.choices]
            for s in json_dataset(path)]


def deepeval_files(folder):
    from deepeval import evaluate
    from deepeval.dataset import ConversationalGolden, EvaluationDataset, Golden
    from deepeval.evaluate import AsyncConfig, DisplayConfig, ErrorConfig
    from deepeval.metrics import BaseMetric
    from deepeval.test_case import LLMTestCase, ToolCall, Turn

    goldens = [
        Golden(input="1+1?", expected_output="2", context=["math book", "page 2"], retrieval_context=["r1"], name="sum",
               additional_metadata={"lang": "en", "tier": 1}, source_file="x.md", comments="c",
               expected_tools=[ToolCall(name="calc", input_parameters={"a": 1})]),
        Golden(input="Capital?, \"quoted\"\nline", expected_output="Paris", actual_output="Paris!",
               retrieval_context=["r2", "r3"], custom_column_key_values={"col": "v"}),
    ]
    talks = [ConversationalGolden(scenario="user wants refund", expected_outcome="refund given", user_description="angry",
                                  turns=[Turn(role="user", content="hi"), Turn(role="assistant", content="hello")],
                                  context=["policy"])]
    for name, rows in [("goldens", goldens), ("talks", talks)]:
        for form in ["json", "csv", "jsonl"]:
            EvaluationDataset(goldens=list(rows)).save_as(file_type=form, directory=folder, file_name=name)

    class Contains(BaseMetric):
        def __init__(self):
            self.threshold, self.async_mode, self.include_reason = 0.5, False, True
            self.error = self.evaluation_cost = self.verbose_logs = None
            self.strict_mode = self.verbose_mode = False
            self.evaluation_model = "none"

        def measure(self, case, *args, **kwargs):
            if case.input == "broken":
                raise ValueError("judge down")
            self.score = 1.0 if case.expected_output in case.actual_output else 0.0
            self.reason, self.success = f"looked for {case.expected_output}", self.score >= self.threshold
            return self.score

        async def a_measure(self, case, *args, **kwargs):
            return self.measure(case)

        def is_successful(self):
            return bool(self.success)

        @property
        def __name__(self):
            return "Contains"

    os.chdir(folder)
    cases = [
        LLMTestCase(input="1+1?", actual_output="it is 2", expected_output="2", retrieval_context=["r1"], context=["c"],
                    tools_called=[ToolCall(name="calc", input_parameters={"a": 1}, output=2)]),
        LLMTestCase(input="Capital?", actual_output="Rome", expected_output="Paris", name="cap"),
        LLMTestCase(input="broken", actual_output="x", expected_output="Paris"),
    ]
    evaluate(cases, metrics=[Contains()], hyperparameters={"model": "mock-1"}, async_config=AsyncConfig(run_async=False),
             error_config=ErrorConfig(ignore_errors=True), display_config=DisplayConfig(print_results=False, show_indicator=False))
    return json.load(open(".deepeval/.latest_run_full.json"))["metricsScores"]


def deepeval_reads(path):
    from deepeval.dataset import EvaluationDataset

    dataset = EvaluationDataset()
    if path.endswith("l"):
        dataset.add_goldens_from_jsonl_file(path)
    else:
        dataset.add_goldens_from_json_file(path)
    return [[g.input, g.expected_output, g.context, g.actual_output, g.retrieval_context, g.name,
             [[t.name, t.input_parameters] for t in g.expected_tools or []]] for g in dataset.goldens]


def lm_eval_logs(folder):
    import subprocess

    with open(f"{folder}/demo.jsonl", "w") as f:
        for a, b in [("1+1?", "2"), ("2+2?", "4"), ("lol?", "lol")]:
            print(json.dumps({"question": a, "answer": b, "lang": "en"}), file=f)
    data = json.dumps({"test": f"{folder}/demo.jsonl"})
    with open(f"{folder}/demo_gen.yaml", "w") as f:
        f.write(f"""task: demo_gen
dataset_path: json
dataset_kwargs: {{data_files: {data}}}
test_split: test
output_type: generate_until
doc_to_text: "Q: {{{{question}}}}\\nA:"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n"], do_sample: false}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
filter_list:
  - {{name: strict, filter: [{{function: take_first}}]}}
  - {{name: digits, filter: [{{function: regex, regex_pattern: "(\\\\d+)"}}, {{function: take_first}}]}}
metadata: {{version: 1.0}}
""")
    with open(f"{folder}/demo_mc.yaml", "w") as f:
        f.write(f"""task: demo_mc
dataset_path: json
dataset_kwargs: {{data_files: {data}}}
test_split: test
output_type: multiple_choice
doc_to_text: "Q: {{{{question}}}}\\nA:"
doc_to_choice: ["2", "4", "lol"]
doc_to_target: "{{{{answer}}}}"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
""")
    env = dict(os.environ, HF_HOME=f"{folder}/hf")
    subprocess.run([sys.executable, "-m", "lm_eval", "run", "--model", "dummy", "--tasks", "demo_gen,demo_mc", "--include_path",
                    folder, "--output_path", f"{folder}/out", "--log_samples"], check=True, env=env, capture_output=True, cwd=folder)
    import glob
    results = glob.glob(f"{folder}/out/**/results_*.json", recursive=True)[0]
    return {"results": json.load(open(results))["results"], "folder": os.path.dirname(results)}


def openai_evals_run(folder):
    os.environ.update(OPENAI_API_KEY="none", EVALS_SEQUENTIAL="1")
    from evals.api import CompletionFn, CompletionResult
    from evals.base import RunSpec
    from evals.data import get_jsonl
    from evals.elsuite.basic.match import Match
    from evals.record import LocalRecorder, record_sampling

    class Answer(CompletionResult):
        def __init__(self, text):
            self.text = text

        def get_completions(self):
            return [self.text]

    class Mock(CompletionFn):
        def __call__(self, prompt, **kwargs):
            answer = "Paris" if "France" in str(prompt) else "lima, of course" if "Peru" in str(prompt) else "Toledo"
            record_sampling(prompt=prompt, sampled=[answer])
            return Answer(answer)

    spec = RunSpec(completion_fns=["mock"], eval_name="capitals.dev.v0", base_eval="capitals", split="dev", run_config={},
                   created_by="", run_id="run1", created_at="2026-01-02 03:04:05")
    recorder = LocalRecorder(f"{folder}/log.jsonl", run_spec=spec)
    result = Match(completion_fns=[Mock()], samples_jsonl=f"{folder}/samples.jsonl", name="capitals.dev.v0",
                   eval_registry_path=None).run(recorder)
    recorder.record_final_report(result)
    return {"accuracy": result["accuracy"], "ids": [sample["id"] for sample in get_jsonl(f"{folder}/samples.jsonl")]}


def helm_folder(folder):
    import runpy

    sys.argv = ["make.py", folder]
    runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/helm/make.py"), run_name="__main__")
    return True


def ragas_rows(folder):
    import pandas
    from ragas.dataset_schema import EvaluationDataset, MultiTurnSample, SingleTurnSample
    from ragas.messages import AIMessage, HumanMessage, ToolCall

    rows = EvaluationDataset(samples=[
        SingleTurnSample(user_input="Capital?", retrieved_contexts=["it's \"Paris\"", "b"], retrieved_context_ids=["d1", "d2"],
                         reference_contexts=["Paris is"], response="Paris", reference="Paris", rubrics={"s1": "bad"}),
        SingleTurnSample(user_input="x", reference="y"),
    ])
    rows.to_jsonl(f"{folder}/single.jsonl")
    rows.to_csv(f"{folder}/single.csv")
    scored = rows.to_pandas()
    scored["faithfulness"] = [0.5, float("nan")]
    scored.to_csv(f"{folder}/scored.csv", index=False)
    scored.to_json(f"{folder}/scored.jsonl", orient="records", lines=True)
    EvaluationDataset(samples=[MultiTurnSample(
        user_input=[HumanMessage(content="weather?"), AIMessage(content="let me look", tool_calls=[ToolCall(name="w", args={"c": "P"})]),
                    HumanMessage(content="and?"), AIMessage(content="sunny")],
        reference="sunny", reference_tool_calls=[ToolCall(name="w", args={"c": "P"})])]).to_jsonl(f"{folder}/multi.jsonl")
    assert pandas
    return True


def ragas_reads(path):
    from ragas.dataset_schema import EvaluationDataset

    return [[s.user_input, s.reference, s.reference_contexts, s.response, s.retrieved_contexts]
            for s in EvaluationDataset.from_jsonl(path)]


def pydantic_files(folder):
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Contains, EqualsExpected, IsInstance, MaxDuration

    dataset = Dataset(name="capitals", cases=[
        Case(name="fr", inputs={"q": "France?"}, expected_output="Paris", metadata={"lang": "en"},
             evaluators=(Contains(value="Par", case_sensitive=False),)),
        Case(name="de", inputs="Germany?", expected_output={"city": "Berlin"}),
    ], evaluators=[EqualsExpected(), MaxDuration(seconds=2.0), IsInstance(type_name="str")])
    dataset.to_file(f"{folder}/d.yaml")
    dataset.to_file(f"{folder}/d.json")
    return True


def pydantic_reads(path):
    from typing import Any

    from pydantic_evals import Dataset

    return [[c.name, c.inputs, c.expected_output, c.metadata] for c in Dataset[Any, Any, Any].from_file(path).cases]


def mlflow_records(folder):
    from mlflow.entities import DatasetRecord
    from mlflow.entities.evaluation_dataset import EvaluationDataset

    def record(i, inputs, **kw):
        return DatasetRecord(dataset_id="d", dataset_record_id=f"r{i}", inputs=inputs, created_time=1, last_update_time=2, **kw)

    records = [
        record(1, {"question": "France?"}, expectations={"expected_response": "Paris", "guidelines": ["short"]},
               tags={"lang": "en"}, outputs={"mlflow_wrapped": "Paris!"}, source_type="HUMAN"),
        record(2, {"question": "Germany?"}, expectations={"expected_facts": ["Berlin"]}),
    ]
    with open(f"{folder}/records.jsonl", "w") as f:
        for r in records:
            print(json.dumps(r.to_dict()), file=f)
    dataset = EvaluationDataset(dataset_id="d", name="n", digest="x", created_time=1, last_update_time=2)
    dataset._records = records
    frame = dataset.to_df()
    frame.drop(columns=["source"], errors="ignore").to_json(f"{folder}/frame.jsonl", orient="records", lines=True)
    return list(frame.columns)


def trec(folder):
    import pytrec_eval

    def table(path, width):
        rows = {}
        for line in open(path):
            parts = line.split()
            rows.setdefault(parts[0], {})[parts[2]] = int(parts[3]) if width == 4 else float(parts[4])
        return rows

    evaluator = pytrec_eval.RelevanceEvaluator(table(f"{folder}/qrels.txt", 4), {"recip_rank", "recall_10", "map"})
    return evaluator.evaluate(table(f"{folder}/run.txt", 6))


def croissant(folder):
    import logging

    import mlcroissant

    logging.disable(logging.CRITICAL)
    dataset = mlcroissant.Dataset(f"{folder}/metadata.json")
    issues = dataset.metadata.ctx.issues
    def plain(x):
        return x.decode() if isinstance(x, bytes) else x
    records = [{k.split("/")[-1]: plain(v) for k, v in r.items()} for r in dataset.records("cases")]
    return {"errors": sorted(issues.errors), "records": json.loads(json.dumps(records, default=str))}


def tables(folder):
    import openpyxl
    import pandas
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    frame = pandas.DataFrame({"id": ["a", "b"], "question": ["=1+1", "why?\nnew line"], "expected": ["2", None],
                              "n": [1, 2], "x": [0.5, float("nan")], "ok": [True, False]})
    frame.to_excel(f"{folder}/t.xlsx", index=False)
    table = pa.Table.from_pandas(frame).append_column("tags", pa.array([["u", "v"], []]))
    pyarrow.feather.write_feather(table, f"{folder}/t.feather")
    with pa.OSFile(f"{folder}/t.arrows", "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    pyarrow.parquet.write_table(table, f"{folder}/t.parquet")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "when", "question"])
    import datetime
    sheet.append([1, datetime.datetime(2026, 1, 2, 3, 4, 5), "q"])
    sheet["XFD1048576"] = None
    book.save(f"{folder}/dates.xlsx")
    return True


def reads_tables(folder):
    import pandas
    import pyarrow as pa

    out = {}
    for name, read in [("out.csv", pandas.read_csv), ("out.parquet", pandas.read_parquet), ("out.xlsx", pandas.read_excel),
                       ("out.arrow", lambda p: pa.ipc.open_file(p).read_pandas()),
                       ("out.jsonl", lambda p: pandas.read_json(p, lines=True)), ("out.json", pandas.read_json)]:
        out[name] = json.loads(read(f"{folder}/{name}").to_json(orient="records"))
    import yaml
    out["out.yaml"] = yaml.safe_load(open(f"{folder}/out.yaml"))
    return out


def reads_datasets(folder):
    return {
        "inspect": inspect_reads(f"{folder}/inspect.jsonl"),
        "deepeval": [deepeval_reads(f"{folder}/{name}") for name in ["goldens.json", "goldens.jsonl"]],
        "ragas": ragas_reads(f"{folder}/ragas.jsonl"),
        "pydantic": [pydantic_reads(f"{folder}/{name}") for name in ["pydantic.yaml", "pydantic.json"]],
    }


print(json.dumps(globals()[sys.argv[1]](sys.argv[2])), file=sys.__stdout__)

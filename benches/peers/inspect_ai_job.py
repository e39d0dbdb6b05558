# packages: inspect-ai openai
import tempfile
import time
from importlib.metadata import version

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate
from job import IN_FLIGHT, cases, report, url

model = get_model("openai/mock", base_url=url(), api_key="none", responses_api=False)
samples = [Sample(id=c["id"], input=c["question"], target=c["expected"]) for c in cases()]
task = Task(dataset=MemoryDataset(samples), solver=generate(), scorer=exact())
with tempfile.TemporaryDirectory() as folder:
    started = time.perf_counter()
    log = eval(
        task,
        model=model,
        max_connections=IN_FLIGHT,
        max_samples=IN_FLIGHT,
        display="none",
        log_realtime=False,
        log_dir=folder,
    )[0]
    right = sum(s.scores["exact"].value == "C" for s in log.samples)
    report(f"inspect-ai {version('inspect-ai')}", started, right)

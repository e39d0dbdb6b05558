# packages: pydantic-evals httpx
import time
from importlib.metadata import version

from job import IN_FLIGHT, ask, cases, client, report
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

http = client()


async def target(question: str) -> str:
    return await ask(http, question)


dataset = Dataset(
    name="throughput",
    cases=[Case(name=c["id"], inputs=c["question"], expected_output=c["expected"]) for c in cases()],
    evaluators=[EqualsExpected()],
)
started = time.perf_counter()
done = dataset.evaluate_sync(target, max_concurrency=IN_FLIGHT, progress=False)
right = sum(all(a.value for a in case.assertions.values()) for case in done.cases)
report(f"pydantic-evals {version('pydantic-evals')}", started, right)

# packages: deepeval httpx
# DeepEval evaluates answers that are there already: getting them is part of the job, and of the time. Its cache is off:
# it rewrites whole files for each case.
import asyncio
import contextlib
import io
import os
import tempfile
import time
from importlib.metadata import version

os.environ["DEEPEVAL_TELEMETRY_OPT_OUT"] = "YES"
os.environ["DEEPEVAL_DISABLE_DOTENV"] = "1"
from deepeval import evaluate  # noqa: E402
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig  # noqa: E402
from deepeval.metrics import ExactMatchMetric  # noqa: E402
from deepeval.test_case import LLMTestCase  # noqa: E402
from job import IN_FLIGHT, ask, cases, client, report  # noqa: E402

given = cases()


async def answers():
    free = asyncio.Semaphore(IN_FLIGHT)
    async with client() as http:

        async def one(case):
            async with free:
                return await ask(http, case["question"])

        return await asyncio.gather(*(one(case) for case in given))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    started = time.perf_counter()
    outputs = asyncio.run(answers())
    tests = [
        LLMTestCase(input=c["question"], actual_output=o, expected_output=c["expected"]) for c, o in zip(given, outputs)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        done = evaluate(
            tests,
            [ExactMatchMetric()],
            async_config=AsyncConfig(max_concurrent=IN_FLIGHT),
            cache_config=CacheConfig(write_cache=False, use_cache=False),
            display_config=DisplayConfig(show_indicator=False, print_results=False),
        )
    right = sum(result.success for result in done.test_results)
    os.chdir("/")
    report(f"deepeval {version('deepeval')}", started, right)

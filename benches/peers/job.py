"""What every peer is given: the cases, and a client with 64 connections. The seconds are those of the evaluation alone,
without starting Python and importing packages."""

import json
import resource
import sys
import time
from pathlib import Path

IN_FLIGHT = 64


def cases():
    return [json.loads(line) for line in Path(sys.argv[2]).read_text().splitlines()]


def url():
    return sys.argv[1]


def client():
    import httpx

    return httpx.AsyncClient(limits=httpx.Limits(max_connections=IN_FLIGHT), timeout=60)


async def ask(client, question):
    body = {"model": "mock", "messages": [{"role": "user", "content": question}]}
    reply = await client.post(f"{url()}/chat/completions", json=body)
    return reply.json()["choices"][0]["message"]["content"]


def report(version, started, right):
    seconds = time.perf_counter() - started
    assert right == len(cases()), f"{right} right of {len(cases())}"
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"version": version, "seconds": seconds, "megabytes": megabytes}))

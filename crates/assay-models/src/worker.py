"""Serves calls to one Python function: frames of a 4-byte big-endian length and JSON, on the original stdout."""

import asyncio
import importlib.util
import inspect
import json
import os
import struct
import sys
import traceback

# What the function prints must not end up between the frames.
frames_in = os.fdopen(os.dup(0), "rb")
frames_out = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
# Nor may it, or a program that it starts, read frames.
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
own = os.getpid()


def send(message):
    if os.getpid() != own:
        os._exit(0)  # a fork that came back from the function must not answer, too
    body = json.dumps(message, default=str).encode()
    frames_out.write(struct.pack(">I", len(body)) + body)
    frames_out.flush()


def load(path, name):
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return getattr(module, name)


def main():
    try:
        function = load(sys.argv[1], sys.argv[2])
        parameters = inspect.signature(function).parameters.values()
    except BaseException:
        send({"fatal": traceback.format_exc(limit=-3)})
        return
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = {p.name for p in parameters}
    first = next(iter(parameters), None)
    send({"ready": True})
    while True:
        head = frames_in.read(4)
        if len(head) < 4:
            return
        request = json.loads(frames_in.read(struct.unpack(">I", head)[0]))
        positional, rest = request.get("first"), request["kwargs"]
        try:
            arguments = [] if positional is None or first is None else [rest.pop(positional)]
            taken = {k: v for k, v in rest.items() if takes_all or k in named}
            result = function(*arguments, **taken)
            if inspect.isawaitable(result):
                result = asyncio.run(_wait(result))
            send({"ok": result})
        except BaseException:
            send({"error": traceback.format_exc(limit=-3)})


async def _wait(awaitable):
    return await awaitable


main()

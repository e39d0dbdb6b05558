"""Runs a case's tests on a model's code. Orders come as JSON on standard input, the verdict goes to standard output.

Unless the tests share the code's process, two processes are at work. This one runs the tests and never a line of the
model's code. The other one, forked before the tests were read, runs the code and answers calls. What it sends is plain
data, decoded below; everything else stays there and is named by a number. So code can end its own process, look
through its own memory and patch its own modules, and reaches neither the tests nor the verdict.
"""

import sys

sys.path[:] = [p for p in sys.path if p]  # not the scratch folder, where the code can write modules

import ast
import builtins
import errno
import json
import os
import struct
import traceback
import types

ALONE = "neg pos abs invert len getitem setitem delitem next str repr bool hash enter exit int float index round".split()
# Code that learns what a test expects can say that it has it: these work between objects of the code only.
BETWEEN = "lt le gt ge add sub mul truediv floordiv mod pow matmul and or xor lshift rshift contains".split()


class Ended(Exception):
    """The code ended its process, which no test asked for."""


class Line:
    """Frames between the two processes; either may call the other while it waits."""

    def __init__(self, read, write):
        self.read, self.write = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        self.held, self.numbers, self.trusting = [], {}, False

    def send(self, message):
        body = json.dumps(message).encode()
        self.write.write(struct.pack(">Q", len(body)) + body)
        self.write.flush()

    def receive(self):
        head = self.read.read(8)
        if len(head) < 8:
            raise Ended()
        size = struct.unpack(">Q", head)[0]
        body = self.read.read(size)
        if len(body) < size:
            raise Ended()
        return json.loads(body)

    def pack(self, value):
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind is Remote:
            return {"yours": object.__getattribute__(value, "_number")}
        if isinstance(value, list):
            return [self.pack(item) for item in value]
        if isinstance(value, tuple):
            return {"tuple": [self.pack(item) for item in value]}
        if isinstance(value, dict):
            return {"dict": [[self.pack(k), self.pack(v)] for k, v in value.items()]}
        if isinstance(value, (set, frozenset)):
            name = "frozenset" if isinstance(value, frozenset) else "set"
            return {name: [self.pack(item) for item in value]}
        if isinstance(value, (bytes, bytearray)):
            return {"bytes" if isinstance(value, bytes) else "bytearray": value.hex()}
        if kind is complex:
            return {"complex": [value.real, value.imag]}
        if kind is range:
            return {"range": [value.start, value.stop, value.step]}
        module, name = kind.__module__, kind.__name__
        if module == "decimal" and name == "Decimal":
            return {"decimal": str(value)}
        if module == "fractions" and name == "Fraction":
            return {"fraction": str(value)}
        if module == "collections" and name == "deque":
            return {"deque": [self.pack(item) for item in value]}
        if module == "datetime" and name in ("date", "datetime", "time", "timedelta"):
            parts = [value.days, value.seconds, value.microseconds] if name == "timedelta" else value.isoformat()
            return {"datetime": [name, parts]}
        if module == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
            return self.pack(value.item())
        # A number or text of a class of its own counts as what it is, and not as what it says it is equal to.
        for plain, cast in ((int, int.__int__), (float, float.__float__), (str, str.__str__)):
            if isinstance(value, plain) and module != "enum" and not hasattr(kind, "__members__"):
                return cast(value)
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.held)
            self.held.append(value)
        return {"mine": number, "callable": callable(value)}

    def unpack(self, value):
        if isinstance(value, list):
            return [self.unpack(item) for item in value]
        if not isinstance(value, dict):
            return value
        ((kind, inner), *_) = value.items()
        if kind == "mine":
            return Remote(self, inner)
        if kind == "yours":
            return self.held[inner]
        if kind == "dict":
            return {self.unpack(k): self.unpack(v) for k, v in inner}
        if kind in ("bytes", "bytearray"):
            return getattr(builtins, kind).fromhex(inner)
        if kind in ("tuple", "set", "frozenset"):
            return getattr(builtins, kind)(self.unpack(item) for item in inner)
        if kind == "complex":
            return complex(*map(float, inner))
        if kind == "range":
            return range(*map(int, inner))
        if kind == "decimal":
            import decimal

            return decimal.Decimal(inner)
        if kind == "fraction":
            import fractions

            return fractions.Fraction(inner)
        if kind == "deque":
            import collections

            return collections.deque(self.unpack(item) for item in inner)
        if kind == "datetime":
            import datetime

            name, parts = inner
            if name == "timedelta":
                return datetime.timedelta(*map(int, parts))
            return {"date": datetime.date, "datetime": datetime.datetime, "time": datetime.time}[name].fromisoformat(parts)
        raise ValueError("not a value")

    def ask(self, *message):
        """Sends a request and serves the other side's until the answer comes."""
        self.send(message)
        while True:
            kind, *rest = self.receive()
            if kind == "gives":
                return rest
            if kind == "raises":
                raise exception(*rest)
            self.serve(kind, *rest)

    def serve(self, kind, *rest):
        try:
            self.send(["gives", *getattr(self, "do_" + str(kind))(*rest)])
        except Ended:
            raise
        except RecursionError as error:
            self.send(describe(error))
        except BaseException as error:
            self.send(describe(error))

    def do_call(self, number, args, kwargs):
        args, kwargs = self.unpack(args), {k: self.unpack(v) for k, v in kwargs}
        before = [self.pack(a) if type(a) in (list, dict, set) else None for a in args]
        result = self.pack(self.held[number](*args, **kwargs))
        after = [self.pack(a) if type(a) in (list, dict, set) else None for a in args]
        return result, [[i, a] for i, (b, a) in enumerate(zip(before, after)) if a != b]

    # What follows is answered for the tests only: the tests' own objects can be called by the code, and no more.

    def do_get(self, number, name):
        self.only_for_tests()
        return [self.pack(getattr(self.held[number], name))]

    def do_set(self, number, name, value):
        self.only_for_tests()
        setattr(self.held[number], name, self.unpack(value))
        return [None]

    def do_operate(self, name, number, args):
        self.only_for_tests()
        return [self.pack(operate(name, self.held[number], *self.unpack(args)))]

    def do_iter(self, number):
        self.only_for_tests()
        iterator = iter(self.held[number])
        self.held.append(iterator)
        return [len(self.held) - 1]

    def do_load(self, code):
        self.only_for_tests()
        module = types.ModuleType("solution")
        sys.modules["solution"] = module
        exec(compile(code, "solution.py", "exec"), module.__dict__)
        values = {n: v for n, v in module.__dict__.items() if not (n.startswith("__") and n.endswith("__"))}
        imported = {n: v.__name__ for n, v in values.items() if isinstance(v, types.ModuleType)}
        packed = [[n, self.pack(v)] for n, v in values.items() if n not in imported]
        return [packed, list(imported.items())]

    def only_for_tests(self):
        if not self.trusting:
            raise PermissionError("not for the code")


def operate(name, value, *args):
    if name == "eq":
        return bool(value == args[0])
    if name in ("bool", "len", "str", "repr", "hash", "next", "abs", "int", "float"):
        return getattr(builtins, name)(value)
    return getattr(value, f"__{name}__")(*args)


class Remote:
    """An object of the other process."""

    __slots__ = ("_line", "_number")

    def __init__(self, line, number):
        object.__setattr__(self, "_line", line)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__") and name not in ("__name__", "__doc__", "__dict__", "__annotations__"):
            raise AttributeError(name)
        return self._line.unpack(self._line.ask("get", self._number, name)[0])

    def __setattr__(self, name, value):
        self._line.ask("set", self._number, name, self._line.pack(value))

    def __call__(self, *args, **kwargs):
        line = self._line
        packed = [[k, line.pack(v)] for k, v in kwargs.items()]
        result, changed = line.ask("call", self._number, [line.pack(a) for a in args], packed)
        for at, value in changed:
            mine, value = args[at], line.unpack(value)
            if type(mine) is list and type(value) is list:
                mine[:] = value
            elif type(mine) in (dict, set) and type(value) is type(mine):
                mine.clear()
                mine.update(value)
        return line.unpack(result)

    def __iter__(self):
        iterator = Remote(self._line, self._line.ask("iter", self._number)[0])
        while True:
            try:
                yield iterator.__next__()
            except StopIteration:
                return

    def __eq__(self, other):
        # Only objects of the code may say that they are equal, and only to each other: one that says it is equal to
        # everything is not equal to what a test expects.
        if type(other) is not Remote:
            return False
        return self._number == other._number or bool(self._line.ask("operate", "eq", self._number, [self._line.pack(other)])[0])


def operator(name):
    def ask(self, *args):
        line = self._line
        if name in BETWEEN and type(args[0]) is not Remote:
            raise TypeError("objects of the code's own classes are not compared or computed with other values here; `same_process: true` does that")
        result = line.unpack(line.ask("operate", name, self._number, [line.pack(a) for a in args])[0])
        if name in ("bool", "contains"):
            return bool(result)
        return result

    return ask


for _name in ALONE + BETWEEN:
    setattr(Remote, f"__{_name}__", operator(_name))


def describe(error):
    """An exception as plain data: its nearest built-in class, and what it says."""
    kind = next(c for c in type(error).__mro__ if c.__module__ == "builtins")
    args = [a for a in error.args if a is None or type(a) in (bool, int, float, str)] if isinstance(error.args, tuple) else []
    try:
        said = str(error)[:500]
    except BaseException:
        said = ""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == "solution.py"]
    return ["raises", kind.__name__, args, type(error).__name__, said, lines[-1] if lines else None]


def exception(kind, args, name, said, line):
    kind = getattr(builtins, str(kind), None)
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        kind = RuntimeError
    if not issubclass(kind, Exception):
        # An exit that only ends the code's own call must not end the tests.
        return from_code(RuntimeError(f"the code raised {name}: {said}"), name, said, line)
    try:
        error = kind(*args) if args else kind(said)
    except Exception:
        error = RuntimeError(said)
    return from_code(error, name, said, line)


def from_code(error, name, said, line):
    error.from_code = (str(name)[:80], str(said)[:500], line)
    return error


class Channel:
    """Where the verdict goes."""

    def __init__(self):
        self.file = os.fdopen(os.dup(1), "w")
        self.nonce = None


def verdict(channel, status, detail=""):
    body = {"nonce": channel.nonce, "status": status, "detail": str(detail)[:1500]}
    channel.file.write(json.dumps(body) + "\n")
    channel.file.flush()
    os._exit(0)


def fail(channel, error, code="solution.py"):
    name, said, line = getattr(error, "from_code", None) or (type(error).__name__, str(error)[:500], None)
    frames = traceback.extract_tb(error.__traceback__)
    if line is None:
        line = next((f.lineno for f in reversed(frames) if f.filename == code), None)
    at = next((f.lineno for f in reversed(frames) if f.filename == "tests.py"), None)
    where = "".join([f", line {line} of the code" if line else "", f", line {at} of the tests" if at else ""])
    what = f"{name}: {said}" if said else name
    if isinstance(error, MemoryError):
        verdict(channel, "memory", f"MemoryError{where}")
    denied = isinstance(error, OSError) and error.errno in (errno.EPERM, errno.EACCES, errno.EROFS, errno.ENETUNREACH)
    if denied or isinstance(error, PermissionError):
        verdict(channel, "forbidden", f"{what}{where}")
    if isinstance(error, AssertionError):
        text = ""
        if at and not said:
            lines = tests_text.splitlines()
            text = lines[at - 1].strip()[:300] if at <= len(lines) else ""
        verdict(channel, "failed", f"{said or text or 'assertion'}{where}")
    verdict(channel, "exception", f"{what}{where}")


def ended(channel, child):
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        import signal

        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            verdict(channel, "timeout", "the processor time was used up")
        verdict(channel, "exception", f"the code's process was ended by {signal.Signals(number).name}")
    verdict(channel, "exception", f"the code ended its process (exit code {os.WEXITSTATUS(status)}) before the tests were done")


def private():
    """Keeps other processes of the same user out of this one's memory and files."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(4, 0, 0, 0, 0) != 0 or libc.prctl(3, 0, 0, 0, 0) != 0:
        raise OSError("the tests' process cannot be made private")


def apart(channel, orders, child, line):
    """The tests' side."""
    names, imported = [], []
    try:
        names, imported = line.ask("load", orders["code"])
    except Ended:
        ended(channel, child)
    except BaseException as error:
        fail(channel, error)
    space = {"__name__": "tests", "__builtins__": builtins}
    for name, module in imported:
        try:
            space[name] = __import__(module, fromlist=["*"])
        except BaseException:
            pass  # the tests will miss it, if they use it
    for name, value in names:
        # The code does not get to replace what the tests take for granted.
        if name == orders["entry_point"] or not (hasattr(builtins, name) or name in getattr(sys, "stdlib_module_names", ())):
            space[name] = line.unpack(value)
    return space


def together(channel, orders):
    """Code and tests in one process, which the code can look through and change."""
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    try:
        exec(compile(orders["code"], "solution.py", "exec"), module.__dict__)
    except BaseException as error:
        fail(channel, error)
    return module.__dict__


def main():
    global tests_text
    channel = Channel()
    os.dup2(2, 1)
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    same = sys.argv[1:] == ["same"]
    child = line = None
    if not same:
        private()
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            channel.file.close()
            os.close(ours_in), os.close(ours_out)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            line = Line(theirs_in, theirs_out)
            line.trusting = True
            try:
                while True:
                    line.serve(*line.receive())
            except BaseException:
                os._exit(0)
        os.close(theirs_in), os.close(theirs_out)
        line = Line(ours_in, ours_out)
    # Read only now: the other process has no copy of it.
    orders = json.loads(sys.stdin.buffer.read())
    channel.nonce = orders.pop("nonce")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    space = together(channel, orders) if same else apart(channel, orders, child, line)
    entry, tests_text = orders["entry_point"], orders["tests"]
    if entry and entry not in space:
        verdict(channel, "missing", f"the code defines no `{entry}`")
    try:
        parsed = ast.parse(tests_text, "tests.py")
        tests = compile(parsed, "tests.py", "exec")
    except (SyntaxError, ValueError) as error:
        verdict(channel, "tests", f"the tests are no Python: {error}")
    try:
        exec(tests, space)
        ran = any(not isinstance(part, DECLARATIONS) for part in parsed.body)
        if of_tests(space.get("check")):
            if not entry:
                verdict(channel, "tests", "the tests define `check`, and no `entry_point` says what it is to check")
            space["check"](space[entry])
            ran = True
        if not run_cases(space) and not ran:
            verdict(channel, "tests", "the tests define things and run none of them")
    except Ended:
        ended(channel, child)
    except BaseException as error:
        fail(channel, error)
    verdict(channel, "passed")


DECLARATIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)


def of_tests(value):
    return isinstance(value, types.FunctionType) and value.__code__.co_filename == "tests.py"


def run_cases(space):
    """Runs `test_` functions and `unittest` cases, if the tests define any; says whether they do."""
    ran = 0
    for name, value in list(space.items()):
        if name.startswith("test") and of_tests(value):
            value()
            ran += 1
    unittest = sys.modules.get("unittest")
    for value in list(space.values()) if unittest else []:
        if isinstance(value, type) and issubclass(value, unittest.TestCase) and value is not unittest.TestCase:
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
            for case, text in result.failures + result.errors:
                raise AssertionError(f"{case.id()}: {text.strip().splitlines()[-1]}")
            ran += result.testsRun
    return ran > 0


tests_text = ""
main()

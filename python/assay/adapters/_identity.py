"""What identifies an object of another library: its class and its settings, as far as they can change an answer."""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import importlib.metadata
import json
import re
import types
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from assay._functions import version_of

# What is no setting: keys, what calls leave behind, what tells objects apart that are alike.
_SECRET = re.compile(r"(^|_)(api_?key|secret|password|access_token|auth_token|credentials?|headers)($|_)")
# The variables of a template of LlamaIndex come in no order.
_PASSING = frozenset(
    {"callbacks", "callback_manager", "history", "cache", "verbose", "id", "id_", "uuid", "node_id", "template_vars"}
)
# What an index holds is data; it can be large, and has other ids each time it is built.
_DATA = frozenset({"index", "docstore", "vector_store", "vectorstore", "storage_context", "index_struct", "object_map"})

_FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, functools.partial, type)


def identity(package: str, *parts: Any, roots: Sequence[str] = ()) -> str:
    """Give a digest of values, as used with a package.

    Parameters
    ----------
    package : str
        The name of the package; its installed version enters.
    *parts : object
        Plain values, functions, and objects. Of objects whose class, or a base of it, is in a module below one of
        `roots` the attributes enter, as deep as they go; of others the name of the class.
    roots : sequence of str
        First parts of modules.

    Returns
    -------
    str
        32 hexadecimal digits, the same in each process.
    """
    digest = hashlib.sha256()
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        version = "?"
    digest.update(f"{package} {version}\n".encode())
    _cover(parts, digest.update, frozenset(roots), set())
    return digest.hexdigest()[:32]


def _cover(value: Any, update: Callable[[bytes], None], roots: frozenset[str], seen: set[int]) -> None:
    if value is None or isinstance(value, (str, int, float)):
        update(json.dumps(value).encode() + b",")
        return
    if isinstance(value, bytes):
        update(value + b",")
        return
    if id(value) in seen:
        update(b"^")
        return
    seen.add(id(value))
    kind: type = type(value)  # type: ignore[reportUnknownVariableType]
    update(f"{kind.__module__}.{kind.__qualname__}".encode())
    if isinstance(value, enum.Enum):
        update(str(value.name).encode())
    elif isinstance(value, _FUNCTIONS):
        update(version_of(value).encode())  # type: ignore[reportUnknownArgumentType]
    elif isinstance(value, Mapping):
        _names(value, update, roots, seen)  # type: ignore[reportUnknownArgumentType]
    elif isinstance(value, Set):
        update(json.dumps(sorted(map(_word, value))).encode())  # type: ignore[reportUnknownArgumentType]
    elif isinstance(value, Sequence):
        update(b"[")
        for item in value:  # type: ignore[reportUnknownVariableType]
            _cover(item, update, roots, seen)
        update(b"]")
    elif any(base.__module__.partition(".")[0] in roots for base in kind.__mro__):
        if kind.__module__.partition(".")[0] not in roots:
            update(version_of(kind).encode())  # a class of the caller's own: its source
        _names(_attributes(value), update, roots, seen)


def _word(value: Any) -> str:
    """Give a key or a member of a set as text. That of an object may hold an address, another one each time."""
    return str(value) if isinstance(value, (str, int, float, bytes, enum.Enum, type(None))) else type(value).__name__


def _attributes(value: Any) -> Mapping[str, Any]:
    attributes: dict[str, Any] | None = getattr(value, "__dict__", None)
    if attributes is not None:
        return attributes
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    return {}


def _names(values: Mapping[Any, Any], update: Callable[[bytes], None], roots: frozenset[str], seen: set[int]) -> None:
    update(b"{")
    for name, part in sorted(((_word(name), part) for name, part in values.items()), key=lambda pair: pair[0]):
        plain = name.lower().lstrip("_")
        if plain in _PASSING or plain in _DATA or _SECRET.search(plain):
            continue
        update(name.encode() + b"=")
        _cover(part, update, roots, seen)
    update(b"}")

"""Packages whose files are not read before a name of theirs is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

Exports = tuple[list[str], Callable[[str], object], Callable[[], list[str]]]


def exports(package: str, files: Mapping[str, str], modules: str = "") -> Exports:
    """Give `__all__`, `__getattr__` and `__dir__` of a package.

    Parameters
    ----------
    package : str
        Its name.
    files : mapping
        The public names of each of its files, with blanks between them. A dot before a file's name is a file of the
        package above.
    modules : str
        Modules of the package that are public themselves.
    """
    places = {name: f".{file}" for file, names in files.items() for name in names.split()}
    public = sorted([*places, *modules.split()])

    def find(name: str) -> object:
        if name in places:
            return getattr(importlib.import_module(places[name], package), name)
        if name in public:
            return importlib.import_module(f".{name}", package)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return public, find, lambda: list(public)

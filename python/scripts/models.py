"""Writes the client's models and operations from the server's OpenAPI document.

`python scripts/models.py` writes `assay/client/models.py` and `assay/client/_operations.py`; `--check` only says
whether they are up to date. It needs ruff, which gives them the form that the rest of the package has.
"""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "crates/assay-server/openapi.json"
PLACE = HERE.parent / "assay/client"
HEAD = '"""{about}\n\nWritten by `scripts/models.py` from the server\'s OpenAPI document; not changed by hand.\n"""\n\n'
Schema = dict[str, Any]

# Browsers log in with these; a program has a key.
FOR_BROWSERS = {"beginSession", "endSession", "beginOidc", "endOidc"}
# What a POST with this access does stands in the audit log: the server does it once for each `Idempotency-Key`.
DONE_ONCE = {"work", "decide", "administer", "unseal"}
# A POST with this access asks and changes nothing.
ONLY_ASKS = {"read", "evidence"}
# One thing is got; the plain name is free for what the client does with it.
ONE = {"run", "job", "case", "release", "chart", "dashboard", "dataset", "judge"}
SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def quoted(text: str) -> str:
    """Give the inside of a docstring."""
    return " ".join(text.replace("\\", "\\\\").replace('"""', "'''").split()).removesuffix('"')


def type_of(schema: Any, prefix: str = "") -> str:
    """Give the annotation of a schema; names of models get the prefix."""
    if isinstance(schema, bool):
        return "Any"
    if "$ref" in schema:
        return prefix + schema["$ref"].rsplit("/", 1)[1]
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            kinds = [type_of(part, prefix) for part in schema[choice]]
            said = [kind.removeprefix("Literal[").removesuffix("]") for kind in kinds if kind.startswith("Literal[")]
            others = [kind for kind in dict.fromkeys(kinds) if not kind.startswith("Literal[")]
            return " | ".join([f"Literal[{', '.join(said)}]"] * bool(said) + others)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(dict.fromkeys(type_of({**schema, "type": one}, prefix) for one in kind))
    if kind == "array":
        if "prefixItems" in schema:
            # JSON knows no tuples: what comes is a list.
            parts = dict.fromkeys(type_of(part, prefix) for part in schema["prefixItems"])
            return f"list[{' | '.join(parts)}]"
        return f"list[{type_of(schema.get('items', True), prefix)}]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {type_of(values if isinstance(values, dict) else True, prefix)}]"
    return SIMPLE.get(kind or "", "Any")


def fields(name: str, base: str, properties: dict[str, Any], about: str, total: bool) -> str:
    """Give a class of some keys."""
    total_word = "" if total else ", total=False"
    lines = [f"class {name}({base}{total_word}):", f'    """{quoted(about)}"""', ""]
    for key, schema in properties.items():
        lines.append(f"    {key}: {type_of(schema)}")
        said = schema.get("description") if isinstance(schema, dict) else None
        if said:
            lines.append(f'    """{quoted(said)}"""')
    return "\n".join(lines) + "\n"


def model(name: str, schema: Schema) -> str:
    """Give the class or the alias of a named schema."""
    about = schema.get("description") or name
    properties: dict[str, Any] = schema.get("properties") or {}
    union = next((schema[choice] for choice in ("oneOf", "anyOf") if choice in schema), None)
    if union is not None:
        # What an enumeration of objects has: each variant is a class of its own.
        parts, classes = [], []
        for number, part in enumerate(union, 1):
            if isinstance(part, dict) and part.get("properties"):
                variant = f"{name}Variant{number}"
                required = [*schema.get("required", []), *part.get("required", [])]
                whole = {**part, "properties": {**properties, **part["properties"]}, "required": required}
                classes.append(model(variant, {"description": about, **whole}))
                parts.append({"$ref": f"#/{variant}"})
            else:
                parts.append(part)
        alias = type_of({"anyOf": parts})
        return "\n".join(classes) + f'{name}: TypeAlias = "{escaped(alias)}"\n"""{quoted(about)}"""\n'
    if not properties:
        return f'{name}: TypeAlias = "{escaped(type_of(schema))}"\n"""{quoted(about)}"""\n'
    if any(keyword.iskeyword(key) or not key.isidentifier() for key in properties):
        body = ", ".join(f"{key!r}: {type_of(part)!r}" for key, part in properties.items())
        total = set(properties) <= set(schema.get("required", []))
        return f'{name} = TypedDict({name!r}, {{{body}}}{"" if total else ", total=False"})\n"""{quoted(about)}"""\n'
    required = {key: properties[key] for key in properties if key in schema.get("required", [])}
    optional = {key: properties[key] for key in properties if key not in required}
    if not optional or not required:
        return fields(name, "TypedDict", properties, about, total=bool(required))
    # Python 3.10 has no `NotRequired`.
    base = f"_{name}"
    return fields(base, "TypedDict", required, about, total=True) + "\n\n" + fields(name, base, optional, about, False)


def escaped(annotation: str) -> str:
    """Give an annotation as the inside of a string."""
    return annotation.replace('"', "'")


def models(document: Schema) -> str:
    """Give the module of models."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    text = HEAD.format(about="What the server's API takes and gives, as typed dictionaries.")
    text += "from __future__ import annotations\n\n"
    text += "from typing import Any, Literal, TypedDict\n\nfrom typing import TypeAlias\n\n"
    return text + "\n\n".join(model(name, schema) for name, schema in schemas.items())


def snake(name: str) -> str:
    """Give `openRelease` as `open_release`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", name)


def argument(name: str) -> str:
    """Give a parameter's name in Python."""
    return f"{name}_" if keyword.iskeyword(name) else name


class Endpoint:
    """An endpoint of the document, as methods."""

    def __init__(self, path: str, verb: str, spec: Schema, schemas: dict[str, Schema]) -> None:
        plain = snake(spec["operationId"])
        self.name = f"get_{plain}" if plain in ONE else plain
        self.path, self.verb, self.schemas = path, verb.upper(), schemas
        access, parameters = spec.get("x-access", "public"), spec.get("parameters", [])
        in_path = [part["name"] for part in parameters if part["in"] == "path"]
        asked = [part for part in parameters if part["in"] == "query"]
        self.asked = sorted(asked, key=lambda part: not part.get("required", False))
        self.given = [f"{argument(part)}: str | int" for part in in_path]
        place = re.sub(r"\{(\w+)\}", lambda match: f"{{quote({argument(match[1])})}}", path)
        self.place = f'{"f" if in_path else ""}"{place}"'
        self.extra: list[str] = []
        self.sent: list[str] = []
        for kind, media in (spec.get("requestBody") or {}).get("content", {}).items():
            json_body = kind == "application/json"
            self.given.append(f"body: {type_of(media.get('schema', True), 'models.') if json_body else 'Body'}")
            self.sent.append("json=body" if json_body else "body=body")
        if self.verb == "POST" and access in DONE_ONCE:
            self.extra.append("idempotency_key: str | None = None")
            self.sent.append("idempotency_key=idempotency_key or new_key()")
        repeat = self.verb == "GET" or (self.verb == "POST" and access in DONE_ONCE | ONLY_ASKS)
        self.sent.append(f"repeat={repeat}")
        roles = spec.get("x-roles", [])
        who = "anybody" if access == "public" else "whoever is logged in" if len(roles) == 6 else ", ".join(roles)
        about = quoted(spec.get("summary") or plain).removesuffix(".")
        self.about = [f"{about}.", f"``{self.verb} {path}``, for {who}."]
        self.answers = next((one.get("content", {}) for code, one in spec["responses"].items() if code[0] == "2"), {})

    def method(
        self, name: str, answer: str, function: str, *, without: str = "", told: str = "", needs: str = ""
    ) -> str:
        """Give a method: what it answers, what of the transport answers, which option it lacks or needs."""
        options, pairs = [], []
        for part in self.asked:
            if part["name"] == without:
                continue
            kind = type_of(part["schema"], "models.").replace(" | None", "")
            open_end = "" if part.get("required") or part["name"] == needs else " | None = None"
            options.append(f"{argument(part['name'])}: {kind}{open_end}")
            pairs.append(f'"{part["name"]}": {argument(part["name"])}')
        options += self.extra
        arguments = ", ".join(["self", *self.given, *(["*", *options] if options else [])])
        query = f"query={{{', '.join(pairs)}}}" if pairs else ""
        words = ", ".join(word for word in [f'"{self.verb}"', self.place, query, *self.sent] if word)
        said = "\n\n        ".join([*self.about, *([told] if told else [])])
        begin = "" if answer == "None" else "return "
        call = f"{begin}self._transport.{function}({words})"
        return f'    def {name}({arguments}) -> {answer}:\n        """{said}\n        """\n        {call}\n'

    def methods(self) -> str:
        """Give its methods: one for the answer, one for a page of it, one for a file."""
        files = [kind for kind in self.answers if kind != "application/json"]
        both = bool(files) and "application/json" in self.answers
        found: list[str] = []
        if "application/json" in self.answers:
            schema = self.answers["application/json"].get("schema", True)
            answer = type_of(schema, "models.")
            listed = self.schemas.get(answer.removeprefix("models."), {}).get("properties", {})
            if {"next", "items"} <= set(listed) and any(part["name"] == "cursor" for part in self.asked):
                item = type_of(listed["items"]["items"], "models.")
                found.append(self.method(f"{self.name}_page", answer, "json", told="One page."))
                told = "All of them, asked for page by page; `limit` is the size of a page."
                found.append(self.method(self.name, f"Iterator[{item}]", "pages", without="cursor", told=told))
            else:
                found.append(self.method(self.name, answer, "json", without="format" if both else ""))
        if files:
            told = f"The answer is a stream of {' or '.join(files)}; use it in a `with` statement."
            name = f"{self.name}_file" if both else self.name
            found.append(self.method(name, "Answer", "stream", told=told, needs="format" if both else ""))
        if not self.answers:
            found.append(self.method(self.name, "None", "done"))
        return "\n".join(found)


def operations(document: Schema) -> str:
    """Give the module of operations."""
    schemas = document["components"]["schemas"]
    text = HEAD.format(about="Every endpoint of the server's API that is for programs, one method each.")
    text += "from __future__ import annotations\n\n"
    text += "from typing import TYPE_CHECKING, Any, Literal\n\n"
    text += "from assay.client._transport import Answer, Body, Transport, new_key, quote\n\n"
    text += "if TYPE_CHECKING:\n    from collections.abc import Iterator\n\n    from assay.client import models\n\n\n"
    text += "class Operations:\n"
    text += '    """The API as it is: a method for each endpoint, `…_page` for one page of a list."""\n\n'
    text += "    def __init__(self, transport: Transport) -> None:\n        self._transport = transport\n\n"
    methods = [
        Endpoint(path, verb, spec, schemas).methods()
        for path, verbs in document["paths"].items()
        for verb, spec in verbs.items()
        if spec["operationId"] not in FOR_BROWSERS
    ]
    return text + "\n".join(methods)


def formed(text: str, name: str) -> str:
    """Give a module the form that ruff gives it."""
    for words in (["check", "--quiet", "--fix-only", "--select", "I,F401,UP"], ["format"]):
        command = [sys.executable, "-m", "ruff", *words, "--stdin-filename", str(PLACE / name), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


def written() -> dict[Path, str]:
    """Give the modules as they should be."""
    document = json.loads(DOCUMENT.read_text())
    return {
        PLACE / "models.py": formed(models(document), "models.py"),
        PLACE / "_operations.py": formed(operations(document), "_operations.py"),
    }


def main() -> int:
    """Write the modules, or compare them."""
    stale = [(path, text) for path, text in written().items() if not path.exists() or path.read_text() != text]
    for path, text in stale:
        print(f"{path.relative_to(HERE.parent)} {'is not up to date' if '--check' in sys.argv else 'is written'}")
        if "--check" not in sys.argv:
            path.write_text(text)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

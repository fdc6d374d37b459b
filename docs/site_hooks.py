"""Hooks of MkDocs: the API's reference, made of the site's own OpenAPI schema, and the site's mark."""

import os
import re
from collections.abc import Iterator
from typing import Any

import django
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()

from drf_spectacular.generators import SchemaGenerator  # noqa: E402  # after django.setup()

from webapp.core.environment import ROOT  # noqa: E402

METHODS = ("get", "post", "put", "patch", "delete")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, "reference.md", content=reference()))
    files.append(File.generated(config, "mark.svg", abs_src_path=str(ROOT / "static/site/mark.svg")))
    return files


INTRODUCTION = """# API reference

Made of the schema that a site serves at `/api/schema/`. A refused call returns JSON that says why: 400 (what was sent
is invalid, by field), 401 or 403 (you must sign in, or may not), 404 (there is none, or you may not see it), 405
(not with this method), 409 (something has changed meanwhile), 413 (too large), 415 (not this content type), or 429 (too
often; `Retry-After` says when to try again). [The API](api.md) explains the calls."""
CODES = {"200": "200 (OK)", "201": "201 (created)", "202": "202 (accepted)", "204": "204 (done, nothing is returned)"}
FORMATS = {
    "application/json": "JSON",
    "application/x-www-form-urlencoded": "a form",
    "multipart/form-data": "a form with files",
}
LARGEST = 2**31 - 1
"""A bound that only says how the number is stored."""
PAGE = re.compile(r"Paginated(\w+)List")


def reference() -> str:
    """Return every call of the API as Markdown, below the first word of its address, and then the objects they name."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    objects, lines, group = schema["components"]["schemas"], [INTRODUCTION], ""
    for path, calls in schema["paths"].items():
        name = path.removeprefix("/api/").partition("/")[0]
        if name != group:
            lines += ["", f"## {name}", ""]
            group = name
        for method in METHODS:
            if method in calls:
                lines += call(path, method, calls[method], objects)
    lines += ["", "## Objects", "", "What calls take and return. Fields that are *read only* are only returned."]
    for name, told in objects.items():
        if is_section(name, objects):
            lines += fields_of(name, told, objects)
    return "\n".join(lines)


def call(path: str, method: str, told: dict[str, Any], objects: dict[str, Any]) -> Iterator[str]:
    yield from (f"### `{method.upper()} {path}`", "", told.get("description", "").strip(), "")
    if parameters := told.get("parameters", []):
        yield from ("| parameter | in | type | |", "|---|---|---|---|")
        for each in parameters:
            yield f"| `{each['name']}` | {each['in']} | {kind(each['schema'], objects)} | {plain(each)} |"
        yield ""
    if content := told.get("requestBody", {}).get("content"):
        yield from (f"Send {kind(next(iter(content.values()))['schema'], objects)}, as {in_words(content)}.", "")
    for code, response in told["responses"].items():
        content = response.get("content", {})
        what = f": {kind(next(iter(content.values()))['schema'], objects)}, as {in_words(content)}" if content else ""
        yield from (f"Returns {CODES.get(code, code)}{what}.", "")


def fields_of(name: str, told: dict[str, Any], objects: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"### {name} {{#{anchor(name)}}}", "", plain(told), "", "| field | type | |", "|---|---|---|")
    for field, each in told["properties"].items():
        is_wanted = field in told.get("required", ()) and not each.get("readOnly")
        marks = {"*required*": is_wanted, "*read only*": each.get("readOnly"), "*write only*": each.get("writeOnly")}
        notes = [*(mark for mark, holds in marks.items() if holds), *bounds(each), plain(each)]
        yield f"| `{field}` | {kind(each, objects)} | {'; '.join(note for note in notes if note)} |"


def kind(told: dict[str, Any], objects: dict[str, Any]) -> str:
    """Return a type in words; an object of the schema is a link to its fields."""
    name = told.get("$ref", "").rpartition("/")[2]
    one_of = told.get("oneOf") or told.get("allOf")
    if page := PAGE.fullmatch(name):
        words = f"a [page](api.md) of {kind({'$ref': page[1]}, objects)}"
    elif name:
        words = f"[{name}](#{anchor(name)})" if is_section(name, objects) else kind(objects[name], objects)
    elif one_of:
        words = " or ".join(dict.fromkeys(filter(None, (kind(each, objects) for each in one_of))))
    elif "enum" in told:
        words = ", ".join(f"`{value}`" for value in told["enum"] if value not in ("", None))
    elif told.get("type") == "array":
        words = f"list of {kind(told['items'], objects)}"
    elif told.get("format") == "binary":
        words = "a file"
    else:
        words = told.get("type", "any") + (f" ({told['format']})" if "format" in told else "")
    return f"{words} or null" if told.get("nullable") else words


def is_section(name: str, objects: dict[str, Any]) -> bool:
    return "properties" in objects[name] and not PAGE.fullmatch(name)


def anchor(name: str) -> str:
    return f"object-{name.lower()}"


def bounds(told: dict[str, Any]) -> Iterator[str]:
    names = {"minimum": "from", "maximum": "to", "maxLength": "characters up to", "maxItems": "items up to"}
    yield from (f"{words} {told[name]}" for name, words in names.items() if abs(told.get(name, LARGEST)) < LARGEST)


def in_words(content: dict[str, Any]) -> str:
    return " or ".join(FORMATS.get(each, f"`{each}`") for each in content)


def plain(told: dict[str, Any]) -> str:
    """Return the description in one line, without the list of an enumeration's labels."""
    text = re.split(r"^\* `", told.get("description", ""), flags=re.MULTILINE)[0]
    return " ".join(text.split()).replace("|", ", ")

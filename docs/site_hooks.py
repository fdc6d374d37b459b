"""Hooks of MkDocs: the API's reference, made of the site's own OpenAPI schema, and the site's mark."""

import os
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


def reference() -> str:
    """Return every call of the API as Markdown, below the first word of its address."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    lines, group = ["# API reference", "", "Made of the schema that a site serves at `/api/schema/`."], ""
    for path, calls in paths.items():
        name = path.removeprefix("/api/").partition("/")[0]
        if name != group:
            lines += ["", f"## {name}", ""]
            group = name
        for method in METHODS:
            if method in calls:
                lines += call(path, method, calls[method])
    return "\n".join(lines)


def call(path: str, method: str, told: dict[str, Any]) -> Iterator[str]:
    yield from (f"### `{method.upper()} {path}`", "", told.get("description", "").strip(), "")
    parameters = told.get("parameters", [])
    if parameters:
        yield from ("| parameter | in | |", "|---|---|---|")
        for each in parameters:
            yield f"| `{each['name']}` | {each['in']} | {each.get('description', '').replace('|', ', ')} |"
        yield ""

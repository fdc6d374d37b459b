"""What the API's writes take, by the serializers of their bodies."""

import re
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator

ANSWERS = "POST /api/classifications/"
"""The one write that takes an object or a list of them."""


@cache
def written() -> dict[str, list[type]]:
    """Return the serializers of each write's body, one a content type, by its method and path.

    Label Studio's are left out: it sends what it likes.
    """
    generator = SchemaGenerator()
    generator.parse(None, True)
    found = {}
    for path, _, method, view in generator._get_paths_and_endpoints():
        if method in ("POST", "PUT", "PATCH") and "/label-studio/" not in path:
            body = view.schema.get_request_serializer()
            bodies = body.values() if isinstance(body, dict) else [] if body is None else [body]
            found[f"{method} {path}"] = [each if isinstance(each, type) else type(each) for each in bodies]
    return found


def fields_taken(method: str, address: str) -> set[str]:
    """Return the names of the fields that a write takes."""
    return {name for kind in _bodies(method.upper(), address) for name in kind().fields}


def _bodies(method: str, address: str) -> list[Any]:
    for label in sorted(written(), key=lambda each: each.count("{")):
        verb, _, path = label.partition(" ")
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        if verb == method and re.fullmatch(pattern, address) and label != ANSWERS:
            return written()[label]
    return []

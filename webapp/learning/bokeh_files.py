"""Bokeh's scripts among the static files, straight from its package: no CDN, and no copy in the repository."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

PREFIX = "bokeh"
NAMES = ("bokeh.min.js", "bokeh-api.min.js")


def _folder() -> Path:
    """Find the scripts without importing Bokeh, which takes a second."""
    package = find_spec("bokeh")
    if package is None or package.origin is None:
        raise RuntimeError("Bokeh is not installed. Install the packages that pyproject.toml names, and start again.")
    return Path(package.origin).parent / "server" / "static" / "js"


class BokehFinder(BaseFinder):
    """Find the scripts that the curves need, and none of Bokeh's many others."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=_folder())
        self.storage.prefix = PREFIX  # type: ignore[attr-defined]

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.removeprefix(f"{PREFIX}/")
        if name == path or name not in NAMES:
            return []
        return [self.storage.path(name)] if find_all else self.storage.path(name)

    def list(self, ignore_patterns: Any) -> Iterator[Any]:
        for name in NAMES:
            if not matches_patterns(name, ignore_patterns or []):
                yield name, self.storage

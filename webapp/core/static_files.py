"""Static files: hashed file names, Bokeh's scripts from its package, and collectstatic only if a file has changed."""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder, get_finders
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = sorted({path.parent.name for path in (settings.ROOT / "static").glob("*/*.js")})
IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashes imports inside our ES modules too, so that pages never mix new modules with cached old ones.

    Only ours: Django's search for imports fails on third-party minified scripts.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((f"{room}/*.js", IMPORTS) for room in OURS),
    )


PREFIX = "bokeh"
NAMES = ("bokeh.min.js", "bokeh-api.min.js")


def _folder() -> Path:
    """Find the scripts without importing Bokeh, which takes a second."""
    package = find_spec("bokeh")
    if package is None or package.origin is None:
        raise RuntimeError("Bokeh is not installed. Install the packages that pyproject.toml names, and start again.")
    return Path(package.origin).parent / "server" / "static" / "js"


class BokehFinder(BaseFinder):
    """Finds the scripts that the plots need, and none of Bokeh's many others."""

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


STAMP = ".collected"


def collect_static_files() -> None:
    """Update STATIC_ROOT."""
    stamp, fingerprint = Path(settings.STATIC_ROOT) / STAMP, _fingerprint()
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(fingerprint)


def _fingerprint() -> str:
    """Return a digest of names, sizes and times of all sources and settings."""
    digest = hashlib.blake2b(f"{django.VERSION} {settings.STORAGES['staticfiles']}".encode(), digest_size=16)
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()

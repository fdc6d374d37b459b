"""App configuration, with a system check of the setting PIXELS."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from fsspec import get_filesystem_class


class ArchiveConfig(AppConfig):
    name = "webapp.archive"
    label = "archive"

    def ready(self) -> None:
        register(pixels, "pixels")


def pixels(**options: Any) -> list[CheckMessage]:
    """Name a missing library at start-up, before the first picture is read."""
    scheme, separator, _ = str(settings.PIXELS).partition("://")
    if not separator:
        return []
    try:
        get_filesystem_class(scheme)
    except ImportError as error:
        hint = "For s3:// install the extra s3: uv pip install -c constraints.txt -r pyproject.toml --extra s3"
        return [
            Error(f"PIXELS begins with {scheme}://, and what reads it is missing: {error}", hint=hint, id="pixels.E1")
        ]
    except ValueError:
        return [Error(f"PIXELS begins with {scheme}://, which fsspec does not know.", id="pixels.E002")]
    return []

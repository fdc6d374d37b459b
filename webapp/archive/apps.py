from django.apps import AppConfig
from django.core.checks import register

from webapp.archive.checks import pixels


class ArchiveConfig(AppConfig):
    name = "webapp.archive"
    label = "archive"

    def ready(self) -> None:
        register(pixels, "pixels")

"""App configuration: when all models are there, objects are searched for garbage again, those so far left out."""

import gc

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "webapp.core"
    label = "core"

    def ready(self) -> None:
        gc.freeze()
        gc.enable()

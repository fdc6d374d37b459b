from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.management import BaseCommand, CommandError

from webapp.console.terminal import the_workflow
from webapp.learning.import_model import MANIFEST, WEIGHTS, import_model
from webapp.learning.triggers import AlreadyTraining


class Command(BaseCommand):
    help = (
        "Import a model that was trained elsewhere. A worker evaluates it; it becomes champion if it passes the gate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="a checkpoint, as python -m ml train writes it")
        parser.add_argument("--workflow", required=True, help="short name of the workflow whose subjects it scores")

    def handle(self, *args: Any, folder: Path, workflow: str, **options: Any) -> None:
        into = the_workflow(workflow)
        try:
            with (folder / MANIFEST).open("rb") as manifest, (folder / WEIGHTS).open("rb") as weights:
                run = import_model(workflow=into, manifest=File(manifest), weights=File(weights), by=None)
        except OSError as error:
            raise CommandError(f"{folder} is not a checkpoint: {error}. Nothing was imported.") from error
        except ValidationError as error:
            raise CommandError(f"{' '.join(error.messages)} Nothing was imported.") from error
        except AlreadyTraining as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Training run {run.pk} evaluates the model. Its page: {run.get_absolute_url()}")

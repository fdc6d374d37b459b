import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from ml.io.whole_file import whole_file
from webapp.console.terminal import the_workflow
from webapp.exports.formats import EXPORTS


class Command(BaseCommand):
    help = "Export a workflow to a file, in the format of Panoptes or Label Studio, or as plain tables."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workflow", help="short name of the workflow")
        parser.add_argument("what", choices=list(EXPORTS))
        parser.add_argument("--out", type=Path, help="output file (default: WORKFLOW-WHAT here; - for standard output)")
        parser.add_argument(
            "--address", default="http://localhost:8000", help="the site's address, for links to pictures"
        )

    def handle(self, *args: Any, workflow: str, what: str, out: Path | None, address: str, **options: Any) -> None:
        row = the_workflow(workflow)
        export = EXPORTS[what]
        parts = export.parts(row, address.rstrip("/"))
        if out == Path("-"):
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        path = out or Path(export.filename(row))
        try:
            with whole_file(path) as partial, partial.open("wb") as file:
                size = sum(file.write(part) for part in parts)
        except OSError as error:
            raise CommandError(
                f"{path} could not be written: {error.strerror}. The partial file was deleted."
            ) from error
        self.stdout.write(f"{path}: {size / 2**20:,.1f} MB")

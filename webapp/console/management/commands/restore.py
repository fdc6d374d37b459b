from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from webapp.console import backups


class Command(BaseCommand):
    help = "Restore the database from a file written by `backup`. Stop the site first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"{file} is no file.")
        backups.read(file)
        self.stdout.write(f"Restored the database from {file}.")

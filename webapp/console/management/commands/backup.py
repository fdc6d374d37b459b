from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand

from webapp.console import backups


class Command(BaseCommand):
    help = "Back up the database into a file, while the site runs. Also copy the other files in the data folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        backups.write(file)
        self.stdout.write(f"Backed up the database to {file} ({file.stat().st_size / 1e6:,.1f} MB).")

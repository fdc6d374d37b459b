from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from webapp.console.backup import pixel_objects, snapshots
from webapp.console.backup.repository import Damaged, told_of_storage


class Command(BaseCommand):
    help = "Restore the whole site from a backup, the newest by default. Stop the site first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="a folder, or a bucket such as s3://bucket/backups")
        parser.add_argument("--name", help="another backup than the newest")

    def handle(self, *args: Any, address: str, name: str | None, **options: Any) -> None:
        try:
            with told_of_storage():
                manifest = snapshots.restore(address, name)
        except Damaged as damage:
            raise CommandError(f"{damage} Nothing was changed.") from damage
        rows = sum(manifest.rows.values())
        self.stdout.write(
            f"Restored {manifest.name}: {rows:,} rows and {len(manifest.contents) - 1:,} files. Run `make up`."
        )
        if uncopied := manifest.uncopied:
            self.stdout.write(str(pixel_objects.compare(uncopied)))

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from webapp.console.backup import pixel_objects, snapshots
from webapp.console.backup.repository import Damaged, told_of_storage


class Command(BaseCommand):
    help = "Back up the whole site while it runs, or verify a backup. Only what is new is copied."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="a folder, or a bucket such as s3://bucket/backups")
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--verify", action="store_true", help="only read the newest backup and compare all hashes")
        either.add_argument("--keep", type=_number, metavar="N", help="afterwards remove all backups but the newest N")
        parser.add_argument(
            "--without-pixels", action="store_true", help="record pixels in a bucket, which has versions or a replica"
        )
        parser.add_argument("--name", help="with --verify: another backup than the newest")

    def handle(
        self, *args: Any, address: str, verify: bool, keep: int | None, name: str | None, **options: Any
    ) -> None:
        with_pixels = not options["without_pixels"]
        try:
            with told_of_storage():
                self.stdout.write(_verified(address, name) if verify else self._taken(address, with_pixels=with_pixels))
                if keep:
                    self.stdout.write(_pruned(address, keep))
        except Damaged as damage:
            raise CommandError(str(damage)) from damage

    def _taken(self, address: str, *, with_pixels: bool) -> str:
        taken = snapshots.take_snapshot(address, self.stdout.write, with_pixels=with_pixels)
        for path in taken.vanished:
            self.stdout.write(f"Deleted while the backup ran: {path}")
        manifest = taken.manifest
        if objects := manifest.objects:
            size = sum(each.size for each in objects)
            how = "and not copied: the bucket's own versioning or replication must keep them"
            self.stdout.write(
                f"Pixels in {settings.PIXELS}: {len(objects):,} objects, {size / 1e6:,.1f} MB, are recorded"
                f" {'and copied' if with_pixels else how}."
            )
        return (
            f"Backup {manifest.name}: {len(manifest.files):,} files, {manifest.size / 1e6:,.1f} MB;"
            f" {_copied(taken.added)}."
        )


def _copied(number: int) -> str:
    """Say how many files were new; the database is one, and always new."""
    return f"the database and {number:,} file{'' if number == 1 else 's'} were copied"


def _number(text: str) -> int:
    """Return a number of backups; argparse says what is wrong with another."""
    if (number := int(text)) < 1:
        raise ArgumentTypeError("at least one backup must be kept")
    return number


def _pruned(address: str, keep: int) -> str:
    removed = snapshots.prune(address, keep)
    return (
        f"Removed {removed.backups:,} older backups, and {removed.contents:,} contents that no other needs:"
        f" {removed.size / 1e6:,.1f} MB."
    )


def _verified(address: str, name: str | None) -> str:
    manifest = snapshots.verify(address, name)
    words = [f"Backup {manifest.name} is whole: {len(manifest.contents):,} files have their hashes."]
    if uncopied := manifest.uncopied:
        compared = pixel_objects.compare(uncopied)
        words.append(str(compared))
        if compared.missing:
            raise CommandError(" ".join(words))
    return " ".join(words)

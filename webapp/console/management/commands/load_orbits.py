from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from webapp.known_objects.load_orbits import IncompleteOrbits, load_orbits


class Command(BaseCommand):
    help = "Load a new version of the orbits of known objects: MPCORB.DAT, plain or gzipped, and CometEls.txt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("asteroids", type=Path, nargs="?", help="MPCORB.DAT or MPCORB.DAT.gz")
        parser.add_argument("--comets", type=Path, help="CometEls.txt")
        parser.add_argument(
            "--accept-incomplete",
            action="store_true",
            help="load files that are truncated, or have fewer than half as many orbits as are in use, all the same",
        )

    def handle(
        self, *args: Any, asteroids: Path | None, comets: Path | None, accept_incomplete: bool, **options: Any
    ) -> None:
        try:
            catalogue = load_orbits(asteroids, comets, accepts_incomplete=accept_incomplete)
        except IncompleteOrbits as error:
            raise CommandError(
                f"{error} Nothing was loaded; the previous version stays in use. Fetch the file again, or load what"
                " there is with --accept-incomplete."
            ) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        if catalogue.warning:
            self.stderr.write(catalogue.warning)
        lines = f"; lines that are no orbits: {catalogue.bad_lines}" if catalogue.bad_lines else ""
        self.stdout.write(f"{catalogue.orbits} orbits, epoch MJD {catalogue.epoch:.1f}{lines}.")

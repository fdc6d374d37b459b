from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from webapp.archive.models import Survey
from webapp.learning.model_roles import ROLE_OF_KIND
from webapp.learning.models import TestSet
from webapp.learning.test_sets import NothingNew, TooLittleGold, freeze


class Command(BaseCommand):
    help = "Freeze today's gold as a survey's new test set, replacing the current one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("survey", help="short name of the survey")
        parser.add_argument("--kind", required=True, choices=[str(kind) for kind in ROLE_OF_KIND])

    def handle(self, *args: Any, survey: str, kind: str, **options: Any) -> None:
        row = Survey.objects.filter(slug=survey).first()
        if row is None:
            raise CommandError(f"There is no survey “{survey}”.")
        try:
            frozen = freeze(survey=row, kind=kind)
        except (NothingNew, TooLittleGold) as error:
            has_one = TestSet.objects.filter(survey=row, kind=kind).exists()
            raise CommandError(f"{error}{' The existing test set stays in use.' if has_one else ''}") from error
        nights = f", {len(frozen.nights)} whole nights among them" if frozen.nights else ""
        self.stdout.write(f"{frozen.size} gold {kind}s{nights} are now the test set of {row}.")

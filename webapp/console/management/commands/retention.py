from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.template.defaultfilters import filesizeformat

from webapp.archive.models import Survey
from webapp.console.terminal import claimed
from webapp.core.jobs import Cancelled, LeaseLost
from webapp.retention.drop_pixels import drop_pixels
from webapp.retention.models import RetentionRun
from webapp.retention.start_run import RetentionRefused, new_run


class Command(BaseCommand):
    help = "Drop the pixels of bogus subjects that a survey's rule no longer keeps. Rows stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("survey", help="short name of the survey")
        parser.add_argument("--dry-run", action="store_true", help="count subjects and bytes, without dropping them")

    def handle(self, *args: Any, survey: str, dry_run: bool, **options: Any) -> None:
        row = Survey.objects.filter(slug=survey).first()
        if row is None:
            raise CommandError(f"There is no survey “{survey}”. Nothing was dropped.")
        run = _claim(row, dry_run=dry_run)
        try:
            drop_pixels(run)
        except Cancelled:
            run.end_cancelled()
        except LeaseLost as lost:
            raise CommandError("This process was silent for so long that a worker took over.") from lost
        run.refresh_from_db()
        freed = filesizeformat(run.bytes_freed)
        doing = "would be dropped, which frees about" if dry_run else "dropped, which freed"
        self.stdout.write(f"Pixels of {run.done:,} subjects {doing} {freed}.")


@transaction.atomic
def _claim(survey: Survey, *, dry_run: bool) -> RetentionRun:
    try:
        return claimed(new_run(survey=survey, by=None, dry_run=dry_run))
    except RetentionRefused as refused:
        raise CommandError(str(refused)) from refused

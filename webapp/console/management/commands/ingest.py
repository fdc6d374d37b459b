from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console

from webapp.archive.ingest.create_run import IngestRefused, new_run
from webapp.archive.ingest.pipeline import ingest
from webapp.archive.models import IngestRun, Kind, Survey
from webapp.console.terminal import claimed, summarise_ingest, working_on
from webapp.core.jobs import JobState
from webapp.queue.membership import refill


class Command(BaseCommand):
    help = "Ingest a manifest, alert packets, images, or a folder of them. Running it again adds only new subjects."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "path", help="manifest.csv, a folder, a single file, or the address of a HATS catalogue (s3://…)"
        )
        parser.add_argument("--survey", required=True, help="short name of the survey")
        parser.add_argument(
            "--kind", default="", choices=["", *Kind.values], help="kind of subjects without one in the manifest"
        )
        parser.add_argument("--root", default="", help="address of the remote archive that has the manifest's files")
        parser.add_argument("--set", default="", dest="subject_set", help="the subject set to add them to")
        parser.add_argument("--create", action="store_true", help="create the survey if it does not exist")
        parser.add_argument("--dry-run", action="store_true", help="report what would happen, without writing")

    def handle(self, *args: Any, survey: str, create: bool, dry_run: bool, **options: Any) -> None:
        wanted = {name: options[name] for name in ("path", "root", "kind", "subject_set")}
        console = Console()
        if dry_run:
            with transaction.atomic():
                run = worked(console, claim_ingest(survey, create=create, dry_run=True, **wanted))
                transaction.set_rollback(True)
            check_done(run)
        else:
            with removed_if_empty(survey):
                check_done(worked(console, claim_ingest(survey, create=create, dry_run=False, **wanted)))


@contextmanager
def removed_if_empty(slug: str) -> Iterator[None]:
    """Delete the survey again if it is created in this context, which fails and leaves it without a subject."""
    is_new = not Survey.objects.filter(slug=slug).exists()
    try:
        yield
    except CommandError as error:
        empty = Survey.objects.filter(slug=slug, subjects=None, workflows=None)
        if is_new and empty.delete()[0]:
            raise CommandError(
                f"{error} Nor was the survey “{slug}” created. Mend the files; or create the survey on the site, with"
                " the classes that they need, and run this again."
            ) from error
        raise


def check_done(run: IngestRun) -> None:
    """Raise CommandError if the run has failed or was cancelled."""
    if run.state != JobState.DONE:
        raise CommandError(run.error or "The ingest was cancelled. Ingested subjects stay.")


def worked(console: Console, run: IngestRun) -> IngestRun:
    """Ingest with a progress bar, and print a summary."""
    doing = "Checking" if run.dry_run else "Ingesting"
    with working_on(console, run, called="ingest", things="subjects", doing=doing) as watch:
        ingest(run, stored=refill, watch=watch)
    summarise_ingest(console, run)
    return run


@transaction.atomic
def claim_ingest(slug: str, *, create: bool, **wanted: Any) -> IngestRun:
    try:
        run = new_run(survey=the_survey(slug, create=create), by=None, **wanted)
    except IngestRefused as refused:
        raise CommandError(str(refused)) from refused
    return claimed(run)


def the_survey(slug: str, *, create: bool) -> Survey:
    row = Survey.objects.filter(slug=slug).first()
    if row is not None:
        return row
    if not create:
        others = ", ".join(Survey.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no survey “{slug}” (existing: {others}). Add --create to create it.")
    made = Survey(slug=slug, name=slug)
    try:
        made.full_clean()
    except ValidationError as error:
        raise CommandError(f"“{slug}” cannot name a survey: {' '.join(error.messages)}") from error
    made.save()
    return made

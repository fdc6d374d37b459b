from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console

from ml.crowd.answer import Answer
from webapp.console.terminal import claimed, show_inspection, summarise_import, the_workflow, working_on
from webapp.core.jobs import JobState
from webapp.imports.foreign_record import BadFile
from webapp.imports.inspect import Inspection, guess_answers, inspect_file
from webapp.imports.mapping import Choices, WrongChoice
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import bring_in, new_import
from webapp.workflows.models import Workflow

PARTS = ("source", "match", "task", "follow_up_task", "lines_task")


class Command(BaseCommand):
    help = "Import classifications from Zooniverse or Label Studio. Running it again adds only new ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a Panoptes classification export, a list of votes, or JSON")
        parser.add_argument("--workflow", required=True, help="short name of the workflow that receives the answers")
        parser.add_argument(
            "--inspect", action="store_true", help="preview the file and its mapping, without importing"
        )
        parser.add_argument("--source", help="origin (default: zooniverse.org, label-studio, or a plain list's name)")
        parser.add_argument("--match", help="how to match subjects: subject, or metadata:KEY")
        parser.add_argument("--task", help="the task, or the column, whose labels are the answers")
        parser.add_argument(
            "--answer", action="append", default=[], metavar="LABEL=ANSWER",
            help=f"what a label means: {', '.join(Answer)}, or nothing to leave it out; as often as needed",
        )  # fmt: skip
        parser.add_argument("--follow-up-task", help="the task that follow-ups are taken from")
        parser.add_argument("--lines-task", help="the task that lines are taken from")

    def handle(self, *args: Any, file: Path, workflow: str, **options: Any) -> None:
        into = the_workflow(workflow)
        console = Console()
        try:
            inspected = inspect_file(file, into)
            choices = _choices(inspected, into, options)
        except (BadFile, WrongChoice) as error:
            raise CommandError(f"{error} Nothing was imported.") from error
        show_inspection(console, inspected, choices)
        if options["inspect"]:
            return
        job = claim_import(into, file, choices)
        with working_on(console, job, called="import", things="answers", doing="Importing") as watch:
            bring_in(job, watch)
        summarise_import(console, job)
        if job.state != JobState.DONE:
            raise CommandError(job.error or "The import was cancelled. Imported classifications stay.")


def _choices(inspected: Inspection, workflow: Workflow, options: dict[str, Any]) -> Choices:
    """Take the given options, and guess the rest as the page does."""
    guessed = inspected.guess(workflow)
    parts = {name: options[name] if options[name] is not None else getattr(guessed, name) for name in PARTS}
    answers = guess_answers(inspected.labels.get(parts["task"], {}), workflow)
    for text in options["answer"]:
        label, equals, answer = text.rpartition("=")
        if not equals:
            raise WrongChoice(f"--answer takes LABEL=ANSWER, not “{text}”.")
        answers[label] = answer
    return Choices(**parts, answers=answers)


@transaction.atomic
def claim_import(workflow: Workflow, file: Path, choices: Choices) -> ClassificationImport:
    return claimed(new_import(workflow=workflow, path=file, by=None, choices=choices))

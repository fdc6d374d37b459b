from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import transaction

from webapp.console.terminal import claimed, the_workflow
from webapp.synthetics.inject_movers import CannotInject, inject_movers, start_injection
from webapp.synthetics.models import Injection, Shape
from webapp.synthetics.mover import mover_classes
from webapp.workflows.models import Workflow


class Command(BaseCommand):
    help = "Inject training movers into a survey's real pixels. The same seed adds only missing ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workflow", help="short name of the workflow to add training subjects to")
        parser.add_argument("--number", type=int, default=50)
        parser.add_argument("--snr", type=float, nargs=2, default=[5.0, 20.0], metavar=("FROM", "TO"))
        parser.add_argument("--fwhm", type=float, default=2.4, help="width of a star, in pixels")
        parser.add_argument("--shape", choices=Shape.values, default=Shape.BY_MOTION.value)
        parser.add_argument("--label", default="", help="their class (default: the survey's first real one)")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, workflow: str, snr: list[float], label: str, **options: Any) -> None:
        row = the_workflow(workflow)
        parameters = {name: options[name] for name in ("number", "fwhm", "shape", "seed")}
        job = claim_injection(
            row, label=label or mover_classes(row.survey)[0], snr_min=snr[0], snr_max=snr[1], **parameters
        )
        inject_movers(job)
        self.stdout.write(job.message)


@transaction.atomic
def claim_injection(workflow: Workflow, **parameters: Any) -> Injection:
    try:
        job = start_injection(workflow=workflow, by=None, **parameters)
    except CannotInject as error:
        raise CommandError(str(error)) from error
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return claimed(job)

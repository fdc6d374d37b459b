"""Real orbits, and a comparison as its worker makes it."""

import uuid
from pathlib import Path

from django.urls import reverse

from tasks.jobs import match_known
from tests.integration.learning import sky
from webapp.classifications.models import Classification, Mark
from webapp.consensus.models import Consensus
from webapp.known_objects.models import OrbitCatalogue
from webapp.known_objects.start_match import start_match, unchecked
from webapp.volunteers.models import Volunteer

ORBITS = Path(__file__).parents[2] / "unit" / "sky" / "orbits"
UTC = 61030.0 - 69.184 / 86400  # 30 days after the epoch of the orbits


def settle(survey, posterior=0.99):
    workflow = sky.workflow(survey)
    for row in survey.subjects.all():
        Consensus.objects.create(
            workflow=workflow, subject=row, posterior=posterior, method="majority", is_retired=True,
            retired_reason="consensus", votes_yes=5,
        )  # fmt: skip


def run(survey):
    job = start_match(survey, by=None)
    match_known(job.pk)
    job.refresh_from_db()
    return job


def listed_as_csv(client, show):
    return b"".join(client.get(reverse("known-objects-csv", args=["night", show])).streaming_content).decode()


def draw(workflow, subject, middle, half=(30.0, 5.0), frame=0):
    """Let a new volunteer draw a line about a pixel; return the answer."""
    answer = Classification.objects.create(
        id=uuid.uuid4(), volunteer=Volunteer.objects.create(), workflow=workflow, subject=subject, answer="yes"
    )
    (x, y), (dx, dy) = middle, half
    Mark.objects.create(classification=answer, position=0, frame=frame, x1=x - dx, y1=y - dy, x2=x + dx, y2=y + dy)
    return answer


def waits(survey):
    return unchecked(survey, OrbitCatalogue.objects.get()).exists()

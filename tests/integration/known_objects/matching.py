"""Real orbits, and a comparison as its worker makes it."""

from pathlib import Path

from django.urls import reverse

from tasks.jobs import match_known
from tests.integration.learning import sky
from webapp.consensus.models import Consensus
from webapp.known_objects.start_match import start_match

ORBITS = Path(__file__).parents[2] / "unit" / "sky" / "orbits"
UTC = 61030.0 - 69.184 / 86400  # 30 days after the epoch of the orbits


def settle(survey, posterior=0.99):
    workflow = sky.workflow(survey)
    for row in survey.subjects.all():
        Consensus.objects.create(
            workflow=workflow, subject=row, posterior=posterior, method="majority", is_retired=True, votes_yes=5
        )


def run(survey):
    job = start_match(survey, by=None)
    match_known(job.pk)
    job.refresh_from_db()
    return job


def listed_as_csv(client, show):
    return b"".join(client.get(reverse("known-objects-csv", args=["night", show])).streaming_content).decode()

"""The reanalysis page: nightly versions, and disagreements of the last one with the live consensus."""

import pytest
from django.urls import reverse

from tests.integration.learning import sky
from tests.integration.people import HTMX
from webapp.consensus.batch_aggregation import aggregate
from webapp.consensus.models import Aggregation

pytestmark = pytest.mark.django_db


def address(workflow, name="reanalysis"):
    return reverse(name, args=[workflow.survey.slug, workflow.slug])


def run():
    job = Aggregation.objects.claim(Aggregation.objects.get(state="queued").pk)
    aggregate(job)
    return Aggregation.objects.get(pk=job.pk)


def test_at_first_the_page_says_what_will_appear(workflow, scientist, client):
    page = client.get(address(workflow)).content.decode()
    assert "No reanalysis yet" in page
    assert "Run reanalysis" in page


def test_a_reanalysis_that_waits_for_busy_workers_says_so(workflow, survey, scientist, client):
    client.post(address(sky.workflow(survey, slug="other"), "reanalysis-start"))
    other = Aggregation.objects.claim(Aggregation.objects.get().pk)
    client.post(address(workflow, "reanalysis-start"))
    page = client.get(address(workflow)).content.decode()
    assert "workers are busy with other jobs" in page
    assert "no worker is running" not in page
    other.finish()
    assert "no worker is running" in client.get(address(workflow)).content.decode()


def test_a_scientist_starts_a_reanalysis_and_reads_it(workflow, subjects, vote, scientist, client):
    for place, subject in enumerate(subjects):
        vote(subject, "yes", "yes", "no" if place % 2 else "yes")
    assert client.post(address(workflow, "reanalysis-start")).status_code == 302
    assert "If this lasts longer than a minute, no worker is running" in client.get(address(workflow)).content.decode()
    job = run()
    job.posteriors.filter(subject=subjects[0]).update(posterior=0.1, live=0.9)
    page = client.get(address(workflow)).content.decode()
    assert f">{subjects[0].external_id}<" in page
    assert f">{subjects[1].external_id}<" not in page
    lines = b"".join(client.get(address(workflow, "reanalysis-csv")).streaming_content).decode().splitlines()
    assert lines == ["external_id,version,dawid_skene,live", f"{subjects[0].external_id},1,0.1,0.9"]


def test_the_part_that_renews_itself_reloads_the_page_when_the_worker_has_ended(
    workflow, subjects, vote, scientist, client
):
    vote(subjects[0], "yes")
    client.post(address(workflow, "reanalysis-start"))
    assert "HX-Refresh" not in client.get(address(workflow, "reanalysis-versions"), headers=HTMX)
    run()
    assert client.get(address(workflow, "reanalysis-versions"), headers=HTMX)["HX-Refresh"] == "true"


def test_a_stranger_starts_nothing(workflow, client, django_user_model):
    client.force_login(django_user_model.objects.create_user("stranger"))
    for name in ("reanalysis", "reanalysis-versions", "reanalysis-csv"):
        assert client.get(address(workflow, name)).status_code == 403
    assert client.post(address(workflow, "reanalysis-start")).status_code == 403
    assert not Aggregation.objects.exists()

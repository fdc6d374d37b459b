"""A scientist's filters by set and ingest, and ranges that nothing could match."""

import pytest

from tests.integration.learning import sky
from tests.integration.pages.test_archive_search import PAGE, ann, found, survey
from webapp.archive.models import SubjectSet

pytestmark = pytest.mark.django_db

__all__ = ["ann", "survey"]


def test_subjects_of_a_set_ingested_since_a_time_are_found(survey, ann, client):
    rows = sky.subjects(survey, [True] * 3)
    new = SubjectSet.objects.create(survey=survey, name="tonight & more")
    new.subjects.set(rows[1:])
    type(rows[1]).objects.filter(pk=rows[1].pk).update(created_at="2026-01-01T00:00:00Z")
    assert found(client, set="tonight & more") == [row.external_id for row in rows[1:]]
    assert found(client, set="tonight & more", created_since="2026-01-02T00:00:00") == [rows[2].external_id]
    assert "2026-01-02T00:00:00" in client.get(PAGE, {"created_since": "2026-01-02T00:00:00"}).content.decode()


def test_set_names_are_for_scientists(survey, client):
    rows = sky.subjects(survey, [True] * 2)
    SubjectSet.objects.create(survey=survey, name="movers").subjects.set(rows[:1])
    page = client.get(PAGE, {"set": "movers"})
    assert len(page.context["subjects"]) == 2
    assert "Subject set" not in page.content.decode()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"rate_min": 100, "rate_max": 50}, "“From” is larger than “to”."),
        ({"mag_min": 20, "mag_max": 19}, '<a href="#id_mag_max">Magnitude</a>'),
        ({"p_real_min": 2}, "less than or equal to 1"),
        ({"posterior_max": -1}, "greater than or equal to 0"),
    ],
)
def test_a_range_that_nothing_could_match_is_said(survey, ann, client, asked, says):
    page = client.get(PAGE, asked).content.decode()
    assert says in page
    assert "nothing was searched" in page


def test_the_api_refuses_an_empty_range_too(survey, ann, client):
    for asked in ({"min_rate": 100, "max_rate": 50}, {"min_mag": 20, "max_mag": 19}, {"min_mjd": 2, "max_mjd": 1}):
        reply = client.get("/api/subjects/", {"survey": "night", **asked})
        assert reply.status_code == 400
        assert "is larger than" in str(reply.json())

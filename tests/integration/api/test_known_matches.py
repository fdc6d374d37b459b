"""Matches with known objects through the API: for scientists of the survey, by subject, name and separation."""

import pytest
from rest_framework.test import APIClient

from tests.integration.api.test_lists import client_for
from tests.integration.world import make_workflow, subjects_of
from webapp.archive.models import Role, Survey
from webapp.known_objects.models import KnownMatch

pytestmark = pytest.mark.django_db
ADDRESS = "/api/known-matches/"


@pytest.fixture
def workflow():
    workflow = make_workflow(subjects=2)
    for subject, designation, separation in zip(subjects_of(workflow), ("433", "3200"), (1.5, 12.0), strict=True):
        KnownMatch.objects.create(
            subject=subject, designation=designation, detections=3, separation=separation, along=3.0, across=4.0,
            sigma_along=1.0, sigma_across=1.0, orbit_days=30, rate=20.0, position_angle=90.0,
        )  # fmt: skip
    return workflow


def designations(client, **asked):
    return [row["designation"] for row in client.get(ADDRESS, asked).json()["results"]]


def test_a_scientist_reads_them_with_residuals_and_the_age_of_the_orbit(workflow):
    scientist = client_for(workflow.survey, Role.SCIENTIST, "sue")
    row = scientist.get(ADDRESS, {"designation": "433"}).json()["results"][0]
    subject = subjects_of(workflow)[0]
    assert (row["subject"], row["external_id"], row["survey"]) == (subject.pk, subject.external_id, "atlas")
    assert (row["along"], row["across"], row["sigmas"], row["orbit_days"]) == (3.0, 4.0, 5.0, 30.0)
    assert scientist.get(f"{ADDRESS}{row['id']}/").json() == row


def test_they_are_found_by_subject_name_and_separation(workflow):
    scientist = client_for(workflow.survey, Role.SCIENTIST, "sue")
    assert designations(scientist, subject=subjects_of(workflow)[1].pk) == ["3200"]
    assert designations(scientist, max_separation=5) == ["433"]
    assert sorted(designations(scientist, survey="atlas")) == ["3200", "433"]
    assert designations(scientist, designation="32") == []
    assert scientist.get(ADDRESS, {"radius": 5}).status_code == 400


def test_they_are_ordered_by_separation_and_by_sigmas(workflow):
    scientist = client_for(workflow.survey, Role.SCIENTIST, "sue")
    KnownMatch.objects.filter(designation="433").update(sigma_along=0.5)  # 7.2 σ and 5 σ
    other = {"detections": 3, "along": 3.0, "across": 4.0, "rate": 20.0, "position_angle": 90.0}
    for designation, separation, sigmas in (("1", 3.0, (None, 1.0)), ("2", 30.0, (0.0, 1.0)), ("4", 8.0, (3.0, 4.0))):
        errors = dict(zip(("sigma_along", "sigma_across"), sigmas, strict=True))
        subject = subjects_of(workflow)[0]
        KnownMatch.objects.create(subject=subject, designation=designation, separation=separation, **errors, **other)
    assert designations(scientist, ordering="separation") == ["433", "1", "4", "3200", "2"]
    assert designations(scientist, ordering="-separation", max_separation=10) == ["4", "1", "433"]
    assert designations(scientist, ordering="sigmas") == ["4", "3200", "433"], "without those of unknown error"
    assert designations(scientist, ordering="-sigmas") == ["433", "3200", "4"]
    first = scientist.get(ADDRESS, {"ordering": "sigmas", "page_size": 1}).json()
    second = scientist.get(first["next"]).json()["results"][0]
    assert (second["designation"], second["sigmas"]) == ("3200", 5.0)
    assert scientist.get(ADDRESS, {"ordering": "rate"}).status_code == 400


def test_nobody_else_may_read_them(workflow):
    match, other = KnownMatch.objects.first(), Survey.objects.create(slug="other", name="Other")
    for client, status in (
        (APIClient(), 401),
        (client_for(workflow.survey, Role.MODERATOR, "mo"), 403),
        (client_for(other, Role.SCIENTIST, "else"), 403),
    ):
        assert client.get(f"{ADDRESS}{match.pk}/").status_code == status
    assert designations(client_for(other, Role.SCIENTIST, "third")) == []
    assert KnownMatch.objects.count() == 2

"""What the pages say of known objects, and when a comparison starts."""

import csv
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from tasks.housekeeping import hourly_match
from tasks.jobs import match_known
from tests.integration.known_objects.matching import listed_as_csv, run, settle
from tests.integration.people import account, browser, member
from webapp.archive.models import Survey
from webapp.archive.survey_settings import change_survey
from webapp.core.jobs import JobState
from webapp.known_objects.models import IdentityCheck, KnownMatch, MatchRun, OrbitCatalogue
from webapp.known_objects.start_match import start_match

pytestmark = pytest.mark.django_db


def test_an_unknown_observatory_is_said_on_the_page(catalogue, survey):
    Survey.objects.update(observatory="XXX")
    survey.refresh_from_db()
    run(survey)
    page = browser(member(survey, "scientist")).get(reverse("known-objects", args=["night"])).content.decode()
    assert "observatory XXX is unknown" in page
    assert not IdentityCheck.objects.exists()


def test_another_observatory_is_compared_again_and_an_impossible_one_is_said(catalogue, survey):
    run(survey)
    nearest = KnownMatch.objects.order_by("subject")
    assert nearest.first().separation < 0.1
    survey = change_survey(survey=survey, observatory="I41")
    assert run(survey).total == 4
    assert nearest.first().separation > 0.5  # Palomar is not the Earth's centre
    assert run(survey).total == 0
    survey = change_survey(survey=survey, observatory="250")
    job = run(survey)
    assert job.state == JobState.FAILED
    assert "250 (Hubble Space Telescope) has no fixed place" in str(job.error)


def test_other_errors_of_positions_are_compared_again_within_the_hour(catalogue, survey):
    run(survey)
    MatchRun.objects.update(created_at=timezone.now() - timedelta(hours=2))
    hourly_match()
    assert MatchRun.objects.count() == 1
    sigma = KnownMatch.objects.first().sigma_across
    change_survey(survey=survey, seeing=8.0, position_floor=2.0)
    hourly_match()
    match_known(MatchRun.objects.first().pk)
    assert KnownMatch.objects.first().sigma_across > sigma


def test_new_subjects_are_compared_every_hour(catalogue, survey):
    hourly_match()
    hourly_match()
    job = MatchRun.objects.get()
    assert job.survey == survey
    match_known(job.pk)
    hourly_match()
    assert MatchRun.objects.count() == 1


def test_a_failed_job_is_not_repeated_every_hour(catalogue, survey):
    Survey.objects.update(observatory="250")
    run(survey)
    MatchRun.objects.update(created_at=timezone.now() - timedelta(hours=2))
    hourly_match()
    assert MatchRun.objects.count() == 1
    MatchRun.objects.update(created_at=timezone.now() - timedelta(hours=23))
    hourly_match()
    assert MatchRun.objects.count() == 2


def test_without_a_catalogue_nothing_starts(survey):
    hourly_match()
    assert start_match(survey, by=None) is None
    assert not MatchRun.objects.exists()


def test_scientists_see_both_lists_and_download_them(catalogue, survey):
    settle(survey)
    run(survey)
    client = browser(member(survey, "scientist"))
    first, _, nowhere, _ = survey.subjects.order_by("pk")
    page = client.get(reverse("known-objects", args=["night"])).content.decode()
    assert f">{nowhere.external_id}<" in page
    assert f">{first.external_id}<" not in page
    assert "9″ off" in page  # no observatory code
    page = client.get(reverse("known-objects", args=["night"]), {"show": "identified"}).content.decode()
    designation = first.known_matches.get().designation
    assert designation in page
    assert f'sbdb_lookup.html#/?sstr={quote(designation)}" rel="noopener noreferrer">JPL SBDB</a>' in page
    lines = list(csv.reader(listed_as_csv(client, "unidentified").splitlines()))
    assert [line[0] for line in lines] == ["subject", nowhere.external_id]
    assert len(list(csv.DictReader(listed_as_csv(client, "identified").splitlines()))) == 2
    assert client.get(reverse("known-objects-csv", args=["night", "other"])).status_code == 404


def test_old_elements_are_marked(catalogue, survey):
    settle(survey)
    run(survey)
    client = browser(member(survey, "scientist"))
    old = '<span class="badge failed">old</span>'

    def page(show):
        return client.get(reverse("known-objects", args=["night"]), {"show": show}).content.decode()

    assert not any("marked old" in page(show) for show in ("unidentified", "identified"))
    assert '<td class="n">30 days before</td>' in page("identified").replace("\n", "")
    IdentityCheck.objects.update(orbit_days=-101)
    KnownMatch.objects.update(orbit_days=-101)
    for show in ("unidentified", "identified"):
        assert f'<td class="n">101 days after {old}' in page(show)
        assert "Elements more than 100 days from a detection are marked old" in page(show)
    OrbitCatalogue.objects.update(epoch=60000.0)
    days = int(OrbitCatalogue.objects.get().days_old)
    assert days > 1000
    assert f"their elements are {days:,} days old today. {old}".replace(",", "") in page("identified").replace(",", "")


def test_a_scientist_starts_a_match_and_others_do_not(catalogue, survey):
    address = reverse("known-objects-match", args=["night"])
    people = [account("stranger"), member(survey, "volunteer"), member(survey, "moderator")]
    for client in [*map(browser, people), browser()]:
        assert client.post(address).status_code == 403
        assert client.get(reverse("known-objects", args=["night"])).status_code in (302, 403)
    assert not MatchRun.objects.exists()
    scientist = member(survey, "scientist")
    assert browser(scientist).post(address).status_code == 302
    assert browser(scientist).post(address).status_code == 302
    assert MatchRun.objects.get().requested_by == scientist

"""Reports through the API: candidates are listed, a report is drafted and checked, and its files are given."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.integration.people import account, member
from tests.integration.reports.reporting import DAY, sign
from webapp.known_objects.models import IdentityCheck
from webapp.reports.drafts import draft_report
from webapp.reports.models import Report
from webapp.review.cases import change_case

pytestmark = pytest.mark.django_db


def test_the_api_drafts_checks_and_gives_files(survey):
    client, keys = APIClient(), list(survey.subjects.order_by("pk").values_list("pk", flat=True))
    body = {"survey": "night", "subjects": keys[:1]}
    for user in (account("stranger"), member(survey, "volunteer"), member(survey, "moderator")):
        client.force_authenticate(user)
        assert client.post("/api/reports/", body, format="json").status_code == 403
    assert not Report.objects.exists()
    client.force_authenticate(survey.memberships.get(role="scientist").user)
    made = client.post("/api/reports/", body, format="json")
    assert (made.status_code, made.data["tracklets"][0]["subject"]) == (201, keys[0])
    assert client.post("/api/reports/", body, format="json").status_code == 400
    address = f"/api/reports/{made.data['id']}/"
    said = client.get(f"{address}dry-run/").data
    assert (said["is_ready"], said["problems"], "|19.13|" in said["psv"]) == (True, [], True)
    assert client.get(f"{address}report.xml/").status_code == 404
    assert [row["id"] for row in client.get("/api/reports/?draft=true").data["results"]] == [made.data["id"]]
    client.force_authenticate(account("other"))
    assert {client.get(f"{address}dry-run/").status_code, client.delete(address).status_code} == {403}
    client.force_authenticate(survey.memberships.get(role="scientist").user)
    report = sign(Report.objects.get())
    assert client.get(f"{address}report.psv/").content.decode() == report.psv
    assert client.get(f"{address}report.xml/").content.decode() == report.xml
    assert {client.get(f"{address}dry-run/").status_code, client.delete(address).status_code} == {409}
    assert Report.objects.exists()


def test_the_api_lists_what_a_report_may_hold(survey):
    keys = list(survey.subjects.order_by("pk").values_list("pk", flat=True))
    survey.subjects.filter(pk=keys[1]).update(fitted_rate=33.3, mag=21.5, gold_changed_at=timezone.now())
    IdentityCheck.objects.filter(subject=keys[2]).update(orbit_days=-822.0)
    change_case(subject=survey.subjects.get(pk=keys[0]), by=survey.memberships.get().user, action="hold")
    draft_report(survey=survey, by=survey.memberships.get().user, subjects=keys[3:])
    client = APIClient()

    def found(**asked):
        reply = client.get("/api/report-candidates/", {"survey": "night"} | asked)
        assert reply.status_code == 200, reply.data
        return [row["subject"] for row in reply.data["results"]]

    for user in (None, account("stranger"), member(survey, "volunteer")):
        client.force_authenticate(user)
        assert client.get("/api/report-candidates/").status_code in (401, 403)
    client.force_authenticate(survey.memberships.get(role="scientist").user)
    page = client.get("/api/report-candidates/", {"total": "true", "page_size": 2}).data
    assert (page["total"], [row["subject"] for row in page["results"]]) == (3, [keys[2], keys[1]])
    row = client.get(page["next"]).data["results"][0]
    assert (row["subject"], row["positions"], row["doubts"], row["has_old_elements"]) == (keys[0], 4, ["held"], False)
    assert found(ordering="mag", min_fitted_rate=30, min_mean_mag=21) == [keys[1]]
    assert (found(old_elements="true"), found(old_elements="false")) == ([keys[2]], [keys[1], keys[0]])
    assert (len(found(min_positions=4)), found(min_positions=5), found(max_mjd=DAY - 1)) == (3, [], [])
    assert found(confirmed_since="2999-01-01") == []
    assert client.get("/api/report-candidates/", {"min_p_real": 1}).status_code == 400

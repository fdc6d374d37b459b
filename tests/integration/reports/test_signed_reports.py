"""A report is signed by name, as it was seen; then it stays as it is, and says what no longer stands."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.people import browser
from tests.integration.reports.reporting import contents, draft, sign
from webapp.archive.models import Subject, SubjectSet
from webapp.archive.models.subject import KNOWN_ORBIT
from webapp.reports.drafts import delete_draft, remove_tracklet
from webapp.reports.models import Report
from webapp.review.models import Ruling
from webapp.review.rulings import withdraw_ruling

pytestmark = pytest.mark.django_db


def test_a_signature_needs_a_name_and_what_was_seen(survey):
    report = draft(survey)
    seen = contents(report).digest
    with pytest.raises(ValidationError, match="Write your name"):
        sign(report, name=" ")
    survey.subjects.order_by("pk").first().frames.update(mag=18.0)
    with pytest.raises(ValidationError, match="has changed since"):
        sign(report, seen=seen)
    assert not Report.objects.exclude(signed_at=None).exists()
    signed = sign(report)
    assert (signed.signed_name, signed.signed_at <= timezone.now()) == ("S. Scientist", True)
    with pytest.raises(ValidationError, match="already"):
        sign(report)


def test_the_database_keeps_a_signed_report_as_it_is(survey):
    report = sign(draft(survey, count=3))
    row = report.tracklets.first()
    spare = survey.subjects.order_by("pk").last()
    statements = [
        f"UPDATE reports_report SET signed_name = 'Another' WHERE id = {report.pk}",
        f"UPDATE reports_reportedtracklet SET trk_sub = 'W0' WHERE id = {row.pk}",
        f"DELETE FROM reports_reportedtracklet WHERE id = {row.pk}",
        f"DELETE FROM reports_report WHERE id = {report.pk}",
        f"INSERT INTO reports_reportedtracklet (report_id, subject_id, trk_sub) VALUES ({report.pk}, {spare.pk}, 'W1')",
    ]
    for statement in statements:
        with pytest.raises(IntegrityError, match="signed report"), transaction.atomic():
            connection.cursor().execute(statement)
    for act in (lambda: remove_tracklet(report=report, tracklet=row.pk), lambda: delete_draft(report=report)):
        with pytest.raises(ValidationError):
            act()
    survey.subjects.first().frames.update(mag=1.0)
    report.refresh_from_db()
    assert (report.tracklets.count(), "19.13" in report.psv) == (3, True)


def test_a_signed_report_says_which_verdict_no_longer_stands(survey):
    report = sign(draft(survey))
    client = browser(survey.memberships.first().user)
    pages = [reverse("reports", args=["night"]), reverse("report", args=["night", report.pk])]
    told = ["a verdict was withdrawn", "tell the Minor Planet Center"]
    first = report.tracklets.first()
    Subject.objects.filter(pk=report.tracklets.last().subject_id).update(gold_source=KNOWN_ORBIT)
    for page, sentence in zip(pages, told, strict=True):
        assert sentence not in client.get(page).content.decode()
    withdraw_ruling(ruling=Ruling.objects.get(subject=first.subject), by=survey.memberships.first().user)
    for page, sentence in zip(pages, told, strict=True):
        assert sentence in client.get(page).content.decode()
    page = client.get(pages[1]).content.decode()
    assert f"No longer confirmed: {first.trk_sub}. A scientist" in page
    assert page.count('<span class="badge failed">no longer confirmed</span>') == 1
    assert client.get(reverse("report-file", args=["night", report.pk, "psv"])).content.decode() == report.psv


@pytest.mark.django_db(transaction=True)
def test_signing_keeps_nobody_from_storing_what_belongs_to_the_survey(survey):
    report = draft(survey)
    other = beside(lambda: SubjectSet.objects.create(survey=survey, name="new"))
    with transaction.atomic():
        sign(report)
        other.start()
        wait_until_somebody_waits(other)
        assert not other.is_alive()

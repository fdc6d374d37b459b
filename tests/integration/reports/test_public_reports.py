"""The project page links signed reports, but none on a subject that its reader may still be asked about."""

import pytest
from django.urls import reverse

from tests.integration.learning import sky
from tests.integration.people import account, browser
from tests.integration.reports.reporting import draft, sign
from webapp.queue.models import QueueEntry
from webapp.reports.models import Report
from webapp.review.rulings import rule, withdraw_ruling

pytestmark = pytest.mark.django_db


def test_the_project_page_links_reports_that_give_no_answer_away(survey):
    workflow, project = survey.workflows.get(), reverse("project", args=["night"])
    rows = list(survey.subjects.order_by("pk"))
    sky.queue(workflow, rows, is_retired=True)
    report = draft(survey)
    file = reverse("report-file", args=["night", report.pk, "psv"])
    readers = [browser(), browser(account("vera"))]
    for reader in readers:
        assert reader.get(file).status_code == 403
        assert file not in reader.get(project).content.decode()
    sign(report)
    for reader in readers:
        assert "4 movers" in reader.get(project).content.decode()
        assert reader.get(file).content.decode() == Report.objects.get().psv
    QueueEntry.objects.filter(subject=rows[0]).update(is_retired=False)
    for reader in readers:
        assert file not in reader.get(project).content.decode()
        assert reader.get(file).status_code == 403


def test_another_verdict_on_a_reported_tracklet_does_not_bring_it_back_for_practice(survey):
    workflow, row = survey.workflows.get(), survey.subjects.first()
    sky.queue(workflow, survey.subjects.all(), is_retired=True)
    QueueEntry.objects.update(is_gold=True)
    sign(draft(survey))
    scientist = survey.memberships.get().user
    ruling = rule(subject=row, workflow=workflow, scientist=scientist, verdict="yes", note="Two nights.")
    assert not QueueEntry.objects.filter(is_gold=True).exists()
    withdraw_ruling(ruling=ruling, by=scientist, is_undo=True)
    assert not QueueEntry.objects.filter(is_gold=True).exists()

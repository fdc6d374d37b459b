"""The project page links signed reports, but none on a subject that its reader may still be asked about."""

import pytest
from django.urls import reverse

from tests.integration.learning import sky
from tests.integration.people import account, browser
from tests.integration.reports.reporting import draft, sign
from webapp.queue.models import QueueEntry
from webapp.reports.models import Report

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

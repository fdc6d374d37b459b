"""What the files of a report can hold, whatever people have pasted into its settings."""

import pytest

from ml.sky.ades import read_psv
from tests.integration.people import browser
from tests.integration.reports.reporting import SETTINGS, draft, sign
from webapp.reports.models import ReportSettings

pytestmark = pytest.mark.django_db


def test_pasted_names_with_unbreakable_blanks_and_invisible_letters_are_reported_in_plain_text(survey):
    scientist = browser(survey.memberships.get().user)
    pasted = {"submitter": "M.\u00a0Cu\u00adrie", "measurers": ["A.\u202fOne", "B.\u200b Two"]}
    ReportSettings.objects.update(**SETTINGS | pasted)
    report = draft(survey)
    assert scientist.get(f"/surveys/night/reports/{report.pk}/").status_code == 200
    [block] = read_psv(sign(report).psv)
    context = dict(block.context)
    assert context["submitter"] == [("name", "M. Curie")]
    assert context["measurers"] == [("name", "A. One"), ("name", "B. Two")]

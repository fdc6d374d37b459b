"""What all reports of a survey share: an admin sets it once."""

import pytest
from django.urls import reverse

from tests.integration.people import browser, member
from tests.integration.reports.reporting import SETTINGS
from webapp.reports.forms import ReportSettingsForm
from webapp.reports.models import Report, ReportSettings

pytestmark = pytest.mark.django_db


def test_an_admin_sets_what_all_reports_share(survey):
    ReportSettings.objects.all().delete()
    client, address = browser(member(survey, "admin")), reverse("report-settings", args=["night"])
    client.post(reverse("report-draft", args=["night"]), {"subjects": [survey.subjects.first().pk]})
    assert not Report.objects.exists()
    good = {**SETTINGS, "measurers": "A. One, B. Two", "bands": "o = Ao, c=Ac", "mode": "CCD", "detector": "CCD"}
    good |= {"prefix": "W"}
    bad = [{"measurers": ""}, {"bands": "o = Q"}, {"bands": "nonsense"}, {"aperture": "-1"}, {"submitter": "a|b"}]
    bad += [{"prefix": "K"}, {"catalogue": "Gaia9"}, {"measurers": "a|b"}, {"aperture": "nan"}]
    for change in bad:
        assert client.post(address, good | change).status_code == 400, change
    assert not ReportSettings.objects.exists()
    assert client.post(address, good).status_code == 302
    row = ReportSettings.objects.get()
    assert (row.measurers, row.bands) == (["A. One", "B. Two"], {"o": "Ao", "c": "Ac"})


def test_two_admins_who_fill_in_the_first_settings_at_once_make_one_row(survey):
    ReportSettings.objects.all().delete()
    values = {**SETTINGS, "measurers": "A. One", "bands": "", "mode": "CCD", "detector": "CCD", "prefix": "W"}
    forms = [
        ReportSettingsForm(values | {"submitter": name}, instance=ReportSettings(survey=survey))
        for name in ("A. One", "B. Two")
    ]
    assert all(form.is_valid() for form in forms)
    for form in forms:
        form.save()
    assert ReportSettings.objects.get().submitter == "B. Two"

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
        form.save_over()
    assert ReportSettings.objects.get().submitter == "B. Two"


def test_the_second_of_two_admins_who_change_the_settings_at_once_is_told(survey):
    address = reverse("report-settings", args=["night"])
    values = {**SETTINGS, "measurers": "A. One", "bands": "", "mode": "CCD", "detector": "CCD", "prefix": "W"}
    first, second = (browser(member(survey, "admin", name)) for name in ("ann", "bob"))
    seen = first.get(address).context["seen"]
    assert second.get(address).context["seen"] == seen
    assert first.post(address, values | {"submitter": "A. Ann", "seen": seen}).status_code == 302
    again = first.post(address, values | {"submitter": "A. Ann", "seen": seen})
    assert again.status_code == 302  # sent twice: what it asks for is there

    refused = second.post(address, values | {"submitter": "B. Bob", "seen": seen})
    assert refused.status_code == 409
    assert "Someone changed the settings after you opened this page" in refused.text
    assert "Yours differ in: Submitter." in refused.text
    assert ReportSettings.objects.get().submitter == "A. Ann"
    newer = refused.context["seen"]
    assert second.post(address, values | {"submitter": "B. Bob", "seen": newer}).status_code == 302
    assert ReportSettings.objects.get().submitter == "B. Bob"


def test_an_admin_finds_the_way_to_the_missing_observatory_code(survey):
    survey.observatory = ""
    survey.save()
    for role, leads in (("admin", True), ("scientist", False)):
        page = browser(member(survey, role)).get(reverse("reports", args=["night"])).content.decode()
        note = page.partition("The survey has no observatory code.")[2].partition("</p>")[0]
        assert (reverse("survey-settings", args=["night"]) in note) is leads

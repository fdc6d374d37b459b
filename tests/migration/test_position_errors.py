"""Seeing and least error, once of the reports alone, stay with the survey on the way there and back."""

import pytest
from django.core.management import call_command
from django.db import connection

from tests.integration.learning import sky
from tests.integration.reports.reporting import SETTINGS
from webapp.archive.models import Survey
from webapp.reports.models import ReportSettings


@pytest.mark.django_db(transaction=True)
def test_seeing_moves_from_the_reports_to_the_survey_and_back():
    ReportSettings.objects.create(survey=sky.survey("given", seeing=4.5, position_floor=0.2), **SETTINGS)
    ReportSettings.objects.create(survey=sky.survey("none"), **SETTINGS)
    try:
        call_command("migrate", "reports", "0003", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT seeing, position_floor FROM reports_reportsettings ORDER BY id")
            assert cursor.fetchall() == [(4.5, 0.2), (None, None)]
        Survey.objects.update(seeing=None, position_floor=None)
    finally:
        call_command("migrate", "reports", verbosity=0)
    found = dict(Survey.objects.values_list("slug", "seeing"))
    assert found == {"given": 4.5, "none": None}

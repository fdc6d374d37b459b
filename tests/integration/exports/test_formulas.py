"""No exported table contains text that a spreadsheet would run as a formula."""

import csv
import io
import zipfile

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from ml.evaluation.report.chart import csv_of
from tests.integration.world import make_subject, make_volunteer, make_workflow
from webapp.archive.models import IngestProblem, IngestRun, Membership, Role
from webapp.community.models import Favourite
from webapp.core.csv_writer import csv_response
from webapp.exports.own_data import export_own_data

pytestmark = pytest.mark.django_db
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_tables_of_the_review_pages(text):
    sent = b"".join(csv_response("a.csv", ["name", "n"], [(text, -1.5), ("-2", None)])).decode()
    assert list(csv.reader(io.StringIO(sent, newline=""))) == [["name", "n"], [f"'{text}", "-1.5"], ["-2", ""]]


@pytest.mark.parametrize("text", FORMULAS)
def test_problems_of_an_ingest(text):
    survey = make_workflow(subjects=0).survey
    user = get_user_model().objects.create(username="ada")
    Membership.objects.create(user=user, survey=survey, role=Role.ADMIN)
    run = IngestRun.objects.create(survey=survey, path="x")
    IngestProblem.objects.create(run=run, file=text, row=2, reason=text)
    browser = Client()
    browser.force_login(user)
    sent = browser.get(f"/surveys/{survey.slug}/ingest/{run.pk}/problems.csv").getvalue().decode()
    assert list(csv.reader(io.StringIO(sent, newline="")))[1] == [f"'{text}", "2", f"'{text}", "False"]


@pytest.mark.parametrize("text", FORMULAS)
def test_ones_own_data(text):
    survey = make_workflow(subjects=0).survey
    volunteer = make_volunteer("ann")
    Favourite.objects.create(volunteer=volunteer, subject=make_subject(survey, external_id=text))
    with export_own_data(volunteer) as file, zipfile.ZipFile(file) as archive:
        [row] = csv.DictReader(io.StringIO(archive.read("favourites.csv").decode(), newline=""))
    assert row["subject_external_id"] == f"'{text}"


def test_plots_of_a_report():
    assert csv_of({"class": ["=AST"], "n": [-1.0]}) == "class,n\n'=AST,-1.0\n"

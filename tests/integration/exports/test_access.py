"""Only a survey's scientists can export and import classifications; a stranger gets nothing and changes nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.integration.imports.files import PANOPTES, panoptes_row, write_csv
from tests.integration.people import HTMX
from tests.integration.world import client_of, make_volunteer, make_workflow, subjects_of, vote
from webapp.archive.models import Membership, Role, Survey
from webapp.classifications.models import Classification
from webapp.exports.formats import EXPORTS
from webapp.imports import run_import
from webapp.imports.models import ClassificationImport
from webapp.imports.run_import import new_import

pytestmark = pytest.mark.django_db

PAGES = ["", "atlas/", *(f"atlas/export/{name}" for name in EXPORTS), "atlas/imports/{job}/"]
PAGES += ["atlas/imports/{job}/progress/", "atlas/import/{token}/inspect/"]
WRITES = ["atlas/import/", "atlas/import/{token}/start/", "atlas/imports/{job}/cancel/"]


@pytest.fixture
def workflow(db):
    workflow = make_workflow(subjects=1)
    vote(make_volunteer("ann"), workflow, subjects_of(workflow)[0])
    return workflow


@pytest.fixture
def addresses(workflow, tmp_path):
    """Return the data for all URLs: a waiting import, and an uploaded file."""
    path = write_csv(tmp_path / "answers.csv", [panoptes_row(1, "carl", "atlas-0")])
    job = new_import(workflow=workflow, path=path, by=None, choices=PANOPTES)
    token = run_import.store_import_file(workflow, SimpleUploadedFile("answers.csv", path.read_bytes()))
    return {"job": job.pk, "token": token}


def account(django_user_model, role, survey):
    user = django_user_model.objects.create_user(f"{role}-{survey.slug}")
    Membership.objects.create(user=user, survey=survey, role=role)
    return user


@pytest.fixture(params=["volunteer", "moderator", "another survey's admin"])
def stranger(request, workflow, client, django_user_model):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    role, survey = (request.param, workflow.survey) if request.param in Role.values else (Role.ADMIN, elsewhere)
    user = account(django_user_model, role, survey)
    client.force_login(user)
    client.api = APIClient()
    client.api.force_authenticate(user)
    return client


def test_strangers_read_nothing(stranger, addresses):
    for page in PAGES:
        assert stranger.get(f"/surveys/atlas/exchange/{page}".format(**addresses)).status_code == 403, page
    for name in EXPORTS:
        assert stranger.api.get(f"/api/workflows/atlas/exports/{name}").status_code == 403


def test_strangers_change_nothing(stranger, addresses, tmp_path):
    before = sorted(path for path in tmp_path.rglob("*"))
    for address in WRITES:
        sent = {"file": SimpleUploadedFile("a.csv", b"x"), "task": "T0", "source": "x", "match": "metadata:name"}
        response = stranger.post(f"/surveys/atlas/exchange/{address}".format(**addresses), sent)
        assert response.status_code == 403, address
    assert sorted(path for path in tmp_path.rglob("*")) == before
    assert list(ClassificationImport.objects.values_list("pk", "cancel_requested")) == [(addresses["job"], False)]
    assert Classification.objects.count() == 1


def test_a_workflow_is_reached_through_its_own_survey_only(client, workflow, addresses, django_user_model):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    client.force_login(account(django_user_model, Role.SCIENTIST, elsewhere))
    for page in PAGES[1:]:
        assert client.get(f"/surveys/elsewhere/exchange/{page}".format(**addresses), headers=HTMX).status_code == 404
    for address in WRITES:
        assert client.post(f"/surveys/elsewhere/exchange/{address}".format(**addresses)).status_code == 404


def test_who_is_not_signed_in_is_asked_to(client, addresses):
    for page in PAGES:
        assert client.get(f"/surveys/atlas/exchange/{page}".format(**addresses)).status_code == 302
    for address in WRITES:
        assert client.post(f"/surveys/atlas/exchange/{address}".format(**addresses)).status_code == 403
    assert APIClient().get("/api/workflows/atlas/exports/consensus.csv").status_code == 401


def test_scientists_take_out_by_page_and_by_token(client, workflow, addresses, django_user_model):
    volunteer = make_volunteer("sophie")
    Membership.objects.create(user=volunteer.user, survey=workflow.survey, role=Role.SCIENTIST)
    client.force_login(volunteer.user)
    for page in PAGES:
        assert client.get(f"/surveys/atlas/exchange/{page}".format(**addresses), headers=HTMX).status_code == 200, page
    for name, export in EXPORTS.items():
        for answer in (
            client.get(f"/surveys/atlas/exchange/atlas/export/{name}"),
            client_of(volunteer).get(f"/api/workflows/atlas/exports/{name}"),
        ):
            assert answer.streaming
            assert answer["Content-Type"] == export.content_type
            assert answer["Content-Disposition"] == f'attachment; filename="atlas-{name}"'
            assert answer["Cache-Control"] == "no-store"
            assert b"".join(answer.streaming_content) == b"".join(export.parts(workflow, "http://testserver"))
    assert client.get("/surveys/atlas/exchange/atlas/export/secrets.csv").status_code == 404
    assert client_of(volunteer).get("/api/workflows/atlas/exports/secrets.csv").status_code == 404


@pytest.fixture
def scientist(client, workflow, django_user_model):
    client.force_login(account(django_user_model, Role.SCIENTIST, workflow.survey))
    return client


def upload(client, name, content):
    return client.post("/surveys/atlas/exchange/atlas/import/", {"file": SimpleUploadedFile(name, content)})


def test_an_upload_is_bounded_and_checked(scientist, settings, tmp_path):
    settings.MAX_UPLOAD = 1000
    for name, content, said in (
        ("a.csv", b"x" * 1001, "uploads can be up to"),
        ("a.exe", b"x", "Choose a .csv or a .json file"),
        ("a.csv", b"\0\1\2", "has no column"),
        ("a.json", b"{}", "contains no answers"),
        ("../../a.csv", b"classification_id,user_name,subject_ids\n1,2,3\n", "contains no labels"),
    ):
        response = upload(scientist, name, content)
        assert response.status_code == 400
        assert said in response.content.decode()
    assert scientist.post("/surveys/atlas/exchange/atlas/import/").status_code == 400
    assert not list(tmp_path.glob("imports/*/*"))
    for token in ("..", "0" * 16, "a" * 15):
        assert scientist.get(f"/surveys/atlas/exchange/atlas/import/{token}/inspect/").status_code == 404


def test_what_is_said_of_a_file_is_checked(scientist, workflow, addresses):
    start = f"/surveys/atlas/exchange/atlas/import/{addresses['token']}/start/"
    said = {"source": "zooniverse.org", "match": "metadata:name", "task": "T0", "label_0": "yes"}
    for wrong in ({"label_0": ""}, {"label_0": "perhaps"}, {"source": ""}, {"match": "secret"}, {"task": "T9"}):
        assert scientist.post(start, said | wrong).status_code == 400, wrong
    assert ClassificationImport.objects.count() == 1
    started = scientist.post(start, said)
    job = ClassificationImport.objects.first()
    assert started.url == f"/surveys/atlas/exchange/atlas/imports/{job.pk}/"
    assert (job.state, job.options["answers"], job.is_upload) == ("queued", {"Yes": "yes"}, True)


def test_the_page_of_exports_counts_rows_and_makes_no_export(client, scientist, workflow, monkeypatch):
    for module in ("classification_export", "subject_export", "label_studio_export", "consensus_csv"):
        monkeypatch.setattr(f"webapp.exports.formats.{module}", None)
    page = client.get("/surveys/atlas/exchange/atlas/").content.decode()
    assert "CSV, 1 row<" in page
    assert "XML</span>" in page

"""Images uploaded by API are ingested as from the page: by admins of the survey, within the size limit, or refused."""

import io

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from tests.integration.archive.sky import work_on
from tests.integration.learning import sky
from webapp.accounts.tokens import make_token
from webapp.archive.ingest.create_run import inbox
from webapp.archive.models import IngestRun, Membership, Role, Subject
from webapp.front.body import is_sent_by_one_who_may, takes_files

pytestmark = pytest.mark.django_db

IMAGES = "/api/surveys/night/images/"


@pytest.fixture
def night():
    return sky.survey("night", channels=["difference"])


def client_for(role=None, survey=None):
    user = User.objects.create(username=f"{role}-{survey}")
    if role:
        Membership.objects.create(user=user, survey=survey, role=role)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {make_token(user)}")
    return client


@pytest.fixture
def admin(night):
    return client_for(Role.ADMIN, night)


def image(name="a.npy", seed=0):
    file = io.BytesIO()
    np.save(file, np.random.default_rng(seed).normal(size=(21, 21)).astype(np.float32))
    return SimpleUploadedFile(name, file.getvalue())


def test_an_admin_uploads_images_and_follows_their_run(night, admin):
    reply = admin.post(IMAGES, {"files": [image(), image("b.npy", 1)], "subject_set": "first night", "kind": "stamp"})
    assert reply.status_code == 201, reply.json()
    run = IngestRun.objects.get()
    assert (run.subject_set, run.kind, run.requested_by.username) == ("first night", "stamp", "admin-night")
    work_on(run)
    followed = admin.get(reply.json()["url"]).json()
    assert (followed["state"], followed["added"], followed["bad"]) == ("done", 2, 0)
    assert set(Subject.objects.values_list("external_id", flat=True)) == {"a.npy", "b.npy"}


def test_what_an_image_lacks_is_listed_with_its_run(night, admin):
    files = [image(), SimpleUploadedFile("b.fits", b"SIMPLE  = not so"), SimpleUploadedFile("model.pkl", b"x")]
    reply = admin.post(IMAGES, {"files": files, "kind": "stamp"})
    assert reply.json()["unread"] == ["model.pkl"]
    work_on(IngestRun.objects.get())
    (problem,) = admin.get(f"{reply.json()['url']}problems/").json()["results"]
    assert problem["file"] == "b.fits"
    assert problem["reason"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "required"),
        ({"files": []}, "required"),
        ({"files": [SimpleUploadedFile("notes.txt", b"clear all night")]}, "No file here is an image"),
        ({"files": [SimpleUploadedFile("a.npy", b"")]}, "empty"),
        ({"files": [SimpleUploadedFile("a.npy", b"1"), SimpleUploadedFile("a.npy", b"2")]}, "have the same name"),
    ],
)
def test_files_that_cannot_be_ingested_are_refused_with_a_sentence(night, admin, body, sentence):
    reply = admin.post(IMAGES, body)
    assert reply.status_code == 400
    assert sentence in str(reply.json()["files"])
    assert not IngestRun.objects.exists()
    assert not list(inbox(night).iterdir())


def test_more_than_the_limit_is_refused_and_not_kept(night, admin, settings):
    settings.MAX_UPLOAD, settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000, 0
    reply = admin.post(IMAGES, {"files": [image()]})
    assert reply.status_code == 400
    assert "uploads can be up to" in reply.json()["files"][0]
    assert not list(inbox(night).iterdir())
    settings.MAX_UPLOAD = 10_000
    assert admin.post(IMAGES, {"files": [image()]}).status_code == 201


def test_nobody_but_the_surveys_admins_uploads(night):
    others = [
        client_for(),
        client_for(Role.VOLUNTEER, night),
        client_for(Role.SCIENTIST, night),
        client_for(Role.ADMIN, sky.survey("other")),
    ]
    for other in others:
        reply = other.post(IMAGES, {"files": [image()]})
        assert (reply.status_code, "Nothing was changed" in reply.json()["detail"]) == (403, True)
    assert APIClient().post(IMAGES, {"files": [image()]}).status_code == 401
    assert not IngestRun.objects.exists()
    assert not list(inbox(night).iterdir())


def test_the_server_reads_a_large_upload_only_for_a_token_that_may_send_it(night, admin):
    def may(authorization):
        told = {"HTTP_AUTHORIZATION": authorization} if authorization else {}
        return is_sent_by_one_who_may({"REQUEST_METHOD": "POST", "PATH_INFO": IMAGES, **told})

    assert takes_files(IMAGES)
    assert may(f"Token {make_token(User.objects.get())}")
    stranger = make_token(User.objects.create(username="eve"))
    assert not any(may(each) for each in ("", "Token unknown", "Token", f"Token {stranger}"))


def test_too_many_files_are_refused_with_the_number_that_is_taken(night, admin):
    reply = admin.post(IMAGES, {"files": [SimpleUploadedFile(f"{n}.npy", b"x") for n in range(501)]})
    assert reply.status_code == 400
    assert "500 files" in reply.json()["detail"]
    assert not IngestRun.objects.exists()

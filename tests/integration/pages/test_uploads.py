"""Uploads that are too large or not allowed are never written to disk; pages state the limits."""

import errno
import re
import shutil
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client

from tests.integration.learning import sky
from webapp.archive.ingest.create_run import inbox
from webapp.archive.models import IngestRun, Membership, Survey
from webapp.archive.uploads import uploaded_names
from webapp.guides.models import GuideImage

pytestmark = pytest.mark.django_db

LIMIT = 200_000
INGEST = "/surveys/night/ingest/start/"


@pytest.fixture(autouse=True)
def spool(settings, tmp_path):
    """A small limit, and a folder in which arriving files are recorded."""
    settings.MAX_UPLOAD, settings.FILE_UPLOAD_MAX_MEMORY_SIZE = LIMIT, 0
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "spool"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return settings.FILE_UPLOAD_TEMP_DIR


@pytest.fixture
def written(monkeypatch):
    """The lengths of everything written of arriving files."""
    lengths, write = [], TemporaryFileUploadHandler.receive_data_chunk

    def watched(handler, data, start):
        lengths.append(len(data))
        return write(handler, data, start)

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", watched)
    return lengths


@pytest.fixture
def admin(client, django_user_model):
    survey, user = sky.survey("night"), django_user_model.objects.create_user("admin")
    Membership.objects.create(user=user, survey=survey, role="admin")
    client.force_login(user)
    return client


def files(*sizes):
    return [SimpleUploadedFile(f"{number}.npy", b"x" * size) for number, size in enumerate(sizes)]


@pytest.mark.parametrize("sizes", [(LIMIT + 1,), (5 * LIMIT,), (LIMIT // 2, LIMIT, 7), (LIMIT, LIMIT, LIMIT)])
def test_too_much_is_refused_with_a_sentence_and_never_on_disk(admin, spool, written, sizes):
    response = admin.post(INGEST, {"uploads": files(*sizes)})
    assert response.status_code == 400
    assert "uploads can be up to" in response.content.decode()
    assert sum(written) <= LIMIT
    assert not list(spool.iterdir())
    assert not list(inbox(Survey.objects.get()).iterdir())
    assert not IngestRun.objects.exists()


def test_a_night_of_many_files_is_taken(admin, spool):
    assert admin.post(INGEST, {"uploads": files(*[10] * 200)}).status_code == 302


def test_a_name_that_no_disk_can_hold_is_refused_and_nothing_is_stored(admin):
    longer = SimpleUploadedFile("分" * 95 + ".npy", b"x")
    for asked in ({"uploads": [*files(10), longer]}, {"name": "分" * 95 + ".npy"}):
        response = admin.post(INGEST, asked)
        assert response.status_code == 400
        assert "分.npy is" in response.content.decode()
    assert not list(inbox(Survey.objects.get()).iterdir())


def test_more_files_than_are_taken_at_once_are_refused_with_their_number(admin):
    reply = admin.post(INGEST, {"uploads": files(*[10] * 501)})
    assert reply.status_code == 400
    assert "At most 500 files can be sent at once." in reply.content.decode()
    assert not IngestRun.objects.exists()


def test_what_is_just_small_enough_is_taken(admin, spool):
    assert admin.post(INGEST, {"uploads": files(LIMIT // 2, LIMIT // 2)}).status_code == 302
    (folder,) = inbox(Survey.objects.get()).iterdir()
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == {"0.npy": LIMIT // 2, "1.npy": LIMIT // 2}
    assert not list(spool.iterdir())


def test_what_would_fill_the_disk_is_refused_by_page_and_api(admin, settings, spool):
    settings.MIN_FREE = shutil.disk_usage(settings.DATA).total
    for address, field in ((INGEST, "uploads"), ("/api/surveys/night/images/", "files")):
        refused = admin.post(address, {field: files(10), "subject_set": "night"})
        assert (refused.status_code, "too little room" in refused.content.decode()) == (400, True)
    assert not list(spool.iterdir())
    assert not list(inbox(Survey.objects.get()).iterdir())
    assert not IngestRun.objects.exists()


def test_an_ingest_that_is_refused_keeps_no_files(admin):
    asked = {"uploads": files(10, 10), "root": "https://elsewhere.example/"}
    reply = admin.post(INGEST, asked)
    assert (reply.status_code, "REMOTE_ARCHIVES" in reply.content.decode()) == (400, True)
    asked = {"files": files(10), "subject_set": "a\0b"}
    assert admin.post("/api/surveys/night/images/", asked).status_code == 400
    assert not list(inbox(Survey.objects.get()).iterdir())


def test_a_disk_that_fills_during_an_upload_keeps_no_half_of_it(admin, monkeypatch):
    def full(path, file):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("webapp.archive.uploads._write", full)
    with pytest.raises(OSError, match="No space"):
        admin.post(INGEST, {"uploads": files(10, 10)})
    assert not list(inbox(Survey.objects.get()).iterdir())


def test_an_empty_file_is_the_only_complaint_about_it(admin):
    page = admin.post(INGEST, {"uploads": files(0)}).content.decode()
    assert "The submitted file is empty." in page
    assert "Choose files or name an inbox path" not in page
    assert "Choose files, or name an inbox path." in admin.post(INGEST).content.decode()
    both = admin.post(INGEST, {"uploads": files(10), "name": "night"}).content.decode()
    assert "Choose files or name an inbox path, not both." in both


def test_an_empty_file_among_others_does_not_keep_them_out(admin):
    assert admin.post(INGEST, {"uploads": files(10, 0)}).status_code == 302
    [folder] = inbox(Survey.objects.get()).iterdir()
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == {"0.npy": 10, "1.npy": 0}


@pytest.mark.parametrize(
    ("names", "ingested"),
    [
        (["stars.csv", "a.png"], "stars.csv"),
        (["manifest.csv", "a.png", "notes.csv"], ""),
        (["one.csv", "two.csv", "a.png"], ""),
    ],
)
def test_the_only_table_among_uploads_is_their_manifest_whatever_its_name(admin, names, ingested):
    admin.post(INGEST, {"uploads": [SimpleUploadedFile(name, b"x") for name in names]})
    run = IngestRun.objects.get()
    assert Path(run.path).name == ingested or (not ingested and Path(run.path).is_dir())
    assert uploaded_names(run) == sorted(names)


def test_the_page_of_an_ingest_names_uploads_that_it_does_not_read(admin):
    names = ("junk.zip", "a.png", "one.csv", "two.csv")
    page = admin.post(INGEST, {"uploads": [SimpleUploadedFile(name, b"x") for name in names]}, follow=True)
    told = page.content.decode().split("<dt>Not read</dt>")[1].split("</dd>")[0]
    assert [name for name in names if f"<code>{name}</code>" in told] == ["junk.zip", "one.csv", "two.csv"]
    IngestRun.objects.all().delete()
    page = admin.post(
        INGEST, {"uploads": [SimpleUploadedFile(name, b"x") for name in ("stars.csv", "b.png")]}, follow=True
    )
    assert "Not read" not in page.content.decode()


@pytest.mark.parametrize(("state", "dry_run", "goes_on_dry"), [("cancelled", "on", True), ("done", "on", False)])
def test_a_cancelled_ingest_and_a_dry_run_start_again_from_their_page(admin, state, dry_run, goes_on_dry):
    admin.post(INGEST, {"uploads": files(10, 10), "subject_set": "first", "dry_run": dry_run})
    IngestRun.objects.update(state=state, root="https://archive.org/survey/")
    before = IngestRun.objects.get()
    page = admin.get(f"/surveys/night/ingest/{before.pk}/").content.decode()
    form = page.split(f'action="{INGEST}"')[1].split("</form>")[0]
    asked = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert asked["root"] == before.root
    admin.post(INGEST, asked | {"root": ""})
    after = IngestRun.objects.latest("pk")
    assert (after.path, after.subject_set, after.dry_run) == (before.path, "first", goes_on_dry)
    assert after != before


def test_a_picture_that_is_too_large_is_told_so(admin, written):
    response = admin.post("/surveys/night/guides/images/", {"picture": files(3 * 2**20)})
    assert (response.status_code, response.json()["detail"][:30]) == (400, "The file is larger than 2 MB. ")
    assert sum(written) <= LIMIT


def test_a_file_of_which_nothing_was_kept_is_never_taken_for_one(admin):
    response = admin.post("/surveys/night/guides/images/", {"other": files(LIMIT), "picture": files(10)})
    assert response.status_code == 400
    assert not GuideImage.objects.exists()


@pytest.mark.parametrize("address", [INGEST, "/", "/api/token/", "/surveys/night/guides/images/"])
def test_whoever_is_not_signed_in_writes_nothing(written, address):
    sky.survey("night")
    stranger = Client(enforce_csrf_checks=True)
    stranger.cookies["csrftoken"] = "a" * 32  # then the form is read for its token, and the files with it
    assert stranger.post(address, {"uploads": files(1000)}).status_code in (400, 403, 405)
    assert written == []


@pytest.mark.parametrize("address", [INGEST, "/surveys/other/ingest/start/", "/", "/you/collections/", "/api/token/"])
def test_an_account_writes_nothing_where_it_may_send_no_files(written, django_user_model, address):
    sky.survey("night")
    user = django_user_model.objects.create_user("eve")
    Membership.objects.create(user=user, survey=sky.survey("other"), role="volunteer")
    eve = Client()
    eve.force_login(user)
    assert eve.post(address, {"uploads": files(1000)}).status_code < 500
    assert written == []


def test_a_request_that_says_itself_to_be_too_large_is_not_begun(admin, written):
    assert admin.post(INGEST, {"uploads": files(LIMIT, 2 * 2**20)}).status_code == 400
    assert written == []


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ((10,), "<dd><code>0.npy</code></dd>"),
        ((10,) * 6, "<dd><code>0.npy</code>, <code>1.npy</code>, <code>2.npy</code> and 3 more files</dd>"),
    ],
)
def test_an_ingest_names_the_files_as_they_were_uploaded(admin, sizes, shown):
    page = admin.get(admin.post(INGEST, {"uploads": files(*sizes)}).url).content.decode()
    assert shown in page
    assert str(inbox(Survey.objects.get())) not in page
    assert "upload-" not in page.split("<dt>Subject set</dt>")[0]


def test_an_ingest_of_the_inbox_says_where_it_reads(admin):
    path = inbox(Survey.objects.get()) / "night.npy"
    path.touch()
    page = admin.get(admin.post(INGEST, {"name": "night.npy"}).url).content.decode()
    assert f"<dd><code>{path}</code></dd>" in page

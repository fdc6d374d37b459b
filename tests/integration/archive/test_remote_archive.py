"""Images of a remote archive: fetched once each, resumed, and from nowhere that the settings do not allow."""

import errno
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from botocore.exceptions import NoCredentialsError
from django.conf import settings as site

from tests.integration.archive.sky import make_sky, make_survey, run_ingest
from webapp.archive.ingest.create_run import IngestRefused, new_run
from webapp.archive.ingest.remote_files import ArchiveDown, RemoteFiles, forget_ended, is_allowed
from webapp.archive.models import IngestRun, Subject
from webapp.archive.pixels import pixels_of
from webapp.core import download
from webapp.core.download import Downloader, DownloadRefused, ServerDown

BODY = bytes(range(256)) * 4096


class Archive(ThreadingHTTPServer):
    """Serves `files`; `broken` ones end early once, `down` answers 503 to everything."""

    def __init__(self):
        self.files, self.redirects, self.broken, self.down = {}, {}, set(), False
        self.asked, self.ranges = Counter(), []
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name, archive = self.path.removeprefix("/survey/"), self.server
        archive.asked[name] += 1
        if name in archive.redirects:
            self._answer(302, Location=archive.redirects[name])
        elif archive.down or name not in archive.files:
            self._answer(503 if archive.down else 404)
        else:
            self._send(archive.files[name], name)

    def _send(self, body, name):
        first = 0
        if asked := self.headers["Range"]:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.server.ranges.append((name, first, self.headers["If-Range"]))
        more = {"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"} if first else {}
        self._answer(206 if first else 200, ETag='"1"', **{"Content-Length": str(len(body) - first)}, **more)
        is_broken = name in self.server.broken
        self.server.broken.discard(name)
        self.wfile.write(body[first : len(body) // 2 if is_broken else None])
        self.close_connection = True

    def _answer(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def archive(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    with Archive() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        settings.REMOTE_ARCHIVES, settings.PRIVATE_SCORERS = [f"{server.address}/survey/"], True
        settings.DATA = tmp_path / "data"
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def downloader(archive):
    return Downloader({"127.0.0.1"}, allow_private=True)


def test_a_download_that_breaks_off_goes_on_where_it_ended(archive, downloader, tmp_path):
    archive.files["a.fits"], archive.broken = BODY, {"a.fits"}
    downloader.download(f"{archive.address}/survey/a.fits", tmp_path / "a", len(BODY))
    assert (tmp_path / "a").read_bytes() == BODY
    assert archive.ranges == [("a.fits", len(BODY) // 2, '"1"')]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a"]


def test_redirects_lead_to_allowed_hosts_only_and_end(archive, downloader, tmp_path):
    archive.files["a.fits"] = BODY
    archive.redirects = {"moved": "/survey/a.fits", "out": "https://elsewhere.org/x", "circle": "/survey/circle"}
    downloader.download(f"{archive.address}/survey/moved", tmp_path / "a", len(BODY))
    assert (tmp_path / "a").read_bytes() == BODY
    with pytest.raises(DownloadRefused, match=r"elsewhere\.org is not among the archives"):
        downloader.download(f"{archive.address}/survey/out", tmp_path / "b", 1)
    with pytest.raises(DownloadRefused, match="redirects too often"):
        downloader.download(f"{archive.address}/survey/circle", tmp_path / "b", 1)


def test_a_private_address_a_missing_and_a_large_file_are_refused(archive, downloader, tmp_path):
    archive.files["a.fits"] = BODY
    with pytest.raises(DownloadRefused, match="localhost has a private address"):
        Downloader({"localhost"}, allow_private=False).download("https://localhost/a", tmp_path / "a", 1)
    with pytest.raises(DownloadRefused, match=r"127\.0\.0\.1 is not among"):
        Downloader({"127.0.0.1"}, allow_private=False).download(f"{archive.address}/survey/a", tmp_path / "a", 1)
    with pytest.raises(DownloadRefused, match="status 404"):
        downloader.download(f"{archive.address}/survey/b.fits", tmp_path / "a", 1)
    with pytest.raises(DownloadRefused, match=r"larger than 1\.05 MB"):
        downloader.download(f"{archive.address}/survey/a.fits", tmp_path / "a", len(BODY) - 1)
    assert not (tmp_path / "a").exists()


def test_a_server_that_is_down_is_asked_a_few_times(archive, downloader, tmp_path):
    archive.down = True
    with pytest.raises(ServerDown, match="status 503"):
        downloader.download(f"{archive.address}/survey/a.fits", tmp_path / "a", 1)
    assert archive.asked["a.fits"] == download.TRIES


@pytest.mark.parametrize(
    ("root", "allowed"),
    [
        ("https://archive.org/survey", True),
        ("https://archive.org/survey/dr1/", True),
        ("https://archive.org/surveys/", False),
        ("https://archive.org/survey/../secret", False),
        ("https://archive.org/survey?x=/", False),
        ("https://archive.org@elsewhere.org/survey/", False),
        ("http://archive.org/survey/", False),
        ("s3://bucket/sky/", True),
        ("s3://bucket/", False),
        ("file:///etc/", False),
    ],
)
def test_archives_are_those_of_the_settings(settings, root, allowed):
    settings.REMOTE_ARCHIVES = ["https://archive.org/survey/", "s3://bucket/sky"]
    assert is_allowed(root) is allowed


def test_without_the_setting_there_is_no_archive():
    assert site.REMOTE_ARCHIVES == []
    assert not is_allowed("https://archive.org/")


@pytest.mark.django_db
def test_a_manifest_of_remote_files_fetches_each_once(archive, tmp_path):
    truth = make_sky(tmp_path / "sky", 40)
    for path in (tmp_path / "sky").glob("*.fits"):
        archive.files[f"tiles/{path.name}"] = path.read_bytes()
        path.unlink()
    run = run_ingest(make_survey(), tmp_path / "sky", root=f"{archive.address}/survey/tiles")
    assert (run.state, run.added, run.bad) == ("done", 40, 0)
    assert set(archive.asked.values()) == {1}
    subject = Subject.objects.get(external_id="stamp-00017")
    assert (pixels_of(subject)[0, 0] == truth["stamp-00017"]).all()
    assert not (site.DATA / "remote" / f"ingest-{run.pk}").exists()


@pytest.mark.django_db
def test_missing_files_are_bad_rows_and_a_dead_archive_ends_the_run(archive, tmp_path):
    survey = make_survey()
    make_sky(tmp_path / "sky", 40)
    files = {f"tiles/{path.name}": path.read_bytes() for path in sorted((tmp_path / "sky").glob("*.fits"))}
    archive.files = dict([*files.items()][:2])
    run = run_ingest(survey, tmp_path / "sky", root=f"{archive.address}/survey/tiles")
    assert (run.added, run.bad) == (32, 8)
    assert "cannot be fetched: the server answers with status 404" in str(run.problems.first())
    archive.files, archive.down = files, True
    run = run_ingest(survey, tmp_path / "sky", root=f"{archive.address}/survey/tiles")
    assert run.state == "failed"
    assert "does not answer (status 503). Start again later to continue." in run.error
    archive.down = False
    assert run_ingest(survey, tmp_path / "sky", root=f"{archive.address}/survey/tiles").added == 8


@pytest.mark.django_db
def test_an_archive_that_is_not_allowed_starts_nothing(archive, tmp_path):
    make_sky(tmp_path / "sky", 1)
    with pytest.raises(IngestRefused, match="REMOTE_ARCHIVES"):
        new_run(survey=make_survey(), path=tmp_path / "sky", by=None, root="https://archive.org/")
    assert not IngestRun.objects.exists()


@pytest.mark.parametrize(
    "name", ["../a.fits", "/etc/passwd", "https://elsewhere.org/a.fits", "a\0.fits", "a\ud800.fits"]
)
def test_names_stay_below_the_root(archive, name):
    with pytest.raises(Exception, match="is not a path within the archive"):
        RemoteFiles(f"{archive.address}/survey", "x").file(name)
    assert not archive.asked


def test_a_long_name_of_characters_of_several_bytes_fits_on_the_disk(archive):
    name = "分" * 80 + ".fits"
    archive.files = {quote(name): BODY}
    path = RemoteFiles(f"{archive.address}/survey", "x").file(name)
    assert (path.read_bytes(), path.suffix) == (BODY, ".fits")


def test_files_make_room_for_others(archive, monkeypatch):
    archive.files = {"a.fits": BODY, "b.fits": BODY}
    monkeypatch.setattr("webapp.archive.ingest.remote_files.MOST_CACHED", len(BODY))
    files = RemoteFiles(f"{archive.address}/survey", "x")
    first = files.file("a.fits")
    assert files.file("b.fits").read_bytes() == BODY
    assert not first.exists()
    files.close()
    assert not first.parent.exists()


def test_a_bucket_that_wants_credentials_ends_the_run_with_a_reason(settings, tmp_path, monkeypatch):
    settings.DATA = tmp_path
    bucket = Mock(size=Mock(side_effect=NoCredentialsError()))
    monkeypatch.setattr("webapp.archive.ingest.remote_files.fsspec.url_to_fs", lambda address: (bucket, address))
    with pytest.raises(ArchiveDown, match=r"does not answer \(NoCredentialsError"):
        RemoteFiles("s3://sky/tiles", "x").file("a.fits")


def test_a_full_disk_is_not_taken_for_a_bucket_that_does_not_answer(settings, tmp_path, monkeypatch):
    settings.DATA = tmp_path
    full = OSError(errno.ENOSPC, "No space left on device")
    bucket = Mock(size=Mock(return_value=1), get_file=Mock(side_effect=full))
    monkeypatch.setattr("webapp.archive.ingest.remote_files.fsspec.url_to_fs", lambda address: (bucket, address))
    with pytest.raises(OSError, match="No space left"):
        RemoteFiles("s3://sky/tiles", "x").file("a.fits")


@pytest.mark.django_db
def test_what_a_killed_run_fetched_is_deleted_once_it_is_over(settings, tmp_path):
    settings.DATA = tmp_path
    survey = make_survey()
    over, running = (IngestRun.objects.create(survey=survey, path="x", state=state) for state in ("failed", "running"))
    folders = [tmp_path / f"remote/ingest-{name}" for name in (over.pk, f"{over.pk}-table", running.pk)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "a.fits").touch()
    forget_ended()
    assert [folder.exists() for folder in folders] == [False, False, True]

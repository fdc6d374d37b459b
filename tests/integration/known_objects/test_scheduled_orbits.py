"""Orbit files that the administrator refreshes are loaded by themselves; damaged ones leave the version before."""

import gzip
import os
from datetime import timedelta

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from ml.sky.mpcorb import read_mpcorb
from tasks.housekeeping import hourly_match, sweep
from tasks.jobs import load_orbits
from tests.integration.known_objects.matching import ORBITS
from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.core.jobs import JobState
from webapp.known_objects.models import OrbitCatalogue, OrbitLoad

pytestmark = pytest.mark.django_db
LINES = (ORBITS / "mpcorb.dat").read_text().splitlines(keepends=True)
COMET = (
    "    CK20F030  2020 07  3.6811  0.294698  0.999188   37.2787   61.0103  128.9374  20200531   7.5  4.0  "
    "C/2020 F3 (NEOWISE)                                      MPEC 2020-M52\n"
)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch, tasks_in_the_tests_transaction):
    monkeypatch.setattr(settings, "DATA", tmp_path / "data")


@pytest.fixture
def orbits(tmp_path, monkeypatch):
    """A folder with asteroids, which the setting names."""
    folder = tmp_path / "mpc"
    folder.mkdir()
    monkeypatch.setattr(settings, "ORBITS", str(folder))
    (folder / "MPCORB.DAT").write_text("".join(LINES))
    return folder


@pytest.fixture
def page():
    client = browser(member(sky.survey("night"), "scientist"))
    return lambda: client.get(reverse("known-objects", args=["night"])).content.decode()


def look():
    """Let beat look, and a worker do what there is to do; return the last job."""
    hourly_match()
    job = OrbitLoad.objects.first()
    if job:
        load_orbits(job.pk)
        job.refresh_from_db()
    return job


def test_without_the_setting_nothing_is_loaded(monkeypatch):
    monkeypatch.setattr(settings, "ORBITS", "")
    assert look() is None


def test_changed_files_are_loaded_once(orbits, page):
    assert look().state == JobState.DONE
    used = OrbitCatalogue.objects.get()
    assert (used.asteroids, used.comets, used.orbits) == ("MPCORB.DAT", "", 20)
    hourly_match()
    assert OrbitLoad.objects.count() == 1  # nothing has changed
    (orbits / "CometEls.txt").write_text(COMET)
    job = look()
    assert str(job.message) == "21 orbits of MPCORB.DAT, CometEls.txt are in use."
    assert OrbitCatalogue.objects.first() == job.catalogue
    assert OrbitCatalogue.objects.count() == 2
    assert "21 orbits, loaded on" in page()


def test_the_setting_may_name_one_file_and_the_newer_of_two_packings_counts(orbits, monkeypatch):
    (orbits / "MPCORB.DAT.gz").write_bytes(gzip.compress("".join(LINES[:-1]).encode()))
    os.utime(orbits / "MPCORB.DAT", (1e9, 1e9))
    assert look().catalogue.asteroids == "MPCORB.DAT.gz"
    monkeypatch.setattr(settings, "ORBITS", str(orbits / "MPCORB.DAT"))
    assert look().catalogue.orbits == 20


def test_a_doubled_a_lost_and_a_killed_message_load_one_version(orbits):
    hourly_match()
    hourly_match()
    job = OrbitLoad.objects.get()
    OrbitLoad.objects.update(sent_at=None)
    sweep()  # announces it again
    load_orbits(job.pk)
    load_orbits(job.pk)
    OrbitLoad.objects.update(state=JobState.RUNNING, lease_until=timezone.now() - timedelta(minutes=1))  # killed
    load_orbits(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert OrbitCatalogue.objects.count() == 1
    assert OrbitLoad.objects.count() == 1


def _cut_gzip(folder):
    random = np.random.default_rng(0)
    lines = [LINES[-1][:26] + f"{angle:9.5f}" + LINES[-1][35:] for angle in random.uniform(0, 360, 5000)]
    (folder / "MPCORB.DAT").unlink()
    packed = gzip.compress("".join(lines).encode())
    (folder / "MPCORB.DAT.gz").write_bytes(packed[: len(packed) // 2])


def _replace(text):
    return lambda folder: (folder / "MPCORB.DAT").write_text(text)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_cut_gzip, "MPCORB.DAT.gz is incomplete or damaged. The previous version stays in use."),
        (_replace("".join(LINES)[:-100]), "MPCORB.DAT is incomplete or damaged. The previous version stays in use."),
        (_replace("".join(LINES[:-10])), "has only 10 orbits, and 20 are in use, so it was not loaded"),
        (_replace("<html>Not found</html>\n"), "The orbits cannot be read (MPCORB.DAT holds no orbit"),
        (lambda folder: (folder / "MPCORB.DAT").unlink(), "The setting ORBITS names no MPCORB.DAT"),
    ],
    ids=["gzip", "plain", "fewer", "html", "gone"],
)
def test_a_damaged_file_leaves_the_version_before_and_the_page_says_so(orbits, page, spoil, sentence):
    used = look().catalogue
    spoil(orbits)
    job = look()
    assert job.state == JobState.FAILED
    assert sentence in str(job.error)
    assert OrbitCatalogue.objects.get() == used
    assert "New orbits were not loaded on" in page()
    assert sentence in page()
    hourly_match()
    assert OrbitLoad.objects.count() == 2  # not every hour
    OrbitLoad.objects.update(created_at=timezone.now() - timedelta(hours=23))
    hourly_match()
    assert OrbitLoad.objects.count() == 3
    (orbits / "MPCORB.DAT").write_text("".join([*LINES, LINES[-1].replace("0", "1", 1)]))
    assert look().state == JobState.DONE
    assert "New orbits were not loaded" not in page()


def test_a_place_that_cannot_be_read_is_said_and_stops_nothing_else(orbits, page, monkeypatch):
    used = look().catalogue
    monkeypatch.setattr(settings, "ORBITS", "/" + "x" * 300)
    assert look().state == JobState.FAILED
    assert "The orbits cannot be read (" in page()
    assert OrbitCatalogue.objects.get() == used


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_cut_gzip, "MPCORB.DAT.gz is incomplete or damaged."),
        (_replace("".join(LINES)[:-100]), "MPCORB.DAT is incomplete or damaged."),
        (_replace("".join(LINES[:9])), "MPCORB.DAT has only 6 orbits, and 20 are in use."),
    ],
    ids=["gzip", "plain", "fewer"],
)
def test_the_command_loads_an_incomplete_file_only_if_it_is_told_to(orbits, spoil, sentence):
    used = look().catalogue
    spoil(orbits)
    [path] = orbits.glob("MPCORB*")
    with pytest.raises(CommandError, match=rf"^{sentence} Nothing was loaded; .* with --accept-incomplete\.$"):
        call_command("load_orbits", str(path))
    assert OrbitCatalogue.objects.get() == used
    call_command("load_orbits", str(path), "--accept-incomplete")
    assert OrbitCatalogue.objects.first() != used


def test_a_version_of_a_truncated_file_says_so(orbits, page, capsys):
    (orbits / "MPCORB.DAT").write_text("".join(LINES)[:-100])
    assert look().state == JobState.FAILED
    call_command("load_orbits", str(orbits / "MPCORB.DAT"), "--accept-incomplete")
    said = "MPCORB.DAT is incomplete or damaged: only the orbits before that point are used."
    assert said in capsys.readouterr().err
    assert said in page()
    assert "New orbits were not loaded" not in page()  # that was before


def test_the_command_loads_somewhat_fewer_orbits(orbits):
    look()
    (orbits / "MPCORB.DAT").write_text("".join(LINES[:-8]))
    call_command("load_orbits", str(orbits / "MPCORB.DAT"))
    assert OrbitCatalogue.objects.first().orbits == 12


def test_the_command_names_a_file_that_is_not_there(orbits):
    with pytest.raises(CommandError, match=r"nowhere\.DAT: No such file or directory$"):
        call_command("load_orbits", str(orbits / "nowhere.DAT"))


def test_a_version_that_is_loaded_again_is_in_use_again(orbits, tmp_path):
    call_command("load_orbits", str(orbits / "MPCORB.DAT"))
    first = OrbitCatalogue.objects.get()
    (tmp_path / "wrong").write_text("".join(LINES[:-3]))
    call_command("load_orbits", str(tmp_path / "wrong"))
    assert OrbitCatalogue.objects.first() != first
    call_command("load_orbits", str(orbits / "MPCORB.DAT"))
    assert OrbitCatalogue.objects.first() == first
    assert OrbitCatalogue.objects.count() == 2


def test_old_files_go_and_the_last_versions_stay(orbits):
    for number in range(5):
        (orbits / "MPCORB.DAT").write_text("".join([*LINES, *[LINES[-1]] * number]))
        look()
    rows = list(OrbitCatalogue.objects.all())
    assert [row.asteroid_file.exists() for row in rows] == [True, True, True, False, False]
    assert len(read_mpcorb(rows[0].asteroid_file).orbits) == 24

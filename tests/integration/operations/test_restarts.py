"""Restarts of parts are kept until the database takes them; administrators see them, and hear of those that go on."""

import sys
import time
import uuid
from datetime import timedelta

import django.db
import pytest
from django.db import connection
from django.utils import timezone

from tests.integration.operations.alerting import doctor
from webapp.console import watchdog
from webapp.console.processes import HUNG, Child, how_it_ended
from webapp.core.models import Backup, Heartbeat, Process
from webapp.operations import restarts
from webapp.operations.alerts import problems
from webapp.operations.models import Restart
from webapp.operations.prometheus import exposition

pytestmark = pytest.mark.django_db
NO_ANSWER = HUNG()


@pytest.fixture
def noted(settings):
    return lambda: sorted(path.name for path in (settings.DATA / restarts.FOLDER).glob("*"))


def restart(part, age=timedelta(0), host="here", reason=NO_ANSWER):
    return Restart.objects.create(id=uuid.uuid4(), part=part, host=host, reason=reason, at=timezone.now() - age)


def test_a_restart_is_stored_once_however_often_it_is_tried(noted):
    restarts.store()
    restarts.note("worker", how_it_ended(-9))
    kept = {path: path.read_text() for path in restarts.Path(restarts.settings.DATA, restarts.FOLDER).iterdir()}
    restarts.store()
    [row] = Restart.objects.all()
    assert (row.part, row.reason) == ("worker", "It was killed by the signal SIGKILL.")
    assert abs(row.at - timezone.now()) < timedelta(minutes=1)
    assert noted() == []
    for path, text in kept.items():
        path.write_text(text)  # as if it had been killed before it could delete the file
    restarts.store()
    assert (Restart.objects.count(), noted()) == (1, [])


def test_what_a_power_cut_has_emptied_is_forgotten(settings, noted):
    (settings.DATA / restarts.FOLDER).mkdir()
    (settings.DATA / restarts.FOLDER / f"{uuid.uuid4()}.json").touch()
    (settings.DATA / restarts.FOLDER / "list.json").write_text("[]")
    restarts.store()
    assert (Restart.objects.count(), noted()) == (0, [])


def test_a_full_disk_ends_nothing(settings, caplog):
    settings.DATA = settings.DATA / "file"
    settings.DATA.touch()
    restarts.note("beat", HUNG())
    assert "could not be written down" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_restarts_wait_until_the_database_is_back(monkeypatch, noted):
    monkeypatch.setattr(watchdog, "PAUSE_SECONDS", 0.01)
    tries = []

    def is_away(*args):
        tries.append(args)
        if len(tries) < 3:
            raise django.db.OperationalError("It is away.")
        return stored()

    stored = restarts.store
    monkeypatch.setattr(restarts, "store", is_away)
    restarts.note("database", HUNG())
    with watchdog.watching():
        while noted():
            time.sleep(0.01)
    assert len(tries) >= 3
    assert Restart.objects.get().part == "database"


@pytest.mark.parametrize("hangs", [False, True])
def test_a_program_that_is_started_again_says_why(tmp_path, monkeypatch, hangs):
    monkeypatch.setattr("webapp.console.processes.RESTART_PAUSE", 0)
    child = Child("It", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log", "it")
    child.start()
    try:
        assert child.revive() == ""
        (child.kill_hung if hangs else child.process.kill)()
        child.process.wait()
        assert child.revive() == (HUNG() if hangs else how_it_ended(-9))
        assert child.revive() == ""
        child.process.kill()
        child.process.wait()
        assert child.revive() == how_it_ended(-9), "this time it died by itself"
    finally:
        child.kill()
        child.process.wait()


def test_only_a_part_that_restarts_again_and_again_on_one_machine_is_a_problem():
    for _ in range(3):
        restart("web")
        restart("worker", host="one")
        restart("worker", host="two")
        restart("beat", timedelta(minutes=11))
    restart("beat")
    assert restarts.restart_problems() == {}
    restart("web")
    sentence = "The part web on here was started again 4 times within 10 minutes. See its log."
    assert restarts.restart_problems() == {"restarts:web@here": sentence}
    assert problems()["restarts:web@here"] == sentence


def test_administrators_see_the_restarts_of_the_last_day(client, django_user_model, capsys):
    Heartbeat.objects.write(Process.BEAT)
    Heartbeat.objects.write(Process.WORKER)
    Backup.objects.create(address="/mnt/safe", name="20261122", files=12, size=1_000_000)
    client.force_login(django_user_model.objects.create_superuser("boss", "boss@example.org"))
    assert "Nothing was restarted." in client.get("/status/").content.decode()
    said, is_well = doctor(capsys)
    assert is_well
    assert "Restarts within a day: none" in said
    restart("beat", timedelta(hours=25))
    restart("worker", timedelta(hours=1), reason=how_it_ended(-9))
    page = client.get("/status/").content.decode()
    assert "It was killed by the signal SIGKILL." in page
    assert "no longer responded" not in page
    said, is_well = doctor(capsys)
    assert is_well
    assert (
        "Restarts within a day: worker 1; last worker on here, 1 hour ago: It was killed by the signal SIGKILL." in said
    )
    for _ in range(4):
        restart("web")
    assert "started again 4 times within 10 minutes" in client.get("/status/").content.decode()
    said, is_well = doctor(capsys)
    assert not is_well
    assert "The part web on here was started again 4 times within 10 minutes." in said


def test_prometheus_counts_all_restarts_and_those_that_never_were():
    restart("web", timedelta(days=40))
    restart("web")
    restart("listener of ztf")
    lines = exposition().decode().splitlines()
    assert {'wanderers_restarts_total{part="web"} 2.0', 'wanderers_restarts_total{part="beat"} 0.0'} <= {*lines}
    assert 'wanderers_restarts_total{part="listener of ztf"} 1.0' in lines


def test_nothing_is_asked_of_the_database_while_nothing_was_noted(django_assert_num_queries):
    connection.ensure_connection()
    with django_assert_num_queries(0):
        restarts.store()

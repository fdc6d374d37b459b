"""Commands on the server that act are in the audit log, with who ran them, how they ended, and no secret."""

import os
import subprocess
import sys
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from django.db import connection

from webapp.archive.models import AuditEntry
from webapp.console import audited_commands
from webapp.console.audited_commands import recorded
from webapp.core.environment import ROOT


@pytest.fixture(autouse=True)
def as_root(monkeypatch):
    monkeypatch.setattr(audited_commands, "_system_user", lambda: "root (ada)")


def run(*words, ends=None):
    with suppress(BaseException), recorded(["manage.py", *words]):
        if ends is not None:
            raise ends


def entries():
    return [*AuditEntry.objects.order_by("pk").values_list("act", "fields")]


WHO = {"system_user": "root (ada)", "ended": "0"}


@pytest.mark.django_db
def test_what_was_asked_for_is_recorded_by_name_and_not_what_is_so_by_default():
    run("ingest", "/data/night", "--survey", "atlas", "--create")
    run("inject", "movers", "--snr", "5", "9", "--seed=0")
    assert entries() == [
        ("manage.py ingest", {"path": "/data/night", "survey": "atlas", "create": "True", **WHO}),
        ("manage.py inject", {"workflow": "movers", "snr": "5.0, 9.0", **WHO}),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_no_secret_of_an_address_is_recorded(command):
    run(command, "s3://key:hunter2@bucket/backups?secret=hunter2")
    run("ingest", "s3://key:hunter2@bucket/night?secret=hunter2", "--survey", "atlas")
    (_, stored), (_, ingested) = entries()
    assert stored == {"address": "s3://bucket/backups", **WHO}
    assert ingested == {"path": "s3://bucket/night", "survey": "atlas", **WHO}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ends", "said"), [(SystemExit("No."), "1"), (SystemExit(130), "130"), (KeyboardInterrupt(), "KeyboardInterrupt")]
)
def test_a_command_that_fails_is_recorded_too(ends, said):
    run("export", "movers", "classifications.csv", ends=ends)
    assert entries()[0][1]["ended"] == said


@pytest.mark.django_db
def test_whoever_is_made_an_administrator_is_named_though_the_name_was_typed(django_user_model):
    django_user_model.objects.create_superuser("first")
    django_user_model.objects.create_superuser("boss")
    run("createsuperuser")
    run("createsuperuser", "--username", "failed", ends=SystemExit(1))
    assert [fields["username"] for _, fields in entries()] == ["boss", "failed"]


@pytest.mark.django_db
def test_code_is_not_recorded_as_it_may_contain_anything():
    run("shell", "-c", "user.set_password('hunter2')")
    assert entries() == [("manage.py shell", WHO)]


@pytest.mark.django_db
@pytest.mark.parametrize("words", [("doctor",), ("up",), ("ingest", "--help"), (), ("no_such_command",)])
def test_what_does_nothing_leaves_no_entry(words):
    run(*words)
    run("ingest", ends=SystemExit(2))
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_manage_py_records():
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    asked = [sys.executable, str(ROOT / "manage.py"), "changepassword", "nobody"]
    ended = subprocess.run(asked, env=os.environ | {"DATABASE_URL": address}, capture_output=True, timeout=60)
    ((act, fields),) = entries()
    assert (act, fields["username"], fields["ended"]) == ("manage.py changepassword", "nobody", str(ended.returncode))
    assert fields["system_user"]


@pytest.mark.django_db
def test_a_site_without_tables_says_nothing_of_the_audit_log(capsys):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {AuditEntry._meta.db_table} RENAME TO not_migrated")
    run("ingest", "/data/night", "--survey", "atlas")
    assert capsys.readouterr().err == ""

"""A migration that is killed while it changes rows has changed nothing, and the next one changes them."""

import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from tests.integration.learning import sky
from webapp.core.environment import ROOT
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue

BEFORE_UNMATCHED = "0001_initial"
"""The migration after it adds a column, fills it, and looks in archive_subject for the checks of cutouts."""
SECONDS = 180.0

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def checks():
    """Checks of an earlier schema, of two detections near no object each; afterwards today's schema."""
    catalogue = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=61000)
    subjects = sky.subjects(sky.survey("night"), [True] * 50)
    counts = {"detections": 2, "candidates": 0, "checked_at": timezone.now()}
    rows = [IdentityCheck(subject=subject, catalogue=catalogue, **counts) for subject in subjects]
    IdentityCheck.objects.bulk_create(rows)
    call_command("migrate", "known_objects", BEFORE_UNMATCHED, verbosity=0)
    yield rows
    call_command("migrate", verbosity=0)


def upgrade():
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": database})


def wait_until_blocked(cursor, process):
    """Wait until the migration wants to read the subjects, which it does after it has changed all rows."""
    deadline = time.monotonic() + SECONDS
    found = None
    while not found:
        assert process.poll() is None, "the migration has ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)
        cursor.execute("SELECT 1 FROM pg_locks WHERE relation = 'archive_subject'::regclass AND NOT granted")
        found = cursor.fetchone()


def columns():
    with connection.cursor() as cursor:
        table = connection.introspection.get_table_description(cursor, IdentityCheck._meta.db_table)
        return {column.name for column in table}


def test_a_killed_migration_leaves_the_old_schema_and_the_next_one_loses_nothing(checks):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("LOCK TABLE archive_subject")
        process = upgrade()
        wait_until_blocked(cursor, process)
        process.kill()
        process.wait()
    assert "unmatched" not in columns()
    assert upgrade().wait(SECONDS) == 0
    assert list(IdentityCheck.objects.values_list("unmatched", flat=True)) == [2] * len(checks)

"""A migration that is killed while it changes rows has changed nothing, and the next one changes them."""

import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from tests.integration.archive.sky import make_survey
from webapp.archive.models import Frame, Subject
from webapp.core.environment import ROOT

BEFORE_MEAN = "0018_gold_changed_at"
"""The migration after it adds a column and gives each subject the mean magnitude of its frames."""
SECONDS = 180.0

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def subjects():
    """Subjects of an earlier schema, each of two frames; afterwards today's schema, whatever happened."""
    survey = make_survey()
    rows = [Subject(survey=survey, external_id=f"s{n}", kind="stamp", zarr_array="a", zarr_index=n) for n in range(50)]
    Subject.objects.bulk_create(rows)
    Frame.objects.bulk_create(Frame(subject=row, position=n, mag=18.0 + n) for row in rows for n in range(2))
    call_command("migrate", "archive", BEFORE_MEAN, verbosity=0)
    yield rows
    call_command("migrate", verbosity=0)


def upgrade():
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"DATABASE_URL": database})


def wait_until_blocked(cursor, process):
    """Wait until the migration wants to read the frames, which it does after it has added the column."""
    deadline = time.monotonic() + SECONDS
    found = None
    while not found:
        assert process.poll() is None, "the migration has ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)
        cursor.execute("SELECT 1 FROM pg_locks WHERE relation = 'archive_frame'::regclass AND NOT granted")
        found = cursor.fetchone()


def columns():
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, "archive_subject")}


def test_a_killed_migration_leaves_the_old_schema_and_the_next_one_loses_nothing(subjects):
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("LOCK TABLE archive_frame")
        process = upgrade()
        wait_until_blocked(cursor, process)
        process.kill()
        process.wait()
    assert "mag" not in columns()
    assert upgrade().wait(SECONDS) == 0
    assert set(Subject.objects.values_list("mag", flat=True)) == {18.5}
    assert Subject.objects.count() == len(subjects)
    assert Frame.objects.count() == 2 * len(subjects)

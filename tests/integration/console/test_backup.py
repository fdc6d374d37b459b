"""`restore` restores what `backup` wrote, with the programs of the embedded server."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from webapp.archive.models import Survey

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_backed_up_comes_back(tmp_path):
    Survey.objects.create(slug="atlas", name="ATLAS")
    call_command("backup", tmp_path / "site.dump")
    Survey.objects.all().delete()
    Survey.objects.create(slug="later", name="Later")
    connection.close()
    call_command("restore", tmp_path / "site.dump")
    assert [survey.slug for survey in Survey.objects.all()] == ["atlas"]
    assert [path.name for path in tmp_path.iterdir()] == ["site.dump"]


def test_a_file_that_is_no_backup_changes_nothing(tmp_path):
    Survey.objects.create(slug="atlas", name="ATLAS")
    (tmp_path / "site.dump").write_text("hello")
    with pytest.raises(CommandError, match="pg_restore failed"):
        call_command("restore", tmp_path / "site.dump")
    with pytest.raises(CommandError, match="is no file"):
        call_command("restore", tmp_path / "other.dump")
    assert Survey.objects.get().slug == "atlas"


def test_a_backup_that_fails_leaves_no_half_file(tmp_path):
    with pytest.raises(CommandError, match="pg_dump failed"):
        call_command("backup", tmp_path / "missing" / "site.dump")
    assert not list(tmp_path.iterdir())

"""The command line previews a file, reports its errors, and imports it."""

import pytest
from django.core.management import CommandError, call_command

from tests.integration.world import make_workflow
from webapp.classifications.models import Classification
from webapp.imports.models import ClassificationImport

pytestmark = pytest.mark.django_db


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    make_workflow(subjects=1, slug="votes")
    with pytest.raises(CommandError, match="There is no workflow “absent”"):
        call_command("import_classifications", "x.csv", "--workflow", "absent")
    with pytest.raises(CommandError, match="cannot be opened"):
        call_command("import_classifications", str(tmp_path / "x.csv"), "--workflow", "votes")
    path = tmp_path / "votes.csv"
    path.write_text("classification_id,user_name,subject_ids,val\n1,ann,votes-0,Blue\n")
    with pytest.raises(CommandError, match="Every label is skipped"):
        call_command("import_classifications", str(path), "--workflow", "votes")
    with pytest.raises(CommandError, match="not to “maybe”"):
        call_command("import_classifications", str(path), "--workflow", "votes", "--answer", "Blue=maybe")
    call_command("import_classifications", str(path), "--workflow", "votes", "--answer", "Blue=yes", "--inspect")
    assert not ClassificationImport.objects.exists()
    call_command("import_classifications", str(path), "--workflow", "votes", "--answer", "Blue=yes")
    assert "1  classifications imported" in capsys.readouterr().out
    assert Classification.objects.get().answer == "yes"


def test_two_plain_lists_that_number_their_rows_alike_both_come_in_once(tmp_path, capsys):
    make_workflow(subjects=2, slug="votes")
    for name, subject in (("monday", "votes-0"), ("tuesday", "votes-1"), ("monday", "votes-0")):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"classification_id,user_name,subject_ids,answer\n1,ann,{subject},Yes\n")
        call_command("import_classifications", str(path), "--workflow", "votes")
    assert "of tuesday:" in capsys.readouterr().out
    assert Classification.objects.count() == 2

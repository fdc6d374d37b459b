"""Foreign files that ask for far too much are refused with an explanation."""

import pytest

from webapp.imports.foreign_record import BadFile
from webapp.imports.inspect import read_classifications

pytestmark = pytest.mark.timeout(20)


def refused(path, text):
    path.write_text(text)
    with pytest.raises(BadFile) as said:
        list(read_classifications(path))
    return str(said.value)


@pytest.mark.parametrize("depth", [5_000, 1_000_000])
def test_lists_within_lists(tmp_path, depth):
    task = '{"id": 1, "annotations": [{"id": 1, "completed_by": 1, "result": []}]}'
    deep = '{"id": ' + "[" * depth + "]" * depth + "}"
    said = refused(tmp_path / "tasks.json", f"[{task}, {deep}]")
    assert said.startswith("tasks.json is not valid JSON after annotation 1: more than 100 lists")


def test_a_row_without_end(tmp_path):
    head = "classification_id,user_name,subject_ids,T0\n"
    said = refused(tmp_path / "votes.csv", head + '"\n",' * 10_000_000)
    assert said.startswith("votes.csv is not a readable CSV file: ")
    assert "has more than 33554432 characters" in said

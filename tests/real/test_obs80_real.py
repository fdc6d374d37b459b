"""Real observations in 80 columns are read and rewritten to the byte."""

import json

import pytest

from ml.sky.obs80 import read_obs80, write_obs80

pytestmark = pytest.mark.real


def test_real_files_are_rewritten_to_the_byte(shared_data):
    text = (shared_data / "mpc" / "K19V01E.obs").read_text()
    found, bad = read_obs80(text)
    assert (len(found), bad) == (149, [])
    assert write_obs80(found) == text.rstrip("\n") + "\n"


def test_real_records_of_decades_are_rewritten_to_the_byte(shared_data):
    records = json.loads((shared_data / "mpc" / "obs80.dat").read_text())
    lines = [record["original_record"][at : at + 80] for record in records for at in range(0, 160, 80)]
    text = "".join(f"{line}\n" for line in lines if line)
    found, bad = read_obs80(text)
    assert (len(found), bad) == (1401, [])
    assert write_obs80(found) == text
    assert sum(bool(each.place) for each in found) == 14

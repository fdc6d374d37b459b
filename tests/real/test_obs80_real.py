"""Real observations in 80 columns are read and rewritten to the byte."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ml.sky.ades import read_xml, write_psv, write_xml
from ml.sky.obs80 import read_obs80, write_obs80

pytestmark = pytest.mark.real


@pytest.mark.parametrize("end", ["", "\n"])
def test_real_files_are_rewritten_to_the_byte_with_a_final_line_feed_and_without(shared_data, end):
    data = (shared_data / "mpc" / "K19V01E.obs").read_bytes() + end.encode()
    found, bad = read_obs80(data.decode())
    assert (len(found), bad) == (149, [])
    assert write_obs80(found, ends_line=data.endswith(b"\n")).encode() == data


def test_real_records_of_decades_are_rewritten_to_the_byte(shared_data):
    records = json.loads((shared_data / "mpc" / "obs80.dat").read_text())
    lines = [record["original_record"][at : at + 80] for record in records for at in range(0, 160, 80)]
    text = "".join(f"{line}\n" for line in lines if line)
    found, bad = read_obs80(text)
    assert (len(found), bad) == (1401, [])
    assert write_obs80(found) == text
    assert sum(bool(each.place) for each in found) == 14


def test_a_real_file_goes_through_the_fields_own_tools_and_ours_unchanged(shared_data, tmp_path):
    run = Path(sys.executable).parent
    header = "COD I41\nCON A. One\nMEA A. One\nTEL 1.2-m Schmidt + CCD\n"
    (tmp_path / "a.obs").write_text(header + (shared_data / "mpc" / "K19V01E.obs").read_text() + "\n")
    subprocess.run([run / "mpc80coltoxml.py", "--submission", tmp_path / "a.obs", tmp_path / "a.xml"], check=True)
    [block] = read_xml((tmp_path / "a.xml").read_bytes())
    assert len(block.observations) == 149
    (tmp_path / "a.psv").write_text(write_psv(block))
    subprocess.run([run / "psvtoxml.py", tmp_path / "a.psv", tmp_path / "b.xml"], check=True)
    assert read_xml((tmp_path / "b.xml").read_bytes()) == read_xml(write_xml([block])) == [block]

"""`python -m ml obs80`: 80 columns to a table and back."""

import csv
import io
import json

import numpy as np
import pytest

from ml.__main__ import main
from ml.sky.obs80 import read_obs80, write_obs80
from ml.sky.observatories import geocentric, read_observatories
from ml.sky.solar_system import AU_KM

LINES = """\
     K19V01E* C2019 11 04.10923 19 21 09.10 -06 47 37.26         18.8 g      I41
12893J93S07X 4 1993 09 17.25833 00 52 07.92 -00 00 35.3                 23077809
12893         S2010 06 07.03243911 30 13.06 +03 29 18.1                L~0IsfC51
12893         s2010 06 07.0324391 - 6490.4555 + 2183.2275 +  914.7962   ~0IsfC51
     T1        1950 01 31.5     12 34.5     +89 59.9                         500
"""
TABLE = "tracklet,mjd,ra,dec,mag,observatory\n" + "".join(
    f"T1,{60000.1 + k / 100},{359.9999 + k / 1000 - 360 * (k > 0)},-0.0{k + 1},{mag},I41\n"
    for k, mag in enumerate(["19.25", "nan"])
)


@pytest.fixture
def run(tmp_path, capsys):
    def run_command(text, *options, flag="--data"):
        (tmp_path / "in").write_text(text)
        status = main(["obs80", flag, str(tmp_path / "in"), *options])
        out, err = capsys.readouterr()
        return status, list(csv.DictReader(io.StringIO(out))), err

    return run_command


def test_lines_are_rewritten_to_the_byte():
    found, bad = read_obs80(LINES)
    assert (len(found), bad) == (4, [])
    assert write_obs80(found) == LINES


@pytest.mark.parametrize("end", ["", "\n"])
def test_the_command_rewrites_what_it_reads_to_the_byte(run, tmp_path, end):
    text = LINES.rstrip() + end
    assert run(text, "--obs", str(tmp_path / "out"), flag="--read")[0] == 0
    assert (tmp_path / "out").read_text() == text


def test_the_json_of_the_centers_service_is_read_too(run, tmp_path):
    first, second, *in_space, last = LINES.splitlines()
    records = [{"original_record": text} for text in (first, second, "".join(in_space), last)]
    status, rows, _ = run(json.dumps(records), "--obs", str(tmp_path / "out"), flag="--read")
    assert (status, len(rows), (tmp_path / "out").read_text()) == (0, 4, LINES)
    for text in ('[{"epoch": 1}]', "[1", "[1]"):
        status, _, err = run(text, flag="--read")
        assert (status, "no list of records" in err) == (2, True)


def test_what_a_line_says(run):
    status, rows, err = run(LINES + "nonsense\n" + LINES.splitlines()[0][:60] + "\n", flag="--read")
    assert status == 0
    assert [row["tracklet"] for row in rows] == ["2019 VE1", "12893", "12893", "T1"]
    assert float(rows[0]["ra"]) == pytest.approx((19 + 21 / 60 + 9.10 / 3600) * 15, abs=1e-8)
    assert float(rows[0]["dec"]) == pytest.approx(-(6 + 47 / 60 + 37.26 / 3600), abs=1e-8)
    assert float(rows[0]["mjd"]) == pytest.approx(58791.10923)
    assert (rows[0]["mag"], rows[0]["band"], rows[0]["observatory"]) == ("18.8", "g", "I41")
    assert float(rows[1]["dec"]) < 0  # minus zero degrees
    assert [float(rows[2][axis]) for axis in ("obs_x", "obs_y", "obs_z")] == [-6490.4555, 2183.2275, 914.7962]
    assert "2 lines of in are no observations (line 6, 7)" in err


ROVER = """\
     K19V01E  V2019 11 04.10923 19 21 09.10 -06 47 37.26         18.8 V      247
     K19V01E  v2019 11 04.10923 1 243.137460 +33.354117  1696                247
"""


def test_a_roving_observer_is_where_its_second_line_says(run):
    """Palomar's longitude, latitude and altitude, against the place of its code."""
    assert write_obs80(read_obs80(ROVER)[0]) == ROVER
    _, [row], err = run(ROVER, flag="--read")
    place = [float(row[axis]) for axis in ("obs_x", "obs_y", "obs_z")]
    palomar = geocentric(read_observatories()["675"], np.array([float(row["mjd"])]))[0] * AU_KM
    assert place == pytest.approx(palomar, abs=0.1)
    assert err == ""
    assert read_obs80(ROVER.replace("243.137460", " " * 10))[1] == [2]


@pytest.mark.parametrize("wrong", ["24 00 00.00 -06 47 37.26", "19 61 09.10 -06 47 37.26", "19 21 60.00 -06 47 37.26",
                                   "19 21 09.10 -97 47 37.26", "19 21 09.10 -90 00 00.01"])  # fmt: skip
def test_a_position_beyond_the_sky_is_no_observation(wrong):
    line = LINES.splitlines()[0]
    assert read_obs80(f"{line[:32]}{wrong}{line[56:]}\n") == ([], [1])


@pytest.mark.parametrize(
    ("packed", "name"),
    [
        ("    CK20F030", "C/2020 F3"),
        ("    PJ94P01b", "P/1994 P1-B"),
        ("0073P      c", "73P-C"),
        ("0073P       ", "73P"),
        ("     A1234  ", "A1234"),  # an observer's own; as a number it would be 101234
        ("     00123  ", "00123"),
    ],
)
def test_comets_fragments_and_names_of_ones_own_keep_their_names(run, packed, name):
    _, [row], _ = run(packed + LINES.splitlines()[0][12:] + "\n", flag="--read")
    assert row["tracklet"] == name


def test_a_right_ascension_just_below_360_degrees_is_written_as_0h(run, tmp_path):
    assert run(TABLE.replace("359.9999,", "359.9999985,"), "--obs", str(tmp_path / "out.obs"))[0] == 0
    assert (tmp_path / "out.obs").read_text()[32:44] == "00 00 00.000"


def test_tracklets_are_written_and_read_back(run, tmp_path):
    out = tmp_path / "out.obs"
    status, [said], _ = run(TABLE, "--obs", str(out), "--band", "r")
    assert (status, said) == (0, {"observations": "2", "tracklets": "1"})
    first, second = out.read_text().splitlines()
    assert first == "     T1       C2023 02 25.10000023 59 59.976-00 00 36.00         19.25r      I41"
    assert len(second) == 80
    assert second[65:71].strip() == ""
    _, rows, _ = run(out.read_text(), flag="--read")
    assert [float(row["dec"]) for row in rows] == pytest.approx([-0.01, -0.02], abs=1e-6)


def with_bands(*bands):
    head, *lines = TABLE.replace("nan", "19.5").splitlines()
    return "\n".join([f"{head},band", *(f"{line},{band}" for line, band in zip(lines, bands, strict=True))])


@pytest.mark.parametrize(("bands", "written"), [(("g", "Ao"), "go"), (("", "c"), "rc"), (("UNK", "Vj"), " V")])
def test_each_magnitude_keeps_its_own_band(run, tmp_path, bands, written):
    out = tmp_path / "out.obs"
    assert run(with_bands(*bands), "--obs", str(out), "--band", "r")[0] == 0
    assert "".join(line[70] for line in out.read_text().splitlines()) == written


def test_a_band_that_the_center_does_not_know_is_not_written(run, tmp_path):
    status, _, err = run(with_bands("ztfg", "r"), "--obs", str(tmp_path / "out.obs"))
    assert (status, "'ztfg' is no band of the Center" in err) == (2, True)
    assert not (tmp_path / "out.obs").exists()


def test_spacecraft_are_written_with_a_second_line(run, tmp_path):
    out, places = tmp_path / "out.obs", [(-6490.4555, 2183.2275, 914.7962), (1.5e6, -2.25e5, 0.0)]
    head, *lines = TABLE.replace("I41", "C57").splitlines()
    rows = [f"{line},{x},{y},{z}" for line, (x, y, z) in zip(lines, places, strict=True)]
    table = "\n".join([f"{head},obs_x,obs_y,obs_z", *rows])
    assert run(table, "--obs", str(out), "--band", "r")[0] == 0
    assert out.read_text().splitlines()[1] == (
        "     T1       s2023 02 25.1000001 - 6490.4555 + 2183.2275 +  914.7962        C57"
    )
    _, rows, _ = run(out.read_text(), flag="--read")
    found = [[float(row[axis]) for axis in ("obs_x", "obs_y", "obs_z")] for row in rows]
    assert found[0] == list(places[0])
    assert found[1] == pytest.approx(places[1], abs=1.5)  # 8 digits of an au


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("I41", "ZZZ"), "lists no observatory “ZZZ”"),
        (("I41", "250"), "no fixed place"),
        (("T1,", "too_long_a_name,"), "no temporary designation"),
        (("60000.11", "60003.11"), "only one position"),
        (("60000.11", "60000.1"), "two positions at one time"),
        (("60000.11", "nan"), "row 2 lacks a time"),
    ],
)
def test_what_the_center_would_refuse_is_not_written(run, tmp_path, change, said):
    assert change[0] in TABLE
    status, rows, err = run(TABLE.replace(*change), "--obs", str(tmp_path / "out.obs"))
    assert (status, rows) == (2, [])
    assert said in err
    assert not (tmp_path / "out.obs").exists()


def test_a_file_without_observations_is_refused(run):
    assert run("nothing\n", flag="--read")[0] == 2

"""`python -m ml known`: candidates as CSV, and what cannot be used said on stderr."""

import csv
import io
from pathlib import Path

import pytest

from ml.__main__ import main
from ml.sky.solar_system import tdb

ORBITS = Path(__file__).parents[1] / "sky" / "orbits"
AHEAD = 69.184 / 86400  # days that TDB is ahead of UTC


@pytest.fixture
def known(tmp_path, capsys):
    def run(text, *options):
        data = tmp_path / "d.csv"
        data.write_text(text, encoding="utf-8")
        orbits = str(ORBITS / "mpcorb.dat")
        status = main(["known", "--orbits", orbits, "--data", str(data), "--radius", "5", *options])
        out, err = capsys.readouterr()
        return status, list(csv.DictReader(io.StringIO(out))), err

    return run


@pytest.fixture(scope="module")
def there():
    """Return RA and Dec of (2340) Hathor from the Earth's centre at MJD 61030.0 TDB, and the UTC."""
    rows = csv.DictReader((ORBITS / "places.csv").read_text().splitlines())
    row = next(row for row in rows if (row["days"], row["name"]) == ("30", "02340"))
    utc = 61030.0 - AHEAD
    assert tdb(utc) == pytest.approx(61030.0, abs=1e-9)
    return f"{utc:.9f},{row['ra']},{row['dec']}"


def test_an_object_is_found_with_its_residuals(known, there):
    status, [row], err = known(f"tracklet,mjd,ra,dec\nt1,{there}\n")
    assert (status, err) == (0, "")
    assert (row["tracklet"], row["object"], row["row"]) == ("t1", "2340", "1")
    assert float(row["separation"]) < 0.1
    assert abs(float(row["along"])) < 0.1
    assert float(row["orbit_days"]) == pytest.approx(30, abs=0.1)


def test_the_observer_counts(known, there):
    """A near object seen from another place of the Earth stands elsewhere."""
    text = f"mjd,ra,dec,observatory\n{there},500\n{there},I41\n{there},\n"
    _, rows, _ = known(text, "--radius", "60")
    own, palomar, default = (float(row["separation"]) for row in rows)
    assert own == default < 0.1
    assert 1 < palomar < 30


def test_rows_that_cannot_be_used_are_said_and_the_others_matched(known, there):
    text = f"mjd,ra,dec,observatory\nnan,1,1,500\n{there},XXX\n{there},250\n{there},500\n60000,1,95,500\n"
    status, rows, err = known(text)
    assert status == 0
    assert [row["row"] for row in rows] == ["4"]
    assert "observatory XXX is unknown to the Minor Planet Center's list; rows left out: 1" in err
    assert "250 (Hubble Space Telescope) has no fixed place" in err
    assert "2 of 5 rows lack a time or a position" in err


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("mjd,ra,dec\n61000,1,1\n", ["--observatory", "XXX"], "observatory XXX is unknown"),
        ("mjd,ra,dec\nnan,1,1\n61000,1,95\n", [], "2 of 2 rows lack a time or a position"),
    ],
)
def test_if_no_row_can_be_used_one_line_says_why(known, text, options, said):
    status, rows, err = known(text, *options)
    assert (status, rows) == (2, [])
    assert said in err
    assert err.count("\n") == 1


def test_the_pole_equal_times_and_missing_magnitudes_do_no_harm(known, there):
    text = f"tracklet,mjd,ra,dec,mag\nt1,{there},nan\nt1,{there},\np,61000,10,90,nan\np,61000,200,-90,\n"
    status, rows, err = known(text)
    assert (status, err) == (0, "")
    assert [row["row"] for row in rows] == ["1", "2"]


def test_an_orbit_file_that_holds_no_orbit_is_one_line(known, tmp_path):
    (tmp_path / "cut").write_text((ORBITS / "mpcorb.dat").read_text().splitlines()[-1][:90])
    status, rows, err = known("mjd,ra,dec\n61000,1,1\n", "--orbits", str(tmp_path / "cut"))
    assert (status, rows) == (2, [])
    assert err == "known: cut holds no orbit in the format of MPCORB.DAT\n"


def test_old_elements_are_said_and_advance_brings_them_up(known):
    text = "mjd,ra,dec\n61000.5,10,10\n"
    assert "days from the data" not in known(text)[2]
    old = text.replace("61000.5", "61400.5")
    assert "the elements are 401 days from the data" in known(old)[2]
    assert "--advance" in known(old)[2]
    assert "--advance" not in known(old, "--advance")[2]


def test_a_time_beyond_the_known_leap_seconds_is_computed_without_a_library_warning(known):
    status, _, err = known("mjd,ra,dec\n70000.1,10,10\n", "--advance")
    assert status == 0
    assert "dubious" not in err


def test_bad_lines_are_counted(known, there, tmp_path):
    (tmp_path / "part").write_text((ORBITS / "mpcorb.dat").read_text()[:-120])
    status, rows, err = known(f"mjd,ra,dec\n{there}\n", "--orbits", str(tmp_path / "part"))
    assert status == 0
    assert "part: lines that are no orbits are left out: 1 (line 23)" in err
    assert len(rows) == 2  # the object stands in both files


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--radius", "0"], "--radius"),
        (["--comets", "/nowhere"], "nowhere"),
        (["--obscodes", str(ORBITS / "mpcorb.dat")], "obscodes_extended.json"),
    ],
)
def test_bad_options_are_one_line(known, options, said):
    status, rows, err = known("mjd,ra,dec\n61000,1,1\n", *options)
    assert (status, rows) == (2, [])
    assert said in err
    assert err.count("\n") == 1

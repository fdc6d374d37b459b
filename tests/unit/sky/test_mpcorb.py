"""Reading orbit catalogues: whole, in part, damaged."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ml.sky.comet_elements import read_comets
from ml.sky.mpcorb import read_mpcorb
from ml.sky.packed import unpack_designation
from ml.sky.two_body import states

REAL = Path(__file__).parent / "orbits" / "mpcorb.dat"
CERES = (
    "00001    3.4   0.15 K205V 162.68631   73.73161   80.28698   10.58862  0.0775571  0.21406009   2.7676569  0 "
    "MPO492748  6751 115 1801-2019 0.60 M-v 30h Williams   0000      (1) Ceres              20190915"
)
NEOWISE = (
    "    CK20F030  2020 07  3.6811  0.294698  0.999188   37.2787   61.0103  128.9374  20200531   7.5  4.0  "
    "C/2020 F3 (NEOWISE)                                      MPEC 2020-M52"
)


def test_elements_of_a_line(tmp_path):
    (tmp_path / "one").write_text(CERES + "\n")
    orbits = read_mpcorb(tmp_path / "one").orbits
    assert (orbits.name[0], orbits.epoch[0]) == (b"00001", 59000.0)
    assert orbits.perihelion[0] == pytest.approx(2.7676569 * (1 - 0.0775571))
    assert (orbits.magnitude[0], orbits.slope[0], orbits.last_observed[0]) == (3.4, 0.15, 58741.0)
    assert orbits.runoff[0] < 1
    [place], _ = states(orbits, 59000.0)
    # Heliocentric, equator of J2000, from the elements by the textbook's rotation matrices.
    mean = np.radians(162.68631)
    anomaly = mean
    for _ in range(50):
        anomaly = mean + 0.0775571 * np.sin(anomaly)
    plane = 2.7676569 * np.array([np.cos(anomaly) - 0.0775571, np.sqrt(1 - 0.0775571**2) * np.sin(anomaly), 0])

    def turn(angle, axis):
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        return np.array(
            [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]] if axis else [[1, 0, 0], [0, cos, -sin], [0, sin, cos]]
        )

    expected = turn(84381.448 / 3600, 0) @ turn(80.28698, 1) @ turn(10.58862, 0) @ turn(73.73161, 1) @ plane
    assert place == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("packed", [False, True])
def test_a_header_is_skipped_and_gzip_unpacked(tmp_path, packed):
    path = tmp_path / "orbits"
    path.write_bytes(gzip.compress(REAL.read_bytes()) if packed else REAL.read_bytes())
    catalogue = read_mpcorb(path)
    assert len(catalogue.orbits) == 20
    assert (catalogue.bad_lines, catalogue.warning) == ([], "")
    assert unpack_designation(catalogue.orbits.name[0].decode()) == "3360"


def test_bad_lines_are_named_and_the_rest_is_read(tmp_path):
    lines = REAL.read_text().splitlines()
    lines[5] = lines[5][:70]  # truncated
    lines[7] = lines[7].replace("K25BL", "K25B!")
    lines[9] = lines[9][:70] + "1.2000000" + lines[9][79:]  # no ellipse
    lines[11] = lines[11][:26] + "     nan " + lines[11][35:]
    (tmp_path / "bad").write_text("\n".join(lines))
    catalogue = read_mpcorb(tmp_path / "bad")
    assert catalogue.bad_lines == [6, 8, 10, 12]
    assert len(catalogue.orbits) == 16


def test_a_truncated_gzip_says_so_and_keeps_its_beginning(tmp_path):
    random = np.random.default_rng(0)
    lines = [CERES[:26] + f"{angle:9.5f}" + CERES[35:] for angle in random.uniform(0, 360, 5000)]
    (tmp_path / "cut.gz").write_bytes(gzip.compress("\n".join(lines).encode())[:-20_000])
    catalogue = read_mpcorb(tmp_path / "cut.gz")
    assert "cut.gz is truncated or damaged" in catalogue.warning
    assert 0 < len(catalogue.orbits) < 5000


@pytest.mark.parametrize(("reader", "line"), [(read_mpcorb, CERES), (read_comets, NEOWISE)])
def test_a_file_that_ends_within_a_line_says_so_and_a_missing_line_feed_is_fine(tmp_path, reader, line):
    (tmp_path / "whole").write_text(f"{line}\n{line}")
    assert (len(reader(tmp_path / "whole").orbits), reader(tmp_path / "whole").warning) == (2, "")
    (tmp_path / "cut").write_text(f"{line}\n{line[:70]}")
    assert "cut ends within a line" in reader(tmp_path / "cut").warning
    (tmp_path / "bad").write_text(f"{line}\n{line[:70]}\n")
    assert (reader(tmp_path / "bad").bad_lines, reader(tmp_path / "bad").warning) == ([2], "")


@pytest.mark.parametrize(("reader", "line", "end"), [(read_mpcorb, CERES, 150), (read_comets, NEOWISE, 90)])
def test_a_file_that_ends_after_the_elements_of_a_line_says_so_too(tmp_path, reader, line, end):
    """There the uncertainty or the magnitude of the last object is lost, and all that should follow."""
    (tmp_path / "cut").write_text(f"{line}\n{line[:end]}")
    catalogue = reader(tmp_path / "cut")
    assert "cut ends within a line" in catalogue.warning
    assert len(catalogue.orbits) == 2
    (tmp_path / "excerpt").write_text(f"{line[: end + 9]}\n{line[:end]}")
    assert reader(tmp_path / "excerpt").warning == ""


@pytest.mark.parametrize("reader", [read_mpcorb, read_comets])
@pytest.mark.parametrize("text", ["", "nothing\n" * 30])
def test_a_file_without_orbits_is_refused(tmp_path, text, reader):
    (tmp_path / "none").write_text(text)
    with pytest.raises(ValueError, match="holds no orbit"):
        reader(tmp_path / "none")


def test_comets_are_read(tmp_path):
    (tmp_path / "comets").write_text(f"{NEOWISE}\n\n{NEOWISE[:40]}\n")
    catalogue = read_comets(tmp_path / "comets")
    assert catalogue.bad_lines == [3]
    assert unpack_designation(catalogue.orbits.name[0].decode()) == "C/2020 F3"
    assert catalogue.orbits.perihelion_time[0] == pytest.approx(59033.6811)
    assert catalogue.orbits.epoch[0] == 59000
    [place], _ = states(catalogue.orbits, 59033.6811)
    assert np.linalg.norm(place) == pytest.approx(0.294698)


def test_an_orbit_in_the_format_of_comets_is_where_it_is_in_that_of_asteroids(tmp_path):
    """As near as the comets' digits allow: a time to 0.0001 d, and angles to 0.0001°."""
    lines, asteroids = REAL.read_text().splitlines()[-20:], read_mpcorb(REAL).orbits
    rows = zip(lines, asteroids.perihelion, asteroids.perihelion_time, strict=True)
    (tmp_path / "comets").write_text("\n".join(_as_comet(*row) for row in rows))
    comets = read_comets(tmp_path / "comets").orbits
    assert comets.epoch.tolist() == asteroids.epoch.tolist()
    places, expected = (states(each, asteroids.epoch[0])[0] for each in (comets, asteroids))
    off = np.linalg.norm(places - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert np.degrees(off.max()) * 3600 < 0.5


def _as_comet(line, perihelion, perihelion_time):
    """Return a line of MPCORB.DAT as one of CometEls.txt."""
    day, part = divmod(perihelion_time, 1)
    on = date.fromordinal(date(1858, 11, 17).toordinal() + int(day))
    argument, node, inclination, e = (float(line[slice(*place)]) for place in ((37, 46), (48, 57), (59, 68), (70, 79)))
    angles = "  ".join(f"{angle:8.4f}" for angle in (argument, node, inclination))
    time = f"{on:%Y %m} {on.day + part:7.4f}"
    return f"    CK20F030  {time} {perihelion:9.6f}  {e:8.6f}  {angles}  20251121   7.5  4.0  "


def test_each_fragment_of_a_numbered_comet_has_its_own_name(tmp_path):
    ends = ["0073P       ", "0073P      c", "0073P     bc", "0332PK10V01a", "0332PK10V010", "    PJ94P01b"]
    (tmp_path / "comets").write_text("\n".join(f"{end}{NEOWISE[12:]}" for end in ends))
    names = [unpack_designation(name.decode()) for name in read_comets(tmp_path / "comets").orbits.name]
    assert names == ["73P", "73P-C", "73P-BC", "332P-A", "332P", "P/1994 P1-B"]


def test_comets_brighten_with_their_slope_or_else_by_10_log_r(tmp_path):
    ends = [" 7.5  4.0", " 7.5  2.0", " 7.5     ", "      4.0", " 7.5  nan"]
    (tmp_path / "comets").write_text("\n".join(f"{NEOWISE[:91]}{end}{NEOWISE[100:]}" for end in ends))
    catalogue = read_comets(tmp_path / "comets")
    assert catalogue.orbits.activity.tolist() == [10, 5, 10, 10]
    assert catalogue.orbits.magnitude == pytest.approx([7.5, 7.5, 7.5, np.nan], nan_ok=True)
    assert catalogue.bad_lines == [5]
    assert np.isnan(read_mpcorb(REAL).orbits.activity).all()


def test_a_byte_that_is_no_letter_costs_one_line(tmp_path):
    (tmp_path / "some").write_bytes(f"{CERES}\n{CERES}\n".encode().replace(b"162.68631", b"\x8062.68631", 1))
    catalogue = read_mpcorb(tmp_path / "some")
    assert (len(catalogue.orbits), catalogue.bad_lines) == (1, [1])


def test_a_comet_whose_name_is_damaged_takes_no_other_comets_elements(tmp_path):
    (tmp_path / "some").write_bytes(f"{NEOWISE}\n{NEOWISE}\n".encode().replace(b"CK20F030", b"CK20F0\xff0", 1))
    catalogue = read_comets(tmp_path / "some")
    assert (len(catalogue.orbits.name), len(catalogue.orbits), catalogue.bad_lines) == (1, 1, [1])

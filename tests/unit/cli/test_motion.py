"""`python -m ml motion`: a table in, a table out, and bad rows said."""

import csv
import io
import time

import numpy as np
import pytest

from ml.__main__ import main
from ml.sky.detection_table import LACKING


@pytest.fixture
def motion(tmp_path, capsys):
    def run(text, *options):
        data = tmp_path / "d.csv"
        data.write_text(text, encoding="utf-8")
        status = main(["motion", "--data", str(data), *options])
        out, err = capsys.readouterr()
        return status, {row["tracklet"]: row for row in csv.DictReader(io.StringIO(out))}, err

    return run


def test_each_tracklet_has_its_motion_and_each_bad_one_its_reason(motion):
    status, rows, _ = motion(
        "tracklet,mjd,ra,dec,rms_ra,rms_dec\n"
        "b,60000.00,10.0,0,0.1,0.1\n"
        "a,60000.00,359.9999,20,0.1,0.1\n"
        "b,60000.01,10.001,0,0.1,0.1\n"
        "b,60000.02,10.002,0,0.1,0.1\n"
        "same,60000,1,1,,\nsame,60000,1,1.001,,\n"
        "antipode,60000,10,5,,\nantipode,60000.01,190,-5,,\nantipode,60000.02,10.002,5,,\n"
        "lost,nan,1,1,,\nlost,60000,1,91,,\n"
    )
    assert status == 0
    assert list(rows) == ["b", "a", "same", "antipode", "lost"]
    assert float(rows["b"]["rate"]) == pytest.approx(3.6 / 0.24)
    assert float(rows["b"]["pa"]) == pytest.approx(90)
    assert float(rows["b"]["rate_error"]) == pytest.approx(0.1 / (0.24 * np.sqrt(2)), rel=1e-3)
    assert rows["b"]["problem"] == ""
    assert rows["a"]["problem"] == "one detection: no motion"
    assert rows["same"]["problem"] == "all detections have one time"
    assert "90° or more from the middle" in rows["antipode"]["problem"]
    assert rows["antipode"]["rate"] == rows["antipode"]["chi2_dof"] == ""
    assert rows["lost"]["problem"] == f"2 of 2 detections {LACKING}; no detection left"
    assert rows["lost"]["ra"] == rows["same"]["rate"] == ""


def test_errors_come_from_the_survey(motion):
    text = "tracklet,mjd,ra,dec,snr\n" + "".join(f"t,{60000 + at / 100},{10 + at / 1000},0,20\n" for at in range(3))
    errors = [
        float(motion(text, *options)[1]["t"]["rate_error"])
        for options in [("--rms", "0.2"), ("--seeing", "1.0"), ("--seeing", "4.5")]
    ]
    scale = 0.24 * np.sqrt(2)
    expected = [0.2, np.hypot(0.1, 1 / 2.355 / 20), np.hypot(0.1, 4.5 / 2.355 / 20)]
    assert errors == pytest.approx(np.array(expected) / scale, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a CSV table"),
        ("tracklet,mjd,ra,dec\nA,60000.1,10,5,7\nA,60000.12,10.001,5,7\n", "more values than its header"),
        ("tracklet,mjd,ra\na,1,2\n", "lacks the column dec"),
        ("tracklet,mjd,ra,dec\n", "holds no detections"),
        ("tracklet,mjd,ra,dec\na,60000,1,1\n", "none of 1 tracklets has a motion (a: one detection: no motion)"),
        ("tracklet,mjd,ra,dec\na,60000,1,1\na,60000,1,1.1\n", "(a: all detections have one time)"),
        (
            "tracklet,mjd,ra,dec\na,nan,1,1\nb,60000,1,95\n",
            "none of 2 tracklets has a motion (a: 1 of 1 detections lack",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_line(motion, text, said):
    status, rows, err = motion(text)
    assert status == 2
    assert not rows
    assert said in err
    assert err.count("\n") == 1


def test_spaces_and_commas_at_the_ends_of_lines_do_no_harm(motion):
    plain = "A,60000.1,10,5\nA,60000.12,10.001,5\n"
    expected = motion("tracklet,mjd,ra,dec\n" + plain)[:2]
    assert motion("tracklet,mjd,ra,dec\n" + plain.replace("\n", ",\n"))[:2] == expected
    assert motion("tracklet, mjd, ra, dec\n " + plain.replace(",", ", "))[:2] == expected


def test_the_pole_and_missing_magnitudes_do_no_harm(motion):
    """A quarter of a turn of RA in an hour is 3.6 × √2″ at 3.6″ from the pole."""
    status, rows, err = motion(
        "tracklet,mjd,ra,dec,mag,snr\n"
        "p,60000,0,89.999,nan,nan\n"
        f"p,{60000 + 1 / 24},90,89.999,nan,\n"
        "q,60000,10,90,19,20\n"
        f"q,{60000 + 1 / 24},200,89.999,nan,20\n"
    )
    assert (status, err) == (0, "")
    assert float(rows["p"]["rate"]) == pytest.approx(3.6 * np.sqrt(2), rel=1e-4)
    assert float(rows["q"]["rate"]) == pytest.approx(3.6, rel=1e-4)
    assert [row["problem"] for row in rows.values()] == ["", ""]


def test_ten_thousand_tracklets_take_less_than_three_seconds(motion):
    random = np.random.default_rng(0)
    lines = ["tracklet,mjd,ra,dec,rms_ra,rms_dec"]
    for name, (ra, dec) in enumerate(random.uniform(0, 80, (10_000, 2))):
        lines += [f"t{name},{60000 + k / 100},{ra + k / 500:.6f},{dec:.6f},.1,.1" for k in range(4)]
    started = time.process_time()
    status, rows, _ = motion("\n".join(lines) + "\n")
    assert (status, len(rows)) == (0, 10_000)
    assert time.process_time() - started < 3

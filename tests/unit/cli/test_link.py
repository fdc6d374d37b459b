"""`python -m ml link`: a table of detections in, a table of tracklets out that `motion` reads."""

import csv
import io

import pytest

from ml.__main__ import main

TRACK = "".join(f"{60000 + k / 100:.4f},{10 + k / 100:.5f},5,d{k}\n" for k in range(4))


@pytest.fixture
def run(tmp_path, capsys):
    def run_command(text, *options):
        (tmp_path / "d.csv").write_text(text)
        status = main(["link", "--data", str(tmp_path / "d.csv"), "--rms", "0.2", *options])
        out, err = capsys.readouterr()
        return status, list(csv.DictReader(io.StringIO(out))), err

    return run_command


def test_linked_rows_say_where_they_came_from(run, tmp_path, capsys):
    status, rows, err = run("mjd,ra,dec,detection\n60000,1,1,far\n" + TRACK + "nan,1,1,x\n60000.01,1,95,y\n")
    assert status == 0
    assert [row["detection"] for row in rows] == ["d0", "d1", "d2", "d3"]
    assert [row["row"] for row in rows] == ["2", "3", "4", "5"]
    assert {row["tracklet"] for row in rows} == {"T00001"}
    assert "2 of 7 rows lack a time or a position" in err
    out = tmp_path / "linked.csv"
    assert main(["link", "--data", str(tmp_path / "d.csv"), "--rms", "0.2", "--out", str(out)]) == 0
    assert main(["motion", "--data", str(out)]) == 0
    [motion] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert float(motion["rate"]) == pytest.approx(149.4, abs=0.1)  # 36″ cos 5° in 14.4 min


def test_linked_rows_say_where_their_observer_was(run):
    """`known` looks from there."""
    text = "mjd,ra,dec,detection,observatory,obs_x,obs_y,obs_z,obs_vx,obs_vy,obs_vz\n"
    _, rows, _ = run(text + TRACK.replace("\n", ",250,7000.5,-1,2,0,7.5,-0.1\n"))
    assert len(rows) == 4
    for row in rows:
        assert row["observatory"] == "250"
        assert [float(row[f"obs_{axis}"]) for axis in ("x", "y", "z", "vx", "vy", "vz")] == [
            7000.5,
            -1,
            2,
            0,
            7.5,
            -0.1,
        ]


def test_linked_rows_keep_their_magnitudes_and_bands_for_a_report(run, tmp_path):
    text = "mjd,ra,dec,detection,mag,snr,band,observatory\n" + TRACK.replace("\n", ",19.25,12.5,g,I41\n")
    run(text.replace("19.25", "nan", 1), "--out", str(tmp_path / "linked.csv"))
    assert main(["obs80", "--data", str(tmp_path / "linked.csv"), "--obs", str(tmp_path / "a.obs")]) == 0
    assert [line[65:71] for line in (tmp_path / "a.obs").read_text().splitlines()] == [" " * 6, *["19.25g"] * 3]
    linked = csv.DictReader(io.StringIO((tmp_path / "linked.csv").read_text()))
    assert [(row["mag"], row["snr"]) for row in linked] == [("", "12.5000"), *[("19.2500", "12.5000")] * 3]


def test_the_detections_are_not_replaced_by_their_links(run, tmp_path):
    text = "mjd,ra,dec,detection\n" + TRACK
    status, _, err = run(text, "--out", str(tmp_path / "." / "d.csv"))
    assert status == 2
    assert err == "link: --out is the file that --data reads, and would replace it. Name another file.\n"
    assert (tmp_path / "d.csv").read_text() == text


@pytest.mark.parametrize(("corr", "count"), [("-0.9", 4), ("0.9", 0), ("0", 0), ("", 0)])
def test_places_may_be_off_along_their_error_ellipse_but_not_across_it(run, tmp_path, capsys, corr, count):
    """Four places on a line, two of them 1.8″ off to the northwest or the southeast."""
    off = [0.0, 1.3, -1.3, 0.0]
    places = [f"{60000 + k / 100:.4f},{10 + k / 100 - off[k] / 3600:.7f},{off[k] / 3600:.7f}" for k in range(4)]
    text = "mjd,ra,dec,rms_ra,rms_dec,rms_corr\n" + "".join(f"{place},0.6,0.5,{corr}\n" for place in places)
    status, rows, _ = run(text, "--min-detections", "4")
    assert (status, len(rows)) == (0, count)
    assert {(row["rms_ra"], row["rms_dec"], row["rms_corr"]) for row in rows} <= {("0.6000", "0.5000", "-0.9000")}


def test_where_one_error_is_unknown_it_is_that_of_all_and_they_are_not_correlated(run):
    lines = [line.rpartition(",")[0] for line in TRACK.splitlines()]
    status, rows, _ = run("mjd,ra,dec,rms_dec,rms_corr\n" + "".join(f"{line},0.5,0.9\n" for line in lines))
    assert (status, len(rows)) == (0, 4)
    assert {(row["rms_ra"], row["rms_dec"], row["rms_corr"]) for row in rows} == {("0.2000", "0.5000", "0.0000")}


def test_nothing_to_link_is_an_empty_table_and_is_said(run):
    said = "link: no tracklet in 2 detections; one needs at least 3\n"
    assert run("mjd,ra,dec\n60000,1,1\n60000.01,2,2\n") == (0, [], said)


@pytest.mark.parametrize(
    "options", [["--min-detections", "2"], ["--max-rate", "1"], ["--max-gap", "0"], ["--rms", "0"]]
)
def test_bad_limits_are_refused(run, options):
    status, rows, err = run("mjd,ra,dec\n60000,1,1\n", *options)
    assert (status, rows) == (2, [])
    assert err.count("\n") == 1

"""How every command ends: no traceback, and no half-written file."""

import os
import subprocess
import sys

import pytest

from ml.__main__ import main
from ml.cli import sky_table
from ml.io.whole_file import whole_file
from tests.prepared import ROOT

ROWS = [f"T{n},{60000 + k / 100},{10 + n / 1000 + k / 1000},5" for n in range(400) for k in range(3)]
DETECTIONS = "\n".join(["tracklet,mjd,ra,dec", *ROWS]) + "\n"


@pytest.fixture
def detections(tmp_path):
    path = tmp_path / "detections.csv"
    path.write_text(DETECTIONS)
    return path


def test_ctrl_c_is_one_line_and_leaves_the_earlier_file(detections, tmp_path, monkeypatch, capsys):
    def stopped(file, header, rows):
        file.write("half of a ta")
        raise KeyboardInterrupt

    out = tmp_path / "motion.csv"
    out.write_text("as before")
    monkeypatch.setattr(sky_table, "_write", stopped)
    assert main(["motion", "--data", str(detections), "--out", str(out)]) == 130
    assert capsys.readouterr().err == "motion: stopped. Run the same command again to finish.\n"
    assert {path.name for path in tmp_path.iterdir()} == {"detections.csv", "motion.csv"}
    assert out.read_text() == "as before"


def test_a_reader_that_wants_no_more_is_no_failure(detections):
    command = [sys.executable, "-m", "ml", "motion", "--data", str(detections)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as motion:
        assert motion.stdout.readline().startswith(b"tracklet,n,mjd")
        motion.stdout.close()
        assert motion.stderr.read() == b""
        assert motion.wait() == 0


@pytest.mark.parametrize("command", ["motion", "link", "distance"])
def test_a_file_that_is_not_there_is_named_plainly(command, tmp_path, capsys):
    missing = tmp_path / "missing.csv"
    assert main([command, "--data", str(missing)]) == 2
    assert capsys.readouterr().err == f"{command}: {missing}: No such file or directory\n"


@pytest.mark.parametrize("command", ["motion", "link", "distance"])
def test_a_table_without_a_usable_row_is_one_line_and_exit_2(command, tmp_path, capsys):
    (tmp_path / "d.csv").write_text("tracklet,mjd,ra,dec\na,nan,1,1\na,60000,1,95\n")
    assert main([command, "--data", str(tmp_path / "d.csv")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "2 of 2" in captured.err


@pytest.mark.parametrize("row", ["a,60000,400,1", "a,60000,1,95", "a,2460000.5,1,1"])
@pytest.mark.parametrize("command", ["motion", "link", "distance"])
def test_an_impossible_time_or_position_is_not_called_lacking(command, row, tmp_path, capsys):
    (tmp_path / "d.csv").write_text(f"tracklet,mjd,ra,dec\n{row}\n")
    assert main([command, "--data", str(tmp_path / "d.csv")]) == 2
    assert (
        "lack a time or a position, or have an impossible one"
        " (possible are MJD -100000 to 200000, RA -360 to 360°, Dec -90 to 90°)"
    ) in capsys.readouterr().err


def test_a_distance_needs_an_observatory_that_is_known(detections, capsys):
    assert main(["distance", "--data", str(detections), "--observatory", "XXX"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert captured.err.startswith("distance: no row can be used: observatory XXX is unknown")


def test_a_pipe_and_a_link_are_written_and_not_replaced(tmp_path):
    pipe, target, link = (tmp_path / name for name in ("pipe", "target", "link"))
    os.mkfifo(pipe)
    link.symlink_to(target)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for path in (pipe, link):
        with whole_file(path) as open_path:
            open_path.write_text("whole")
    assert os.read(reader, 9) == b"whole"
    os.close(reader)
    assert (pipe.is_fifo(), link.is_symlink(), target.read_text()) == (True, True, "whole")


@pytest.mark.parametrize("seed", ["-1", "1.5", "x"])
@pytest.mark.parametrize(
    "command", [["crowd", "--labels", "x"], ["simulate", "atlas", "--n", "1", "--out", "x"], ["link"]]
)
def test_a_seed_is_a_whole_number(command, seed, capsys):
    with pytest.raises(SystemExit):
        main([*command, "--seed", seed])
    assert f"a seed is a whole number, 0 or more, not '{seed}'" in capsys.readouterr().err


@pytest.mark.parametrize("role", ["stamp", "tracklet", "trail", "cube"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "is not there. Check the path."),
        ("a,b\n1,2\n", "no column holds image files: add a column `image`. Its columns are a, b."),
        ("image,label\n", "has no rows below its header. Add one for each image."),
    ],
)
def test_data_that_cannot_be_read_at_all_are_one_line(role, text, sentence, tmp_path, capsys):
    path = tmp_path / "manifest.csv"
    if text is not None:
        path.write_text(text)
    assert main(["train", "--role", role, "--data", str(path), "--out", str(tmp_path / "c")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("train: ")
    assert line.endswith(sentence)


def test_a_report_that_cannot_be_written_is_refused_before_the_work(tmp_path, capsys):
    for path, why in ((tmp_path, "that is a folder"), (tmp_path / "no" / "r.html", "its folder is not there")):
        assert main(["evaluate", "--checkpoint", "c", "--data", "d", "--report", str(path)]) == 2
        assert capsys.readouterr().err == f"evaluate: --report is {path}: {why}.\n"


@pytest.mark.parametrize(
    "command",
    [["motion", "--data", "d"], ["link", "--data", "d"], ["distance", "--data", "d"], ["crowd", "--labels", "l"]],
)
def test_a_table_that_cannot_be_written_is_refused_before_the_work(command, tmp_path, capsys):
    for path, why in ((tmp_path, "that is a folder"), (tmp_path / "no" / "t.csv", "its folder is not there")):
        assert main([*command, "--out", str(path)]) == 2
        assert capsys.readouterr().err == f"{command[0]}: --out is {path}: {why}.\n"


def test_errors_that_are_none_are_unknown(detections, capsys):
    detections.write_text(DETECTIONS.replace("ra,dec\n", "ra,dec,rms_ra,rms_dec\n").replace(",5\n", ",5,1e308,1e308\n"))
    assert main(["motion", "--data", str(detections)]) == 0
    assert ",nan" not in capsys.readouterr().out
    assert main(["motion", "--data", str(detections), "--rms", "inf"]) == 2
    assert capsys.readouterr().err == "motion: --rms must be a number above 0 arcsec\n"

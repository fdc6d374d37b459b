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


def test_nothing_to_link_is_an_empty_table(run):
    assert run("mjd,ra,dec\n60000,1,1\n60000.01,2,2\n")[:2] == (0, [])


@pytest.mark.parametrize(
    "options", [["--min-detections", "2"], ["--max-rate", "1"], ["--max-gap", "0"], ["--rms", "0"]]
)
def test_bad_limits_are_refused(run, options):
    status, rows, err = run("mjd,ra,dec\n60000,1,1\n", *options)
    assert (status, rows) == (2, [])
    assert err.count("\n") == 1

"""`python -m ml trail-distance`: distances from single curved trails of a simulated Hubble sky."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.__main__ import main
from ml.trails.resumable_scan import SCHEMA


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Twenty simulated cutouts, and their asteroid trails by name."""
    folder = tmp_path_factory.mktemp("hubble")
    main(["simulate", "hubble", "--n", "20", "--seed", "21", "--share", "1", "--out", str(folder)])
    with (folder / "manifest.csv").open(newline="") as file:
        rows = {row["external_id"]: json.loads(row["#objects"]) for row in csv.DictReader(file)}
    trails = {name: [each for each in found if each["class"] == "ASTEROID"] for name, found in rows.items()}
    return folder, {name: found[0] for name, found in trails.items() if len(found) == 1}


@pytest.fixture
def measure(sky, capsys):
    def run(trails, *options, data=None):
        folder, _ = sky
        status = main(
            ["trail-distance", "--data", str(data or folder / "manifest.csv"), "--trails", str(trails), *options]
        )
        out, err = capsys.readouterr()
        return status, list(csv.DictReader(io.StringIO(out))), err

    return run


def marks(path, trails):
    """Write a volunteer's straight line from end to end of each trail."""
    lines = [f"{name},ada,{','.join(str(v) for end in each['ends'] for v in end)}" for name, each in trails.items()]
    path.write_text("\n".join(["external_id,volunteer,x1,y1,x2,y2", *lines, ""]))
    return path


def scan(path, trails, **fields):
    row = {"frame": 0, "number": 0, "score": 0.9, "class": "ASTEROID"} | fields
    rows = [row | {"external_id": name, "curve": each["curve"]} for name, each in trails.items()]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return path


def agreeing(rows, trails):
    """Return the subjects with a distance, and how many errors each is off the true one."""
    found = [row for row in rows if row["distance"] and not row["problem"]]
    return {
        row["external_id"]: abs(float(row["parallax"]) - 1 / trails[row["external_id"]]["distance"])
        / np.hypot(float(row["parallax_error"]), 0.01)
        for row in found
    }


def test_lines_of_volunteers_give_the_distances(sky, measure, tmp_path):
    _, trails = sky
    status, rows, _ = measure(marks(tmp_path / "marks.csv", trails))
    assert status == 0
    assert [row["external_id"] for row in rows] == list(trails)
    off = agreeing(rows, trails)
    assert len(off) >= 4
    assert np.median(list(off.values())) < 1.5
    assert all(row["problem"] for row in rows if row["external_id"] not in off)


def test_a_line_is_measured_on_the_frame_that_it_was_drawn_on(sky, measure, tmp_path):
    _, trails = sky
    first, second = list(trails)[:2]
    lines = marks(tmp_path / "marks.csv", {name: trails[name] for name in (first, second)}).read_text().splitlines()
    framed = [f"{line},{at}" for line, at in zip(lines, ("frame", 0, 1), strict=True)]
    (tmp_path / "marks.csv").write_text("\n".join(framed))
    rows = {row["external_id"]: row for row in measure(tmp_path / "marks.csv")[1]}
    assert (rows[first]["frame"], rows[second]["frame"]) == ("0", "1")
    assert rows[second]["problem"] == "it has no such frame"
    assert rows[first]["problem"] != "it has no such frame"


def test_detected_trails_give_the_same(sky, measure, tmp_path):
    _, trails = sky
    _, by_hand, _ = measure(marks(tmp_path / "marks.csv", trails))
    status, rows, _ = measure(scan(tmp_path / "trails.parquet", trails))
    assert status == 0
    one, other = ({row["external_id"]: row for row in table if row["distance"]} for table in (by_hand, rows))
    shared = [name for name in one if name in other and not one[name]["problem"]]
    near = [
        abs(float(one[name]["parallax"]) - float(other[name]["parallax"])) < 3 * float(one[name]["parallax_error"])
        for name in shared
    ]
    assert len(shared) >= 4
    assert np.mean(near) >= 0.75


def test_only_asteroids_with_enough_score_are_measured(sky, measure, tmp_path):
    _, trails = sky
    assert measure(scan(tmp_path / "low.parquet", trails, score=0.4))[1] == []
    assert len(measure(scan(tmp_path / "low.parquet", trails, score=0.4), "--min-score", "0.3")[1]) == len(trails)
    assert measure(scan(tmp_path / "other.parquet", trails, **{"class": "SATELLITE"}))[1] == []


def test_without_the_observers_path_the_row_says_what_is_needed(sky, measure, tmp_path):
    folder, trails = sky
    placeless = folder / "placeless.csv"
    placeless.write_text((folder / "manifest.csv").read_text().replace("#obs_vx", "#other"))
    lines = marks(tmp_path / "marks.csv", trails | {"gone": next(iter(trails.values()))})
    status, rows, err = measure(lines, data=placeless)
    assert status == 0
    assert all("obs_vx" in row["problem"] for row in rows)
    assert len(rows) == len(trails)
    assert "gone has trails" in err


@pytest.mark.parametrize("text", ["nothing", "external_id,volunteer,x1\na,b,1\n"])
def test_a_table_of_something_else_is_refused_in_a_sentence(measure, tmp_path, text):
    (tmp_path / "bad.csv").write_text(text)
    status, _, err = measure(tmp_path / "bad.csv")
    assert status == 2
    assert "no column" in err
    (tmp_path / "bad.parquet").write_text(text)
    status, _, err = measure(tmp_path / "bad.parquet")
    assert status == 2
    assert "no table of detected trails" in err

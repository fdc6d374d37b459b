import csv
from collections import Counter

import numpy as np
import pytest
from astropy.io import fits

from ml.simulate.atlas.difference import CLASSES, REAL
from ml.simulate.atlas.night import atlas
from ml.simulate.writer import BLOCK


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    out = tmp_path_factory.mktemp("stamps")
    return out, rows_of(atlas(BLOCK + 24, 3, out, gold_fraction=0.5))


@pytest.fixture(scope="module")
def tracklets(tmp_path_factory):
    out = tmp_path_factory.mktemp("tracklets")
    return out, rows_of(atlas(200, 4, out, kind="tracklet", detections=None))


def test_stamps_are_balanced_and_labelled_as_simulated(stamps):
    _, rows = stamps
    assert set(Counter(row["label"] for row in rows).values()) == {(BLOCK + 24) // 8}
    assert {row["#simulated"] for row in rows} == {"1"}
    assert len({row["object_group"] for row in rows}) == len(rows)


def test_movers_may_be_rare(tmp_path):
    labels = Counter(row["label"] for row in rows_of(atlas(200, 3, tmp_path, share=0.06)))
    assert {name: labels[name] for name in REAL} == dict.fromkeys(REAL, 4)
    assert max(labels.values()) - min(labels[name] for name in CLASSES if name not in REAL) <= 1


def test_each_row_names_its_own_plane(stamps):
    out, rows = stamps
    assert [rows[0]["image"], rows[-1]["image"]] == ["cube-00000.fits", "cube-00001.fits"]
    assert [rows[0]["planes"], rows[BLOCK - 1]["planes"], rows[-1]["planes"]] == ["0:1", "255:256", "23:24"]
    with fits.open(out / "cube-00001.fits") as cube:
        assert cube[0].shape == (24, 100, 100)
        assert cube[0].header["BITPIX"] == -32


def test_truth_agrees_with_the_manifest(stamps):
    out, rows = stamps
    truth = rows_of(out / "truth.csv")
    assert [row["external_id"] for row in truth] == [row["external_id"] for row in rows]
    for row, known in zip(rows, truth, strict=True):
        assert known["label"] == row["label"]
        assert known["real"] == ("1" if row["label"] in REAL else "0")
        assert known["snr"] == row["#snr"]


def test_only_what_is_real_has_a_rate(stamps):
    _, rows = stamps
    assert all(bool(row["rate"]) == (row["label"] in REAL) for row in rows)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        atlas(40, 9, tmp_path / name)
        atlas(12, 9, tmp_path / name / "tracklets", kind="tracklet")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 6
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_another_seed_gives_another_sky(tmp_path):
    atlas(8, 1, tmp_path / "one")
    atlas(8, 2, tmp_path / "two")
    one, two = (fits.getdata(tmp_path / name / "cube-00000.fits") for name in ("one", "two"))
    assert not np.array_equal(one, two)


def test_gold_changes_nothing_but_gold(tmp_path):
    none, some = (rows_of(atlas(50, 1, tmp_path / str(share), gold_fraction=share)) for share in (0, 0.5))
    assert {row["gold"] for row in none} == {"0"}
    assert 10 < sum(int(row["gold"]) for row in some) < 40
    assert [row | {"gold": ""} for row in none] == [row | {"gold": ""} for row in some]


def test_tracklets_have_three_to_eight_frames_mostly_four(tracklets):
    out, rows = tracklets
    counts = Counter(stop - start for start, stop in (map(int, row["planes"].split(":")) for row in rows))
    assert set(counts) <= set(range(3, 9))
    assert counts[4] > 0.5 * len(rows)
    with fits.open(out / "cube-00000.fits") as cube:
        assert cube[0].shape[0] == sum(count * times for count, times in counts.items())


def test_each_frame_has_its_numbers(tracklets):
    _, rows = tracklets
    for row in rows:
        start, stop = map(int, row["planes"].split(":"))
        filled = [bool(row[f"{name}{frame}"]) for name in ("mjd", "ra", "dec", "mag", "#snr") for frame in range(1, 9)]
        assert filled == ([True] * (stop - start) + [False] * (8 - stop + start)) * 5
        assert len(row["#frame_labels"].split(",")) == stop - start


def test_chance_alignments_are_bogus_and_keep_their_label_at_least_twice(tracklets):
    _, rows = tracklets
    mixed = 0
    for row in rows:
        frames = row["#frame_labels"].split(",")
        if row["label"] == "SATELLITE":
            assert set(frames) <= {"AST", "STREAK"}
            continue
        assert frames.count(row["label"]) >= 2
        if len(set(frames)) > 1:
            mixed += 1
            assert row["label"] not in REAL
            assert sum(name in REAL for name in frames) <= 1
    assert mixed > 20


def test_satellites_take_the_place_of_bogus_tracklets_and_leave_the_real_ones(tmp_path):
    none, some = (
        rows_of(atlas(200, 4, tmp_path / str(share), kind="tracklet", satellites=share)) for share in (0, 0.2)
    )
    assert {row["label"] for row in none} == set(CLASSES)
    assert Counter(row["label"] for row in some)["SATELLITE"] == pytest.approx(40, abs=16)
    real = [[row["external_id"] for row in rows if row["label"] in REAL] for rows in (none, some)]
    assert real[0] == real[1]


def test_a_night_may_be_faint(tmp_path):
    rows = rows_of(atlas(160, 4, tmp_path, snr=(5, 20)))
    found = [float(row["#snr"]) for row in rows if row["label"] != "NOISE"]
    assert 5 <= min(found) < 6 < 15 < max(found) <= 20


def test_classes_are_those_of_the_paper():
    assert set(CLASSES) == {"BURN", "CR", "NOISE", "SCAR", "SPIKE", "AST", "STREAK", "COMET"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 0}, "n must be at least 1"),
        ({"kind": "cube"}, "'stamp' or 'tracklet', not 'cube'"),
        ({"kind": "tracklet", "detections": 2}, "3 to 8 detections, not 2"),
        ({"gold_fraction": 1.5}, "between 0 and 1"),
        ({"snr": (20.0, 5.0)}, "must rise"),
        ({"satellites": 0.9}, "between 0 and 0.5"),
    ],
)
def test_bad_arguments_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        atlas(**{"n": 8, "seed": 1, "out": tmp_path / "sky"} | changes)
    assert not (tmp_path / "sky").exists()

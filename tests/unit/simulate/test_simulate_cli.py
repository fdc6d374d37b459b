import argparse
import json

import pytest

from ml.cli import simulate
from ml.simulate import writer


def call(*words):
    parser = argparse.ArgumentParser()
    simulate.add(parser.add_subparsers(required=True))
    args = parser.parse_args(["simulate", *map(str, words)])
    return args.run(args)


def test_it_writes_a_sky_and_says_so(tmp_path, capsys):
    assert call("atlas", "--n", 16, "--out", tmp_path, "--seed", 2) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["n"] == 16
    assert said["manifest"] == str(tmp_path / "manifest.csv")
    assert len((tmp_path / "manifest.csv").read_text().splitlines()) == 17


def test_tracklets_and_their_number_of_frames(tmp_path, capsys):
    assert call("atlas", "--n", 4, "--out", tmp_path, "--tracklets", "--detections", 5) == 0
    header = (tmp_path / "manifest.csv").read_text().splitlines()[0]
    assert "mjd5" in header
    assert "mjd6" not in header


def test_mixed_tracklets(tmp_path):
    assert call("atlas", "--n", 4, "--out", tmp_path, "--tracklets", "--detections", "mixed") == 0
    assert "mjd8" in (tmp_path / "manifest.csv").read_text().splitlines()[0]


def test_euclid_takes_a_size(tmp_path, capsys):
    assert call("euclid", "--n", 3, "--out", tmp_path, "--size", 40) == 0
    assert json.loads(capsys.readouterr().out)["sky"] == "euclid"


@pytest.mark.parametrize(
    "words",
    [
        ("atlas", "--n", 0),
        ("atlas", "--n", 4, "--tracklets", "--detections", "four"),
        ("atlas", "--n", 4, "--tracklets", "--detections", 9),
        ("atlas", "--n", 4, "--detections", 4),
        ("atlas", "--n", 4, "--satellites", 0.1),
        ("euclid", "--n", 4, "--size", 8),
        ("euclid", "--n", 4, "--gold", 2),
        ("euclid", "--n", 4, "--rates", "fast"),
        ("euclid", "--n", 4, "--rates", "80:10"),
        ("atlas", "--n", 4, "--snr", "5"),
        ("ground", "--n", 1, "--size", 64),
        ("hubble", "--n", -1),
        ("hubble", "--n", 1, "--size", 10),
        ("hubble", "--n", 1, "--share", 3),
        ("tess", "--n", 0),
        ("tess", "--n", 1, "--frames", 1),
        ("tess", "--n", 1, "--into", "none.fits"),
        ("tess", "--n", 1, "--cadence", "inf"),
        ("atlas", "--n", 4, "--snr", "inf:inf"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(tmp_path, capsys, words):
    assert call(*words, "--out", tmp_path / "sky") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_an_interrupted_sky_has_no_manifest(tmp_path, monkeypatch):
    assert call("atlas", "--n", 4, "--out", tmp_path, "--seed", 1) == 0

    def stopped(block, name):
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "place_in_cube", stopped)
    with pytest.raises(KeyboardInterrupt):
        call("atlas", "--n", 4, "--out", tmp_path, "--seed", 2)
    assert {path.suffix for path in tmp_path.iterdir()} == {".fits"}


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert call("atlas", "--n", 4, "--out", tmp_path / "file") == 2
    assert capsys.readouterr().err.startswith("simulate atlas: ")


@pytest.mark.parametrize(
    ("words", "classes"),
    [
        (("atlas", "--n", 40), {"AST", "BURN", "COMET", "CR", "NOISE", "SCAR", "SPIKE", "STREAK"}),
        (("euclid", "--n", 12, "--size", 40, "--dithers", 4, "--rates", "0.1:10"), {"CR", "GALAXY", "SSO", "STAR"}),
        (("hubble", "--n", 6, "--size", 256, "--share", 1), {"ASTEROID", "COSMIC_RAY"}),
        (("tess", "--n", 3, "--size", 24, "--frames", 8, "--movers", 5, "--cadence", 200), {"MOVER"}),
    ],
)
def test_every_sky_tells_how_faint_it_is(tmp_path, capsys, words, classes):
    assert call(*words, "--out", tmp_path, "--summary") == 0
    told = json.loads(capsys.readouterr().out)["classes"]
    assert classes <= set(told)
    moving = told[next(iter(classes & {"AST", "SSO", "ASTEROID", "MOVER"}))]
    assert moving["snr"] == sorted(moving["snr"])
    assert moving["mag"] == sorted(moving["mag"])


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "manifest.csv").mkdir()
    assert call("tess", "--n", 1, "--out", tmp_path) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("words", [["atlas"], ["hubble", "--size", 512]])
def test_more_subjects_than_the_disk_holds_are_refused_before_anything_is_written(tmp_path, capsys, words):
    (tmp_path / "manifest.csv").write_text("of an earlier sky\n")
    assert call(*words, "--n", 10**20, "--out", tmp_path) == 2
    said = capsys.readouterr().err
    assert "100,000,000,000,000,000,000 subjects need" in said
    assert "ask for fewer, or choose a larger disk" in said
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]

"""`python -m ml train --role tracklet`, evaluate and score: any number of detections, and one line for bad input."""

import csv
import dataclasses
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml.__main__ import main
from ml.simulate.atlas.night import atlas
from ml.training import presets

SMALL = presets.FAMILIES[presets.RESIDUAL]
BRIEF = dataclasses.replace(SMALL, fresh=dataclasses.replace(SMALL.fresh, views=640, rounds=2))


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setitem(presets.FAMILIES, presets.RESIDUAL, BRIEF)


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    return atlas(80, 5, tmp_path_factory.mktemp("night"), kind="tracklet", detections=None)


@pytest.fixture(scope="module")
def trained(night, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "ours"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(presets.FAMILIES, presets.RESIDUAL, BRIEF)
        arguments = ["train", "--role", "tracklet", "--data", str(night), "--out", str(folder), "--preset", "small"]
        assert main(arguments) == 0
    return folder


def said(capsys):
    return json.loads(capsys.readouterr().out)


def changed(night, name, change):
    """Write the manifest again with each row changed, beside the first."""
    with night.open(newline="") as file:
        rows = list(csv.DictReader(file))
    path = night.with_name(name)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(change(dict(row)) for row in rows)
    return path


def test_a_night_of_mixed_lengths_is_judged_at_the_models_own_threshold(night, trained, tmp_path, capsys):
    capsys.readouterr()
    report = tmp_path / "report.html"
    assert main(["evaluate", "--checkpoint", str(trained), "--data", str(night), "--report", str(report)]) == 0
    told = said(capsys)
    manifest = json.loads((trained / "manifest.json").read_text())
    assert (told["threshold"], manifest["completeness"]) == (manifest["threshold"], 0.996)
    assert (told["n"], told["skipped"], told["classes"]) == (80, 0, ["bogus", "real"])
    assert set(told["detections"]) > {3, 4}
    kept, rejected = told["operating"]["kept_at_threshold"], told["operating"]["rejected_at_threshold"]
    assert kept == pytest.approx(told["recall"])
    real, bogus = np.sum(told["confusion"], axis=1)[[1, 0]]
    (one,) = told["nights_at_threshold"]
    assert (one["unknown"], one["real"]) == (80, real)
    assert one["false_negative"] == pytest.approx((1 - kept) * real)
    assert one["false_positive"] == pytest.approx((1 - rejected) * bogus)
    for name in ("kept_at_threshold", "rejected_at_threshold", "rejected_at_0.996", "workload_cut_at_0.996"):
        low, high = told["intervals"][name]
        assert low <= told["operating"][name] <= high
    page = report.read_text()
    assert "Bogus rejected at the threshold" in page
    assert "at the model’s own threshold" in page
    assert "Bogus rejected at completeness 0.996" in page


def test_a_threshold_that_is_asked_for_wins(night, trained, capsys):
    assert main(["evaluate", "--checkpoint", str(trained), "--data", str(night), "--threshold", "0.999999"]) == 0
    assert said(capsys)["threshold"] == 0.999999


def test_scores_of_every_length(night, trained, tmp_path, capsys):
    out = tmp_path / "s.parquet"
    assert main(["score", "--checkpoint", str(trained), "--data", str(night), "--out", str(out)]) == 0
    table = pq.read_table(out)
    assert table.column_names == ["external_id", "bogus", "real", "entropy"]
    assert table.num_rows == said(capsys)["n"] == 80
    assert np.allclose(table["bogus"].to_numpy() + table["real"].to_numpy(), 1, atol=1e-5)


def test_without_times_places_and_magnitudes_the_stamps_must_do(night, trained, capsys):
    gone = ("mjd", "ra", "dec", "mag", "#snr", "#x", "#y")
    bare = changed(
        night, "bare.csv", lambda row: {k: "" if k.rstrip("12345678") in gone else v for k, v in row.items()}
    )
    assert main(["evaluate", "--checkpoint", str(trained), "--data", str(bare)]) == 0
    told = said(capsys)
    assert told["n"] == 80
    assert told["roc_auc"] is not None


def test_one_and_two_frames_are_no_tracklet(night, trained, tmp_path, capsys):
    def short(row):
        first = int(row["planes"].split(":")[0])
        return row | {"planes": f"{first}:{first + 1 + int(row['external_id'][-1]) % 2}"}

    data = changed(night, "short.csv", short)
    for words in (
        ["train", "--role", "tracklet", "--out", str(tmp_path / "c")],
        ["evaluate", "--checkpoint", str(trained)],
    ):
        assert main([*words, "--data", str(data)]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert "a tracklet has 3 to 8 frames, and this has" in lines[0]
        assert "no labelled tracklet of" in lines[-1]
        assert "frames with pixels" in lines[-1]


def test_a_magnitude_that_is_nan_names_its_row(night, tmp_path, capsys):
    data = changed(
        night, "nan.csv", lambda row: row | {"mag2": "nan" if row["external_id"].endswith("0") else row["mag2"]}
    )
    assert (
        main(["train", "--role", "tracklet", "--data", str(data), "--out", str(tmp_path / "c"), "--preset", "small"])
        == 0
    )
    captured = capsys.readouterr()
    assert json.loads(captured.out)["skipped"] == 8
    assert "`mag2` is “nan”; it must be a magnitude; leave the cell empty where there is none" in captured.err


@pytest.mark.parametrize(
    ("label", "arguments", "sentence"),
    [
        ("AST", [], "Every label is 'AST': training needs"),
        ("SATELLITE", [], "Every label is 'SATELLITE'"),
        ("", [], "no labelled tracklet of three or more frames"),
        (None, ["--completeness", "1.5"], "--completeness is a fraction above 0 and up to 1, not 1.5"),
        (None, ["--preset", "paper", "--completeness", "0.5"], "--completeness would change nothing for preset paper."),
        (None, ["--preset", "huge"], "no preset 'huge' for this role; it is one of auto, set, paper, head"),
        (None, ["--positive", "GHOST"], "--positive names 'GHOST'"),
    ],
)
def test_bad_input_is_one_sentence(night, tmp_path, capsys, label, arguments, sentence):
    data = night if label is None else changed(night, "one.csv", lambda row: row | {"label": label})
    assert main(["train", "--role", "tracklet", "--data", str(data), "--out", str(tmp_path / "c"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err.splitlines()[-1]
    assert not (tmp_path / "c").exists()


def test_a_label_that_the_given_stamp_network_does_not_know(night, trained, tmp_path, capsys):
    data = changed(night, "odd.csv", lambda row: row | {"label": "GLINT" if row["label"] == "SPIKE" else row["label"]})
    words = ["--role", "tracklet", "--data", str(data), "--out", str(tmp_path / "c"), "--init", str(trained)]
    assert main(["train", *words]) == 2
    assert "Label 'GLINT' is not one of the checkpoint's classes" in capsys.readouterr().err.splitlines()[-1]


def test_the_papers_preset_on_given_stamps_and_satellites_count_as_bogus(night, trained, tmp_path, capsys):
    """Labels are real or bogus only if the stamp network is given: SATELLITE is no stamp class."""
    words = ["--role", "tracklet", "--data", str(night), "--out", str(tmp_path / "c"), "--init", str(trained)]
    assert main(["train", *words, "--preset", "paper"]) == 0
    captured = capsys.readouterr()
    made = json.loads(captured.out)
    assert (made["tracklet_net"], made["threshold"], "SATELLITE" in made["classes"]) == ("paper", 0.8, False)
    assert "The paper's network reads exactly 4 detections" in captured.err
    assert main(["evaluate", "--checkpoint", str(tmp_path / "c"), "--data", str(night)]) == 0
    told = said(capsys)
    assert (told["n"], told["skipped"], told["threshold"]) == (80, 0, 0.8)

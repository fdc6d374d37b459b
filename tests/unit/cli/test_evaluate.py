"""`python -m ml evaluate`: metrics, and caveats with remedies."""

import csv
import json

import pytest

from ml.__main__ import main
from ml.simulate.atlas.night import atlas


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    return atlas(96, 5, tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def model(night, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "champion"
    assert main(["train", "--role", "stamp", "--data", str(night), "--out", str(folder), "--preset", "head"]) == 0
    return folder


@pytest.fixture
def judged(model, capsys):
    capsys.readouterr()

    def run(data, *arguments):
        status = main(["evaluate", "--checkpoint", str(model), "--data", str(data), *map(str, arguments)])
        printed = capsys.readouterr()
        return status, (json.loads(printed.out) if printed.out else None), printed.err

    return run


def manifest(night, name, change):
    """Rewrite the manifest with changed rows; `change` may drop columns."""
    with night.open(newline="") as file:
        rows = [row for row in map(change, csv.DictReader(file)) if row]
    path = night.parent / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def without(*names):
    return lambda row: {name: value for name, value in row.items() if name not in names}


def test_report_and_plots(night, judged, tmp_path):
    status, said, _ = judged(night, "--report", tmp_path / "r.html", "--plots", tmp_path / "plots")
    assert status == 0
    assert set(said["completeness"]) == {"mag", "rate", "snr", "mag by rate", "snr by rate"}
    assert sum(said["completeness"]["mag"]["n"]) == 36
    assert said["nights"][0]["unknown"] == 96
    assert (tmp_path / "plots" / "roc.png").is_file()
    assert "roc.png" in (tmp_path / "r.html").read_text()
    low, high = said["intervals"]["rejected_at_0.996"]
    assert 0 <= low <= high <= 1


def test_truth_beside_the_manifest_says_what_it_does_not(night, judged):
    status, said, errors = judged(manifest(night, "bare.csv", without("mag", "rate", "#snr", "mjd")))
    assert status == 0
    assert set(said["completeness"]) == {"mag", "rate", "snr", "mag by rate", "snr by rate"}
    assert "have no `night`" in errors


def test_what_cannot_be_known_is_left_out_and_named(night, judged, tmp_path):
    bare = manifest(night, "bare.csv", without("mag", "rate", "#snr", "mjd", "external_id"))
    status, said, errors = judged(bare, "--report", tmp_path / "r.html")
    assert status == 0
    assert (said["completeness"], said["nights"]) == ({}, [])
    for name in ("mag", "rate", "snr", "night"):
        assert f"The data have no `{name}`, so nothing is shown by it. Add a column {name}" in errors
    assert "Add a column night" in (tmp_path / "r.html").read_text()


def test_one_kind_alone_is_said(night, judged):
    real = manifest(night, "real.csv", lambda row: row if row["label"] == "AST" else None)
    status, said, errors = judged(real)
    assert status == 0
    assert said["roc_auc"] is None
    assert "All 12 subjects are real, so the ROC AUC" in errors
    assert "Add bogus subjects to the data" in errors
    assert "No subject is labelled BURN, COMET" in errors


def test_a_label_that_is_no_class_is_named(night, judged):
    odd = manifest(night, "odd.csv", lambda row: row | {"label": row["label"].replace("SCAR", "GHOST")})
    status, said, errors = judged(odd)
    assert status == 0
    assert (said["classes"], said["n"]) == (["bogus", "real"], 84)
    assert "label 'GHOST' is not one of the model's classes, yes or no: correct it" in errors
    assert "so only real against bogus is judged" in errors


def test_a_threshold_is_a_probability(night, judged):
    status, said, errors = judged(night, "--threshold", 80)
    assert (status, said) == (2, None)
    assert errors == "evaluate: --threshold is a probability from 0 to 1, not 80.\n"


def test_a_role_that_is_named_must_be_the_checkpoints(night, model, judged, tmp_path, capsys):
    assert judged(night, "--role", "stamp")[:1] == (0,)
    status, _, complaint = judged(night, "--role", "cube")
    assert status == 2
    assert "The checkpoint is of the role 'stamp', not 'cube'. Name its own, or leave --role out." in complaint
    out = tmp_path / "s.parquet"
    scored = ["score", "--checkpoint", str(model), "--data", str(night), "--out", str(out), "--role"]
    assert main([*scored, "trail"]) == 2
    assert not out.exists()
    assert main([*scored, "stamp"]) == 0
    assert out.exists()

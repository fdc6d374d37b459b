"""`python -m ml train`, `evaluate`, `score`: JSON out, one line for bad input."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml.__main__ import main
from ml.simulate.atlas.night import atlas


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    return atlas(96, 5, tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def trained(night, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "champion"
    assert main(["train", "--role", "stamp", "--data", str(night), "--out", str(folder), "--preset", "head"]) == 0
    return folder


def said(capsys):
    return json.loads(capsys.readouterr().out)


def test_train_says_what_it_made(night, tmp_path, capsys):
    arguments = ["--data", str(night), "--out", str(tmp_path / "c"), "--seed", "2"]
    assert main(["train", "--role", "stamp", *arguments]) == 0
    made = said(capsys)
    assert (made["n"], made["skipped"], made["preset"]) == (96, 0, "head")
    assert set(made["positive"]) == {"AST", "STREAK", "COMET"}


def test_evaluate_says_its_figures(night, trained, capsys):
    capsys.readouterr()
    assert main(["evaluate", "--checkpoint", str(trained), "--data", str(night)]) == 0
    figures = said(capsys)
    assert figures["roc_auc"] > 0.8
    assert len(figures["confusion"]) == 8


def test_other_labels_are_judged_as_real_or_bogus(night, trained, tmp_path, capsys):
    text = night.read_text()
    for fine, plain in (("AST", "yes"), ("STREAK", "yes"), ("COMET", "real"), ("NOISE", "no"), (",CR,", ",no,")):
        text = text.replace(fine, plain)
    plain = night.parent / "plain.csv"
    plain.write_text(text)
    assert main(["evaluate", "--checkpoint", str(trained), "--data", str(plain)]) == 0
    assert said(capsys)["classes"] == ["bogus", "real"]


def test_score_writes_a_column_per_class(night, trained, tmp_path, capsys):
    out = tmp_path / "scores.parquet"
    assert main(["score", "--checkpoint", str(trained), "--data", str(night), "--out", str(out)]) == 0
    table = pq.read_table(out)
    assert table.column_names[0] == "external_id"
    assert table.column_names[-1] == "entropy"
    assert table.num_rows == 96
    p = np.stack([table[name].to_numpy() for name in table.column_names[1:-1]])
    assert np.allclose(p.sum(0), 1, atol=1e-5)
    assert said(capsys)["n"] == 96


def test_a_tracklet_model_from_tracklets(tmp_path, capsys):
    night = atlas(48, 6, tmp_path / "sky", kind="tracklet", detections=None)
    arguments = ["train", "--role", "tracklet", "--data", str(night), "--out", str(tmp_path / "c"), "--preset", "head"]
    assert main(arguments) == 0
    capsys.readouterr()
    assert main(["evaluate", "--checkpoint", str(tmp_path / "c"), "--data", str(night)]) == 0
    assert said(capsys)["classes"] == ["bogus", "real"]


def rows(night, name, change):
    header, *lines = night.read_text().splitlines()
    column = header.split(",").index("label")
    cells = [line.split(",") for line in lines]
    for row in cells:
        row[column] = change(row[column])
    path = night.parent / name
    path.write_text("\n".join([header, *(",".join(row) for row in cells)]) + "\n")
    return path


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda label: "AST", "Every label is 'AST'"),
        (lambda label: "", "no labelled subject"),
        (lambda label: "CR" if label in {"AST", "STREAK", "COMET"} else label, "is known to be real"),
        (lambda label: label.replace("AST", "ASTT"), "Is ASTT real or bogus? Correct the label if it is mistyped"),
    ],
)
def test_labels_that_teach_nothing(night, tmp_path, capsys, change, sentence):
    data = rows(night, "useless.csv", change)
    assert main(["train", "--role", "stamp", "--data", str(data), "--out", str(tmp_path / "c")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("train: ")
    assert sentence in error
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "--checkpoint", "nowhere", "--data", "M"], "nowhere is not a checkpoint"),
        (["score", "--checkpoint", "nowhere", "--data", "M", "--out", "s.parquet"], "nowhere is not a checkpoint"),
        (["train", "--role", "planet", "--data", "M", "--out", "c"], "no role 'planet'"),
        (["train", "--role", "stamp", "--data", "nowhere.csv", "--out", "c"], "nowhere.csv: is not there."),
        (
            ["train", "--role", "stamp", "--data", "M", "--out", "c", "--crop", "32"],
            "--crop is an option of the role cube; it would change nothing for a stamp model",
        ),
        (
            ["train", "--role", "tracklet", "--data", "M", "--out", "c", "--batch", "32"],
            "--batch is an option of the roles stamp and cube; it would change nothing for a tracklet model",
        ),
        (
            ["train", "--role", "cube", "--data", "M", "--out", "c", "--positive", "A"],
            "--positive is an option of the roles stamp and tracklet; it would change nothing for a cube model",
        ),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err.splitlines()[-1]


@pytest.mark.parametrize("role", ["stamp", "tracklet", "trail", "cube"])
@pytest.mark.parametrize("minutes", ["0", "-1", "nan"])
def test_a_time_in_which_nothing_can_be_learnt_is_refused(role, minutes, capsys):
    assert main(["train", "--role", role, "--data", "nowhere.csv", "--out", "c", "--minutes", minutes]) == 2
    assert f"--minutes is a time above 0, not {minutes}." in capsys.readouterr().err


def test_less_than_no_steps_are_refused(capsys):
    assert main(["train", "--role", "trail", "--data", "nowhere.csv", "--out", "c", "--steps", "-5"]) == 2
    assert "--steps is a number of batches, 0 or more, not -5." in capsys.readouterr().err


@pytest.mark.parametrize("role", ["stamp", "tracklet", "trail", "cube"])
def test_what_stands_at_out_is_not_erased_and_nothing_is_read_in_vain(role, tmp_path, capsys):
    (tmp_path / "thesis.txt").touch()
    assert main(["train", "--role", role, "--data", "nowhere.csv", "--out", str(tmp_path)]) == 2
    assert "exists and is not a checkpoint; saving would overwrite it. Choose another --out." in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").exists()


def test_a_positive_class_that_is_none(night, tmp_path, capsys):
    arguments = ["--data", str(night), "--out", str(tmp_path / "c"), "--positive", "GHOST"]
    assert main(["train", "--role", "stamp", *arguments]) == 2
    assert "--positive names 'GHOST'" in capsys.readouterr().err


def test_benchmarks_answer(capsys):
    assert main(["benchmark", "rescore", "--n", "1000"]) == 0
    assert said(capsys)["seconds"] < 1


@pytest.mark.parametrize("name", ["rescore", "score", "head"])
def test_a_benchmark_needs_subjects(name, capsys):
    assert main(["benchmark", name, "--n", "0"]) == 2
    assert capsys.readouterr().err == "benchmark: --n is a number of subjects, 1 or more, not 0\n"


def test_an_unknown_command_lists_the_known(capsys):
    with pytest.raises(SystemExit) as end:
        main(["conquer"])
    assert end.value.code == 2
    assert "simulate" in capsys.readouterr().err


def test_single_stamps_are_no_tracklets(night, tmp_path, capsys):
    assert main(["train", "--role", "tracklet", "--data", str(night), "--out", str(tmp_path / "c")]) == 2
    assert "has 1 frame(s), and a tracklet has 3 or more" in capsys.readouterr().err

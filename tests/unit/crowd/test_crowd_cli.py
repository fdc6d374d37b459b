import argparse
import csv
import json

import numpy as np
import pytest

from ml.cli import crowd_command

LABELS = "item,worker,label\n1,a,yes\n1,b,yes\n1,c,no\n2,a,no\n2,b,no\n2,c,no\n3,a,yes\n3,c,no\n"


def call(*words):
    parser = argparse.ArgumentParser()
    crowd_command.add(parser.add_subparsers(required=True))
    args = parser.parse_args(["crowd", *map(str, words)])
    return args.run(args)


@pytest.fixture
def labels(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(LABELS)
    return path


@pytest.fixture
def truth(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("item,truth\n1,yes\n2,no\n3,yes\n9,yes\n")
    return path


@pytest.mark.parametrize("method", list(crowd_command.METHODS))
def test_every_method_prints_its_numbers(labels, truth, method, capsys):
    assert call("--labels", labels, "--truth", truth, "--method", method) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["method"] == method
    assert (said["n_items"], said["n_workers"], said["n_votes"], said["n_truth"]) == (3, 3, 8, 3)
    assert 0.6 < said["accuracy"] <= 1
    assert said["log_loss"] > 0
    assert said["iterations"] >= 1
    assert said["seconds"] >= 0


def test_auto_says_what_it_chose_and_why(labels, capsys):
    assert call("--labels", labels) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["method"], said["chosen"], said["converged"]) == ("auto", "majority", True)
    assert said["reason"] == "With 8 votes there are too few to learn anything about anybody."
    assert said["log_likelihood"] is None
    call("--labels", labels, "--method", "dawid-skene")
    said = json.loads(capsys.readouterr().out)
    assert (said["chosen"], said["reason"]) == ("dawid-skene", "As asked.")
    assert said["log_likelihood"] < 0


def test_the_summary_says_how_far_people_agree(labels, tmp_path, capsys):
    assert call("--labels", labels) == 0
    said = json.loads(capsys.readouterr().out)["agreement"]
    assert said == {"fleiss_kappa": -0.066667, "pairwise": 0.444444, "fraction": 0.722222, "entropy": 0.639432}
    alone = tmp_path / "alone.csv"
    alone.write_text("item,worker,label\n1,a,yes\n2,b,no\n")
    call("--labels", alone)
    said = json.loads(capsys.readouterr().out)["agreement"]
    assert said == {"fleiss_kappa": None, "pairwise": None, "fraction": 1.0, "entropy": 0.0}


@pytest.mark.parametrize("method", list(crowd_command.METHODS))
def test_gold_is_used_and_not_scored(labels, truth, tmp_path, method, capsys):
    gold = tmp_path / "gold.csv"
    gold.write_text("item,truth\n2,no\n3,yes\n8,yes\n")
    assert call("--labels", labels, "--truth", truth, "--gold", gold, "--method", method) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["n_gold"], said["n_truth"]) == (2, 1)
    gold.write_text("item,truth\n2,perhaps\n")
    assert call("--labels", labels, "--gold", gold, "--method", method) == 2
    assert "gold says 'perhaps' of item '2'; the classes are no, yes" in capsys.readouterr().err


def test_a_tie_counts_half(labels, truth, capsys):
    call("--labels", labels, "--truth", truth, "--method", "majority")
    assert json.loads(capsys.readouterr().out)["accuracy"] == pytest.approx(2.5 / 3, abs=1e-6)


def test_a_true_class_that_nobody_voted_for_counts_as_wrong(labels, truth, capsys):
    truth.write_text("item,truth\n1,yes\n2,perhaps\n9,yes\n")
    assert call("--labels", labels, "--truth", truth, "--method", "majority") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["n_truth"], said["n_truth_unvoted"], said["accuracy"]) == (2, 1, 0.5)
    assert said["log_loss"] == pytest.approx((np.log(1.5) - np.log(1e-15)) / 2, abs=1e-6)


def test_truth_whose_classes_are_written_differently_is_refused(labels, truth, tmp_path, capsys):
    truth.write_text("item,truth\n1,Yes\n2,No\n")
    assert call("--labels", labels, "--truth", truth, "--out", tmp_path / "out.csv") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "crowd: the truth's classes (such as No, Yes) are none of the votes' classes (no, yes); write them alike\n"
    )
    assert not (tmp_path / "out.csv").exists()


def test_without_truth_there_is_no_accuracy(labels, capsys):
    assert call("--labels", labels) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["accuracy"] is None
    assert said["log_loss"] is None
    assert said["n_truth"] == 0


def test_posteriors_are_written(labels, tmp_path):
    out = tmp_path / "posteriors.csv"
    assert call("--labels", labels, "--method", "majority", "--out", out) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {"item": "2", "answer": "no", "no": "1.000000", "yes": "0.000000"}


def test_no_spreadsheet_runs_the_names_of_a_file(tmp_path):
    votes, out = tmp_path / "votes.csv", tmp_path / "posteriors.csv"
    votes.write_text("item,worker,label\n=1+1,a,@SUM\n-2,a,no\n")
    assert call("--labels", votes, "--method", "majority", "--out", out) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["item"], row["answer"]) for row in rows] == [("-2", "no"), ("'=1+1", "'@SUM")]
    assert "'@SUM" in rows[0]


def test_bad_input_is_one_line_and_exit_2(tmp_path, labels, capsys):
    bad = tmp_path / "bad.csv"
    bad.write_text("item,worker\n1,a\n")
    assert call("--labels", bad) == 2
    assert call("--labels", labels, "--truth", labels) == 2
    assert call("--labels", tmp_path / "absent.csv") == 2
    assert call("--labels", labels, "--out", tmp_path / "no" / "folder.csv") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 4
    assert "labels.csv has no column 'truth'" in captured.err


def test_a_folder_instead_of_votes_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call("--labels", ".") == 2
    assert capsys.readouterr().err.startswith("crowd: . cannot be read: ")


def test_swap_says_why_it_cannot(tmp_path, capsys):
    path = tmp_path / "three.csv"
    path.write_text("item,worker,label\n1,a,x\n2,a,y\n3,a,z\n")
    assert call("--labels", path, "--method", "swap") == 2
    assert "two classes, and these votes have 3" in capsys.readouterr().err

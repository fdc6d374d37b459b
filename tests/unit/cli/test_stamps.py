"""`python -m ml train --role stamp` with every option: results, and one line for bad input."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml.__main__ import main
from ml.cli import stamp_role
from ml.simulate.euclid.euclid_field import euclid
from tests.unit.interruption import interrupted

TINY = ["--architecture", "test_resnet", "--size", "32", "--init", "random"]


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    return euclid(64, 5, tmp_path_factory.mktemp("sky"), size=40)


@pytest.fixture
def made(tmp_path):
    return str(tmp_path / "model")


def train(sky, made, *options):
    return main(["train", "--role", "stamp", "--data", str(sky), "--out", made, *options])


def judge(sky, made, *options):
    return main(["evaluate", "--checkpoint", made, "--data", str(sky), *options])


def said(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def complaint(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()[-1]


def changed(sky, name, change):
    """Write a manifest with rows changed by `change(row, number)` beside the sky's, and return it."""
    with sky.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        change(row, number)
    path = sky.parent / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_merged_labels_are_two_classes_in_training_and_in_judging(sky, made, capsys):
    assert train(sky, made, *TINY, "--merge", "other=CR,GALAXY,STAR") == 0
    trained = said(capsys)
    assert trained["classes"] == ["SSO", "other"]
    assert trained["frozen"]
    assert judge(sky, made) == 0
    assert said(capsys)["classes"] == ["SSO", "other"]


def test_rates_become_bins(sky, made, capsys):
    assert train(sky, made, *TINY, "--velocity-bins", "10,40,80") == 0
    assert said(capsys)["n"] == 32
    assert judge(sky, made) == 0
    figures = said(capsys)
    assert figures["classes"] == ["10–40", "40–80"]
    assert np.sum(figures["confusion"]) == figures["n"] == 32
    assert figures["within_one"] == 1
    assert judge(sky, made, "--threshold", "0.7") == 2
    assert "--threshold would change nothing for a model of rate bins" in complaint(capsys)
    assert train(sky, made, *TINY, "--velocity-bins", "10,40,80", "--merge", "other=CR,STAR") == 2
    assert "--merge would change nothing for a model of rate bins" in complaint(capsys)


def test_metadata_is_read_again_when_scoring(sky, made, capsys, tmp_path):
    assert train(sky, made, *TINY, "--tabular-features", "exptime,mag,seeing") == 0
    assert "No subject has a value of seeing" in " ".join(said(capsys)["notes"])
    blind = changed(sky, "blind.csv", lambda row, _: row.update(mag=""))
    tables = []
    for data in (sky, blind):
        out = tmp_path / "scores.parquet"
        assert main(["score", "--checkpoint", made, "--data", str(data), "--out", str(out)]) == 0
        tables.append(pq.read_table(out)["SSO"].to_numpy())
    assert not np.allclose(*tables)
    capsys.readouterr()
    assert judge(blind, made) == 0
    assert any("can use `mag` besides the pixels" in note for note in said(capsys)["notes"])


def test_scores_that_cannot_be_written_are_refused_in_plain_words(sky, made, tmp_path, capsys):
    assert train(sky, made, *TINY) == 0
    for out, why in (
        (tmp_path, ": that is a folder."),
        (tmp_path / "no" / "s.parquet", ": its folder is not there."),
        (tmp_path / "s.csv", ", but scores are Parquet: name it s.parquet."),
    ):
        capsys.readouterr()
        assert main(["score", "--checkpoint", made, "--data", str(sky), "--out", str(out)]) == 2
        assert complaint(capsys) == f"score: --out is {out}{why}"
    assert not (tmp_path / "s.csv").exists()


def test_posteriors_of_a_consensus_are_soft_labels(sky, made, capsys):
    def doubt(row, number):
        row.update({f"p_{name}": 0.7 if name == row["label"] else 0.1 for name in ("SSO", "CR", "GALAXY", "STAR")})

    assert train(changed(sky, "doubt.csv", doubt), made, *TINY) == 0
    assert "64 of 64 labels are posteriors (columns p_CLASS)." in said(capsys)["notes"]


def test_monte_carlo_gives_means_and_intervals(sky, made, capsys):
    assert train(sky, made, *TINY, "--monte-carlo", "3") == 0
    crossed = said(capsys)["monte_carlo"]
    assert crossed["splits"] == 3
    assert crossed["accuracy"]["low"] <= crossed["accuracy"]["mean"] <= crossed["accuracy"]["high"]


def test_class_weights_and_stretches_train(sky, made, capsys):
    assert train(sky, made, *TINY, "--class-weights", "balanced", "--stretch", "zscale") == 0
    assert said(capsys)["preprocessing"]["stretch"] == "zscale"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--architecture", "no_such_net"], "no architecture 'no_such_net'"),
        (["--preset", "head", "--augment", "sky"], "frozen features are computed only once"),
        (["--merge", "other"], "--merge is NAME=A,B"),
        (["--merge", "a=CR", "--merge", "b=CR"], "puts CR into two classes, a and b"),
        (["--merge", "all=CR,GALAXY,STAR,SSO"], "Every label is 'all'"),
        (["--merge", "a=CR,STARR"], "--merge names 'STARR', which is not one of the labels CR, GALAXY, SSO, STAR."),
        (["--velocity-bins", "10,5,80"], "three or more rising rates"),
        (["--velocity-bins", "100,200,300"], "No subject has a `rate` from 100 to 300 arcsec/h"),
        (["--velocity-bins", "10,79.999,80"], "No subject moves at 79.999–80 arcsec/h"),
        (["--monte-carlo", "1"], "at least 2 splits"),
        (["--size", "4"], "--size is a side in pixels, 16 or more"),
        (["--batch", "1"], "--batch is 2 or more"),
        (["--epochs", "0"], "--epochs is above 0"),
        (["--preset", "mobilenet"], "no preset 'mobilenet'"),
    ],
)
def test_bad_options_are_one_sentence(sky, made, capsys, options, sentence):
    assert train(sky, made, *options) == 2
    assert sentence in complaint(capsys)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda row, _: row.update(posterior=1.5), "`posterior` of the manifest is not between 0 and 1"),
        (lambda row, _: row.update(posterior=0), "no label has any weight"),
        (lambda row, _: row.update(p_SSO=-1, p_CR=1, p_GALAXY=1, p_STAR=1), "p_CLASS of the manifest is below 0"),
        (lambda row, _: row.update(label="SSO"), "Every label is 'SSO'"),
        (lambda row, number: row.update(label=["SSO", ""][number % 2]), "Every label is 'SSO'"),
    ],
)
def test_labels_that_cannot_be_learnt(sky, made, capsys, change, sentence):
    assert train(changed(sky, "odd.csv", change), made, *TINY) == 2
    assert sentence in complaint(capsys)


def test_an_adapter_joins_several_channels(tmp_path, made, capsys):
    single = euclid(24, 5, tmp_path / "single", size=40, dithers=1)
    assert train(single, made, *TINY, "--channels-as", "adapter") == 2
    assert "joins several channels, and these stamps have one" in complaint(capsys)


def test_stamps_of_several_sizes_are_refused(sky, tmp_path, made, capsys):
    other = euclid(8, 6, sky.parent / "larger", size=44)
    rows, more = sky.read_text(), other.read_text().splitlines()[1:]
    both = sky.parent / "both.csv"
    both.write_text(rows + "\n".join(line.replace("cube-", "larger/cube-") for line in more) + "\n")
    assert train(both, made, *TINY) == 2
    said = complaint(capsys)
    assert "(1, 3, 40, 40) of 64, such as " in said
    assert "(1, 3, 44, 44) of 8, such as " in said
    assert "Train on one shape at a time" in said


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("CUDA out of memory"), RuntimeError("[enforce fail] can't allocate memory")]
)
def test_too_little_memory_says_what_to_make_smaller(sky, made, capsys, monkeypatch, error):
    def full(*_, **__):
        raise error

    monkeypatch.setattr(stamp_role, "train_stamps", full)
    assert train(sky, made, *TINY) == 2
    assert "Use a smaller --size or --batch" in complaint(capsys)


def test_turns_and_a_closer_look_are_kept_with_the_model(sky, made, capsys):
    assert train(sky, made, *TINY, "--tta", "8", "--center-crop", "24", "--annulus-photometry") == 0
    assert {"tta": 8, "center_crop": 24, "annulus_photometry": True}.items() <= said(capsys)["preprocessing"].items()
    assert judge(sky, made) == 0
    assert said(capsys)["n"] > 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--preset", "small", "--center-crop", "24"], "--center-crop is for networks that stay frozen"),
        ([*TINY, "--channels-as", "adapter", "--center-crop", "24"], "--center-crop is for networks that stay frozen"),
        (["--preset", "small", "--annulus-photometry"], "--annulus-photometry is for networks that stay frozen"),
        ([*TINY, "--center-crop", "8"], "--center-crop is a side in pixels, 16 or more, not 8"),
    ],
)
def test_a_closer_look_that_cannot_be_is_one_sentence(sky, made, capsys, options, sentence):
    assert train(sky, made, *options) == 2
    assert sentence in complaint(capsys)


def test_the_same_command_goes_on_where_it_was_interrupted(sky, made, capsys, monkeypatch, tmp_path):
    tuned = ["--preset", "finetune", "--architecture", "test_resnet", "--size", "32", "--init", "scratch"]

    with interrupted(monkeypatch, stamp_role, epoch=3):
        train(sky, made, *tuned)
    assert [path.name for path in tmp_path.glob("*model*")] == ["model.unfinished.safetensors"]
    assert train(sky, made, *tuned) == 0
    captured = capsys.readouterr()
    assert "resumed at epoch 3" in captured.err
    assert "epoch 2/" not in captured.err
    assert [path.name for path in tmp_path.glob("*model*")] == ["model"]

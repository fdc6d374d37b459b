"""`python -m ml train`, `evaluate` and `score` of the role "cube", and their errors."""

import csv
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from ml.__main__ import main
from ml.cli import cube_role
from ml.cli.cube_role import train as train_command
from ml.cubes.model import CubeModel, MemoryShort, enough_memory
from ml.cubes.wnet_presets import PRESETS, preset
from ml.inference.checkpoint import Checkpoint
from tests.unit.cubes.conftest import TINY
from tests.unit.interruption import interrupted


def said(capsys):
    return json.loads(capsys.readouterr().out)


def changed(sky, name, **cells):
    """Write a manifest beside another with other cells in every row; None drops the column."""
    with sky.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for key, value in cells.items():
            row.pop(key) if value is None else row.update({key: value(row) if callable(value) else value})
    path = sky.parent / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def complaint(arguments, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_the_checkpoint_tells_how_it_was_made(trained):
    checkpoint = Checkpoint.load(trained)
    manifest = checkpoint.manifest
    assert (manifest["role"], manifest["classes"], manifest["positive"]) == ("cube", ["empty", "mover"], ["mover"])
    assert manifest["parameters"] == sum(
        tensor.numel()
        for name, tensor in checkpoint.part("cube.").items()
        if "running" not in name and "num" not in name
    )
    assert 0 < manifest["threshold"] <= 1
    assert set(manifest["metrics"]) == {"roc_auc", "pr_auc", "dice_loss"}


def test_a_checkpoint_says_the_same_after_a_round_trip(trained, tmp_path):
    checkpoint = Checkpoint.load(trained)
    checkpoint.save(tmp_path / "copy")
    cube = np.random.default_rng(0).standard_normal((2, 20, 24, 24)).astype(np.float32)
    one, other = (CubeModel.of(Checkpoint.load(folder)) for folder in (trained, tmp_path / "copy"))
    np.testing.assert_array_equal(one.probabilities(cube), other.probabilities(cube))
    assert one.threshold == other.threshold


def test_evaluate_tells_voxels_by_limit_and_objects(sky, trained, tmp_path, capsys):
    report, plots = tmp_path / "r.html", tmp_path / "plots"
    arguments = ["evaluate", "--checkpoint", str(trained), "--data", str(sky), "--limits", "16,17"]
    assert main([*arguments, "--report", str(report), "--plots", str(plots)]) == 0
    figures = said(capsys)
    assert (figures["n"], figures["role"]) == (4, "cube")
    assert [row["limit"] for row in figures["limits"]] == [16, 17]
    for row in figures["limits"]:
        assert 0.5 < row["roc_auc_all"] <= 1  # it learnt something in three seconds
        assert row["margin_roc_auc"] == pytest.approx(row["roc_auc_all"] - row["raw_roc_auc"])
        low, high = row["intervals"]["roc_auc_all"]
        assert low <= high
    objects = sum(part["objects"] for part in figures["completeness"])
    assert objects > 3
    assert sum(figures["by_condition"]["rate"]["n"]) == objects
    assert "PR AUC" in report.read_text()
    assert 0 <= figures["ece"] <= 1
    assert len(figures["intervals"]["ece"]) == 2
    assert 'download="reliability.csv"' in report.read_text()
    drawn = {path.name for path in plots.iterdir()}
    assert {f"completeness-{what}.png" for what in ("mag", "rate", "snr", "mag-rate", "snr-rate")} < drawn
    assert 'download="false-negatives.csv"' in report.read_text()


def test_score_writes_a_row_for_each_track(sky, trained, tmp_path, capsys):
    out = tmp_path / "tracks.parquet"
    arguments = ["score", "--checkpoint", str(trained), "--data", str(sky), "--out", str(out), "--threshold", "0.1"]
    assert main(arguments) == 0
    counts, rows = said(capsys), pq.read_table(out).to_pylist()
    assert (counts["n"], counts["tracks"]) == (4, len(rows))
    assert not list(tmp_path.glob("*.partial"))
    for row in rows:
        path = json.loads(row["path"])
        assert len(path["x"]) == len(path["mjd"]) == row["last_frame"] - row["first_frame"] + 1
        assert 0 < row["score"] <= 1
        assert isinstance(json.loads(row["candidates"]), list)


def test_the_paper_s_inference_goes_on_by_one_frame(sky, trained, tmp_path, capsys):
    arguments = [
        "--checkpoint",
        str(trained),
        "--data",
        str(sky),
        "--stride",
        "1",
        "--out",
        str(tmp_path / "t.parquet"),
    ]
    assert main(["score", *arguments]) == 0
    assert said(capsys)["n"] == 4


def test_known_objects_may_come_from_a_table(sky, trained, tmp_path, capsys):
    known = tmp_path / "known.csv"
    known.write_text("object,frame,x,y\n" + "".join(f"wide,{t},{t},12\n" for t in range(20)))
    out = tmp_path / "t.parquet"
    arguments = ["--checkpoint", str(trained), "--data", str(sky), "--out", str(out), "--threshold", "0.05"]
    assert main(["score", *arguments, "--known-objects", str(known), "--radius", "1000"]) == 0
    named = [json.loads(row["candidates"]) for row in pq.read_table(out).to_pylist()]
    assert all(near[0]["object"] == "wide" for near in named)


def test_cubes_of_mixed_sizes_and_holes(sky, trained, tmp_path, capsys):
    """A shorter cube with missing voxels is used for training and scored beside the others."""

    def cropped(name, hole):
        data = fits.getdata(sky.parent / name)[:11, :15, :]
        if hole:
            data = data.astype(np.float32)
            data[:, 3], data[4] = np.nan, np.nan
        target = sky.parent / f"cropped-{name.replace('/', '-')}"
        fits.writeto(target, data, overwrite=True)
        return target.name

    with sky.open(newline="") as file:
        first = next(csv.DictReader(file))["external_id"]
    mixed = changed(
        sky,
        "mixed.csv",
        **{
            "image": lambda row: cropped(row["image"], True) if row["external_id"] == first else row["image"],
            "#mask": lambda row: cropped(row["#mask"], False) if row["external_id"] == first else row["#mask"],
            **{f"mjd{frame}": None for frame in range(1, 21)},
        },
    )
    brief = [*TINY[:-1], "0.005"]
    assert main(["train", "--role", "cube", "--data", str(mixed), "--out", str(tmp_path / "c"), *brief]) == 0
    assert said(capsys)["n"] == 4
    assert main(["evaluate", "--checkpoint", str(trained), "--data", str(mixed), "--limits", "17"]) == 0
    assert any("were not measured" in note for note in said(capsys)["notes"])


def test_no_masks(sky, tmp_path, capsys):
    plain = changed(sky, "plain.csv", **{"#mask": None})
    error = complaint(["train", "--role", "cube", "--data", str(plain), "--out", str(tmp_path / "c"), *TINY], capsys)
    assert "has no mask of what moves in it" in error
    assert "No cube in the data can be used" in error.splitlines()[-1]


def test_masks_of_nothing(sky, tmp_path, capsys):
    def emptied(row):
        path = sky.parent / f"empty-{row['external_id']}.fits"
        fits.writeto(path, np.zeros((20, 24, 24), np.uint8), overwrite=True)
        return path.name

    empty = changed(sky, "empty.csv", **{"#mask": emptied})
    error = complaint(["train", "--role", "cube", "--data", str(empty), "--out", str(tmp_path / "c"), *TINY], capsys)
    assert "None of the 4 cubes has a voxel of a mover" in error


def test_one_group_leaves_nothing_to_validate_with(sky, tmp_path, capsys):
    same = changed(sky, "same.csv", object_group="one")
    error = complaint(["train", "--role", "cube", "--data", str(same), "--out", str(tmp_path / "c"), *TINY], capsys)
    assert "of one object_group" in error


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"#mask": "nowhere.fits"}, "is not there"),
        ({"#mask": "negative.fits"}, "is not a mask"),
        ({"#mask": "short.fits"}, "is a mask of the shape (19, 24, 24), but its cube has (20, 24, 24)"),
        ({"#objects": '[{"id": 1}]'}, "a cell #objects that cannot be read"),
        ({"#objects": '[{"id": 1, "x": [1, 2], "y": [1, 2], "frame": [0]}]'}, "differ in length, or from frame"),
    ],
)
def test_rows_that_cannot_be_used_are_named(sky, trained, cells, sentence, capsys):
    fits.writeto(sky.parent / "negative.fits", np.full((20, 24, 24), -1.0), overwrite=True)
    fits.writeto(sky.parent / "short.fits", np.zeros((19, 24, 24)), overwrite=True)
    bad = changed(sky, "bad.csv", **cells)
    error = complaint(["evaluate", "--checkpoint", str(trained), "--data", str(bad)], capsys)
    assert "bad.csv row 2" in error
    assert sentence in error
    assert "No cube in the data can be used" in error.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--limits", "20,19"], "must ascend"),
        (["--limits", "faint"], "are magnitudes"),
        (["--threshold", "0"], "above 0"),
        (["--stride", "0"], "--stride"),
    ],
)
def test_options_out_of_range(sky, trained, options, sentence, capsys):
    error = complaint(["evaluate", "--checkpoint", str(trained), "--data", str(sky), *options], capsys)
    assert sentence in error.splitlines()[-1]


@pytest.mark.parametrize("option", ["--radius", "--pixel-scale"])
@pytest.mark.parametrize("given", ["-1", "0", "nan", "inf"])
def test_a_radius_or_a_pixel_that_is_no_length_is_refused(sky, trained, tmp_path, option, given, capsys):
    arguments = ["score", "--checkpoint", str(trained), "--data", str(sky), "--out", str(tmp_path / "tracks.parquet")]
    error = complaint([*arguments, option, given], capsys)
    assert error.startswith(f"score: {option} is a number of ")
    assert error.endswith(f" above 0, not {given}.\n")


def test_crops_that_the_network_cannot_halve(sky, tmp_path, capsys):
    arguments = ["train", "--role", "cube", "--data", str(sky), "--out", str(tmp_path / "c"), "--crop", "18"]
    assert "take a multiple of 4" in complaint(arguments, capsys)
    with pytest.raises(ValueError, match="no cube preset"):
        preset("huge")
    assert preset("paper").crop == 64
    assert set(PRESETS) == {"cpu", "paper"}


def test_an_interrupted_command_leaves_its_state_and_the_same_one_goes_on(sky, tmp_path, monkeypatch, capsys):
    words = ["train", "--role", "cube", "--data", str(sky), "--out", str(tmp_path / "c"), "--crop", "16"]
    monkeypatch.setitem(PRESETS, "cpu", replace(PRESETS["cpu"], steps=6, rounds=3, widths=(2, 3), batch=2))

    with interrupted(monkeypatch, cube_role, epoch=2):
        assert main(words) == 130
    capsys.readouterr()
    assert [path.name for path in tmp_path.iterdir()] == ["c.unfinished.safetensors"]
    assert main(words) == 0
    told = capsys.readouterr().err
    assert "resumed at epoch 2" in told
    assert "epoch 1/" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_no_checkpoint_to_start_from(sky, trained, tmp_path, capsys):
    arguments = ["train", "--role", "cube", "--data", str(sky), "--out", str(tmp_path / "c"), "--init", str(trained)]
    assert "Leave out --init" in complaint(arguments, capsys)


def test_a_checkpoint_of_another_role_reads_no_cubes(trained):
    checkpoint = Checkpoint.load(trained)
    checkpoint.manifest["role"] = "stamp"
    with pytest.raises(ValueError, match="of the role 'stamp', which cannot read cubes"):
        CubeModel.of(checkpoint)


@pytest.mark.parametrize("changed", [{"widths": [10**6]}, {"widths": [1] * 99}, {"widths": []}, {"depth": 10**9}])
def test_a_network_of_somebody_else_that_is_too_large_is_never_built(trained, changed):
    checkpoint = Checkpoint.load(trained)
    checkpoint.manifest["preprocessing"] |= changed
    with pytest.raises(ValueError, match="A W-Net has 1 to 7 levels"):
        CubeModel.of(checkpoint)


def test_too_little_memory_names_the_way_out(sky, tmp_path, monkeypatch, capsys):
    def short(*arguments, **options):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("ml.cubes.train_wnet.take_step", short)
    arguments = ["train", "--role", "cube", "--data", str(sky), "--out", str(tmp_path / "c"), *TINY]
    assert "Take the preset 'cpu', a smaller --crop" in complaint(arguments, capsys)
    with pytest.raises(RuntimeError, match="something else"), enough_memory("…"):
        raise RuntimeError("something else")
    assert issubclass(MemoryShort, ValueError)
    assert train_command.__module__ == "ml.cli.cube_role"

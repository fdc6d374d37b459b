"""`python -m ml train`, `evaluate` and `score` of trails on a few tiny cutouts."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml.__main__ import main
from ml.cli import trail_role
from ml.cli.subject_slabs import Tally
from ml.cli.trail_role import training_set
from ml.inference.checkpoint import Checkpoint
from ml.simulate.hubble.hubble_cutouts import hubble
from tests.unit.interruption import interrupted
from tests.unit.trails.skies import line, noisy

N = 6


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    return hubble(N, 3, tmp_path_factory.mktemp("sky"), size=256, share=1.0)


@pytest.fixture(scope="module")
def trained(sky, tmp_path_factory):
    out = tmp_path_factory.mktemp("models") / "trails"
    words = ["--role", "trail", "--data", str(sky), "--out", str(out), "--steps", "4", "--seed", "2"]
    assert main(["train", *words]) == 0
    return out


@pytest.fixture
def run(capsys):
    def run(*words):
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return json.loads(said.out) if status == 0 else (status, said.err)

    return run


def manifest(folder, images, **columns):
    """Write images and a manifest of them."""
    names = list(columns)
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["external_id", "kind", "image", *names])
        for n, image in enumerate(images):
            np.save(folder / f"{n}.npy", image)
            rows.writerow([f"s-{n}", "cutout", f"{n}.npy", *(columns[name][n] for name in names)])
    return folder / "manifest.csv"


def objects(*curves):
    return json.dumps([{"class": "ASTEROID", "ends": curve.tolist()} for curve in curves])


def test_a_checkpoint_says_what_it_is(trained):
    kept = Checkpoint.load(trained).manifest
    assert (kept["role"], kept["architecture"], kept["positive"]) == ("trail", "trail_net", ["ASTEROID"])
    assert kept["classes"] == ["SKY", "ASTEROID", "SATELLITE", "ARC", "SPIKE", "COSMIC_RAY"]
    assert kept["metrics"]["images"] == N


def test_the_same_seed_gives_the_same_model(sky, trained, tmp_path, run):
    run("train", "--role", "trail", "--data", sky, "--out", tmp_path / "c", "--steps", "4", "--seed", "2")
    first, second = (Checkpoint.load(path).tensors for path in (trained, tmp_path / "c"))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_same_command_goes_on_where_it_was_interrupted(sky, trained, tmp_path, run, capsys, monkeypatch):
    words = [str(word) for word in ("train", "--role", "trail", "--data", sky, "--steps", "4", "--seed", "2")]
    with interrupted(monkeypatch, trail_role, epoch=15):
        assert main([*words, "--out", str(tmp_path / "c")]) == 130
    assert capsys.readouterr().err.endswith("train: stopped. Run the same command again to finish.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["c.unfinished.safetensors"]
    assert main([*words, "--out", str(tmp_path / "c")]) == 0
    assert "resumed at epoch 11" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    first, second = (Checkpoint.load(path).tensors for path in (trained, tmp_path / "c"))
    assert all((first[name] == second[name]).all() for name in first)


def test_evaluate_has_the_classical_detector_beside_it(sky, trained, tmp_path, run):
    report = tmp_path / "report.html"
    said = run("evaluate", "--checkpoint", trained, "--data", sky, "--report", report, "--plots", tmp_path / "plots")
    assert said["images"] == said["classical"]["images"] == N
    assert said["trails"] >= N
    assert sum(part["of"] for part in said["by_snr"]) == said["trails"]
    low, high = said["classical"]["intervals"]["completeness_clear_at_precision_0.9"]
    assert 0 <= low <= high <= 1
    assert said["cutouts_per_second"] > 0
    assert "<html" in report.read_text()
    assert list((tmp_path / "plots").glob("*.png"))


def test_the_report_has_what_the_objects_tell_or_says_why_not(tmp_path, run):
    """A bright trail that the classical detector finds, and empty sky without detections."""
    told = [{"class": "ASTEROID", "ends": [[30, 40], [190, 120]], "mag": 21.5, "rate": 33.0, "snr": None}]
    images = [noisy((200, 220), line(30, 40, 190, 120), snr=15, seed=1), noisy((200, 220), seed=2)]
    data = manifest(tmp_path, images, **{"#objects": [json.dumps(told), "[]"]})
    run("train", "--role", "trail", "--preset", "classical", "--data", data, "--out", tmp_path / "c")
    words = ["evaluate", "--checkpoint", tmp_path / "c", "--data", data, "--report", tmp_path / "r.html"]
    assert [note.split("`")[1] for note in run(*words)["notes"]] == ["snr"]
    page = (tmp_path / "r.html").read_text()
    assert all(f'download="{key}.csv"' in page for key in ("completeness-mag-rate", "false-negatives"))
    far = json.dumps([told[0] | {"ends": [[5, 190], [60, 195]]}])
    elsewhere = manifest(tmp_path, images, **{"#objects": [far, "[]"]})
    run(*words[:4], elsewhere, *words[5:])
    page = (tmp_path / "r.html").read_text()
    assert "No threshold reaches 90 % precision" in page
    assert 'download="false-negatives.csv"' not in page


def test_score_writes_trails(sky, trained, tmp_path, run):
    said = run("score", "--checkpoint", trained, "--data", sky, "--out", tmp_path / "scan")
    table = pq.read_table(said["out"])
    assert {"external_id", "score", "class", "box", "line", "curve", "length", "snr"} <= set(table.column_names)
    assert said["images"] == N


def test_less_sure_cells_may_count(sky, trained, tmp_path, run):
    """Never fewer lines; a folder begun with another setting is not resumed."""
    two = sky.with_name("two.csv")
    two.write_text("".join(sky.read_text().splitlines(keepends=True)[:3]))
    words = ["score", "--checkpoint", trained, "--data", two]
    strict = run(*words, "--out", tmp_path / "strict", "--min-foreground", 0.9)["n"]
    assert run(*words, "--out", tmp_path / "lax", "--min-foreground", 0.02)["n"] > strict
    assert "(0.02, not 0.5)" in run(*words, "--out", tmp_path / "lax", "--min-foreground", 0.5)[1]
    assert "between 0 and 1" in run(*words, "--out", tmp_path / "bad", "--min-foreground", 2)[1]


def test_a_checkpoint_can_be_taken_further_with_volunteers_marks(trained, tmp_path, run):
    images = [noisy((128, 160), line(20, 30, 120, 80), snr=10, seed=n) for n in range(3)]
    data = manifest(tmp_path, [*images, noisy((128, 160))], label=["yes", "yes", "yes", "no"])
    marks = tmp_path / "marks.csv"
    rows = [f"s-{n},{who},{22 + n},31,118,{78 + n}" for n in range(2) for who in ("anna", "ben")]
    marks.write_text("external_id,volunteer,x1,y1,x2,y2\n" + "\n".join([*rows, "s-0,cleo,20,30,400,80"]) + "\n")
    words = ("--data", data, "--marks", marks, "--init", trained, "--steps", "2")
    said = run("train", "--role", "trail", "--out", tmp_path / "c", *words)
    assert (said["images"], said["trails"]) == (3, 2)
    assert said["skipped"] == 2  # cleo's line ends outside of the image, and s-2 has neither a mark nor the label no


def test_without_steps_the_network_stays_and_every_image_is_looked_at(sky, trained, tmp_path, run):
    said = run("train", "--role", "trail", "--data", sky, "--init", trained, "--steps", "0", "--out", tmp_path / "c")
    before, after = (Checkpoint.load(path).part("trail.") for path in (trained, tmp_path / "c"))
    assert said["images"] == N
    assert all(np.array_equal(before[name], after[name]) for name in before)
    status, message = run("train", "--role", "trail", "--data", sky, "--steps", "0", "--out", tmp_path / "d")
    assert status != 0
    assert "--init" in message


def test_marks_settle_on_the_ridge_and_a_single_one_weighs_less(tmp_path):
    true = line(20, 30, 120, 80)
    data = manifest(tmp_path, [noisy((128, 160), true, snr=12)])
    (tmp_path / "marks.csv").write_text("external_id,volunteer,x1,y1,x2,y2\ns-0,anna,20,33,120,83\n")
    made = training_set(data, tmp_path / "marks.csv", Tally(), seed=0)
    (annotation,) = made.images[0].annotations
    assert annotation.weight < 1
    assert not made.known
    middle = annotation.curve[8]
    assert abs((middle[1] - 30) - 0.5 * (middle[0] - 20)) < 0.8


def test_marks_on_a_subject_labelled_no_are_no_trails(tmp_path, capsys):
    data = manifest(tmp_path, [noisy((128, 160), line(20, 30, 120, 80), snr=12)], label=["no"])
    (tmp_path / "marks.csv").write_text("external_id,volunteer,x1,y1,x2,y2\ns-0,anna,20,30,120,80\ns-0,ben,9,9,50,9\n")
    tally = Tally()
    made = training_set(data, tmp_path / "marks.csv", tally, seed=0)
    assert [image.annotations for image in made.images] == [[]]
    assert "s-0: the label is no; marks left out of frame 0: 2" in capsys.readouterr().err
    assert tally.skipped == 0, "the image is used"


def test_a_mark_belongs_to_the_frame_that_it_was_drawn_on(tmp_path, capsys):
    """The mover has left its place of the first frame by the second; nobody marked the third."""
    for n in range(3):
        np.save(tmp_path / f"{n}.npy", noisy((128, 160), line(20, 30 + 40 * n, 120, 40 + 40 * n), snr=12, seed=n))
    (tmp_path / "m.csv").write_text("external_id,kind,image1,image2,image3\ns-0,tracklet,0.npy,1.npy,2.npy\n")
    rows = ["external_id,volunteer,frame,x1,y1,x2,y2", "s-0,anna,0,20,30,120,40", "s-0,anna,1,20,70,120,80", ""]
    (tmp_path / "marks.csv").write_text("\n".join(rows))
    made = training_set(tmp_path / "m.csv", tmp_path / "marks.csv", Tally(), seed=0)
    middles = [[annotation.curve[:, 1].mean() for annotation in image.annotations] for image in made.images]
    assert middles == [[pytest.approx(35, abs=1)], [pytest.approx(75, abs=1)]]
    assert "s-0: frame 2 has no marked line" in capsys.readouterr().err


def test_of_more_images_than_fit_into_memory_any_may_be_learnt_from(tmp_path, monkeypatch):
    sides = [48] * 4 + [96] * 4 + [48] * 4
    data = manifest(tmp_path, [noisy((side, side), seed=side) for side in sides], label=["no"] * len(sides))
    monkeypatch.setattr(trail_role, "MOST_PIXELS", 3 * 96 * 96)
    counts = np.zeros(len(sides))
    for seed in range(60):
        made = training_set(data, None, Tally(), seed)
        assert sum(image.noise_units.size for image in made.images) <= trail_role.MOST_PIXELS
        counts[[int(group.removeprefix("s-")) for group in made.groups]] += 1
    assert counts.min() > 8
    assert counts[:4].sum() == pytest.approx(counts[8:].sum(), rel=0.3)


def test_images_of_mixed_sizes_with_gaps_are_learnt_from(tmp_path, run):
    gap = noisy((200, 300), line(20, 30, 250, 150), seed=1)
    gap[:40] = np.nan
    images = [noisy((90, 120), line(10, 20, 100, 70)), gap, noisy((64, 64))]
    told = [objects(line(10, 20, 100, 70)), objects(line(20, 30, 250, 150)), "[]"]
    data = manifest(tmp_path, images, **{"#objects": told, "label": ["yes", "yes", "no"]})
    said = run("train", "--role", "trail", "--data", data, "--out", tmp_path / "c", "--steps", "2")
    assert (said["images"], said["trails"]) == (3, 2)


def test_data_without_a_trail_are_refused(tmp_path, run):
    data = manifest(tmp_path, [noisy((64, 64))] * 2, label=["no", "no"])
    status, said = run("train", "--role", "trail", "--data", data, "--out", tmp_path / "c")
    assert status == 2
    assert "None of the 2 images holds a trail" in said


def test_data_that_do_not_say_what_is_in_them_are_refused(tmp_path, run, trained):
    data = manifest(tmp_path, [noisy((64, 64))])
    status, said = run("train", "--role", "trail", "--data", data, "--out", tmp_path / "c")
    assert status == 2
    assert "annotate none of them" in said
    status, said = run("evaluate", "--checkpoint", trained, "--data", data)
    assert status == 2
    assert "add #objects" in said


def test_an_image_of_nan_and_one_too_small_are_told_and_left_out(tmp_path, run):
    images = [noisy((64, 64), line(5, 5, 60, 50)), np.full((64, 64), np.nan), noisy((8, 8))]
    data = manifest(
        tmp_path, images, **{"#objects": [objects(line(5, 5, 60, 50)), "[]", "[]"], "label": ["yes", "no", "no"]}
    )
    said = run("train", "--role", "trail", "--data", data, "--out", tmp_path / "c", "--steps", "1")
    assert (said["images"], said["skipped"]) == (1, 2)


def test_an_image_hardly_measured_is_left_out_by_name_and_the_rest_goes_on(tmp_path, trained, capsys):
    curve = line(5, 5, 60, 50)
    strip = noisy((64, 64), curve)
    strip[:, 4:] = np.nan
    data = manifest(tmp_path, [strip, noisy((64, 64), curve)], **{"#objects": [objects(curve)] * 2})
    for command in (
        ["train", "--role", "trail", "--steps", "1", "--out", str(tmp_path / "c")],
        ["evaluate", "--checkpoint", str(trained)],
        ["score", "--checkpoint", str(trained), "--out", str(tmp_path / "scan")],
    ):
        assert main([*command, "--data", str(data)]) == 0
        said = capsys.readouterr()
        assert (json.loads(said.out)["images"], json.loads(said.out)["skipped"]) == (1, 1)
        assert "manifest.csv row 2: s-0 holds too few numbers" in said.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--threshold", "7"],
            "--threshold is an option of the roles stamp, tracklet and cube; it would change nothing",
        ),
        (["--positive", "A"], "--positive is an option of the roles stamp and tracklet; it would change nothing"),
    ],
)
def test_options_of_other_roles_are_refused_in_judging(options, said, sky, trained, run):
    assert said in run("evaluate", "--checkpoint", trained, "--data", sky, *options)[1]


@pytest.mark.parametrize("option", ["--marks", "--steps", "--minutes", "--init"])
def test_the_classical_preset_refuses_what_only_learning_reads(option, sky, tmp_path, run):
    words = ["train", "--role", "trail", "--preset", "classical", "--data", sky, "--out", tmp_path / "c"]
    assert f"{option} would change nothing for the classical preset" in run(*words, option, "5")[1]
    assert not (tmp_path / "c").exists()


def test_a_base_of_another_role_is_refused(sky, tmp_path, run):
    kept = dict.fromkeys(("architecture", "preprocessing", "feature_key"), "x")
    Checkpoint({"role": "stamp", "classes": ["a"], "positive": ["a"], **kept}, {}).save(tmp_path / "stamp")
    status, said = run("train", "--role", "trail", "--data", sky, "--out", tmp_path / "c", "--init", tmp_path / "stamp")
    assert status == 2
    assert "of the role stamp, not trail" in said


def test_wrong_objects_are_refused(tmp_path, run):
    data = manifest(tmp_path, [noisy((64, 64))], **{"#objects": ['[{"class": "UFO", "ends": [[1, 1], [9, 9]]}]']})
    status, said = run("train", "--role", "trail", "--data", data, "--out", tmp_path / "c")
    assert status == 2
    assert "s-0" in said
    assert "UFO" in said

"""Pretraining: its tasks' loss, and a run that is killed and resumed."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ml.imaging.annulus import width as annulus_width
from ml.inference.feature_extractor import default_backbone
from ml.models.sky_net import SKY
from ml.simulate.labelled_stamps import KINDS
from ml.simulate.stamp_shards import write_shard
from ml.training.pretrain import POOL, WEIGHTS, Pretraining, pretrain, rate_at, task_loss
from ml.training.pretraining_views import Labels, Portion

PORTIONS = [Portion("atlas", (0,), 6), Portion("ground", (0,), 4)]
NAN = math.nan


@pytest.fixture
def plan(monkeypatch, tmp_path):
    monkeypatch.setattr("ml.training.pretraining_pool.SHARD", 24)
    monkeypatch.setattr("ml.training.pretrain.SAVED_EVERY", 2)
    monkeypatch.setenv("WANDERERS_CACHE", str(tmp_path / "cache"))
    for name, value in (("PRECISION", "float32"), ("MEMORY_FORMAT", "contiguous"), ("THREADS", "1")):
        monkeypatch.setenv(f"WANDERERS_{name}", value)
    return Pretraining(6, seed=4, shards={"atlas": 1, "ground": 1})


def draw(plan, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for sky, n in plan.shards.items():
        for number in range(n):
            write_shard(folder, sky, number, plan.seed, 24)


def run(plan, folder, **options):
    draw(plan, folder / POOL)
    return pretrain(plan, folder, on_report=lambda _: None, portions=PORTIONS, **options)


def test_a_killed_run_goes_on_to_the_same_weights(plan, tmp_path):
    whole = run(plan, tmp_path / "whole")
    assert run(plan, tmp_path / "killed", stop_after=3) == {}
    assert not (tmp_path / "killed" / WEIGHTS).exists()
    resumed = run(plan, tmp_path / "killed")
    assert resumed["sha256"] == whole["sha256"]
    first, second = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "killed"))
    assert all(torch.equal(first[name], second[name]) for name in first)


AHEAD = """
import sys
from pathlib import Path

import torch

from ml.simulate.stamp_shards import load_shard
from ml.training.pretraining_batches import PretrainingBatches, batches
from ml.training.pretraining_views import Portion

portions = [Portion("atlas", (0,), 6), Portion("ground", (0,), 4)]
pool = {path.name.split("-")[0]: load_shard(path) for path in Path(sys.argv[1]).iterdir()}
drawn = PretrainingBatches(pool, 4, portions)
ours, ahead = ([*batches(drawn, range(2, 6), workers)] for workers in (0, 2))
assert len(ours) == len(ahead) == 4
for (x, labels), (other, its_labels) in zip(ours, ahead, strict=True):
    assert torch.equal(x, other)
    for one, another in zip(vars(labels).values(), vars(its_labels).values(), strict=True):
        torch.testing.assert_close(one, another, rtol=0, atol=0, equal_nan=True)
"""


def test_batches_made_ahead_are_those_of_the_training_process(plan, tmp_path):
    draw(plan, tmp_path)
    subprocess.run([sys.executable, "-c", AHEAD, str(tmp_path)], check=True)  # they are forked, as tests may not be


def test_a_larger_network_is_trained_and_used_by_name_of_its_folder(plan, tmp_path, monkeypatch):
    card = run(replace(plan, steps=2, size="large"), tmp_path)
    assert card["size"] == "large"
    standard = default_backbone(SKY)
    monkeypatch.setenv("WANDERERS_WEIGHTS", str(tmp_path))
    large = default_backbone(SKY)
    assert large.feature_key != standard.feature_key
    stamps = np.random.default_rng(0).normal(0, 1, (2, 1, 1, 40, 40))
    photometry = annulus_width(1)
    assert large.features(stamps).shape[-1] - photometry == 2 * (standard.features(stamps).shape[-1] - photometry)


def test_another_seed_gives_other_weights(plan, tmp_path):
    other = Pretraining(plan.steps, seed=5, shards=plan.shards)
    assert run(plan, tmp_path / "one")["sha256"] != run(other, tmp_path / "other")["sha256"]


def test_a_folder_of_another_run_is_refused(plan, tmp_path):
    run(plan, tmp_path, stop_after=2)
    with pytest.raises(ValueError, match="is of a run with"):
        run(Pretraining(6, seed=5, shards=plan.shards), tmp_path)


def test_a_run_may_be_cut_short_until_its_last_quarter(plan, tmp_path):
    longer = Pretraining(40, seed=4, shards=plan.shards)
    run(longer, tmp_path / "one", stop_after=4)
    assert run(plan, tmp_path / "one")["sha256"] == run(plan, tmp_path / "other")["sha256"]
    run(plan, tmp_path / "late", stop_after=5)
    with pytest.raises(ValueError, match="is of a run with"):
        run(longer, tmp_path / "late")


def test_the_rate_rises_stays_and_falls():
    rates = [rate_at(step, 2000) for step in range(2000)]
    assert rates[0] < 0.01
    assert rates[200] == rates[1499] == 1
    assert rates[1750] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.003


def test_what_is_left_out_is_not_drawn(plan, tmp_path):
    left_out = Pretraining(2, without=("atlas",), shards=plan.shards)
    pretrain(left_out, tmp_path, on_report=lambda _: None, portions=PORTIONS)
    assert {path.name.split("-")[0] for path in (tmp_path / "pool").iterdir()} == {"ground"}


def test_unknown_labels_cost_nothing():
    kinds = torch.zeros(2, len(KINDS))
    kinds[0, 1], kinds[1] = 1, 1  # a trail, and one that may be anything
    known = Labels(kinds, torch.tensor([1.0, NAN]), torch.tensor([[9.0, 0.6, 0.8], [NAN] * 3]), torch.zeros(2, 2))
    known.place[1] = NAN
    answers = torch.zeros(2, len(KINDS) + 6)
    other = answers.clone()
    other[1] = torch.randn(len(KINDS) + 6, generator=torch.Generator().manual_seed(0))
    assert task_loss(answers, known) == pytest.approx(float(task_loss(other, known)), abs=1e-6)


def test_a_right_answer_costs_less():
    kinds = torch.eye(len(KINDS))[:1]
    labels = Labels(kinds, torch.ones(1), torch.tensor([[20.0, 1.0, 0.0]]), torch.tensor([[1.0, -1.0]]))
    right = torch.cat([8 * kinds, torch.tensor([[8, math.log1p(20) / math.log1p(64), 1, 0, 1, -1]])], dim=1)
    worse = [right.clone() for _ in range(4)]
    for answer, column in zip(worse, (0, len(KINDS), len(KINDS) + 2, len(KINDS) + 4), strict=True):
        answer[0, column] *= -1
    assert task_loss(right, labels) < 0.01
    assert all(task_loss(answer, labels) > task_loss(right, labels) + 0.1 for answer in worse)

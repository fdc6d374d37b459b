"""Training: same seed, same model; groups never on both sides; the best epoch is kept."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.cubes.sampler import Example
from ml.cubes.train_wnet import split_cubes, train_cubes, wnet_loss
from ml.cubes.voxel_validation import Validation
from ml.cubes.wnet_presets import Preset
from ml.data.dataset import BadExamples

TINY = Preset((2, 3), 1, crop=8, batch=2, steps=6, rounds=3, rate=1e-2, patience=9, judged=2, entropy=10.0)


def example(number, group=None, moving=True):
    """Return a cube of noise of 1 with a bright bar that moves along x."""
    random = np.random.default_rng(number)
    change, mask = random.standard_normal((12, 16, 16)).astype(np.float16), np.zeros((12, 16, 16), np.uint8)
    for t in range(12 if moving else 0):
        mask[t, 5:9, t : t + 4] = 1
    change[mask > 0] += 8
    return Example(f"c{number}", group or f"c{number}", change[None], mask)


EXAMPLES = [example(number) for number in range(6)]


def weights(checkpoint):
    return torch.cat([tensor.float().ravel() for tensor in checkpoint.tensors.values()])


def test_the_same_seed_gives_the_same_model():
    one, same, other = (train_cubes(EXAMPLES, TINY, seed=seed, device="cpu") for seed in (1, 1, 2))
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))
    assert one.manifest["threshold"] == same.manifest["threshold"]
    assert (one.manifest["steps"], one.manifest["rounds"]) == (6, 3)


def test_a_bright_mover_is_learnt_in_a_moment():
    known_objects = []
    checkpoint = train_cubes(
        EXAMPLES, replace(TINY, steps=40, rounds=4), seed=0, device="cpu", on_epoch=known_objects.append
    )
    assert [epoch.epoch for epoch in known_objects] == [1, 2, 3, 4]
    assert known_objects[-1].val_loss < known_objects[0].val_loss
    assert checkpoint.manifest["metrics"]["roc_auc"] > 0.95
    assert (
        checkpoint.manifest["calibration"]["dice_loss_before"] <= min(epoch.val_loss for epoch in known_objects) + 1e-9
    )


def test_a_run_that_ends_early_names_its_whole_limit():
    """Half of it is kept for the validation."""
    made = train_cubes(EXAMPLES, replace(TINY, steps=100_000), device="cpu", minutes=0.002)
    assert [note.split(" ended")[0] for note in made.manifest["notes"]] == ["The time limit of 0.002 min"]


def test_patience_and_a_person_can_end_it():
    hopeless = replace(TINY, rate=0.0, steps=50, rounds=25, patience=2)
    assert train_cubes(EXAMPLES, hopeless, device="cpu").manifest["rounds"] <= 5

    def stop(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_cubes(EXAMPLES, TINY, device="cpu", on_epoch=stop)


def test_one_group_is_never_on_both_sides_and_both_hold_movers():
    examples = [example(n, group=f"g{n // 3}", moving=n % 3 == 0) for n in range(12)]
    for seed in range(5):
        taught, kept = split_cubes(examples, seed)
        assert not {each.group for each in taught} & {each.group for each in kept}
        assert any(each.mask.any() for each in taught)
        assert kept[0].mask.any()
        assert len(taught) + len(kept) == 12


def test_cubes_that_teach_nothing():
    with pytest.raises(BadExamples, match="None of the 2 cubes has a voxel of a mover"):
        split_cubes([example(0, moving=False), example(1, moving=False)], 0)
    with pytest.raises(BadExamples, match="of one object_group"):
        split_cubes([example(0, "same"), example(1, "same"), example(2, "other", moving=False)], 0)


def test_the_loss_is_dice_and_its_share_of_cross_entropy():
    logits = torch.tensor([2.0, -3.0, 0.5])
    truth, measured = torch.tensor([1.0, 0.0, 1.0]), torch.ones(3)
    p = torch.sigmoid(logits)
    dice = 1 - 2 * (p[0] + p[2]) / (p.sum() + 2)
    entropy = -(p[0].log() + (1 - p[1]).log() + p[2].log()) / 3
    assert wnet_loss(logits, truth, measured, replace(TINY, entropy=0)).item() == pytest.approx(dice.item(), rel=1e-5)
    assert wnet_loss(logits, truth, measured, TINY).item() == pytest.approx((dice + 10 * entropy).item(), rel=1e-5)


def test_the_threshold_has_the_best_f1():
    seen, random = Validation(), np.random.default_rng(0)
    one = replace_mask(random.random((4, 8, 8)) < 0.2)
    p = np.clip(0.3 * random.random((4, 8, 8)) + 0.5 * (one.mask > 0) * random.random((4, 8, 8)), 0, 1)
    seen.add(p.astype(np.float32), one)
    truth = one.mask > 0

    def f1(threshold):
        called = p >= threshold
        return 2 * (called & truth).sum() / (called.sum() + truth.sum())

    assert f1(seen.threshold()) == pytest.approx(max(f1(value) for value in p.ravel()), abs=0.01)
    assert seen.dice_loss == pytest.approx(1 - 2 * p[truth].sum() / (p.sum() + truth.sum()), rel=1e-5)


def test_voxels_that_were_not_measured_judge_nothing():
    seen, measured = Validation(), np.zeros((4, 8, 8), bool)
    measured[0] = True
    seen.add(np.ones((4, 8, 8), np.float32), replace_mask(np.zeros((4, 8, 8), bool), measured))
    assert (seen.histogram.unscored, seen.histogram.negatives.sum()) == (192, 64)
    assert seen.threshold() == 0.5


def replace_mask(mask, measured=None):
    return Example("c", "c", np.zeros((1, *mask.shape), np.float16), mask.astype(np.uint8), measured)

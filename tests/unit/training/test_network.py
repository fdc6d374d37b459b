"""Training of whole networks, small ones, since a unit test has seconds."""

import dataclasses
import functools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ml.data.augmentation import random_dihedral, random_shift
from ml.data.dataset import BadExamples
from ml.data.held_out import TRAIN_ONLY
from ml.data.preprocessing import native_size
from ml.data.tensors import load_frames
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer
from ml.models.residual import ResidualNet
from ml.roles import train_role
from ml.training import finetune as finetuning
from ml.training import presets
from ml.training.checkpoint_contents import continued
from ml.training.finetune import finetune
from ml.training.schedule import SMALL, Best, Clock
from tests.unit.conftest import labelled

BRIEF = dataclasses.replace(SMALL, views=640, rounds=3)
LONG_ENOUGH = dataclasses.replace(BRIEF, views=3000)  # to learn


def shorten(monkeypatch, small):
    again, whole = (dataclasses.replace(small, rounds=1, rate=1e-3), dataclasses.replace(BRIEF, views=128, rounds=1))
    shorter = {presets.RESIDUAL: (small, again), presets.TIMM: (whole, whole)}
    for name, (fresh, pretrained) in shorter.items():
        family = dataclasses.replace(presets.FAMILIES[name], fresh=fresh, pretrained=pretrained)
        monkeypatch.setitem(presets.FAMILIES, name, family)


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    shorten(monkeypatch, BRIEF)


@pytest.mark.parametrize("role", ["stamp", "tracklet"])
def test_the_small_net_learns_to_see_a_source(role, kinds, pixels, tmp_path, monkeypatch):
    shorten(monkeypatch, LONG_ENOUGH)
    blocks = pixels if role == "stamp" else np.repeat(pixels, 4, axis=1)
    told = []
    examples = labelled(kinds, pixels=blocks, labels=["yes" if kind < 2 else "no" for kind in kinds])
    train_role.train(role, examples, preset="small", on_epoch=told.append).save(tmp_path / "c")
    scorer = Scorer(Checkpoint.load(tmp_path / "c"))
    assert roc_auc(kinds < 2, scorer.p_real(scorer.probabilities(blocks))) > 0.95
    assert [epoch.epoch for epoch in told] == [1, 2, 3]
    assert scorer.checkpoint.manifest["architecture"] == "residual"


def test_a_network_that_was_judged_by_one_kind_is_not_cooled_and_says_so(kinds, pixels):
    examples = labelled(kinds[:40], pixels=pixels[:40], labels=["yes", *["no"] * 39])
    learnt = train_role.train("stamp", examples, preset="small")
    assert any("could not be calibrated" in note for note in learnt.manifest["notes"])


def test_a_tracklet_network_does_not_learn_from_one_kind_alone(kinds, pixels):
    examples = labelled(kinds[:40], pixels=np.repeat(pixels[:40], 4, axis=1), labels=["yes", *["no"] * 39])
    with pytest.raises(BadExamples, match="three examples in ten, but these 7 are of one kind"):
        train_role.train("tracklet", examples, preset="small")


def test_a_champion_is_fine_tuned_and_then_given_a_new_head(kinds, pixels):
    champion = train_role.train("stamp", labelled(kinds, pixels=pixels), preset="small")
    tuned = train_role.train("stamp", labelled(kinds, pixels=pixels), preset="finetune", base=champion)
    assert tuned.manifest["feature_key"] != champion.manifest["feature_key"]
    features = Scorer(tuned).features(pixels)
    examples = labelled(kinds, features=features)
    examples.feature_key = tuned.manifest["feature_key"]
    head = train_role.train("stamp", examples, base=tuned)
    assert head.manifest["feature_key"] == tuned.manifest["feature_key"]
    assert np.array_equal(Scorer(head).features(pixels[:3]), features[:3])


def test_the_only_real_object_that_a_network_has_learnt_from_never_judges_one_that_goes_on(kinds, pixels):
    low = labelled(kinds[:40]).split()[1][0]
    alone = labelled(kinds[:40], pixels=pixels[:40], labels=np.where(np.arange(40) == low, "yes", "no"))
    first = train_role.train("stamp", alone, preset="small")
    more = labelled(kinds, features=Scorer(first).features(pixels), labels=np.where(kinds < 2, "yes", "no"))
    more.targets[low] = alone.targets[low]
    more.feature_key = first.manifest["feature_key"]
    assert low in more.split()[1]
    assert low not in continued(more, first).split()[1]
    assert str(low) in train_role.train("stamp", more, base=first).manifest[TRAIN_ONLY]


def test_the_backbone_is_fine_tuned_and_kept(kinds, pixels):
    few = labelled(kinds[:24], pixels=pixels[:24])
    checkpoint = train_role.train("stamp", few, preset="finetune", init="scratch")
    assert checkpoint.manifest["architecture"] == "tf_efficientnet_lite0"
    assert Scorer(checkpoint).probabilities(pixels[:2]).shape == (2, 4)


def test_a_batch_of_labels_without_weight_teaches_nothing(kinds, pixels):
    """Each epoch's last batch has two frames, of which often neither has any weight."""
    examples = labelled(kinds[:83], pixels=pixels[:83])
    assert len(examples.split()[0]) == 66
    examples = dataclasses.replace(examples, weights=(np.arange(83) % 2).astype(np.float32))
    scorer = Scorer(train_role.train("stamp", examples, preset="small"))
    assert np.isfinite(scorer.probabilities(pixels[:4])).all()


def test_pixels_are_needed(kinds, features):
    with pytest.raises(BadExamples, match="trains on pixels"):
        train_role.train("stamp", labelled(kinds, features=features), preset="small")


def test_too_few_examples(kinds, pixels):
    with pytest.raises(BadExamples, match="Only 12 examples; a network needs 16"):
        train_role.train("stamp", labelled(kinds[:12], pixels=pixels[:12]), preset="small")


def test_a_single_frame_to_learn_from_is_refused_instead_of_waited_on(kinds, pixels):
    examples = labelled(kinds, pixels=pixels)
    start = presets.preset_recipe("small", "scratch", 1).begin(0)
    with pytest.raises(BadExamples, match="Only one example is left for training, but a network needs two"):
        finetune(
            examples, start, None, (np.arange(1), np.arange(1, 9)), BRIEF, seed=0, minutes=0.01, on_epoch=lambda _: None
        )


def test_frames_keep_the_order_of_their_rows(kinds, pixels):
    rows = np.array([9, 2, 5])
    frames = load_frames(labelled(kinds, pixels=pixels), rows, native_size(1))
    assert torch.equal(frames.targets.argmax(1), torch.from_numpy(kinds[rows]))
    assert np.allclose(frames.pixels[1].numpy(), native_size(1).stretched(pixels[2])[0], atol=1e-2)


def test_frames_beyond_memory_are_drawn_and_say_whose_they_are(kinds, pixels):
    rows = np.arange(100, 240)
    frames = load_frames(labelled(kinds, pixels=pixels), rows, native_size(1), most=10 * 2 * 40 * 40)
    assert len(frames) == len(set(frames.rows)) == 10
    assert (np.diff(frames.rows) > 0).all()
    assert set(frames.rows) < set(rows)
    assert torch.equal(frames.targets.argmax(1), torch.from_numpy(kinds[frames.rows]))


def test_a_network_is_judged_by_as_many_as_fit_into_memory(kinds, pixels, monkeypatch):
    monkeypatch.setattr(finetuning, "load_frames", functools.partial(load_frames, most=30 * 2 * 40 * 40))
    told = []
    train_role.train("stamp", labelled(kinds, pixels=pixels), preset="small", on_epoch=told.append)
    assert len(told) == 3
    assert all(np.isfinite(epoch.val_loss) for epoch in told)


@pytest.mark.parametrize("side", [33, 63, 100])
def test_the_small_net_takes_any_size(side):
    net = ResidualNet(2)
    assert net(torch.zeros(2, 2, side, side)).shape == (2, net.num_features)


def test_turns_reach_all_eight_ways_and_keep_every_pixel():
    stamp = torch.arange(9.0).reshape(1, 1, 3, 3).expand(400, 1, 3, 3)
    seen = {tuple(x.flatten().tolist()) for x in random_dihedral(stamp, torch.Generator().manual_seed(0))}
    assert len(seen) == 8
    assert all(sorted(way) == list(range(9)) for way in seen)


def test_oblong_stamps_keep_their_shape():
    assert random_dihedral(torch.zeros(5, 1, 3, 4), torch.Generator()).shape == (5, 1, 3, 4)


def test_shifts_bring_in_sky():
    stamp = torch.ones(60, 1, 5, 5)
    moved = random_shift(stamp, torch.Generator().manual_seed(0), most=1)
    assert moved.shape == stamp.shape
    assert {int(x.sum()) for x in moved} == {16, 20, 25}


def test_the_rate_rises_and_falls():
    clock, rates = Clock(100, None), []
    for clock.step in range(101):
        rates.append(clock.rate())
    assert max(rates) == pytest.approx(1)
    assert rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_minutes_end_a_run_early():
    clock = Clock(1_000_000, 1e-9)
    assert clock.progress == 1
    assert "ended the training after 0 of 1,000,000 steps" in clock.notes()[0]


class Watch:
    """A clock that only the test moves."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr("ml.training.schedule.time", SimpleNamespace(monotonic=lambda: self.now))

    def run(self, clock, *paces):
        """Take steps that last as long as these paces say, in turn for equal parts; return their learning rates."""
        rates = []
        while clock.progress < 1:
            rates.append(clock.rate())
            self.now += paces[min(len(paces) - 1, clock.step * len(paces) // clock.steps)]
            clock.tick()
        return rates


def test_a_limit_that_is_not_reached_changes_nothing(monkeypatch):
    watch = Watch(monkeypatch)
    free, limited = Clock(200, None), Clock(200, 5.0)
    usual = watch.run(free, 1.0)
    limited.start = watch.now
    assert watch.run(limited, 1.3, 1.1) == usual, "240 of 300 s, the first half slower than the second"
    assert limited.notes() == []


@pytest.mark.parametrize("paces", [(3.0,), (1.0, 3.0), (1.0, 1.0, 1.0, 9.0)])
def test_a_limit_that_will_be_reached_shortens_the_schedule_once_and_says_so(monkeypatch, paces):
    watch = Watch(monkeypatch)
    clock = Clock(200, 5.0)
    rates = watch.run(clock, *paces)
    assert 295 < watch.now <= 300 + paces[-1]
    assert clock.step < 200
    assert rates[-1] < 0.02, "the learning rate falls to 0 by the limit"
    assert np.abs(np.diff(rates)).max() < 0.2, "without a leap"
    assert "The time limit of 5 min ended the training after" in clock.notes()[0]


def test_a_note_names_the_limit_that_was_given_also_where_a_part_of_it_is_reserved(monkeypatch):
    watch = Watch(monkeypatch)
    clock = Clock(200, 1.0, reserved=0.5)
    watch.run(clock, 1.0)
    assert 30 <= watch.now <= 31
    assert "The time limit of 1 min ended the training after 3" in clock.notes()[0]


def test_a_run_that_was_shortened_but_took_all_its_steps_says_so(monkeypatch):
    watch = Watch(monkeypatch)
    clock = Clock(200, 5.0)
    watch.run(clock, 2.5, 0.1)
    assert (clock.step, watch.now < 300) == (200, True)
    assert "shortened the schedule" in clock.notes()[0]


def test_a_run_that_takes_all_its_steps_has_no_note_of_its_minutes():
    clock = Clock(10, 60.0)
    clock.step = 10
    assert clock.notes() == Clock(10, None).notes() == []


def test_a_model_tells_that_its_minutes_were_over(kinds, pixels):
    made = train_role.train("stamp", labelled(kinds[:40], pixels=pixels[:40]), preset="small", minutes=1e-4)
    assert any("ended the training after" in note for note in made.manifest["notes"])


def test_the_best_state_comes_back():
    net, best = torch.nn.Linear(1, 1), Best(patience=2)
    outcomes = []
    for loss, weight in ((3.0, 1.0), (1.0, 2.0), (2.0, 3.0), (5.0, 4.0)):
        torch.nn.init.constant_(net.weight, weight)
        outcomes.append(best.offer(loss, net))
    best.restore(net)
    assert float(net.weight.detach()) == 2
    assert outcomes == [False, False, False, True]

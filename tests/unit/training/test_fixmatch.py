"""FixMatch: a network learns from labels, and from what it is sure of on unlabelled stamps."""

import dataclasses

import numpy as np
import pytest
import torch

from ml.data import unlabelled as pools
from ml.data.augmentation import partly_hidden, strong
from ml.data.dataset import BadExamples
from ml.data.held_out import FRACTION, places
from ml.data.preprocessing import SKY_UNITS
from ml.data.tensors import FrameTensors
from ml.data.unlabelled import Unlabelled
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference.scorer import Scorer
from ml.roles import train_role
from ml.training import fixmatch
from ml.training.fixmatch import MatchedBatches, matched, pool_frames, pseudo_labels
from ml.training.schedule import SKY_TRANSFER, SMALL_AGAIN, TRANSFER
from ml.training.training_state import StateFile
from tests.unit.conftest import labelled
from tests.unit.training.test_resume import Killed, epochs_until, interrupted, same

LABELS = 40
HELD_OUT = next(name for name in map(str, range(99)) if places([name])[0] < FRACTION)


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    for name, value in {"STEPS": 8, "ROUNDS": 4, "LABELLED": 8, "UNLABELLED": 16}.items():
        monkeypatch.setattr(fixmatch, name, value)


@pytest.fixture
def pool(pixels):
    names = np.array([f"u{n}" for n in range(len(pixels) - LABELS)])
    return Unlabelled(names, names, pixels[LABELS:])


@pytest.fixture
def examples(kinds, pixels, pool):
    """Make the examples of one training, since it adds notes to them."""

    def make(**changes):
        words = ["yes" if kind < 2 else "no" for kind in kinds[:LABELS]]
        made = labelled(kinds[:LABELS], pixels=pixels[:LABELS], labels=words)
        return dataclasses.replace(made, **{"unlabelled": pool, **changes})

    return make


def learnt(examples, **settings):
    return train_role.train("stamp", examples, preset="fixmatch", init="sky", seed=3, **settings)


def test_the_model_tells_apart_what_it_had_no_labels_of_and_says_from_how_many_it_learnt(examples, pool, kinds, pixels):
    told = []
    made = learnt(examples(), on_epoch=told.append)
    assert [epoch.epoch for epoch in told] == [1, 2, 3, 4]
    assert made.manifest["preset"] == "fixmatch"
    assert made.manifest["unlabelled"] == (places(pool.groups.tolist()) >= FRACTION).sum()
    scorer = Scorer(made)
    assert roc_auc(kinds[LABELS:] < 2, scorer.p_real(scorer.probabilities(pixels[LABELS:]))) > 0.95


def test_neither_the_order_of_the_pool_nor_what_is_there_twice_changes_what_is_learnt_from(examples, pool):
    rows = np.random.default_rng(0).permutation(np.r_[np.arange(len(pool)), np.arange(30)])
    shuffled = Unlabelled(pool.names[rows], pool.groups[rows], pool.pixels[rows])
    frames = [pool_frames(examples(unlabelled=each), np.arange(5), SKY_UNITS) for each in (pool, shuffled)]
    assert torch.equal(*frames)
    assert len(frames[0]) > 100


def test_a_resumed_training_is_bitwise_the_uninterrupted_one(examples, tmp_path):
    whole, state = learnt(examples()), StateFile(tmp_path / "state.safetensors")
    interrupted(examples(), state, preset="fixmatch", init="sky", seed=3)
    told = []
    assert same(learnt(examples(), state=state, on_epoch=epochs_until(9, told)), whole)
    assert told == [3, 4]


def test_with_another_pool_it_begins_anew(examples, pool, tmp_path, caplog):
    state = StateFile(tmp_path / "state.safetensors")
    interrupted(examples(), state, preset="fixmatch", init="sky", seed=3)
    told, fewer = [], Unlabelled(pool.names[:50], pool.groups[:50], pool.pixels[:50])
    with pytest.raises(Killed):
        learnt(examples(unlabelled=fewer), state=state, on_epoch=epochs_until(1, told))
    assert told == [1]
    assert "begins anew" in caplog.text


def test_the_time_limit_only_ends_it_early_and_the_model_says_so(examples):
    assert any("ended the training after" in note for note in learnt(examples(), minutes=1e-4).manifest["notes"])


def test_a_pool_with_holes_trains(examples, pool):
    holes = pool.pixels.copy()
    holes[::3, :, :, :5] = np.nan
    holes[::7] = np.nan
    made = learnt(examples(unlabelled=Unlabelled(pool.names, pool.groups, holes)))
    assert all(value.isfinite().all() for value in made.tensors.values())


def test_what_judges_a_model_is_not_learnt_from(pool):
    low = places(pool.groups.tolist()) < FRACTION
    judge = pool.groups[~low][0]
    rows = pool.learnable({judge})
    assert set(pool.groups[rows]) == set(pool.groups[~low]) - {judge}
    assert list(rows) != sorted(rows)


def test_of_too_many_those_with_the_lowest_hashes_stay(pool, monkeypatch):
    every = pool.names[pool.learnable(())]
    monkeypatch.setattr(pools, "MOST_SUBJECTS", 30)
    assert list(pool.names[pool.learnable(())]) == list(every[:30])


def test_without_a_pool_there_is_nothing_to_match(examples):
    with pytest.raises(BadExamples, match="there are none with the channels and size"):
        learnt(examples(unlabelled=None))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda pool: Unlabelled(pool.names[:0], pool.groups[:0], pool.pixels[:0]), "there are none"),
        (lambda pool: dataclasses.replace(pool, pixels=np.repeat(pool.pixels, 3, 2)), r"shape \(3, 40, 40\)"),
        (lambda pool: dataclasses.replace(pool, groups=np.full(len(pool), HELD_OUT)), "None of the 200 unlabelled"),
    ],
)
def test_a_pool_that_cannot_be_learnt_from_is_one_sentence(examples, pool, change, sentence):
    with pytest.raises(BadExamples, match=sentence):
        learnt(examples(unlabelled=change(pool)))


def test_every_network_has_its_steps_however_many_labels_there_are(monkeypatch):
    monkeypatch.setattr(fixmatch, "STEPS", 500)
    schedules = [matched(schedule) for schedule in (SKY_TRANSFER, SMALL_AGAIN, TRANSFER)]
    assert [schedule.views / schedule.batch for schedule in schedules] == [500, 500, 200]
    assert all(schedule.fewest == schedule.views for schedule in schedules)


def test_a_confident_class_or_else_side_becomes_the_label():
    p = torch.tensor([[0.96, 0.02, 0.02, 0.0], [0.5, 0.46, 0.04, 0.0], [0.02, 0.02, 0.5, 0.46], [0.5, 0.2, 0.2, 0.1]])
    expected = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]]
    assert pseudo_labels(p, [0, 1]).tolist() == expected
    assert pseudo_labels(p, []).tolist() == [expected[0], *[[0] * 4] * 3]


def test_without_a_confident_answer_only_the_labels_count():
    frames = FrameTensors(torch.zeros(20, 1, 8, 8), torch.eye(2).repeat(10, 1), torch.ones(20), 1, np.arange(20))
    batches = MatchedBatches(frames, torch.ones(9, 1, 8, 8), 0, matched(SKY_TRANSFER), 0.1, [1])
    assert float(batches.loss(lambda x: torch.zeros(len(x), 2))) == pytest.approx(np.log(2))
    first_sure = iter([torch.tensor([0.0, 9.0]), torch.zeros(2)])
    assert float(batches.loss(lambda x: next(first_sure).expand(len(x), 2))) == pytest.approx(2 * np.log(2))
    assert batches.turn == 2


def test_sure_classes_sure_sides_and_unsure_stamps_in_one_batch_have_a_gradient():
    frames = FrameTensors(torch.zeros(8, 1, 8, 8), torch.eye(4).repeat(2, 1), torch.ones(8), 1, np.arange(8))
    batches = MatchedBatches(frames, torch.ones(9, 1, 8, 8), 0, matched(SKY_TRANSFER), 0.1, [0, 1])
    kinds = torch.tensor([[9.0, 0, 0, 0], [9, 9, 0, 0], [0, 0, 0, 0]]).repeat(9, 1).requires_grad_()
    loss = batches.loss(lambda x: kinds[: len(x)])
    loss.backward()
    assert loss.isfinite()
    assert kinds.grad.isfinite().all()
    assert kinds.grad.any()


def test_strong_views_keep_the_shape_and_never_hide_the_middle():
    random, stamps = torch.Generator().manual_seed(0), torch.ones(300, 2, 40, 30)
    assert strong(stamps, random, 0.1).shape == stamps.shape
    hidden = partly_hidden(stamps, random) == 0
    assert hidden[:, :, 16:24, 12:18].sum() == 0
    assert hidden.flatten(1).any(1).float().mean() > 0.99
    assert hidden.float().mean() < 0.07

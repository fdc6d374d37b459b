"""The tracklet networks: any number of stamps, in any order, with missing facts; and their training."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from ml.data.dataset import BadExamples
from ml.data.tracklet_frames import FIELDS, TrackletFrames, stacked
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.inference.scorer import Scorer
from ml.inference.tracklet_net import p_real, track_features
from ml.models.compute import limit_torch
from ml.models.deep_sets import SetNet
from ml.models.paper_mlp import PaperNet, first_four
from ml.roles import train_role
from ml.sky.tracklet_features import NAMES
from ml.tracklets import tracklet_fit, two_stage
from ml.training.calibration import fit_platt
from ml.training.callbacks import silent
from ml.training.presets import Recipe
from tests.unit.conftest import CLASSES, POSITIVE, labelled
from tests.unit.sky.test_motion import mover
from tests.unit.training.test_head_training import NoBackbone


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Do without the backbone."""
    limit_torch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recipe, "begin", lambda recipe, seed: NoBackbone())
        patch.setattr(Scorer, "backbone", NoBackbone())
        yield


@pytest.fixture
def brief(monkeypatch):
    """Train tracklet networks in 48 steps."""
    monkeypatch.setattr(tracklet_fit, "MANY", 6)


GIVEN = two_stage.TrackletRecipe(two_stage.GIVEN, "set")


def awake(seed=0):
    """Return a set network in which every weight matters."""
    torch.manual_seed(seed)
    net = SetNet(4, [0, 1], len(NAMES))
    torch.nn.init.normal_(net.out.weight)
    return net.eval()


def scores(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).log_softmax(-1)


def inputs(log_scores, real, facts=None, present=None):
    n, frames = log_scores.shape[:2]
    facts = torch.full((n, len(NAMES)), torch.nan) if facts is None else facts
    present = torch.ones(n, frames, dtype=torch.bool) if present is None else present
    return tracklet_fit.Inputs(log_scores, present, facts, torch.as_tensor(real).float(), torch.ones(n))


def test_the_order_of_stamps_and_frames_makes_no_difference_to_the_last_bit():
    net, stamps, frames = awake(), scores(1, 5, 4), mover(5, 80.0, mag=np.linspace(18, 19, 5))
    frames[:, 2] += np.random.default_rng(0).normal(0, 1e-4, 5)
    orders = list(itertools.permutations(range(5)))
    p = p_real(net, torch.cat([stamps[:, order] for order in orders]), stacked([frames[list(o)] for o in orders]))
    assert len(torch.unique(p)) == 1


@pytest.mark.parametrize("n", range(3, 9))
def test_any_number_of_detections_and_what_fills_the_rest_is_not_looked_at(n):
    net, stamps = awake(), scores(1, n, 4)
    alone = p_real(net, stamps, stacked([mover(n)]))
    padded = torch.full((1, 9, 4), torch.nan)
    padded[:, :n] = stamps
    beside = stacked([mover(n), mover(9)]).take([0])
    assert p_real(net, padded, beside).item() == pytest.approx(alone.item(), abs=1e-6)


def test_each_stamp_counts():
    net, stamps = awake(), scores(1, 6, 4)
    said = [p_real(net, stamps[:, :n], None).item() for n in (4, 5, 6)]
    assert len({round(p, 5) for p in said}) == 3


def test_unknown_facts_are_masked_and_a_known_one_counts():
    net = awake()
    unknown, known = torch.full((1, len(NAMES)), torch.nan), torch.full((1, len(NAMES)), torch.nan)
    known[0, 0] = 0.0
    stamps, present = scores(1, 4, 4), torch.ones(1, 4, dtype=torch.bool)
    assert torch.isfinite(net(stamps, present, unknown)).all()
    assert net(stamps, present, known).item() != net(stamps, present, unknown).item(), "0 is not the same as unknown"


def test_a_fact_that_never_varied_while_learning_says_nothing():
    net, facts = awake(), torch.rand(20, len(NAMES), generator=torch.Generator().manual_seed(0))
    facts[:, 5], facts[:, 3] = 2.0, torch.nan
    net.learn_scale(facts)
    other = facts.clone()
    other[:, 5], other[:, 3] = 3.0, 1.0
    assert torch.equal(net.standard(facts)[:, [3, 5]], torch.zeros(20, 2))
    assert torch.equal(net.standard(other)[:, [3, 5]], torch.zeros(20, 2))
    assert net.standard(facts)[:, 0].mean() == pytest.approx(0, abs=1e-6)


def test_far_beyond_what_was_seen_is_only_far():
    net = awake()
    far, farther = (torch.full((1, len(NAMES)), value) for value in (1e3, 1e6))
    assert torch.equal(net.standard(far), net.standard(farther))


def test_an_untrained_set_net_is_the_mean_of_log_odds():
    stamps = torch.tensor([[0.2, 0.3, 0.5], [0.3, 0.3, 0.4]]).log()[None]
    said = SetNet(3, [0, 1], 6).eval()(stamps, torch.ones(1, 2, dtype=torch.bool), torch.full((1, 6), torch.nan))
    assert said.item() == pytest.approx((np.log(0.5 / 0.5) + np.log(0.6 / 0.4)) / 2, abs=1e-6)


def test_the_set_net_learns_from_facts_what_stamps_do_not_tell():
    random = np.random.default_rng(0)
    real, stamps = random.integers(0, 2, 600), scores(600, 4, 4)
    facts = torch.full((600, len(NAMES)), torch.nan)
    facts[:, 0] = torch.from_numpy(random.normal(1 - real, 0.3))
    part = inputs(stamps, real, facts)
    net = tracklet_fit.fit_set(part.take(np.arange(400)), [0, 1], seed=0)
    held = part.take(np.arange(400, 600))
    assert roc_auc(real[400:] > 0, held.logits(net).numpy()) > 0.95
    blind = tracklet_fit.Inputs(
        held.log_scores, held.present, torch.full_like(held.facts, torch.nan), held.real, held.weights
    )
    assert torch.isfinite(blind.logits(net)).all()


def test_real_stamps_far_off_their_line_are_no_tracklet_though_no_label_said_so():
    """Every bogus example has bogus stamps and fits a line as well as the real ones do."""
    random, real = np.random.default_rng(2), np.arange(400) % 2
    stamps = torch.log_softmax(
        torch.tensor(np.where(real[:, None, None], [2.0, 0], [0.0, 2])).repeat(1, 4, 1), -1
    ).float()
    facts = torch.full((400, len(NAMES)), torch.nan)
    facts[:, 0] = torch.from_numpy(random.normal(0, 0.1, 400))
    part = inputs(stamps, real, facts)
    net = tracklet_fit.fit_set(part, [0], seed=0)
    off = part.take(np.flatnonzero(real))
    off.facts[:, 0] = 1.5
    assert part.logits(net)[real > 0].min() > 0
    assert off.logits(net).max() < 0
    assert part.facts[:, 0].max() < 1, "the examples themselves are left as they are"


def test_calibration_gives_the_share_that_is_real():
    """Despite the 4 : 1 loss weights, the output must be a probability."""
    random = np.random.default_rng(1)
    real = (random.random(3000) < 0.3).astype(int)
    logits = torch.from_numpy(random.normal(2 * real, 1.0)).float() + 1.4
    scale, shift = fit_platt(logits, torch.from_numpy(real).float(), torch.ones(3000))
    p = torch.sigmoid(scale * logits + shift)
    assert p.mean().item() == pytest.approx(real.mean(), abs=0.01)


def test_a_short_tracklet_lends_its_mean_and_a_long_one_shows_four():
    stamps, there = torch.tensor([[[1.0], [3.0]]]), torch.ones(1, 2, dtype=torch.bool)
    assert first_four(stamps, there).flatten().tolist() == [1, 3, 2, 2]
    six = torch.arange(6.0).reshape(1, 6, 1)
    assert first_four(six, torch.ones(1, 6, dtype=torch.bool)).flatten().tolist() == [0, 1, 2, 3]
    holes = torch.tensor([[False, True, True, False, True, False]])
    assert first_four(six, holes).flatten().tolist() == [1, 2, 4, pytest.approx(7 / 3)]


def test_the_papers_loss():
    """The mean of α (x - y)², α = 1 for bogus and 4 for real."""
    stamps, real = scores(2, 4, 2).exp(), [1.0, 0.0]
    part = inputs(stamps.log(), real)
    net = PaperNet(2)
    x = torch.sigmoid(net.of_four(stamps)).detach().numpy()
    assert float(tracklet_fit.weighted_error(net, part)) == pytest.approx(
        (4 * (x[0] - 1) ** 2 + x[1] ** 2) / 2, rel=1e-5
    )


def test_the_papers_net_depends_on_order_as_it_says():
    torch.manual_seed(0)
    net, stamps = PaperNet(4).eval(), scores(1, 4, 4)
    assert p_real(net, stamps, None).item() != p_real(net, stamps.flip(1), None).item()


def night(random, counts, *, bogus_scatter=2e-4):
    """Return tracklets with weak stamps and strong motion: features, tracks, and which are real."""
    real = random.random(len(counts)) < 0.5
    features = np.full((len(counts), max(counts), 16), np.nan, dtype=np.float16)
    frames = []
    for row, (n, is_real) in enumerate(zip(counts, real, strict=True)):
        features[row, :n] = random.normal(0.25 if is_real else 0.0, 1, (n, 16))
        one = mover(n, random.uniform(20, 200), snr=20.0)
        one[:, 1:3] += random.normal(0, 2e-5 if is_real else bogus_scatter, (n, 2))
        frames.append(one)
    return features, stacked(frames), real


def learnable(features, tracks, real):
    made = labelled(np.where(real, 0, 2), features=features, labels=["yes" if one else "no" for one in real])
    made.tracks = tracks
    return made


@pytest.fixture(scope="module")
def mixed():
    random = np.random.default_rng(7)
    return night(random, random.integers(3, 9, 260))


@pytest.fixture(scope="module")
def learnt(mixed):
    return train_role.train("tracklet", learnable(*mixed), seed=1)


def test_tracklets_of_three_to_eight_are_learnt_together_and_motion_tells(mixed, learnt, tmp_path):
    features, tracks, real = mixed
    checkpoint = learnt
    checkpoint.save(tmp_path / "c")
    scorer = Scorer(Checkpoint.load(tmp_path / "c"))
    p = scorer.probabilities_from_features(features, tracks)[:, 1]
    assert roc_auc(real, p) > 0.98
    stamps_alone = roc_auc(
        real, scorer.probabilities_from_features(features, TrackletFrames(tracks.fields * np.nan, tracks.present))[:, 1]
    )
    assert stamps_alone < roc_auc(real, p) - 0.02
    assert checkpoint.manifest["tracklet_net"] == "set"
    fresh, more, truth = night(np.random.default_rng(8), np.full(300, 5))
    kept = scorer.probabilities_from_features(fresh, more)[truth, 1] >= checkpoint.manifest["threshold"]
    assert kept.mean() > 0.95, "the threshold keeps about 99.6 % of the real ones of validation, and of others"


def test_the_threshold_follows_the_completeness_that_is_asked_for(mixed, learnt):
    few = train_role.train("tracklet", learnable(*mixed), seed=1, completeness=0.6).manifest
    assert (few["completeness"], learnt.manifest["completeness"]) == (0.6, 0.996)
    assert few["threshold"] > learnt.manifest["threshold"]


def test_the_papers_preset(mixed):
    features, tracks, real = mixed
    examples = learnable(features, tracks, real)
    checkpoint = train_role.train("tracklet", examples, preset="paper")
    assert (checkpoint.manifest["tracklet_net"], checkpoint.manifest["threshold"]) == ("paper", 0.8)
    assert "exactly 4 detections" in examples.notes[-1]
    p = Scorer(checkpoint).probabilities_from_features(features, tracks)[:, 1]
    assert roc_auc(real, p) > 0.75
    assert np.array_equal(
        p,
        Scorer(checkpoint).probabilities_from_features(
            features, TrackletFrames(tracks.fields * np.nan, tracks.present)
        )[:, 1],
    )


def test_the_stamp_scores_of_a_checkpoint_are_taken_as_they_are(kinds, features, brief):
    stamps = train_role.train("stamp", labelled(kinds, features=features[:, :1]))
    tracklets = train_role.train("tracklet", labelled(kinds, features=features), preset="set", base=stamps)
    assert torch.equal(tracklets.tensors["stamp.weight"], stamps.tensors["stamp.weight"])
    p = Scorer(tracklets).probabilities_from_features(features)[:, 1]
    assert roc_auc(kinds < 2, p) > 0.97
    other = labelled(kinds, features=features)
    other.classes = ("A", *CLASSES[1:])
    other.positive = ("A", POSITIVE[1])
    with pytest.raises(BadExamples, match="The checkpoint classifies stamps as AST, STREAK"):
        train_role.train("tracklet", other, preset="set", base=stamps)
    reading = dataclasses.replace(stamps, manifest=stamps.manifest | {"metadata": ["mag"]})
    with pytest.raises(BadExamples, match="reads mag beside the pixels"):
        two_stage.on_features(labelled(kinds, features=features), None, GIVEN, reading, seed=0, on_epoch=silent)


def test_a_label_of_the_tracklet_alone_does_not_teach_the_stamps(kinds, features, brief):
    """Real-looking stamps of bogus tracklets are excluded, so the stamp network does not change."""
    wrong = kinds == 0
    examples = labelled(np.where(wrong, 2, kinds), features=features)
    examples.applies_to_stamps = ~wrong
    stamps = Scorer(train_role.train("tracklet", examples)).stamp_log_scores(features).exp()
    taught = Scorer(train_role.train("tracklet", labelled(np.where(wrong, 2, kinds), features=features)))
    assert stamps[wrong][..., 2].mean() < taught.stamp_log_scores(features).exp()[wrong][..., 2].mean() - 0.1


def test_a_network_of_a_later_version_is_refused_in_words(kinds, features, brief):
    made = train_role.train("tracklet", labelled(kinds, features=features))
    made.manifest["tracklet_net"] = "transformer"
    with pytest.raises(BadCheckpoint, match=r"tracklet network \(transformer\) is of a kind"):
        Scorer(made)


def test_a_stamp_without_features_leaves_the_tracklet_unscored(mixed, learnt):
    features, tracks, _ = mixed
    scorer = Scorer(learnt)
    broken = features.copy()
    broken[0, 0] = np.nan
    p = scorer.probabilities_from_features(broken, tracks)
    assert np.isnan(p[0]).all()
    assert np.isfinite(p[1:]).all(), "what stands where a tracklet has no frame is no missing feature"
    assert track_features(tracks).shape == (260, len(NAMES))
    assert tracks.fields.shape[2] == len(FIELDS)

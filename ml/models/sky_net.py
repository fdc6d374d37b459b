"""The sky backbone: a small residual network for stamps at native size, with weights taught on simulated skies."""

import hashlib
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from torch import Tensor, nn
from torch.nn import functional

from ml.models.residual import ResidualBlock
from ml.models.weights import FOLDER

SKY = "sky"
NAME = "sky_backbone.safetensors"
FILE = Path(__file__).with_name(NAME)
SHA256 = "621fda1d0b1da9f6668ecb4fa73e0d1fd224da0f6d725825e3d825fdd3e90d08"
WIDTHS = (32, 64, 128, 192)
SIZES = {"standard": 1, "large": 2}
"""Multiples of these widths; the packaged network is the standard one."""
SPREAD = 6.0  # pixels, σ of the weights about the middle


class DamagedWeights(ValueError):
    """The packaged weights are not those that the model card describes."""


class SkyNet(nn.Module):
    """Stamps (B, 3, H, W) of 16 pixels or more to features (B, 832 × scale).

    The features are mean and maximum of the last maps, and the mean of the last two levels about the middle of the
    stamp, where the source is, with Gaussian weights of σ 6 pixels.
    """

    def __init__(self, channels: int = 3, scale: int = 1) -> None:
        super().__init__()
        widths = [scale * width for width in WIDTHS]
        self.stem = nn.Conv2d(channels, widths[0], 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        *pairs, last = pairwise(widths)
        self.fine = nn.Sequential(ResidualBlock(widths[0], widths[0], 1), *(ResidualBlock(a, b, 2) for a, b in pairs))
        self.coarse = ResidualBlock(*last, 2)
        self.num_features = 3 * widths[-1] + 2 * widths[-2]
        self.pretrained_cfg = {"architecture": SKY, "first_conv": "stem"}

    def forward(self, x: Tensor) -> Tensor:
        """Return features (B, D)."""
        height, width = x.shape[-2:]
        fine = self.fine(functional.relu(self.stem_norm(self.stem(x))))
        coarse = self.coarse(fine)
        middles = [middle_mean(maps, int(height), int(width)) for maps in (coarse, fine)]
        return torch.cat([coarse.mean((-2, -1)), coarse.amax((-2, -1)), *middles, fine.amax((-2, -1))], dim=1)


def middle_mean(maps: Tensor, height: int, width: int, spread: float = SPREAD) -> Tensor:
    """Return the mean (B, C) of maps (B, C, h, w) about their middle, for stamps of height × width pixels."""
    rows, columns = (
        _weights(int(cells), side, spread, maps) for cells, side in zip(maps.shape[-2:], (height, width), strict=True)
    )
    return torch.einsum("bchw,h,w->bc", maps, rows, columns)


def _weights(cells: int, side: int, spread: float, like: Tensor) -> Tensor:
    at = (torch.arange(cells, device=like.device, dtype=torch.float32) - (cells - 1) / 2) * (side / cells)
    weights = torch.exp(-0.5 * (at / spread) ** 2)
    return (weights / weights.sum()).to(like.dtype)


def random_sky_net(seed: int, scale: int = 1) -> nn.Module:
    """Return the network with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SkyNet(scale=scale).eval()


def scale_of(tensors: Mapping[str, Tensor]) -> int:
    """Return the scale of the network whose tensors these are."""
    stems = [value for name, value in tensors.items() if name.endswith("stem.weight")]
    return max(1, len(stems[0]) // WIDTHS[0]) if stems else 1


def sky_network() -> nn.Module:
    """Return the network with pretrained weights, in eval mode.

    They come from the folder ``WANDERERS_WEIGHTS`` if it has a sky_backbone.safetensors, else from the package.

    Raises DamagedWeights if the packaged file's SHA-256 is not the model card's, or the folder's file has no weights of
    such a network.
    """
    folder = os.environ.get(FOLDER)
    if folder and (Path(folder) / NAME).is_file():
        return sky_network_from(Path(folder) / NAME)
    found = hashlib.sha256(FILE.read_bytes()).hexdigest()
    if found != SHA256:
        raise DamagedWeights(f"{FILE} is not the sky backbone that docs/backbone.md describes: its SHA-256 is {found}.")
    return sky_network_from(FILE)


def sky_network_from(file: Path) -> nn.Module:
    """Return the network with the weights of a pretraining run, of any size, in eval mode.

    Raises DamagedWeights if the file has no weights of such a network.
    """
    try:
        tensors = read_tensors(file.read_bytes())
        network = SkyNet(scale=scale_of(tensors))
        network.load_state_dict(tensors)
    except (SafetensorError, RuntimeError) as error:
        raise DamagedWeights(f"{file} has no weights of a sky backbone. ({error})") from error
    return network.eval()

"""The sky backbone: a small residual network for stamps at native size, with weights taught on simulated skies."""

import hashlib
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load as read_tensors
from torch import Tensor, nn
from torch.nn import functional

from ml.models.residual import ResidualBlock

SKY = "sky"
FILE = Path(__file__).with_name("sky_backbone.safetensors")
SHA256 = "621fda1d0b1da9f6668ecb4fa73e0d1fd224da0f6d725825e3d825fdd3e90d08"
WIDTHS = (32, 64, 128, 192)
SPREAD = 6.0  # pixels, σ of the weights about the middle


class DamagedWeights(ValueError):
    """The packaged weights are not those that the model card describes."""


class SkyNet(nn.Module):
    """Stamps (B, 3, H, W) of 16 pixels or more to features (B, 832).

    The features are mean and maximum of the last maps, and the mean of the last two levels about the middle of the
    stamp, where the source is, with Gaussian weights of σ 6 pixels.
    """

    def __init__(self, channels: int = 3, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
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
        means = [functional.adaptive_avg_pool2d(coarse, 1), functional.adaptive_max_pool2d(coarse, 1)]
        middles = [middle_mean(maps, int(height), int(width)) for maps in (coarse, fine)]
        peak = functional.adaptive_max_pool2d(fine, 1)
        return torch.cat([*(mean.flatten(1) for mean in means), *middles, peak.flatten(1)], dim=1)


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


def random_sky_net(seed: int) -> nn.Module:
    """Return the network with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SkyNet().eval()


def sky_network(file: Path = FILE, sha256: str | None = None) -> nn.Module:
    """Return the network with the packaged weights, in eval mode.

    Raises DamagedWeights if the file's SHA-256 is another one.
    """
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != (SHA256 if sha256 is None else sha256):
        raise DamagedWeights(f"{file} is not the sky backbone that docs/backbone.md describes: its SHA-256 is {found}.")
    network = SkyNet()
    network.load_state_dict(read_tensors(content))
    return network.eval()

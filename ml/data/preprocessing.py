"""Preprocessing of stamps: center crop, resize, stretch, views; stored with the checkpoint."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.imaging.display import histogram, zscale
from ml.imaging.noise_normalisation import asinh_noise, linear_noise, sky

MOST_CHANNELS = 4
MOST_OF_A_NETWORK = 64
LARGEST_SIDE = 1024
WAYS = 8  # a square stamp has four right angles and two sides
STRETCHES = {"asinh": "asinh_noise", "linear": "linear_noise", "zscale": "zscale", "equalise": "equalise"}
"""Choices of ``--stretch`` and their names in a checkpoint."""


@dataclass(frozen=True)
class Preprocessing:
    """How stamps are cropped, stretched and resized.

    Parameters
    ----------
    stretch
        "asinh_noise": softening · asinh((x - sky) / (softening · σ)), sky and its noise σ per stamp and channel.
        "linear_noise": (x - sky) / σ. "zscale" and "equalise", greys made for the eye, are between -1 and 1; they are
        for comparison.
    softening
        In σ: the stretch is linear below it.
    gain, clip
        The stretched values, near the sky in σ, are multiplied by `gain` and then clipped to ± `clip`.
    size_single, size_multi
        Side in pixels to which stamps of one channel, and of several, are resized; None keeps the native size.
    channels
        0 maps 1 to 4 channels to three (for ImageNet nets); otherwise the network's number of channels.
    crop
        Side in pixels of the center crop, after the stretch; None keeps the whole stamp.
    adapter
        The `channels` pass through a trainable 3×3 convolution to three before the net (Lieu et al. 2019, section 4.6).
    tta
        Test-time augmentation: number of flips and rotations to average features over, 1 to 8, since the sky has no up.
        Scoring takes that many times as long.
    center_crop
        Side in pixels of a second view, the central crop, resized to the same size; its features follow those of the
        first view. For frozen networks.
    annulus_photometry
        Whether annulus photometry (`ml.imaging.annulus`) follows the crops' features. For frozen networks.
    """

    stretch: str = "asinh_noise"
    softening: float = 40.0
    gain: float = 0.03
    clip: float = 5.0
    size_single: int | None = 128
    size_multi: int | None = 160
    channels: int = 0
    crop: int | None = None
    adapter: bool = False
    tta: int = 1
    center_crop: int | None = None
    annulus_photometry: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for sides, views or channels of no stamp: they may be of somebody else's checkpoint."""
        sides = (self.size_single, self.size_multi, self.crop, self.center_crop)
        if not all(side is None or 1 <= side <= LARGEST_SIDE for side in sides):
            raise ValueError(f"Sizes and crops are 1 to {LARGEST_SIDE} pixels.")
        if not (1 <= self.tta <= WAYS and 0 <= self.channels <= MOST_OF_A_NETWORK):
            raise ValueError(f"There are 1 to {WAYS} views to average over, and at most {MOST_OF_A_NETWORK} channels.")

    @property
    def crops(self) -> int:
        """Return how many crops are concatenated in a stamp's features."""
        return 1 if self.center_crop is None else 2

    def parts(self, width: int, network: int) -> tuple[int, ...]:
        """Return how `width` features are divided: `network` per crop, then the annulus photometry."""
        rest = width - self.crops * network
        return (network,) * self.crops + ((rest,) if self.annulus_photometry else ())

    @property
    def sky_units(self) -> bool:
        """Return whether stretched pixels are in units of the sky noise, with `gain` per σ."""
        return self.stretch in {"asinh_noise", "linear_noise"}

    @property
    def sky_noise(self) -> float:
        """Return one σ of the sky in stretched units, approximately: display stretches have no fixed one."""
        return self.gain if self.sky_units else 0.02

    def size(self, channels: int) -> int | None:
        """Return the side in pixels for stamps with this number of channels."""
        return self.size_single if channels == 1 else self.size_multi

    def stretched(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Stretch and crop stamps (..., H, W) to (..., min(H, crop), min(W, crop)).

        NaN and infinite pixels become 0, the sky level. A stamp without a finite pixel becomes all 0.

        Raises ValueError if the network does not support this number of channels.
        """
        self._check_channels(pixels.shape[-3])
        with np.errstate(over="ignore", invalid="ignore"):  # of sentinels such as 3.4e38, which become NaN, so sky
            values = self._levels(pixels)
        np.clip(values, -self.clip, self.clip, out=values)
        np.copyto(values, 0, where=np.isnan(values))
        return values

    def _levels(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Return the stretched centre of the stamps, not yet clipped."""
        if not self.sky_units:
            grey: NDArray[np.float32] = middle(GREYS[self.stretch](pixels), self.crop)
            return 2 * grey - 1
        measured, cropped = sky(pixels), middle(pixels, self.crop)  # the sky is that of the whole stamp
        linear = self.stretch == "linear_noise"
        values = linear_noise(cropped, measured=measured) if linear else asinh_noise(cropped, self.softening, measured)
        values *= np.float32(self.gain)
        return values

    def _check_channels(self, channels: int) -> None:
        if not self.channels and channels > MOST_CHANNELS:
            raise ValueError(f"A stamp has 1 to {MOST_CHANNELS} channels; this one has {channels}.")
        if self.channels and channels != self.channels:
            raise ValueError(
                f"This model reads stamps of {self.channels} channel(s), but these have {channels}."
                f" Train another on such stamps, or use the frozen backbone, which reads 1 to {MOST_CHANNELS}."
            )

    def as_manifest(self) -> dict[str, Any]:
        """Return the entry for a checkpoint's manifest.

        Newer settings are left out if unused, so that keys of stored features stay the same.
        """
        unused = {"adapter": False, "tta": 1, "center_crop": None, "annulus_photometry": False}
        return {name: value for name, value in asdict(self).items() if name not in unused or value != unused[name]}


GREYS = {"zscale": zscale, "equalise": histogram}
FROZEN = Preprocessing()
SKY_UNITS = Preprocessing(softening=10.0, gain=0.1, clip=6.0, size_single=None, size_multi=None, crop=64, tta=WAYS)
"""Input of the sky backbone: the middle 64 pixels at native size, up to 2,000 σ, all ways round."""
SKY_FROZEN = replace(SKY_UNITS, annulus_photometry=True)
"""Input of the frozen sky backbone."""


def native_size(channels: int) -> Preprocessing:
    """Return the preprocessing of the small residual net: center crop at native size, all channels, all ways round.

    Trails over several exposures are longer than 64 pixels.
    """
    crop = 64 if channels == 1 else 96
    return Preprocessing(size_single=None, size_multi=None, channels=channels, crop=crop, tta=WAYS)


def tta_views(stamps: NDArray[Any], tta: int) -> Iterator[NDArray[Any]]:
    """Yield `tta` of the eight symmetries of stamps (..., H, W): original, flipped, and so on by 90°."""
    for way in range(tta):
        quarter = np.rot90(stamps, way // 2, axes=(-2, -1))
        yield quarter[..., ::-1] if way % 2 else quarter


def middle(stamps: NDArray[Any], side: int | None) -> NDArray[Any]:
    """Return the center crop (..., ≤ side, ≤ side) of stamps (..., H, W); smaller ones stay as they are."""
    if side is None:
        return stamps
    top, left = (max(0, (length - side) // 2) for length in stamps.shape[-2:])
    return stamps[..., top : top + side, left : left + side]

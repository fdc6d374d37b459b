"""Render subjects as PNG, for lists, reports and browsers without scripts."""

import io

import numpy as np
from PIL import Image

from ml.imaging.display import STRETCHES

MISSING = (146, 60, 118)
"""Colour of missing pixels: a plum that occurs in no grey image."""

_GAP = 2
_PAPER = (24, 24, 27)


def to_png(block: np.ndarray, *, stretch: str = "zscale", size: int | None = None, invert: bool = False) -> bytes:
    """Render a subject, each image stretched separately.

    Raises ValueError: the stretch is unknown, or `block` has another number of axes.

    Parameters
    ----------
    block
        (F, C, H, W), (C, H, W) or (H, W). Several images are drawn side by side, frame by frame and channel by channel
        within a frame. Row 0 is drawn at the bottom.
    stretch
        A name in `STRETCHES`.
    size
        Height of each image in pixels, enlarged without smoothing; None draws pixel for pixel.
    invert
        Draw the sky white.

    Returns
    -------
    bytes
        PNG, RGB; pixels that are NaN are drawn in `MISSING`.
    """
    if stretch not in STRETCHES:
        raise ValueError(f"No stretch is called “{stretch}”; there are {', '.join(STRETCHES)}.")
    if not 2 <= block.ndim <= 4:
        raise ValueError(f"A drawing takes two to four axes, and this has shape {block.shape}.")
    images = STRETCHES[stretch](block.reshape(-1, *block.shape[-2:]))[:, ::-1]
    strip = _strip([_scaled(_coloured(1 - image if invert else image), size) for image in images])
    out = io.BytesIO()
    strip.save(out, "PNG", compress_level=3)
    return out.getvalue()


def strip_width(shape: tuple[int, int, int, int], size: int) -> int:
    """Return the width in pixels at which `to_png` draws a block of this shape (F, C, H, W) with this height."""
    frames, channels, height, width = shape
    return _across(frames * channels, _scaled_width(width, height, size))


def _coloured(image: np.ndarray) -> Image.Image:
    missing = np.isnan(image)
    grey = (np.where(missing, 0, image) * 255 + 0.5).astype(np.uint8)
    colours = np.repeat(grey[..., None], 3, axis=-1)
    colours[missing] = MISSING
    return Image.fromarray(colours)


def _scaled(image: Image.Image, size: int | None) -> Image.Image:
    if size is None or size == image.height:
        return image
    width = _scaled_width(image.width, image.height, size)
    return image.resize((width, size), Image.Resampling.NEAREST if size > image.height else Image.Resampling.BOX)


def _scaled_width(width: int, height: int, size: int) -> int:
    return max(1, round(width * size / height))


def _across(images: int, width: int) -> int:
    return images * (width + _GAP) - _GAP


def _strip(images: list[Image.Image]) -> Image.Image:
    if len(images) == 1:
        return images[0]
    width, height = images[0].size
    strip = Image.new("RGB", (_across(len(images), width), height), _PAPER)
    for place, image in enumerate(images):
        strip.paste(image, (place * (width + _GAP), 0))
    return strip

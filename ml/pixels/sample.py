"""Images as floating point, and a sample of each that tells of its sky soon enough."""

import numpy as np

_SIDE = 32  # pixels of a sample, about: 24 to 47 of what is larger


def finite(pixels: np.ndarray) -> np.ndarray:
    """Copy to float32, with NaN for whatever is not finite."""
    with np.errstate(over="ignore"):
        out = pixels.astype(np.float32, order="C")
    if pixels.dtype.kind == "f" and not np.isfinite(out).all():
        out[~np.isfinite(out)] = np.nan
    return out


def sampled_image(pixels: np.ndarray) -> np.ndarray:
    """Return every so many rows and columns of each image (…, H, W), as `finite` does."""
    down, across = (max(1, round(side / _SIDE)) for side in pixels.shape[-2:])
    return finite(pixels[..., ::down, ::across])


def sampled(pixels: np.ndarray) -> np.ndarray:
    """Return the sample of each image as one row (n, pixels)."""
    image = sampled_image(pixels)
    return image.reshape(-1, image.shape[-2] * image.shape[-1])

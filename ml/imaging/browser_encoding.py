"""Encode pixels for the browser: raw values, compact, and precise enough to stretch there.

Each image is sent as float16 of (value - zero) / scale, with zero the sky level and scale the sky noise of that image.
Near the sky a step is then at most 0.001 sigma, brighter values keep three digits, and a 100×100 image takes 20,000
bytes for any dtype. NaN stays NaN, and infinite pixels and fillers become it.
"""

from typing import Any

import numpy as np

from ml.imaging.display import zscale_limits
from ml.imaging.noise_normalisation import FILLER, sky

_MOST = 60_000.0  # float16 ends at 65,504


def raw_frame(block: np.ndarray) -> tuple[bytes, dict[str, Any]]:
    """Pack one frame, or all of them.

    Parameters
    ----------
    block
        (F, C, H, W), (C, H, W) or (H, W), any real dtype.

    Returns
    -------
    packed
        Little-endian float16, image after image, the *top* row first, as a canvas draws them.
    meta
        JSON-safe: ``dtype`` ("float16"), ``shape`` (images, H, W), and for each image ``zero`` and ``scale``, so that
        value = zero + scale · number; and ``low`` and ``high``, the limits of `zscale` (in the packed scale). An image
        without any measurement has zero 0, scale 1, low 0 and high 1.
    """
    images = block.reshape(-1, *block.shape[-2:])
    level, sigma = (
        np.nan_to_num(value, nan=nan).astype(np.float64) for value, nan in zip(sky(images), (0, 1), strict=True)
    )
    values = images.astype(np.float64)
    values[~(np.abs(values) < FILLER)] = np.nan
    values -= level[:, None, None]
    reach = np.nan_to_num(np.max(np.abs(values), axis=(1, 2), where=~np.isnan(values), initial=0))
    scale = np.maximum(sigma, reach / _MOST)
    low, high = (
        np.nan_to_num((limit - level) / scale, nan=nan)
        for limit, nan in zip(zscale_limits(images), (0, 1), strict=True)
    )
    packed = (values / scale[:, None, None])[:, ::-1].astype("<f2")
    meta = {
        "dtype": "float16",
        "shape": list(images.shape),
        "zero": level.tolist(),
        "scale": scale.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }
    return packed.tobytes(), meta

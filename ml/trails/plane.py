"""Trails are looked for in one plane: an image of several channels becomes their mean."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def one_plane(frame: NDArray[Any]) -> NDArray[Any]:
    """Return one plane (H, W) of a frame (C, H, W): the mean of its channels, NaN where one of them is."""
    return frame[0] if len(frame) == 1 else np.asarray(frame.mean(axis=0, dtype=np.float32))

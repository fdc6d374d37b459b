"""Names in the pixel store: arrays are named after what they hold."""

import re

import numpy as np

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")


def array_name(shape: tuple[int, ...], dtype: np.dtype) -> str:
    """Return the array name of a subject shape (F, C, H, W) and dtype: ``4x1x100x100-float32``."""
    return f"{'x'.join(str(side) for side in shape)}-{np.dtype(dtype).name}"


def parsed(name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Return the subject shape (F, C, H, W) and dtype of an array, from its name."""
    sides, _, dtype = name.partition("-")
    return tuple(int(side) for side in sides.split("x")), np.dtype(dtype)


def checked(name: str) -> str:
    """Return the name of a survey, an array or features.

    Raises ValueError: it could leave the store.
    """
    if not _NAME.match(name) or ".." in name:
        raise ValueError(f"“{name}” cannot name a survey, an array or features: use letters, digits, . _ and -.")
    return name

"""Augmentation of cubes: the sixteen symmetries, flips and rotations with time forwards or backwards."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SYMMETRIES = 16
Array = NDArray[Any]


def apply_symmetry(cube: Array, way: int) -> Array:
    """Return a cube (…, T, Y, X) under one of the sixteen symmetries.

    Bits 0 and 1 of `way` rotate Y and X by right angles, bit 2 first flips X, bit 3 reverses time (Powell et al.,
    section VI.1). The result is a view.

    Raises ValueError if `way` is not from 0 to 15.
    """
    _check(way)
    cube = cube[..., ::-1] if way & 4 else cube
    cube = cube[..., ::-1, :, :] if way & 8 else cube
    return np.rot90(cube, way & 3, axes=(-2, -1))


def undo_symmetry(cube: Array, way: int) -> Array:
    """Return the cube (…, T, Y, X) that `apply_symmetry` made this one from; errors as there."""
    _check(way)
    cube = np.rot90(cube, -(way & 3), axes=(-2, -1))
    cube = cube[..., ::-1, :, :] if way & 8 else cube
    return cube[..., ::-1] if way & 4 else cube


def _check(way: int) -> None:
    if not 0 <= way < SYMMETRIES:
        raise ValueError(f"Symmetries are numbered 0 to 15, not {way}.")

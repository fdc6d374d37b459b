"""From lines that people drew to an image that the detector can learn from."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.trails.crops import Labelled
from ml.trails.marks import Mark, merged
from ml.trails.profile import settled
from ml.trails.sky import in_noise
from ml.trails.thing import TRAIL, Thing


def drawn(marks: Sequence[Mark]) -> list[Thing]:
    """Return the trails that volunteers' marks of one image stand for, each trusted as far as they agree."""
    lines = merged(marks) if marks else []
    return [Thing(TRAIL, line.line.reshape(2, 2), weight=line.weight, drawn=True) for line in lines]


def labelled(pixels: NDArray[Any], things: Sequence[Thing], name: str) -> Labelled:
    """Return an image (H, W) in units of its noise; a line that was drawn is settled on the ridge near it."""
    noise_units = in_noise(pixels)
    on_ridge = [replace(thing, curve=settled(noise_units, thing.curve)) if thing.drawn else thing for thing in things]
    return Labelled(np.clip(noise_units, -6e4, 6e4).astype(np.float16), on_ridge, name)

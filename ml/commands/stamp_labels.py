"""From labelled stamps of one shape to examples: which classes there are, and which of them are real."""

import numpy as np

from ml.checkpoint import Checkpoint
from ml.commands.subjects import Slab, positive_of
from ml.dataset import BadExamples, Examples, allowed


def together(parts: list[Slab]) -> Slab:
    """Join slabs into one.

    Raises
    ------
    BadExamples
        If there are none, or their shapes differ.
    """
    if not parts:
        raise BadExamples("There is no labelled subject with pixels in the data; a model learns from labels.")
    shapes = sorted({part.pixels.shape[1:] for part in parts})
    if len(shapes) > 1:
        raise BadExamples(
            f"The subjects differ in shape (frames, channels, height, width): {shapes[0]} and {shapes[1]}."
            " Train on one shape at a time."
        )
    return Slab(
        np.concatenate([part.pixels for part in parts]),
        [name for part in parts for name in part.ids],
        [name for part in parts for name in part.labels],
        [name for part in parts for name in part.groups],
        [one for part in parts for one in part.seen],
        [one for part in parts for one in part.sightings],
        [one for part in parts for one in part.cells],
    )


def examples_of(data: Slab, positive: str | None, base: Checkpoint | None) -> Examples:
    """Return examples with the base's classes if they hold every label, else with those in the data."""
    found = tuple(sorted(set(data.labels)))
    if base is not None and set(found) <= set(base.manifest["classes"]):
        classes, real = tuple(base.manifest["classes"]), tuple(base.manifest["positive"])
    else:
        classes, real = found, ()
    if len(classes) < 2:
        raise BadExamples(
            f"Every label is {found[0]!r}: a model cannot learn a difference that it never sees."
            " Add subjects with another label."
        )
    real = positive_of(classes, positive) if positive or not real else real
    return Examples(
        allowed(data.labels, classes, real),
        np.ones(len(data.labels), dtype=np.float32),
        np.array(data.groups),
        classes,
        real,
        pixels=data.pixels,
    )

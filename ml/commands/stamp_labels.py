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
    check_shapes(parts, "(frames, channels, height, width)", first=1)
    return Slab(
        np.concatenate([part.pixels for part in parts]),
        [name for part in parts for name in part.ids],
        [name for part in parts for name in part.labels],
        [name for part in parts for name in part.groups],
        [one for part in parts for one in part.seen],
        [one for part in parts for one in part.sightings],
        [one for part in parts for one in part.cells],
    )


def check_shapes(parts: list[Slab], axes: str, first: int) -> None:
    """Raise BadExamples where pictures differ in their axes from `first` on, with how many there are of each."""
    counts: dict[tuple[int, ...], list[str]] = {}
    for part in parts:
        counts.setdefault(part.pixels.shape[first:], []).extend(part.ids)
    if len(counts) > 1:
        told = [f"{shape} of {len(ids)}, such as {ids[0]}" for shape, ids in sorted(counts.items())]
        raise BadExamples(f"The subjects differ in shape {axes}: {'; '.join(told)}. Train on one shape at a time.")


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

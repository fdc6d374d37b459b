"""Shards of every simulator's labelled stamps on disk, written once and then read. Imports no torch."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np

from ml.imaging.noise_normalisation import linear_noise
from ml.simulate.labelled_stamps import SKIES, LabelledStamps

BRIGHTEST = 3e4  # in units of the noise, within the range of 16 bits


def shard_path(folder: Path, sky: str, number: int, seed: int) -> Path:
    """Return where a simulator's shard is, or is to be."""
    return folder / f"{sky}-{seed}-{number:04d}.npz"


def write_shard(folder: Path, sky: str, number: int, seed: int, size: int) -> None:
    """Write a simulator's shard of this many stamps; the seed and the number decide its content.

    The pixels are stored in units of the noise of their plane, as float16.
    """
    drawn = SKIES[sky](np.random.default_rng([seed, number, list(SKIES).index(sky)]), size)
    pixels = linear_noise(drawn.pixels, BRIGHTEST).astype(np.float16)
    known = {field.name: getattr(drawn, field.name) for field in fields(drawn)} | {"pixels": pixels}
    path = shard_path(folder, sky, number, seed)
    half = path.with_suffix(f".{os.getpid()}")
    with half.open("wb") as file:
        np.savez(file, **known)
    half.replace(path)


def load_shard(path: Path) -> LabelledStamps:
    """Read a shard."""
    with np.load(path) as stored:
        return LabelledStamps(**{name: stored[name] for name in stored.files})


def joined(parts: list[LabelledStamps]) -> LabelledStamps:
    """Concatenate stamps of one simulator."""
    return LabelledStamps(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(parts[0]))
    )

"""The stamps that pretraining draws from: shards of every simulator on disk, written once and then read."""

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np

from ml.imaging.noise_normalisation import linear_noise
from ml.models.compute import cores
from ml.simulate.labelled_stamps import SKIES, LabelledStamps

SHARD = 1024
BRIGHTEST = 3e4  # in units of the noise, within the range of 16 bits


def write_shard(folder: Path, sky: str, number: int, seed: int) -> Path:
    """Write a simulator's shard unless it is there; the seed and the number decide its content.

    The pixels are stored in units of the noise of their plane, as float16.
    """
    path = folder / f"{sky}-{seed}-{number:04d}.npz"
    if path.exists():
        return path
    drawn = SKIES[sky](np.random.default_rng([seed, number, list(SKIES).index(sky)]), SHARD)
    pixels = linear_noise(drawn.pixels, BRIGHTEST).astype(np.float16)
    known = {field.name: getattr(drawn, field.name) for field in fields(drawn)} | {"pixels": pixels}
    half = path.with_suffix(f".{os.getpid()}")
    with half.open("wb") as file:
        np.savez(file, **known)
    half.replace(path)
    return path


def read_pool(folder: Path, shards: Mapping[str, int], seed: int) -> dict[str, LabelledStamps]:
    """Return every simulator's shards as one, their pixels float16, writing those that are missing on all cores."""
    with ProcessPoolExecutor(cores(), multiprocessing.get_context("fork")) as writers:
        paths = {
            sky: [writers.submit(write_shard, folder, sky, k, seed) for k in range(n)] for sky, n in shards.items() if n
        }
        return {sky: joined([load_shard(path.result()) for path in written]) for sky, written in paths.items()}


def load_shard(path: Path) -> LabelledStamps:
    """Read a shard."""
    with np.load(path) as stored:
        return LabelledStamps(**{name: stored[name] for name in stored.files})


def joined(parts: list[LabelledStamps]) -> LabelledStamps:
    """Concatenate stamps of one simulator."""
    return LabelledStamps(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(parts[0]))
    )

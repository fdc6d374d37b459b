"""The alert packets of a night as examples: known asteroids, and everything else that the survey found."""

from pathlib import Path

import numpy as np

from ml.data.dataset import Examples
from ml.io.read_subjects import read_subjects

NEAR = 5  # arcsec, within which the survey names a known asteroid


def night(folder: Path) -> Examples:
    """Return the night's alerts, real where a known asteroid is near."""
    records = list(read_subjects(folder))
    distance = np.array([record.metadata.get("#ssdistnr", np.nan) for record in records], dtype=float)
    real = (distance >= 0) & (distance <= NEAR)
    return Examples(
        np.stack([~real, real], axis=1).astype(np.float32),
        np.ones(len(records), dtype=np.float32),
        np.array([record.object_group for record in records]),
        ("bogus", "real"),
        ("real",),
        pixels=np.stack([record.block() for record in records]),
    )

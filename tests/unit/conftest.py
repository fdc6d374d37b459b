"""Small skies on disk."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from ml.data.dataset import Examples, allowed
from ml.io.read import read
from ml.io.records import BadInput, SubjectRecord


@pytest.fixture
def sky_noise() -> Callable[..., np.ndarray]:
    """Return a Gaussian sky of level 100 and noise 10, of any shape."""
    return lambda *shape, seed=0: np.random.default_rng(seed).normal(100, 10, shape).astype(np.float32)


@pytest.fixture
def write_fits(tmp_path: Path) -> Callable[..., Path]:
    """Write one array as the primary image of a FITS file, with cards (``MJD_OBS`` stands for MJD-OBS)."""

    def write(name: str, pixels: np.ndarray, **cards: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        header = fits.Header([(key.replace("MJD_", "MJD-"), value) for key, value in cards.items()])
        fits.PrimaryHDU(pixels, header).writeto(path)
        return path

    return write


@pytest.fixture
def write_manifest(tmp_path: Path) -> Callable[..., Path]:
    """Write rows (dicts with the same keys) as manifest.csv."""

    def write(*rows: dict[str, object], encoding: str = "utf-8", newline: str = "\n", delimiter: str = ",") -> Path:
        path = tmp_path / "manifest.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            out = csv.DictWriter(file, list(rows[0]), lineterminator=newline, delimiter=delimiter)
            out.writeheader()
            out.writerows(rows)
        return path

    return write


@pytest.fixture
def subjects() -> Callable[..., list[SubjectRecord]]:
    """Read everything, without errors."""

    def all_good(path: Path, *args: object, **options: object) -> list[SubjectRecord]:
        found = list(read(path, *args, **options))
        assert [str(item) for item in found if isinstance(item, BadInput)] == []
        return found

    return all_good


@pytest.fixture
def complaint() -> Callable[..., BadInput]:
    """Read everything and return the only error."""

    def only(path: Path, *args: object, **options: object) -> BadInput:
        bad = [item for item in read(path, *args, **options) if isinstance(item, BadInput)]
        assert len(bad) == 1, bad
        return bad[0]

    return only


CLASSES = ("AST", "STREAK", "CR", "NOISE")
POSITIVE = ("AST", "STREAK")


def labelled(kinds, *, features=None, pixels=None, labels=None) -> Examples:
    """Return examples of the four classes with one label each, or the given labels."""
    labels = [CLASSES[kind] for kind in kinds] if labels is None else labels
    return Examples(
        allowed(labels, CLASSES, POSITIVE),
        np.ones(len(kinds), dtype=np.float32),
        np.arange(len(kinds)).astype(str),
        CLASSES,
        POSITIVE,
        features=features,
        pixels=pixels,
    )


@pytest.fixture
def random():
    return np.random.default_rng(1)


@pytest.fixture
def kinds(random):
    return random.permutation(np.arange(240) % 4)


@pytest.fixture
def features(random, kinds):
    """Return features (240, 4, 48) whose classes overlap a little."""
    centres = random.normal(size=(4, 48)) * 0.35
    return (centres[kinds][:, None] + random.normal(size=(240, 4, 48))).astype(np.float16)


@pytest.fixture
def pixels(random, kinds):
    """Return single-channel stamps (240, 1, 1, 40, 40): real ones have a central source, bogus ones do not."""
    y, x = np.mgrid[-20:20, -20:20]
    source = 40 * np.exp(-(x**2 + y**2) / 8)
    stamps = random.normal(100, 3, (240, 1, 1, 40, 40))
    stamps[kinds < 2] += source
    return stamps.astype(np.float32)

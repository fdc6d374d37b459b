"""The skies of the benchmark: a pool to ask about and a test set, as frozen features with the truth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.inference.feature_extractor import Backbone
from ml.io.read_subjects import read_subjects
from ml.io.records import SubjectRecord
from ml.simulate.atlas.difference import REAL
from ml.simulate.atlas.night import night

Array = NDArray[Any]
SNR = (5.0, 20.0)
BANK = 24_000
POOL = 4_000
TEST = (1_000, 2_000)
"""Movers and others of a test set. They are weighted to the pool's share, so that rare movers do not mean few."""
NEAR = 5  # arcsec, within which the survey names a known asteroid
POOL_SHARE = 0.6


@dataclass(frozen=True)
class Subjects:
    """Features (n, D), fine class (n,), S/N (n,; NaN where unknown), object group (n,), and whether it moves (n,)."""

    features: Array
    label: Array
    snr: Array
    group: Array

    @property
    def real(self) -> Array:
        return np.isin(self.label, REAL)

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: Array) -> "Subjects":
        return Subjects(self.features[rows], self.label[rows], self.snr[rows], self.group[rows])


@dataclass(frozen=True)
class Sky:
    """A pool, a test set with weights (n,), the movers' share of the pool, and gold to learn volunteers' skill from."""

    pool: Subjects
    test: Subjects
    weights: Array
    share: float
    gold: Subjects


def simulated_bank(backbone: Backbone, n: int, seed: int) -> Subjects:
    """Return n simulated difference stamps of eight classes with S/N 5 to 20, by frozen features."""
    blocks = night(n, seed, snr=SNR)
    parts = [(backbone.features(block.pixels[:, None, None])[:, 0], block.rows) for block in blocks]
    rows = [row for _, some in parts for row in some]
    return Subjects(
        np.concatenate([features for features, _ in parts]),
        np.array([row["label"] for row in rows]),
        np.array([float(row["#snr"]) for row in rows]),
        np.array([row["object_group"] for row in rows]),
    )


def simulated_sky(bank: Subjects, share: float, n: int, seed: int) -> Sky:
    """Draw a pool of `n` with this share of movers, a balanced test set, and gold, none of them twice."""
    rng = np.random.default_rng([seed, 1])
    movers = rng.permutation(np.flatnonzero(bank.real))
    others = rng.permutation(np.flatnonzero(~bank.real))
    asked = round(n * share)
    if len(movers) < TEST[0] + asked + 1 or len(others) < TEST[1] + n - asked + 1:
        raise ValueError(f"A bank of {len(bank)} stamps is too small for a pool of {n} with {share:.0%} movers.")
    test = np.concatenate([movers[: TEST[0]], others[: TEST[1]]])
    pool = np.concatenate([movers[TEST[0] :][:asked], others[TEST[1] :][: n - asked]])
    gold = np.concatenate([movers[TEST[0] + asked :], others[TEST[1] + n - asked :]])
    weights = np.repeat([share / TEST[0], (1 - share) / TEST[1]], TEST)
    return Sky(bank.take(rng.permutation(pool)), bank.take(test), weights, share, bank.take(gold))


def check_night(folder: Path) -> None:
    """Raise ValueError if the folder is not there, or no alert in it is of a known asteroid."""
    if not folder.exists():
        raise ValueError(f"--night is {folder}: that folder is not there.")
    if not any(map(_is_known, _alerts(folder))):
        raise ValueError(
            f"--night is {folder}: no alert there has a known asteroid within {NEAR} arcsec (`ssdistnr`)."
            " Name a folder of ZTF's packets."
        )


def _alerts(folder: Path) -> Iterator[SubjectRecord]:
    return (record for record in read_subjects(folder) if isinstance(record, SubjectRecord))


def _is_known(alert: SubjectRecord) -> bool:
    return 0 <= float(alert.metadata.get("#ssdistnr", -1)) <= NEAR


def night_bank(backbone: Backbone, folder: Path) -> Subjects:
    """Return the alerts of a real night: asteroids where a known one is near, the others of unknown class."""
    records = list(_alerts(folder))
    return Subjects(
        backbone.features(np.stack([record.block() for record in records]))[:, 0],
        np.where([_is_known(record) for record in records], "AST", "OTHER"),
        np.full(len(records), np.nan),
        np.array([record.object_group for record in records]),
    )


def night_sky(bank: Subjects, gold: Subjects, seed: int) -> Sky:
    """Split a night by object: three fifths to ask about, the rest to test."""
    objects = np.random.default_rng([seed, 1]).permutation(np.unique(bank.group))
    asked = np.isin(bank.group, objects[: round(POOL_SHARE * len(objects))])
    pool, test = bank.take(np.flatnonzero(asked)), bank.take(np.flatnonzero(~asked))
    return Sky(pool, test, np.ones(len(test)), float(pool.real.mean()), gold)


def stored(path: Path, make: Callable[[], Subjects]) -> Subjects:
    """Return the subjects of a file, made first if there is none: features take longer than the benchmark itself."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **vars(make()))
    with np.load(path) as known:
        return Subjects(*(known[name] for name in ("features", "label", "snr", "group")))

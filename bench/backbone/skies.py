"""Simulated skies as examples, to judge a network that has never seen them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Examples
from ml.simulate.alerts.alert_triples import MOVERS, alert_triples
from ml.simulate.atlas.difference import CLASSES, REAL
from ml.simulate.atlas.night import night
from ml.simulate.euclid.dithered_stamps import CLASSES as EUCLID
from ml.simulate.euclid.dithered_stamps import REAL as MOVING
from ml.simulate.euclid.euclid_field import euclid_blocks
from ml.simulate.labelled_stamps import LabelledStamps, ground, hubble
from ml.simulate.writer import SubjectBlock


def alerts_examples(n: int, seed: int) -> Examples:
    """Return science, template and difference of movers and of everything else, 63 pixels wide as ZTF's."""
    drawn = alert_triples(np.random.default_rng([n, seed]), n, 63)
    return _movers(np.isin(drawn.kind, MOVERS), drawn.pixels)


def atlas_examples(n: int, seed: int) -> Examples:
    """Return difference stamps of eight classes, 100 pixels wide."""
    return _examples(list(night(n, seed)), CLASSES, REAL)


def euclid_examples(n: int, seed: int) -> Examples:
    """Return three dithers of movers, stars, galaxies and cosmic rays, 96 pixels wide."""
    return _examples(list(euclid_blocks(n, seed)), EUCLID, MOVING)


def ground_examples(n: int, seed: int) -> Examples:
    """Return difference stamps from the ground; a real one has a trail."""
    return _trails(ground(np.random.default_rng([n, seed]), n))


def hubble_examples(n: int, seed: int) -> Examples:
    """Return stamps of Hubble's exposures; a real one has an asteroid's trail."""
    return _trails(hubble(np.random.default_rng([n, seed]), n))


def _trails(drawn: LabelledStamps) -> Examples:
    return _movers(drawn.real == 1, drawn.pixels)


def _movers(real: NDArray[np.bool_], pixels: NDArray[np.float32]) -> Examples:
    targets = np.stack([~real, real], axis=1).astype(np.float32)
    weights, groups = np.ones(len(real), dtype=np.float32), np.arange(len(real)).astype(str)
    return Examples(targets, weights, groups, ("bogus", "real"), ("real",), pixels=pixels[:, None])


def _examples(blocks: list[SubjectBlock], classes: tuple[str, ...], real: tuple[str, ...]) -> Examples:
    labels = [row["label"] for block in blocks for row in block.rows]
    planes = int(blocks[0].planes[0])
    pixels = np.concatenate([block.pixels for block in blocks])
    return Examples(
        np.eye(len(classes), dtype=np.float32)[[classes.index(label) for label in labels]],
        np.ones(len(labels), dtype=np.float32),
        np.array([row["object_group"] for block in blocks for row in block.rows]),
        classes,
        real,
        pixels=pixels.reshape(len(labels), 1, planes, *pixels.shape[-2:]),
    )


SKIES: dict[str, Callable[[int, int], Examples]] = {
    "alerts": alerts_examples, "atlas": atlas_examples, "euclid": euclid_examples, "ground": ground_examples,
    "hubble": hubble_examples,
}  # fmt: skip

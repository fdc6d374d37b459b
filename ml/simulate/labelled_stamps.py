"""Stamps of every simulator with one vocabulary of labels, in memory, to teach a network all skies at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ml.simulate.alerts.alert_triples import MOVERS, SIZE, alert_triples
from ml.simulate.atlas.difference import CLASSES as ATLAS
from ml.simulate.atlas.difference import difference_stamps, draw_sources
from ml.simulate.euclid.dithered_stamps import dithered_stamps
from ml.simulate.euclid.sources import EXPTIME, PIXEL_SCALE
from ml.simulate.ground.ground_cutouts import stamp
from ml.simulate.hubble.hubble_cutouts import cutout

KINDS = (
    "POINT", "TRAIL", "COMET", "STAR", "TRANSIENT", "GALAXY", "DIPOLE", "NEGATIVE", "COSMIC_RAY", "BLEED", "SPIKE",
    "SATELLITE", "NOISE",
)  # fmt: skip
"""What is in the middle of a stamp; a STAR that varies, a TRANSIENT on its galaxy."""
ATLAS_KINDS = {
    "AST": "POINT", "STREAK": "TRAIL", "COMET": "COMET", "BURN": "BLEED", "CR": "COSMIC_RAY", "NOISE": "NOISE",
    "SCAR": "DIPOLE", "SPIKE": "SPIKE",
}  # fmt: skip
EUCLID_KINDS = {"SSO": "TRAIL", "STAR": "STAR", "GALAXY": "GALAXY", "CR": "COSMIC_RAY"}
NO_TRAIL = ("POINT", "GALAXY", "DIPOLE", "NOISE")
HUBBLE_KINDS = {
    "ASTEROID": "TRAIL", "SATELLITE": "SATELLITE", "COSMIC_RAY": "COSMIC_RAY", "ARC": "GALAXY", "SPIKE": "SPIKE",
}  # fmt: skip
Kind = str | tuple[str, ...]
HUBBLE_FIELD, HUBBLE_MOST = 384, 3  # pixels; stamps of one class from one exposure
ANYTHING = ("STAR", "GALAXY", "COSMIC_RAY", "NOISE")


@dataclass
class LabelledStamps:
    """Stamps and what is known of the source in their middle; NaN where nothing is.

    pixels : (n, C, SIZE, SIZE) float32 of any scale.
    kinds : (n, K) bool, which of `KINDS` it may be; a single one where the simulator says so.
    real : (n,) 1 for a moving object, 0 for none.
    length, angle : (n,) of its trail, pixels and radians from +x towards +y.
    x, y : (n,) the source's offset from the middle, pixels.
    """

    pixels: np.ndarray
    kinds: np.ndarray
    real: np.ndarray
    length: np.ndarray
    angle: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray, kinds: Iterable[Kind], real: np.ndarray, **known: Any) -> Self:
        """Return stamps with their kinds by name, one or several each; whatever is not given is unknown."""
        allowed = np.array([np.isin(KINDS, kind) for kind in kinds]).reshape(len(pixels), len(KINDS))
        unknown = np.full(len(pixels), np.nan, np.float32)
        numbers = {name: np.asarray(known.get(name, unknown), np.float32) for name in ("length", "angle", "x", "y")}
        return cls(np.asarray(pixels, np.float32), allowed, np.asarray(real, np.float32), **numbers)


def alerts(rng: np.random.Generator, n: int) -> LabelledStamps:
    """Draw science, template and difference."""
    drawn = alert_triples(rng, n)
    middle = (SIZE - 1) / 2
    place = {"x": drawn.x - middle, "y": drawn.y - middle}
    return LabelledStamps.of(
        drawn.pixels, drawn.kind, np.isin(drawn.kind, MOVERS), length=drawn.length, angle=drawn.angle, **place
    )


def atlas(rng: np.random.Generator, n: int) -> LabelledStamps:
    """Draw ATLAS's difference stamps; the source's offset, less than a pixel, counts as none."""
    sources = draw_sources(rng, rng.permutation(np.resize(ATLAS, n)))
    length, angle = np.full(n, np.nan), np.full(n, np.nan)
    streaks = sources.rows("STREAK")
    if len(streaks):
        length[streaks], angle[streaks] = sources.shapes["STREAK"]["length"], sources.shapes["STREAK"]["angle"]
    kind = [ATLAS_KINDS[name] for name in sources.label]
    pixels, none = difference_stamps(rng, sources, SIZE)[:, None], np.zeros(n)
    return LabelledStamps.of(pixels, kind, np.isin(kind, MOVERS), length=length, angle=angle, x=none, y=none)


def euclid(rng: np.random.Generator, n: int) -> LabelledStamps:
    """Draw three dithers of Euclid; a mover is in the middle of one of them."""
    label = rng.choice(list(EUCLID_KINDS), n, p=(0.4, 0.2, 0.2, 0.2))
    pixels, measured = dithered_stamps(rng, label, SIZE)
    offset = np.where(label == "SSO", np.nan, 0.0)
    return LabelledStamps.of(
        pixels,
        [EUCLID_KINDS[name] for name in label],
        label == "SSO",
        length=measured["rate"] / 3600 / PIXEL_SCALE * EXPTIME,
        x=offset,
        y=offset,
    )


def ground(rng: np.random.Generator, n: int) -> LabelledStamps:
    """Draw difference stamps from the ground: trails, and what may be a mover or not."""
    drawn = [stamp(rng, SIZE) for _ in range(n)]
    ends = np.array([[np.nan] * 4 if obj is None else [*obj.curve[0], *obj.curve[-1]] for _, obj in drawn])
    is_trail = ~np.isnan(ends[:, 0])
    return LabelledStamps.of(
        np.stack([pixels for pixels, _ in drawn])[:, None],
        ["TRAIL" if trail else NO_TRAIL for trail in is_trail],
        np.where(is_trail, 1, np.nan),
        **_of_line(ends, (SIZE - 1) / 2),
    )


def _of_line(ends: np.ndarray, middle: float) -> dict[str, np.ndarray]:
    """Return length, angle and offset of lines with ends (n, 4): x and y of the first, then of the last."""
    dx, dy = ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]
    place = {"x": (ends[:, 0] + ends[:, 2]) / 2 - middle, "y": (ends[:, 1] + ends[:, 3]) / 2 - middle}
    return {"length": np.hypot(dx, dy), "angle": np.arctan2(dy, dx), **place}


def hubble(rng: np.random.Generator, n: int) -> LabelledStamps:
    """Draw exposures of Hubble around asteroids and look-alikes, and at random places."""
    parts: list[tuple[np.ndarray, Kind, np.ndarray]] = []
    while len(parts) < n:
        exposure = cutout(rng, HUBBLE_FIELD, 0.9)
        for label in sorted({obj.label for obj in exposure.objects}):
            ours = [obj for obj in exposure.objects if obj.label == label]
            some = rng.permutation(len(ours))[:HUBBLE_MOST]
            parts.extend(_around(exposure.pixels, ours[at].curve, HUBBLE_KINDS[label]) for at in some)
        anywhere = np.repeat(rng.uniform(0, HUBBLE_FIELD, (1, 2)), 2, axis=0)
        parts.append(_around(exposure.pixels, anywhere, ANYTHING))
    pixels, kinds, ends = zip(*parts[:n], strict=True)
    is_trail = np.array([kind == "TRAIL" for kind in kinds])
    line = _of_line(np.where(is_trail[:, None], np.stack(ends), np.nan), (SIZE - 1) / 2)
    return LabelledStamps.of(np.stack(pixels)[:, None], kinds, is_trail, **line)


def _around(image: np.ndarray, curve: np.ndarray, kind: Kind) -> tuple[np.ndarray, Kind, np.ndarray]:
    """Cut a stamp around the middle of a curve (k, 2); return it with its kind and the curve's ends in it."""
    column, row = np.rint(curve[len(curve) // 2] - (SIZE - 1) / 2).astype(int)
    padded = np.pad(image, SIZE, constant_values=np.nan)
    pixels = padded[row + SIZE : row + 2 * SIZE, column + SIZE : column + 2 * SIZE]
    return pixels, kind, np.concatenate([curve[0] - (column, row), curve[-1] - (column, row)])


SKIES: dict[str, Callable[[np.random.Generator, int], LabelledStamps]] = {
    "alerts": alerts, "atlas": atlas, "euclid": euclid, "ground": ground, "hubble": hubble,
}  # fmt: skip
"""Every simulator by name; TESS's cubes have a network of their own."""

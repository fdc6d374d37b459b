import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import BaseCommand
from PIL import Image
from scipy.ndimage import median_filter

from ml.imaging.noise_normalisation import sky
from ml.imaging.png import to_png
from ml.simulate.atlas.atlas_tracklets import SATELLITE
from ml.simulate.atlas.night import night
from ml.simulate.euclid.euclid_field import euclid_blocks
from ml.simulate.hubble.hubble_cutouts import hubble_cutouts
from ml.simulate.tess.tess_cubes import simulated_cubes
from ml.simulate.writer import SubjectBlock
from webapp.core.environment import ROOT

FOLDER = ROOT / "static/guides/pictures"
SEED = 21
SIDE = 120
QUALITY = 60
SNR = (20.0, 60.0)
CROP = 64
CUTOUT = 256
CUBE_FRAMES = (0, 8, 16, 24)
EMPTY_SKY = "empty-sky.webp"
EMPTY_SIDE, EMPTY_ROWS, DARK = 1024, slice(64, 224), 120


class Command(BaseCommand):
    help = "Draw the pictures of the built-in guides with the simulators; the same pictures each time."

    def handle(self, *args: Any, **options: Any) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.stdout.write(f"{EMPTY_SKY}: {save_empty_sky(FOLDER / EMPTY_SKY) / 1000:.1f} kB")
        for name, planes in pictures():
            size = save(planes, FOLDER / f"{name}.webp", side=3 * SIDE if name.startswith("cutout") else SIDE)
            self.stdout.write(f"{name}.webp: {len(planes)} images side by side, {size / 1000:.1f} kB")


def pictures() -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each picture (kind and class) and its planes, (planes, H, W)."""
    tracklets = next(night(256, SEED, kind="tracklet", snr=SNR))
    for label, planes in _least_cluttered(tracklets):
        yield f"tracklet-{label}", _middle(planes, CROP)
        if label != SATELLITE.lower():
            yield f"stamp-{label}", _middle(planes[:1], CROP)
    stamps = next(euclid_blocks(96, SEED, rates=(10.0, 25.0)))
    yield from ((f"dithers-{label}", planes) for label, planes in _first_of_each(stamps))
    trails = (each.pixels[None] for each in hubble_cutouts(60, SEED, size=CUTOUT, share=1) if _is_clear(each))
    yield "cutout-yes", min(trails, key=_clutter)
    yield "cutout-no", next(each.pixels[None] for each in hubble_cutouts(60, SEED, size=CUTOUT, share=0))
    yield "cube-yes", _brightest_cube()


def _least_cluttered(block: SubjectBlock) -> Iterator[tuple[str, np.ndarray]]:
    return ((label, min(examples, key=_clutter)) for label, examples in _examples(block).items())


def _first_of_each(block: SubjectBlock) -> Iterator[tuple[str, np.ndarray]]:
    return ((label, examples[0]) for label, examples in _examples(block).items())


def _examples(block: SubjectBlock) -> dict[str, list[np.ndarray]]:
    """Return, by class, the subjects without missing pixels that show nothing but their class."""
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    ends = np.cumsum(block.planes)
    for row, end, count in zip(block.rows, ends, block.planes, strict=True):
        label, planes = row["label"], block.pixels[end - count : end]
        glints = {"AST", "STREAK"} if label == SATELLITE else set()
        is_pure = set(str(row.get("#frame_labels", label)).split(",")) <= {label, *glints}
        if is_pure and np.isfinite(planes).all():
            found[label.lower()].append(planes)
    return found


def _clutter(planes: np.ndarray) -> int:
    """Count the pixels above or below the noise."""
    level, sigma = (value[:, None, None] for value in sky(planes))
    return int(np.count_nonzero(np.abs(planes - level) > 5 * sigma))


def _middle(planes: np.ndarray, side: int) -> np.ndarray:
    top, left = ((whole - side) // 2 for whole in planes.shape[-2:])
    return planes[:, top : top + side, left : left + side]


def _is_clear(exposure: Any) -> bool:
    trails = exposure.asteroids()
    return bool(np.isfinite(exposure.pixels).all() and trails and max(each.numbers["snr"] for each in trails) > 8)


def _brightest_cube() -> np.ndarray:
    """Return some frames of the cube whose mover stands out most."""
    cubes = list(simulated_cubes(24, SEED, frames=max(CUBE_FRAMES) + 1, size=32, movers=2.0, faintest=16.5, unusual=0))
    best = max(cubes, key=lambda cube: max(cube.snr, default=0.0))
    return best.flux[list(CUBE_FRAMES)]


def save_empty_sky(path: Path) -> int:
    """Write the strip of sky above what is empty: no mover, no cosmic ray, and no noise between the stars."""
    exposure = next(hubble_cutouts(1, 0, size=EMPTY_SIDE, share=0)).pixels
    half = median_filter(exposure, 3).reshape(EMPTY_SIDE // 2, 2, EMPTY_SIDE // 2, 2).mean((1, 3))
    drawn = Image.open(io.BytesIO(to_png(half[None, EMPTY_ROWS].astype(np.float32))))
    drawn.point(lambda grey: max(0, grey - DARK) * 255 // (255 - DARK)).save(path, "WEBP", quality=QUALITY)
    return path.stat().st_size


def save(planes: np.ndarray, path: Path, side: int) -> int:
    """Write the planes side by side as WebP; return the size in bytes."""
    Image.open(io.BytesIO(to_png(planes, size=side))).save(path, "WEBP", quality=QUALITY)
    return path.stat().st_size

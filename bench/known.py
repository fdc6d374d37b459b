"""Known objects: 1.4 million simulated orbits against one exposure, as the site compares them.

The orbits are like the main belt's, with one near-Earth object in fifty, and written as MPCORB.DAT; the exposure has
1,000 detections in ten square degrees of the ecliptic opposite the Sun, half of them of these objects, 30 days after
the epoch. Another process reads and matches, so that the peak memory is its alone. `--orbits FILE` reads a real
MPCORB.DAT.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.sky.known_objects import match
from ml.sky.mpcorb import read_mpcorb
from ml.sky.observatories import read_observatories
from ml.sky.observers import Observers, observers_at
from ml.sky.sweep import Sweep
from ml.sky.tangent_plane import positions, unit_vectors

Array = NDArray[np.float64]
ORBITS, DETECTIONS, TIMES = 1_400_000, 1_000, 5
MOST_SECONDS, MOST_MB = 1.5, 1_000
EPOCH = "K25BL"  # 2025 November 21
DAYS = 30.0
RMS, RADIUS, WIDEST = 0.15, 5.0, 60.0  # arcsec; the last two are the site's
BATCH = 100_000
SIDE = np.sqrt(10.0)  # degrees
LIGHT_DAYS = 499.005 / 86_400  # of one au


def write_orbits(path: Path, count: int) -> None:
    """Write an MPCORB.DAT of simulated orbits."""
    rng = np.random.default_rng(1)
    with path.open("w") as file:
        for start in range(0, count, BATCH):
            n = min(BATCH, count - start)
            axis, e = rng.normal(2.65, 0.3, n).clip(1.8, 5.3), rng.rayleigh(0.12, n).clip(0, 0.6)
            is_near = rng.random(n) < 0.02
            e = np.where(is_near, 1 - rng.uniform(0.5, 1.3, n) / axis, e)
            inclination = rng.rayleigh(8, n).clip(0, 60)
            mean, argument, node = rng.uniform(0, 360, (3, n))
            h, uncertain = rng.normal(17.5, 1.2, n), rng.choice(10, n, p=[0.5, 0.2, *[0.05] * 4, *[0.025] * 4])
            columns = (h, mean, argument, node, inclination, e, axis, uncertain)
            rows = zip(range(start, start + n), *(column.tolist() for column in columns), strict=True)
            file.writelines(_line(*row) for row in rows)


def _line(number: int, h: float, mean: float, argument: float, node: float, inclination: float, e: float, axis: float,
          uncertain: int) -> str:  # fmt: skip
    angles = "  ".join(f"{angle:9.5f}" for angle in (mean, argument, node, inclination))
    motion = 0.9856076686 / axis**1.5
    line = f"{number:07d} {h:5.2f}  0.15 {EPOCH} {angles}  {e:9.7f} {motion:11.8f} {axis:11.7f}  {uncertain}"
    return f"{line:194}20251101\n"


def exposure(sweep: Sweep, mjd: float) -> tuple[Observers, Array]:
    """Return observers and directions of the detections: as many as half of them are of known objects."""
    times, nowhere = np.full(DETECTIONS, mjd), np.full((DETECTIONS, 3), np.nan)
    observers, _ = observers_at(times, np.full(DETECTIONS, "I41"), nowhere, read_observatories(), "I41")
    here = observers.position[0]
    away = here / np.linalg.norm(here)
    ra, dec = positions(away[None])
    rng = np.random.default_rng(2)
    east, north = rng.uniform(-SIDE / 2, SIDE / 2, (2, DETECTIONS))
    directions = unit_vectors((ra + east / np.cos(np.radians(dec))) % 360, dec + north)
    inside = sweep.near(mjd, here, away, np.radians(SIDE / 2), 0.0)
    known = rng.permutation(inside)[: DETECTIONS // 2]
    directions[: len(known)] = _seen(sweep, known, mjd, here)
    return observers, directions


def _seen(sweep: Sweep, rows: NDArray[np.int64], mjd: float, here: Array) -> Array:
    """Return the directions of some orbits, by two-body motion and with light-time."""
    now, before = sweep.places(rows, mjd) - here, sweep.places(rows, mjd - 0.01) - here
    delay = np.linalg.norm(now, axis=1, keepdims=True) * LIGHT_DAYS
    seen = now + (before - now) * delay / 0.01
    return seen / np.linalg.norm(seen, axis=1, keepdims=True)


def measure(path: Path) -> dict[str, Any]:
    began = time.perf_counter()
    orbits = read_mpcorb(path).orbits
    sweep = Sweep(orbits)
    loading = time.perf_counter() - began
    observers, directions = exposure(sweep, float(np.median(orbits.epoch)) + DAYS)
    seconds, pairs = [], 0
    for _ in range(TIMES):
        began = time.perf_counter()
        found = match(sweep, observers, directions, np.full(DETECTIONS, RMS), RADIUS, WIDEST)
        seconds.append(time.perf_counter() - began)
        pairs = sum(len(each.detection) for each in found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 1_000_000
    return {
        "orbits": len(orbits),
        "detections": DETECTIONS,
        "pairs": pairs,
        "loading_seconds": round(loading, 1),
        "median_seconds": round(float(np.median(seconds)), 2),
        "worst_seconds": round(max(seconds), 2),
        "peak_mb": peak,
        "most_seconds": MOST_SECONDS,
        "most_mb": MOST_MB,
        "load_average": round(os.getloadavg()[0], 1),
        "met": max(seconds) <= MOST_SECONDS and peak <= MOST_MB,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.known", description=__doc__)
    parser.add_argument("--orbits", type=Path, help="an MPCORB.DAT; by default simulated ones")
    if path := parser.parse_args().orbits:
        print(json.dumps(measure(path)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_orbits(Path(folder, "MPCORB.DAT"), ORBITS)
        print(f"{ORBITS:,} orbits written", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "bench.known", "--orbits", Path(folder, "MPCORB.DAT")], check=True)


if __name__ == "__main__":
    main()

"""Simulated skies: subjects per second of one process, from random numbers to files on disk.

Rates are given by wall time and by the process's CPU time; the floors are compared with the latter, which does not
depend on other work on the machine.
"""

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ml.simulate.atlas.night import atlas
from ml.simulate.euclid.euclid_field import euclid
from ml.simulate.ground.ground_cutouts import ground
from ml.simulate.hubble.hubble_cutouts import hubble
from ml.simulate.tess.tess_cubes import tess

SKIES: dict[str, tuple[Callable[..., Path], int, float]] = {
    "atlas_stamps": (atlas, 2048, 300.0),
    "atlas_tracklets": (partial(atlas, kind="tracklet"), 512, 0.0),
    "euclid_stamps": (euclid, 1024, 300.0),
    "euclid_four_dithers": (partial(euclid, dithers=4), 512, 0.0),
    "euclid_whole": (partial(euclid, whole=True), 96, 0.0),
    "ground_cutouts": (ground, 64, 0.0),
    "hubble_cutouts": (hubble, 24, 4.0),
    "tess_cubes": (tess, 32, 2.0),
}
"""Sky, number of subjects, and minimum per second (0 for none)."""


def rate(sky: Callable[..., Path], n: int, floor: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        sky(min(n, 8), 0, folder)  # what is made once is no part of the rate
        wall, cpu = time.perf_counter(), time.process_time()
        sky(n, 1, folder)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    result: dict[str, Any] = {"n": n, "per_second": round(n / wall, 1), "per_cpu_second": round(n / cpu, 1)}
    return result | ({"floor": floor, "met": n / cpu >= floor} if floor else {})


def main() -> None:
    rates = {name: rate(*sky) for name, sky in SKIES.items()}
    print(json.dumps(rates | {"met": all(result.get("met", True) for result in rates.values())}))


if __name__ == "__main__":
    main()

"""Ingest 20,000 stamps by the command that people use: how fast, and in how much memory.

A manifest over FITS cubes of 256 planes, 100 × 100 pixels of float32 each, goes through everything: reading, checksums,
the pixel store, and rows in a PostgreSQL of its own. Memory is that of the ingesting process at its peak, for a
small and for a large manifest. `bare_reads_per_second` reads the same stamps and keeps nothing, in the same process
as this script, so that the machine's own speed is beside the result.
"""

import atexit
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psycopg
from astropy.io import fits

from ml.io.read_subjects import read_subjects
from webapp.core import embedded_postgres

SMALL, LARGE = 2_000, 20_000
PLANES, SIDE = 256, 100


def write_sky(folder: Path, n: int) -> Path:
    """Write `n` different stamps of noise in cubes, and their manifest."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(1).normal(100, 10, (PLANES, SIDE, SIDE)).astype(">f4")
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("external_id", "kind", "image", "plane", "ra", "dec", "mjd", "exptime", "band", "mag", "#snr"))
        for number in range(n):
            cube, plane = divmod(number, PLANES)
            if plane == 0:
                noise[:, 0, 0] = cube  # else all cubes would be duplicates of the first
                fits.writeto(folder / f"cube-{cube}.fits", noise)
            mjd = 60600 + number // 1000 / 1440
            rows.writerow((number, "stamp", f"cube-{cube}.fits", plane, 10.5, -5.25, mjd, 30, "o", 19.1, 7.5))
    return manifest


def ingest(manifest: Path, survey: str, environment: dict[str, str]) -> int:
    """Run the command; return its peak memory in bytes."""
    command = [sys.executable, "manage.py", "ingest", str(manifest), "--survey", survey, "--create"]
    child = subprocess.Popen(command, env=environment, stdout=sys.stderr)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"The ingest of {manifest} ended with status {os.waitstatus_to_exitcode(status)}.")
    return usage.ru_maxrss * 1024


def seconds(url: str, survey: str) -> tuple[int, float]:
    """Return how many subjects the run added, and its duration by the database's clock."""
    with psycopg.connect(url) as database:
        found = database.execute(
            "SELECT run.added, extract(epoch FROM run.finished_at - run.started_at) FROM archive_ingestrun AS run"
            " JOIN archive_survey AS survey ON survey.id = run.survey_id WHERE survey.slug = %s",
            [survey],
        ).fetchone()
    assert found is not None
    return int(found[0]), float(found[1])


def bare_reads_per_second(manifest: Path) -> float:
    began = time.perf_counter()
    n = sum(1 for _ in read_subjects(manifest))
    return n / (time.perf_counter() - began)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="wanderers-bench-"))
    atexit.register(shutil.rmtree, folder)  # registered first, so run last: after the database ended
    url = embedded_postgres.start(folder / "data" / "postgres")
    environment = os.environ | {"WANDERERS_DATA": str(folder / "data"), "DATABASE_URL": url}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, stdout=sys.stderr, check=True)
    skies = {n: write_sky(folder / str(n), n) for n in (SMALL, LARGE)}
    peaks = {n: ingest(manifest, f"stamps-{n}", environment) for n, manifest in skies.items()}
    (small, small_seconds), (large, large_seconds) = (seconds(url, f"stamps-{n}") for n in skies)
    assert (small, large) == (SMALL, LARGE)
    result = {
        "stamps": large,
        "stamps_per_second": round(large / large_seconds, 1),
        "stamps_per_second_small": round(small / small_seconds, 1),
        "bare_reads_per_second": round(bare_reads_per_second(skies[LARGE]), 1),
        "peak_mb_small": round(peaks[SMALL] / 2**20, 1),
        "peak_mb_large": round(peaks[LARGE] / 2**20, 1),
        "peak_ratio": round(peaks[LARGE] / peaks[SMALL], 3),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

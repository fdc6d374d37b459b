"""Search by region in a large archive: cones and MOCs, as database time and as the archive's page.

`--subjects 10000000` needs about 8 GB of disk for a while. The sky is uniform and simulated. Only the indexes that such
a search may use are kept: of places, HEALPix cells, times, kinds and keys.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.test import Client

from ml.sky.moc import read_moc
from webapp.archive.footprints import in_moc
from webapp.archive.models import Subject, Survey
from webapp.archive.sky_region import in_cone

FLOOR_MS = 50.0
TIMES = 40
RADII = (0.01, 0.1, 1.0)  # degrees
KEPT = ("subject_on_sky", "subject_by_healpix", "subject_by_time", "subject_by_kind")
FILL = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, ra, dec,
        mjd, rate, metadata, gold_label, gold_source, created_at)
    SELECT %(survey)s, 's' || i, 'tracklet', i, 'o' || i / 4, '4x1x100x100-float32', i, 360 * random(),
        degrees(asin(2 * random() - 1)), 60000 + 400 * random(), 100 * random(), '{}', '', '', now()
    FROM generate_series(1, %(n)s) AS i
"""


def fill(n: int) -> Survey:
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("ALTER ROLE CURRENT_USER SET max_parallel_workers_per_gather = 0")
        cursor.execute("ALTER TABLE archive_subject DROP CONSTRAINT one_row_per_external_id")
        cursor.execute("ALTER TABLE archive_subject DROP CONSTRAINT one_subject_per_pixel_block")
        cursor.execute("""
            SELECT indexname, indexdef FROM pg_indexes
            WHERE tablename = 'archive_subject' AND indexname <> 'archive_subject_pkey'
        """)
        indexes = dict(cursor.fetchall())
        steps = [f'DROP INDEX "{name}"' for name in indexes] + ["SELECT setseed(0.5)", FILL]
        steps += [definition for name, definition in indexes.items() if name in KEPT] + [
            "VACUUM ANALYZE archive_subject"
        ]
        for step in steps:
            began = time.perf_counter()
            cursor.execute(step, {"survey": survey.pk, "n": n} if step == FILL else None)
            print(f"{time.perf_counter() - began:.0f} s: {step.strip()[:90]}", file=sys.stderr, flush=True)
    connection.close()
    return survey


def p95_ms(act: Callable[[int], Any]) -> dict[str, float]:
    """Return median and 95th percentile of the wall time of `act(number)`, ms; every call has another place."""
    took = []
    for number in range(TIMES):
        cache.clear()
        began = time.perf_counter()
        act(number)
        took.append(1000 * (time.perf_counter() - began))
    median, p95 = np.percentile(took, [50, 95]).round(1).tolist()
    print(f"median {median} ms, 95th percentile {p95} ms", file=sys.stderr, flush=True)
    return {"median_ms": median, "p95_ms": p95}


def found(survey: Survey, region: Q) -> list[Any]:
    """Return the first page of a region, by time."""
    return list(Subject.objects.filter(region, survey=survey).order_by("mjd", "pk")[:49])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cone", description=__doc__)
    parser.add_argument("--subjects", type=int, default=1_000_000)
    n = parser.parse_args().subjects
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("collectstatic", verbosity=0, interactive=False)
    began = time.perf_counter()
    survey = fill(n)
    result: dict[str, Any] = {"subjects": n, "setup_seconds": round(time.perf_counter() - began, 1)}
    random = np.random.default_rng(1)
    places = list(zip(random.uniform(0, 360, TIMES), np.degrees(np.arcsin(random.uniform(-1, 1, TIMES))), strict=True))
    client = Client()
    client.force_login(User.objects.create_superuser("scientist"))
    for radius in RADII:
        database = p95_ms(lambda number, radius=radius: found(survey, in_cone(*places[number], radius)))
        result[f"cone {radius}°"] = database | {"met": database["p95_ms"] <= FLOOR_MS}
        asked = [{"cone": f"{ra},{dec},{radius}"} for ra, dec in places]
        result[f"page of cone {radius}°"] = p95_ms(
            lambda number, asked=asked: client.get("/surveys/bench/", asked[number])
        )
    for order in (8, 4, 1):  # cells of 14′, 3.7° and 29°
        cells = random.integers(0, 12 * 4**order, TIMES)
        result[f"moc of one cell of order {order}"] = p95_ms(
            lambda number, order=order, cells=cells: found(
                survey, in_moc(read_moc(f"{order}/{cells[number]}".encode()))
            )
        )
    result["load_average"] = round(os.getloadavg()[0], 1)
    print(json.dumps(result | {"floor_ms": FLOOR_MS}))


if __name__ == "__main__":
    main()

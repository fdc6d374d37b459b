"""Scientists' figures over many simulated tracklets: server time of the motion page, the night report and the figures,
and the fit of many motions. The asked tracklets have pixels, whose trails the page measures, and known objects nearby.

A page is asked for in this process, without a web server; CPU time is reported beside wall time, which a busy machine
lengthens. The first night report and figures are computed; later ones come from the cache for a minute.
"""

import json
import time
from typing import Any

import numpy as np

from bench import _site  # noqa: F401  # first: it sets the environment

# isort: split
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.test import Client

from ml.storage.pixel_store import PixelStore
from webapp.archive.fitted_motions import fit_motions
from webapp.archive.models import Subject, Survey
from webapp.core.static_files import collect_static_files
from webapp.known_objects.models import KnownMatch
from webapp.learning.models import Checkpoint, TrainingRun
from webapp.workflows.models import Workflow

N, NIGHTS, EACH = 100_000, 50, 20
FLOOR = 200  # ms
FITTED, FIT_FLOOR = 10_000, 3.0  # tracklets, and seconds for all of them
SIDE, NEARBY = 100, 5

SUBJECTS = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, metadata,
        gold_label, gold_source, ra, dec, mjd, rate, created_at)
    SELECT %(survey)s, 's' || i, 'tracklet', md5(i::text), 's' || i, '4x1x100x100-missing', i, '{}',
        CASE WHEN i %% 20 = 0 THEN 'yes' WHEN i %% 20 = 1 THEN 'no' ELSE '' END,
        CASE WHEN i %% 20 < 2 THEN 'ruling' ELSE '' END,
        360 * random(), 180 * random() - 90, 61000.2 + i %% %(nights)s + 0.2 * random(), 10, now()
    FROM generate_series(1, %(n)s) AS i
"""
FRAMES = """
    INSERT INTO archive_frame (subject_id, position, mjd_mid, mjd_keyword, exptime, band, ra, dec, mag, snr,
        masked_fraction)
    SELECT id, k, mjd + k / 100.0, '', 30, 'o', ra, dec + k / 1000.0 + random() / 36000, 17 + 3 * random(), 20, 0
    FROM archive_subject CROSS JOIN generate_series(0, 3) AS k WHERE survey_id = %(survey)s
"""
SCORES = """
    INSERT INTO learning_score (checkpoint_id, subject_id, probabilities, p_real, entropy)
    SELECT %(checkpoint)s, id, ARRAY[1 - p, p], p, 0.3
    FROM (SELECT id, random() AS p FROM archive_subject WHERE survey_id = %(survey)s) AS scored
"""


def make_archive() -> Workflow:
    """Make a survey with `N` tracklets in `NIGHTS` nights, a tenth of them judged, and a champion with their scores."""
    survey = Survey.objects.create(slug="bench", name="bench", pixel_scale=1.86)
    workflow = Workflow.objects.create(survey=survey, slug="bench", name="bench", kind="tracklet", question="?")
    run = TrainingRun.objects.create(survey=survey, workflow=workflow, role="tracklet", state="done")
    champion = Checkpoint.objects.create(
        survey=survey, role="tracklet", run=run, folder="x", sha256="0", manifest={"threshold": 0.5}, is_champion=True
    )
    with connection.cursor() as cursor:
        for statement in (SUBJECTS, FRAMES, SCORES):
            cursor.execute(statement, {"survey": survey.pk, "checkpoint": champion.pk, "n": N, "nights": NIGHTS})
        cursor.execute("ANALYZE")
    return workflow


def add_pixels_and_matches(survey: Survey, keys: list[int]) -> None:
    """Give subjects pixels, with a source in each frame, and known objects nearby."""
    blocks = np.random.default_rng(1).normal(0, 10, (len(keys), 4, 1, SIDE, SIDE)).astype(np.float32)
    east, north = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    blocks += 500 * np.exp(-(east**2 + north**2) / 8)
    array, first = PixelStore(settings.PIXELS).append(survey.slug, blocks)
    for row, key in enumerate(keys):
        Subject.objects.filter(pk=key).update(zarr_array=array, zarr_index=first + row)
    near = {"detections": 4, "orbit_error": 1.0, "sigma_along": 1.1, "sigma_across": 0.3, "orbit_days": 30}
    near |= {"across": 0.5, "magnitude": 18.5, "rate": 900, "position_angle": 0}
    KnownMatch.objects.bulk_create(
        KnownMatch(subject_id=key, designation=f"{key}-{n}", separation=n, along=n, **near)
        for key in keys
        for n in range(NEARBY)
    )


def seconds_of_fits(survey: Survey) -> float:
    """Return the wall time in which the motions of `FITTED` tracklets are read and fitted."""
    keys = list(Subject.objects.order_by("pk").values_list("pk", flat=True)[:FITTED])
    began = time.perf_counter()
    motions = fit_motions(keys, **survey.usual_errors())
    assert np.isfinite(motions.velocity).all()
    return time.perf_counter() - began


def asked(client: Client, address: str) -> tuple[float, float]:
    """Return wall and CPU milliseconds of a page."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def main() -> None:
    workflow = make_archive()
    collect_static_files()
    client = Client(SERVER_NAME="localhost")
    client.force_login(get_user_model().objects.create_superuser("bench"))
    page = "/surveys/bench/consensus/bench"
    keys = list(Subject.objects.order_by("-pk").values_list("pk", flat=True)[: EACH + 1])
    add_pixels_and_matches(workflow.survey, keys)
    times = [asked(client, f"/surveys/bench/subjects/{key}/motion/") for key in keys]
    wall, cpu = np.array(times[1:]).T  # the first compiles the templates
    motion = {"p50": np.median(wall), "p95": np.quantile(wall, 0.95), "cpu_p50": np.median(cpu)}
    result: dict[str, Any] = {"motion_ms": motion}
    cache.clear()
    for name, address in {
        "nights": f"{page}/nights/",
        "movers": f"{page}/figures/",
        "all": f"{page}/figures/?population=all",
        "all_points": f"{page}/figures/points/?population=all",
    }.items():
        (cold, _), (warm, _) = asked(client, address), asked(client, address)
        result[f"{name}_ms"] = {"computed": cold, "cached": warm}
    rounded = {name: {key: round(float(ms), 1) for key, ms in times.items()} for name, times in result.items()}
    fits = round(seconds_of_fits(workflow.survey), 2)
    met = rounded["motion_ms"]["p95"] <= FLOOR and fits <= FIT_FLOOR
    result = {"benchmark": "figures", "tracklets": workflow.survey.subjects.count(), f"fits_of_{FITTED}_s": fits}
    print(json.dumps(result | rounded | {"met": met}))


if __name__ == "__main__":
    main()

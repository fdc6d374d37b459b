"""Small skies on disk, and their state in the archive."""

import csv
from pathlib import Path

import numpy as np
from astropy.io import fits
from django.conf import settings

from ml.storage.pixel_store import PixelStore
from webapp.archive.ingest.create_run import new_run
from webapp.archive.ingest.pipeline import ingest
from webapp.archive.models import IngestProblem, IngestRun, Subject, Survey
from webapp.queue.membership import refill

PLANES = 16
SIDE = 8


def make_survey(slug="atlas", **fields):
    return Survey.objects.create(slug=slug, name=slug.upper(), **fields)


def write_cube(path: Path, planes=PLANES, seed=0, side=SIDE):
    """Write a FITS cube of noise; return its pixels, (planes, side, side)."""
    pixels = np.random.default_rng(seed).normal(100, 10, (planes, side, side)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.writeto(path, pixels, fits.Header([("MJD-AVG", 60600.25), ("EXPTIME", 30.0)]), overwrite=True)
    return pixels


def write_manifest(folder: Path, rows, encoding="utf-8", newline="\n"):
    path = folder / "manifest.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        out = csv.DictWriter(file, list(rows[0]), lineterminator=newline, restval="")
        out.writeheader()
        out.writerows(rows)
    return path


def make_sky(folder: Path, n: int):
    """Write `n` stamps in cubes, and their manifest; return the pixels by external id."""
    truth, rows = {}, []
    for first in range(0, n, PLANES):
        name = f"cube-{first // PLANES:04d}.fits"
        pixels = write_cube(folder / name, seed=first)
        for plane in range(min(PLANES, n - first)):
            external_id = f"stamp-{first + plane:05d}"
            truth[external_id] = pixels[plane]
            rows.append(row(external_id, image=name, plane=plane))
    write_manifest(folder, rows)
    return truth


def row(external_id, **cells):
    return {"external_id": external_id, "kind": "stamp", "image": "", "plane": "", "ra": 10.5, "dec": -5.25} | cells


def run_ingest(survey, path, **wanted) -> IngestRun:
    """Create an ingest and run it, as the command and the worker do."""
    run = new_run(survey=survey, path=path, by=None, **wanted)
    return work_on(run)


def work_on(run: IngestRun) -> IngestRun:
    claimed = IngestRun.objects.claim(run.pk)
    ingest(claimed, stored=refill)
    return IngestRun.objects.get(pk=run.pk)


def store() -> PixelStore:
    return PixelStore(settings.PIXELS)


def kept(survey):
    """Return the archive's pixels by external id."""
    pixels = store()
    return {
        subject.external_id: pixels.get(survey.slug, subject.array, subject.index)
        for subject in Subject.objects.filter(survey=survey)
    }


def assert_archive_equals(survey, truth):
    """Every subject is stored once, its pixels equal the source bit for bit, and every row has its frame."""
    found = kept(survey)
    assert sorted(found) == sorted(truth)
    for external_id, pixels in truth.items():
        np.testing.assert_array_equal(found[external_id][0, 0], pixels)
    subjects = Subject.objects.filter(survey=survey)
    assert sorted(subjects.values_list("frames__position", flat=True)) == [0] * len(truth)
    assert subjects.filter(sets=None).count() == 0


def problems(run):
    return {
        (problem.file, problem.row): problem.reason for problem in IngestProblem.objects.filter(run=run).order_by("pk")
    }


def counters(run):
    return {name: getattr(run, name) for name in ("done", "added", "known", "duplicates", "bad")}

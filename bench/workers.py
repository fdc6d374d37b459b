"""Ingest and scoring with one worker and with two: how much more they do, at one thread each.

Each number of workers gets nights of its own: simulated stamps in FITS cubes, ingested by one job a night, then scored
from their pixels, in shards. Times are the database's: from the first job's begin to the last one's end. `two_loops` is
what this machine's cores allow: how much more two loops do at once than one.
"""

import argparse
import csv
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
import numpy as np
from astropy.io import fits
from django.conf import settings
from django.db.models import F, Max, Min, Sum

from bench._worker import wait_for
from webapp.archive.ingest.create_run import inbox, start_ingest
from webapp.archive.models import IngestRun, Subject, SubjectSet, Survey
from webapp.console.processes import end, worker
from webapp.core.dispatch import app
from webapp.core.jobs import Job
from webapp.learning.models import Checkpoint, ScoringRun
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import start_training
from webapp.workflows.models import Workflow

GOLD, NIGHTS, SHARD, WARM_UP = 400, 4, 1024, 4
PLANES, SIDE = 256, 64
FLOOR = 1.7


def write_night(folder: Path, seed: int, count: int, *, is_gold: bool = False) -> None:
    """Write noise with a source in every other stamp, in cubes, and their manifest."""
    folder.mkdir(parents=True)
    random, (y, x) = np.random.default_rng(seed), np.mgrid[:SIDE, :SIDE] - SIDE // 2
    source = 100 * np.exp(-(x**2 + y**2) / 6)
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("external_id", "kind", "image", "plane", "label", "gold"))
        for number in range(count):
            cube, plane = divmod(number, PLANES)
            if plane == 0:
                planes = random.normal(100, 10, (PLANES, SIDE, SIDE))
                planes[1::2] += source
                fits.writeto(folder / f"cube-{cube}.fits", planes.astype(">f4"))
            label = ("no", "yes")[number % 2] if is_gold else ""
            rows.writerow((f"{seed}-{number}", "stamp", f"cube-{cube}.fits", plane, label, int(is_gold) or ""))


@contextmanager
def workers(count: int) -> Iterator[None]:
    """Run so many workers, each of one process with one thread; they are up when the block begins."""
    os.environ["WANDERERS_THREADS"] = "1"
    children = [worker(1, Path(settings.DATA) / f"log-{number}") for number in range(count)]
    for number, child in enumerate(children):
        child.command += ["--hostname", f"worker-{number}@%h"]
        child.start()
    try:
        deadline = time.monotonic() + 60
        while len(app.control.ping(timeout=1.0)) < count and time.monotonic() < deadline:
            pass
        yield
    finally:
        end(children)


def ingest(survey: Survey, nights: list[Path]) -> float:
    """Ingest the nights, a job each; return the stamps per second."""
    runs = [start_ingest(survey=survey, path=night, by=None, subject_set=night.name) for night in nights]
    rows = IngestRun.objects.filter(pk__in=[run.pk for run in runs])
    wait_for(lambda: not rows.open().exists(), runs[0])
    return int(rows.aggregate(added=Sum("added"))["added"]) / took(rows)


def score(nights: list[Path]) -> float:
    """Score the nights from their pixels; return the stamps per second. The first shards only warm the workers up."""
    champion = Checkpoint.objects.get(is_champion=True)
    shards = shards_of(nights)
    for ranges in (shards[:WARM_UP], shards[WARM_UP:]):
        run = start_scoring(champion, ranges)
        wait_for(ScoringRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists, run)
    scored = run.shards.aggregate(stamps=Sum(F("stop") - F("start")))["stamps"]
    return int(scored) / took(run.shards.all())


def shards_of(nights: list[Path]) -> list[tuple[str, int, int]]:
    """Return ranges of at most `SHARD` stamps that together hold the nights' subjects."""
    subjects = Subject.objects.filter(sets__name__in=[night.name for night in nights])
    ends = subjects.order_by("zarr_array").values_list("zarr_array").annotate(Min("zarr_index"), Max("zarr_index"))
    return [
        (array, start, min(start + SHARD, last + 1))
        for array, first, last in ends
        for start in range(first, last + 1, SHARD)
    ]


def took(jobs: Any) -> float:
    of = jobs.aggregate(began=Min("started_at"), ended=Max("finished_at"))
    return float((of["ended"] - of["began"]).total_seconds())


def crown(survey: Survey, workflow: Workflow, gold: Path) -> None:
    """Train a champion on the gold stamps."""
    start_ingest(survey=survey, path=gold, by=None, subject_set="gold")
    wait_for(lambda: not IngestRun.objects.open().exists(), IngestRun.objects.get())
    run: Job = start_training(workflow=workflow, by=None)
    wait_for(Checkpoint.objects.filter(is_champion=True).exists, run)


def loop(_: int) -> float:
    """Return the seconds of a fixed piece of work on one core."""
    began = time.perf_counter()
    sum(number * number for number in range(20_000_000))
    return time.perf_counter() - began


def two_loops() -> float:
    """Return how much more two loops at once do than one: 2 on two free cores."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(loop, range(2))
        alone = loop(0)
        return round(2 * alone / max(pool.map(loop, range(2))), 2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--stamps", type=int, default=8_192, help="of a night")
    count = parser.parse_args().stamps
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    workflow = Workflow.objects.create(survey=survey, slug="bench", name="Benchmark", kind="stamp", question="?")
    folder = inbox(survey)
    gold, nights = folder / "gold", {k: [folder / f"night-{k}-{i}" for i in range(NIGHTS)] for k in (1, 2)}
    write_night(gold, 0, GOLD, is_gold=True)
    for number, night in enumerate(night for each in nights.values() for night in each):
        write_night(night, 1 + number, count)
    workflow.subject_sets.add(SubjectSet.objects.create(survey=survey, name="gold"))
    with workers(1):
        crown(survey, workflow, gold)
    speeds: dict[str, list[float]] = {"ingest": [], "scoring": []}
    for k in nights:
        with workers(k):
            speeds["ingest"].append(ingest(survey, nights[k]))
            speeds["scoring"].append(score(nights[k]))
    ratios = {name: round(two / one, 2) for name, (one, two) in speeds.items()}
    per_second = {name: [round(speed) for speed in each] for name, each in speeds.items()}
    machine = {"cores": os.cpu_count(), "two_loops": two_loops()}
    met = min(ratios.values()) >= FLOOR
    print(json.dumps(machine | {"per_second": per_second, "ratio": ratios, "floor": FLOOR, "met": met}))


if __name__ == "__main__":
    main()

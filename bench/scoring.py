"""Score new stamps through Celery into rows, compared with a bare torch loop in memory.

The loop gets the same stamps as one array and the same network on every core; it reads no store and writes no row.
"""

import json
import time
from itertools import pairwise
from typing import Any

import numpy as np

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
from django.conf import settings
from django.db.models import Max, Min
from numpy.typing import NDArray

from bench._worker import wait_for, worker_of_its_own
from ml.inference import checkpoint as files
from ml.inference.scorer import Scorer
from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Subject, Survey
from webapp.learning.models import Checkpoint, Score
from webapp.learning.scoring import start_scoring
from webapp.learning.triggers import start_training
from webapp.workflows.models import Workflow

TAUGHT, STAMPS, SHARD, SIDE, BATCH = 400, 2048, 256, 100, 128


def stamps(n: int, seed: int) -> NDArray[np.float32]:
    """Return noise (n, 1, 1, SIDE, SIDE), with a source in every other stamp."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    block = random.standard_normal((n, 1, 1, SIDE, SIDE), dtype=np.float32)
    block[::2] += (20 * np.exp(-(x**2 + y**2) / 8)).astype(np.float32)
    return block


def add(survey: Survey, block: NDArray[np.float32], *, gold: bool) -> tuple[str, int]:
    """Store pixels and rows; return their array and first index."""
    array, first = PixelStore(settings.PIXELS).append(survey.slug, block)
    Subject.objects.bulk_create(
        Subject(
            survey=survey, external_id=f"s{index}", kind="stamp", checksum=f"{index}", object_group=f"s{index}",
            zarr_array=array, zarr_index=index, gold_label=("yes", "no")[index % 2] if gold else "",
        )
        for index in range(first, first + len(block))
    )  # fmt: skip
    return array, first


def through_celery(survey: Survey, block: NDArray[np.float32]) -> tuple[float, Checkpoint]:
    """Return stamps per second, from the start of the first shard to the rows of the last, and the model."""
    workflow = Workflow.objects.create(survey=survey, slug="bench", name="Benchmark", kind="stamp", question="?")
    add(survey, stamps(TAUGHT, seed=0), gold=True)
    with worker_of_its_own():
        run = start_training(workflow=workflow, by=None)
        wait_for(lambda: Score.objects.count() == TAUGHT, run)
        champion = Checkpoint.objects.get(run=run)
        array, first = add(survey, block[: 4 * BATCH], gold=False)
        # Loading and compiling the network is no part of the rate: after this every process has.
        score(champion, array, first, 4 * BATCH, BATCH)
        array, first = add(survey, block, gold=False)
        return score(champion, array, first, len(block), SHARD), champion


def score(champion: Checkpoint, array: str, first: int, n: int, shard: int) -> float:
    """Score some subjects and return how many per second."""
    edges = [*range(first, first + n, shard), first + n]
    run = start_scoring(champion, [(array, start, stop) for start, stop in pairwise(edges)])
    wait_for(lambda: type(run).objects.filter(pk=run.pk, finished_at__isnull=False).exists(), run)
    times = run.shards.aggregate(began=Min("started_at"), ended=Max("finished_at"))
    return n / (times["ended"] - times["began"]).total_seconds()


def bare_loop(champion: Checkpoint, block: NDArray[np.float32], engine: str) -> float:
    """Return stamps per second of one process with everything in memory."""
    model = Scorer(files.Checkpoint.load(settings.DATA / champion.folder), engine=engine)
    model.probabilities(block[:BATCH])
    began = time.monotonic()
    for start in range(0, len(block), BATCH):
        model.probabilities(block[start : start + BATCH])
    return len(block) / (time.monotonic() - began)


def main() -> None:
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    block = stamps(STAMPS, seed=1)
    celery, champion = through_celery(survey, block)
    torch = bare_loop(champion, block, "torch")
    result: dict[str, Any] = {
        "stamps": STAMPS,
        "through_celery_per_second": round(celery, 1),
        "bare_torch_per_second": round(torch, 1),
        "bare_openvino_per_second": round(bare_loop(champion, block, "openvino"), 1),
        "scores": Score.objects.filter(checkpoint=champion).count(),
        "ratio": round(celery / torch, 2),
        "floor": 0.7,
        "met": celery / torch >= 0.7,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

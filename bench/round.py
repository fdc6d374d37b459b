"""A whole round of the loop on 100,000 tracklets with stored features: retrain a head, rescore, requeue.

Through a real worker. The features are random numbers, some of which the labels follow.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
from django.conf import settings
from django.db import connection
from django.db.models import Max, Min

from bench._worker import wait_for, worker_of_its_own
from ml.inference.feature_extractor import default_backbone
from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.learning.models import Score, ScoringRun
from webapp.learning.triggers import start_training
from webapp.queue.membership import enqueue_subjects
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

VOLUNTEERS, CHUNK = 3, 12_800
SIGNAL = 20, 0.5  # features that the labels follow, and by how much


@dataclass(frozen=True)
class Archive:
    """The size of a survey: its subjects, and how many of them there are to each two of gold, and to each voted one."""

    subjects: int
    frames: int
    kind: str
    gold_every: int
    voted_every: int


ROUND = Archive(100_000, 4, "tracklet", gold_every=100, voted_every=20)

ROWS = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, metadata,
        gold_label, gold_source, created_at)
    SELECT %(survey)s, 's' || i, %(kind)s, md5(i::text), 's' || i, %(array)s, i, '{}',
        CASE WHEN i %% %(gold)s > 1 THEN '' WHEN i %% 2 = 0 THEN 'yes' ELSE 'no' END, 'manifest', now()
    FROM generate_series(0, %(n)s - 1) AS i
"""
VOTES = """
    INSERT INTO classifications_classification (id, volunteer_id, workflow_id, subject_id, answer, follow_up, reason,
        device, viewport, created_at)
    SELECT gen_random_uuid(), volunteer.id, %(workflow)s, subject.id,
        CASE WHEN zarr_index %% 2 = 0 THEN 'yes' ELSE 'no' END, '', 'new', '', '', now()
    FROM archive_subject AS subject CROSS JOIN volunteers_volunteer AS volunteer
    WHERE (zarr_index / 2) %% %(every)s = %(turn)s
"""


def make_archive(size: Archive) -> Workflow:
    """Make the survey: pixels that are never read, features, rows, a queue, and labels for a part of it."""
    store = PixelStore(settings.PIXELS)
    array, _ = store.append("bench", np.zeros((size.subjects, size.frames, 1, 4, 4), dtype=np.uint8))
    write_features(store, array, size)
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    everything = SubjectSet.objects.create(survey=survey, name="all")
    workflow = Workflow.objects.create(survey=survey, slug="bench", name="Benchmark", kind=size.kind, question="?")
    workflow.subject_sets.add(everything)
    Volunteer.objects.bulk_create(Volunteer() for _ in range(VOLUNTEERS))
    with connection.cursor() as cursor:
        parameters = {"kind": size.kind, "n": size.subjects, "gold": size.gold_every}
        cursor.execute(ROWS, {"survey": survey.pk, "array": array, **parameters})
        cursor.execute(
            "INSERT INTO archive_subjectset_subjects (subjectset_id, subject_id) SELECT %s, id FROM archive_subject",
            [everything.pk],
        )
        enqueue_subjects(workflow)
    vote(workflow, size, turn=0)
    return workflow


def vote(workflow: Workflow, size: Archive, turn: int) -> None:
    """Let three people answer a part of the archive, a different one each turn."""
    with connection.cursor() as cursor:
        cursor.execute(VOTES, {"workflow": workflow.pk, "every": size.voted_every, "turn": turn})
        cursor.execute("VACUUM ANALYZE")


def write_features(store: PixelStore, array: str, size: Archive) -> None:
    """Write random features: one block, whose columns change sign at random from chunk to chunk."""
    random, backbone = np.random.default_rng(0), default_backbone(settings.BACKBONE)
    dimensions = backbone.features(np.zeros((1, 1, 1, 32, 32), dtype=np.float32)).shape[-1]
    block = random.standard_normal((min(CHUNK, size.subjects), size.frames, dimensions), dtype=np.float32)
    for start in range(0, size.subjects, CHUNK):
        values = block[: size.subjects - start] * random.choice([-1, 1], dimensions).astype(np.float32)
        values[::2, :, : SIGNAL[0]] += SIGNAL[1]
        store.write_features("bench", array, backbone.feature_key, start, values.astype(np.float16))


def go_round(workflow: Workflow) -> dict[str, Any]:
    """Run one round and return its durations."""
    began = time.monotonic()
    run = start_training(workflow=workflow, by=None)
    subjects = workflow.survey.subjects.count()
    finished = ScoringRun.objects.filter(checkpoint__run=run, finished_at__isnull=False)
    wait_for(finished.exists, run)
    scoring = finished.get()
    took = time.monotonic() - began
    shards = scoring.shards.aggregate(began=Min("started_at"), ended=Max("finished_at"))
    rescoring = (shards["ended"] - shards["began"]).total_seconds()
    run.refresh_from_db()
    return {
        "labels": run.training_set.size if run.training_set else 0,
        "verdict": run.message,
        "round_seconds": round(took, 1),
        "train_seconds": round((run.finished_at - run.started_at).total_seconds(), 1),
        "rescore_seconds": round(rescoring, 2),
        "rescored_per_second": round(subjects / rescoring),
        "requeue_seconds": round((scoring.finished_at - shards["ended"]).total_seconds(), 2),
        "scores": Score.objects.filter(checkpoint=scoring.checkpoint).count(),
    }


def main() -> None:
    workflow = make_archive(ROUND)
    with worker_of_its_own():
        first = go_round(workflow)
        vote(workflow, ROUND, turn=1)
        second = go_round(workflow)
    result = {"subjects": Subject.objects.count(), "first_round": first, "second_round": second}
    floor = {"rescored_per_second": 20_000, "round_seconds": 60}
    met = second["rescored_per_second"] >= 20_000 and second["round_seconds"] < 60
    print(json.dumps(result | {"floor": floor, "met": met}))


if __name__ == "__main__":
    main()

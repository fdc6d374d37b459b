"""Consensus: live counting at ten thousand and ten million votes, and recomputing a million votes.

Votes are made in the database, by simulated volunteers who are right 85 times in 100. Live is the cost of one counted
classification inside its transaction: its subject's posterior, its volunteer's record, retirement and queue.
"""

import json
import time
import uuid
from typing import Any

import numpy as np

from bench import _site  # noqa: F401  # first: it sets the environment

# isort: split
from django.db import connection, transaction

from webapp.archive.models import Survey
from webapp.classify.record import Item, record
from webapp.consensus.apply_votes import apply_votes
from webapp.consensus.batch_aggregation import aggregate
from webapp.consensus.locking import lock_voters
from webapp.consensus.models import Aggregation, ConsensusRecompute
from webapp.consensus.recompute import recompute_consensus
from webapp.queue.entries import lock_entries
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

FEW, MANY, RECOMPUTED = 10_000, 10_000_000, 1_000_000
EACH = 7  # votes on each subject
VOLUNTEERS = 5_000
GOLD_EVERY = 20
ANSWERS = 400

SUBJECTS = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, metadata,
        gold_label, gold_source, created_at)
    SELECT %(survey)s, 's' || i, 'tracklet', md5(i::text), 's' || i, '4x1x100x100-float32', i, '{}',
        CASE WHEN i %% %(gold)s = 0 THEN CASE WHEN i %% 40 = 0 THEN 'yes' ELSE 'no' END ELSE '' END, '', now()
    FROM generate_series(1, %(n)s) AS i
"""
QUEUE = """
    INSERT INTO queue_queueentry (workflow_id, subject_id, priority, reason, open_slots, random_key, is_gold,
        is_retired)
    SELECT %(workflow)s, id, random(), 'new', 3, random(), gold_label <> '', false
    FROM archive_subject WHERE survey_id = %(survey)s
"""
VOTES = """
    INSERT INTO classifications_classification (id, volunteer_id, workflow_id, subject_id, answer, follow_up, reason,
        created_at, is_counted, device, viewport)
    SELECT gen_random_uuid(), %(first)s + (subject.zarr_index * %(each)s + vote) %% %(volunteers)s, %(workflow)s,
        subject.id,
        CASE WHEN random() < 0.05 THEN 'unsure'
            WHEN (random() < 0.85) = (subject.zarr_index %% 40 < 20) THEN 'yes' ELSE 'no' END,
        '', 'new', now(), true, '', ''
    FROM archive_subject AS subject CROSS JOIN generate_series(1, %(each)s) AS vote
    WHERE subject.survey_id = %(survey)s
"""


def make_workflow(votes: int) -> Workflow:
    """Make a survey, its workflow, and the given number of votes, counted but without evidence."""
    name = f"bench-{votes}"
    survey = Survey.objects.create(slug=name, name=name)
    workflow = Workflow.objects.create(
        survey=survey, slug=name, name=name, kind="tracklet", question="?", undo_seconds=0
    )
    first = Volunteer.objects.bulk_create(Volunteer(is_simulated=True) for _ in range(VOLUNTEERS))[0].pk
    given = {"survey": survey.pk, "workflow": workflow.pk, "n": votes // EACH, "gold": GOLD_EVERY, "first": first}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no look at each row's foreign keys: they are right
        for statement in (SUBJECTS, QUEUE, VOTES):
            cursor.execute(statement, given | {"each": EACH, "volunteers": VOLUNTEERS})
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("ANALYZE")
    return workflow


def recomputed(workflow: Workflow) -> dict[str, Any]:
    """Recompute all evidence and consensus, as the worker does after a rule change."""
    job = ConsensusRecompute.objects.claim(ConsensusRecompute.objects.create(workflow=workflow).pk)
    begin = time.perf_counter()
    recompute_consensus(job)
    return {"votes": RECOMPUTED, "seconds": round(time.perf_counter() - begin, 1), "said": job.message}


def aggregated(workflow: Workflow) -> dict[str, Any]:
    """Run the nightly Dawid–Skene as the worker does."""
    job = Aggregation.objects.claim(Aggregation.objects.create(workflow=workflow).pk)
    begin = time.perf_counter()
    aggregate(job)
    seconds = round(time.perf_counter() - begin, 1)
    return {"votes": job.votes, "seconds": seconds, "iterations": job.iterations, "disagreements": job.disagreements}


def live(workflow: Workflow) -> dict[str, float]:
    """Let new volunteers answer random subjects, some of known class; return the milliseconds of counting each vote."""
    subjects = list(workflow.queue.order_by("random_key").values_list("subject", flat=True)[:ANSWERS])
    people = Volunteer.objects.bulk_create(Volunteer(is_simulated=True) for _ in range(8))
    spent = []
    for number, subject in enumerate(subjects):
        person = people[number % len(people)]
        with transaction.atomic():
            (voter,) = lock_voters(workflow, [person.pk])
            entries = lock_entries(workflow, [subject])
            new = record(person, workflow, [Item(uuid.uuid4(), subject, "yes")], entries)
            begin = time.perf_counter()
            apply_votes(workflow, [(voter, [each.classification for each in new])], entries)
            spent.append(1000 * (time.perf_counter() - begin))
    warm = spent[ANSWERS // 4 :]
    return {f"p{q}": round(float(np.percentile(warm, q)), 2) for q in (50, 95)}


def main() -> None:
    few, middle = make_workflow(FEW), make_workflow(RECOMPUTED)
    results: dict[str, Any] = {"recompute": recomputed(middle), "aggregation": aggregated(middle)}
    many = make_workflow(MANY - FEW - RECOMPUTED)
    results["live_ms"] = {FEW: live(few), MANY: live(many)}
    met = results["recompute"]["seconds"] < 60 and results["live_ms"][MANY]["p50"] <= 2
    print(json.dumps({"benchmark": "consensus", **results, "met": met}))


if __name__ == "__main__":
    main()

"""The database's size: megabytes per million rows of each table that grows with subjects, votes or scores.

The desk's simulated archive (`bench.desk`: a frame, a consensus and two models' scores for each subject, metadata of
one short column), and for each subject a queue entry, a place in a set and one classification with every column filled.
Rows come in bulk and are then vacuumed; rows that change for months take more.
"""

import argparse
import json

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
from django.db import connection

from bench.desk import MILLION, make_desk
from webapp.archive.models import SubjectSet
from webapp.queue.membership import enqueue_subjects
from webapp.volunteers.models import Volunteer

VOLUNTEERS = 5_000
MEMBERS = "INSERT INTO archive_subjectset_subjects (subjectset_id, subject_id) SELECT %s, id FROM archive_subject"
VOTES = """
    INSERT INTO classifications_classification (id, volunteer_id, workflow_id, subject_id, answer, follow_up, reason,
        started_at, finished_at, created_at, is_counted, count_order, log_odds_micronats, device, viewport, frames_seen)
    SELECT gen_random_uuid(), %(first)s + floor(random() * %(volunteers)s), %(workflow)s, id,
        CASE WHEN random() < 0.1 THEN 'yes' ELSE 'no' END, '', 'uncertain', now(), now(),
        now() - 90 * random() * interval '1 day', true, id, 1000000 * random(), 'mouse', '1440x900', 4
    FROM archive_subject ORDER BY random()
"""
SIZES = """
    SELECT relname, reltuples::bigint, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= %s
    ORDER BY pg_total_relation_size(oid) DESC
"""


def fill(n: int) -> None:
    """Make n subjects with all that belongs to them, and a vote on each."""
    workflow, _ = make_desk(n)
    everything = SubjectSet.objects.create(survey=workflow.survey, name="all")
    workflow.subject_sets.add(everything)
    crowd = Volunteer.objects.bulk_create(Volunteer(is_simulated=True) for _ in range(VOLUNTEERS))
    of = {"first": crowd[0].pk, "volunteers": VOLUNTEERS, "workflow": workflow.pk}
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, [everything.pk])
        enqueue_subjects(workflow)
        cursor.execute(VOTES, of)
        cursor.execute("VACUUM ANALYZE")


def sizes(least: int) -> dict[str, dict[str, int]]:
    """Return rows, and megabytes of table and indexes per million of them, for tables of `least` rows or more."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES, [least])
        found = cursor.fetchall()
    return {
        name: {"rows": rows, "table_mb": round(table / rows), "index_mb": round(index / rows)}
        for name, rows, table, index in found
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.database", description=__doc__)
    parser.add_argument("--subjects", type=int, default=MILLION, help="a smaller archive, for a busy machine")
    n = parser.parse_args().subjects
    fill(n)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        [size] = cursor.fetchone()
    print(json.dumps({"subjects": n, "megabytes_per_million": sizes(n // 2), "database_gb": round(size / 1e9, 2)}))


if __name__ == "__main__":
    main()

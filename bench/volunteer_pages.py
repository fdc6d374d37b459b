"""Volunteers' pages with 1,000,000 classifications and 100,000 comments: the server's time for each.

Volunteers, votes and comments are simulated. The reader has an account and a hundredth of all classifications. Each
page is asked for in this process, first without anything cached, then `TIMES` more: figures that the site caches for
seconds are cached here too. The floor is of the 95th percentile of the latter; the first time is reported beside it.
"""

import argparse
import json
import os
import time
from typing import Any

from bench import _site  # noqa: F401 - first: it sets the environment

# isort: split
import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client

from webapp.archive.models import Membership, Survey
from webapp.community.models import Board, Thread
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

SUBJECTS, VOLUNTEERS, BOARDS, THREADS = 100_000, 10_000, 5, 2_000
MILLION, COMMENTS = 1_000_000, 100_000
FLOOR_MS, TIMES = 150.0, 30

FILL = [
    "SELECT setseed(0.5)",
    """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, mjd,
        metadata, gold_label, gold_source, created_at)
    SELECT %(survey)s, 's' || i, 'stamp', md5(i::text), 's' || i, '1x1x100x100-float32', i, 60000 + i * 0.001,
        '{"site": "T08"}', '', '', now() FROM generate_series(1, %(subjects)s) AS i
    """,
    """
    INSERT INTO volunteers_volunteer (key, is_simulated, created_at)
    SELECT gen_random_uuid(), true, now() FROM generate_series(1, %(volunteers)s)
    """,
    """
    INSERT INTO queue_queueentry (workflow_id, subject_id, priority, reason, open_slots, random_key, is_gold,
        is_retired)
    SELECT %(workflow)s, id, random(), 'uncertain', 2, random(), false, id %% 3 = 0 FROM archive_subject
    """,
    # Everybody answers each of their subjects once: steps of a prime never meet a subject twice.
    """
    INSERT INTO classifications_classification (id, volunteer_id, workflow_id, subject_id, answer, follow_up, reason,
        started_at, finished_at, created_at, is_counted, count_order, device, viewport)
    SELECT gen_random_uuid(), voter.id, %(workflow)s, subject.id, (ARRAY['yes', 'no', 'no', 'unsure'])[1 + turn %% 4],
        '', 'uncertain', at - interval '4 s', at, at, true, row_number() OVER (), 'desktop', '1440x900'
    FROM (
        SELECT id, place, turn, now() - 90 * random() * interval '1 day' AS at
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM volunteers_volunteer) AS numbered
        CROSS JOIN generate_series(1, %(votes)s / 100) AS turn
        WHERE turn <= CASE WHEN id = %(me)s THEN %(votes)s / 100 ELSE 99 * %(votes)s / 100 / %(volunteers)s END
    ) AS voter
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM archive_subject) AS subject
        ON subject.place = 1 + (voter.place * 7919 + voter.turn * 3) %% %(subjects)s
    """,
    """
    INSERT INTO consensus_consensus (workflow_id, subject_id, votes_yes, votes_no, votes_unsure, follow_ups, posterior,
        log_odds_micronats, method, version, is_retired, retired_reason, updated_at)
    SELECT %(workflow)s, id, 3, 6, 1, '{}', 0.1, -2000000, 'swap-two-coin', 10, id %% 3 = 0, '', now()
    FROM archive_subject
    """,
    """
    INSERT INTO community_thread (board_id, title, author_id, is_pinned, is_locked, created_at, latest_at)
    SELECT (%(boards)s::bigint[])[1 + i %% 5], 'What is this? ' || i, %(first)s + i, false, false, now(), now()
    FROM generate_series(1, %(threads)s) AS i
    """,
    # Half of the comments are about subjects, a thousand of them about one; half in threads, a thousand of them in one.
    """
    INSERT INTO community_comment (survey_id, subject_id, author_id, text, removed_because, created_at)
    SELECT %(survey)s, (SELECT min(id) FROM archive_subject) + CASE WHEN i <= 1000 THEN 0 ELSE i %% 20000 END,
        %(first)s + i %% %(volunteers)s, 'A #comet or a **spike**? Frame ' || i, '',
        now() - random() * interval '90 days'
    FROM generate_series(1, %(comments)s / 2) AS i
    """,
    """
    INSERT INTO community_comment (survey_id, thread_id, author_id, text, removed_because, created_at)
    SELECT %(survey)s, (SELECT min(id) FROM community_thread) + CASE WHEN i <= 1000 THEN 0 ELSE i %% %(threads)s END,
        %(first)s + i %% %(volunteers)s, 'I think it is ghost light, see number ' || i, '',
        now() - random() * interval '90 days'
    FROM generate_series(1, %(comments)s / 2) AS i
    """,
    """
    INSERT INTO community_subjecttag (subject_id, name, volunteer_id, comment_id, created_at)
    SELECT DISTINCT ON (subject_id, author_id) subject_id, 'comet', author_id, id, now()
    FROM community_comment WHERE subject_id IS NOT NULL
    """,
    """
    INSERT INTO community_discovery (volunteer_id, workflow_id, subject_id, confirmed_at)
    SELECT volunteer_id, workflow_id, subject_id, now() - random() * interval '90 days'
    FROM classifications_classification WHERE answer = 'yes' AND subject_id %% 40 = 0
    """,
    """
    INSERT INTO community_favourite (volunteer_id, subject_id, created_at)
    SELECT volunteer_id, subject_id, now() FROM classifications_classification WHERE subject_id %% 10 = 0
    """,
    """
    INSERT INTO community_notification (volunteer_id, kind, survey_id, subject_id, created_at)
    SELECT volunteer_id, 'confirmed', %(survey)s, subject_id, confirmed_at FROM community_discovery
    """,
]


def make_place(votes: int, comments: int) -> tuple[Survey, User]:
    """Make the survey with its people, votes and talk; return it and the reader."""
    survey = Survey.objects.create(slug="bench", name="Benchmark", channels=["difference"])
    workflow = Workflow.objects.create(survey=survey, slug="bench", name="B", kind="stamp", question="Is it real?")
    reader = User.objects.create_user("reader", email="reader@example.org")
    Membership.objects.create(user=reader, survey=survey, role="volunteer")
    me = Volunteer.objects.create(user=reader)
    boards = [Board.objects.create(survey=survey, name=f"Board {n}").pk for n in range(BOARDS)]
    of: dict[str, Any] = {"survey": survey.pk, "workflow": workflow.pk, "me": me.pk, "first": me.pk, "boards": boards}
    of |= {"subjects": SUBJECTS, "volunteers": VOLUNTEERS, "threads": THREADS, "votes": votes, "comments": comments}
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, of)
        cursor.execute("VACUUM ANALYZE")
    connection.close()
    return survey, reader


def addresses(survey: Survey, reader: User) -> list[str]:
    """Return the pages of a volunteer, the longest thread and discussion among them."""
    talk, place = "/surveys/bench/talk/", "/surveys/bench/"
    board, thread = survey.boards.order_by("pk")[0], Thread.objects.order_by("pk")[0]
    answered = reader.volunteer.classifications.order_by("pk")[0].subject_id
    discussed = survey.subjects.order_by("pk")[0].pk
    return [
        "/", f"{place}project/", "/classify/bench/", "/classify/bench/guide/", f"{place}statistics/", "/statistics/",
        talk, f"{talk}?q=ghost", f"{talk}boards/{board.pk}/", f"{talk}threads/{thread.pk}/",
        f"{place}subjects/{answered}/", f"{place}subjects/{discussed}/", f"{place}tags/", f"{place}tags/comet/", place,
        "/you/recent/", "/you/favourites/", "/you/news/", "/you/statistics/", "/skill/", "/you/groups/",
        "/you/collections/", "/you/safety/",
    ]  # fmt: skip


def page_ms(client: Client, address: str) -> tuple[float, float]:
    """Return the first time and the 95th percentile of the next ones, ms."""
    cache.clear()
    took = []
    for _ in range(1 + TIMES):
        began = time.perf_counter()
        reply = client.get(address)
        took.append(1000 * (time.perf_counter() - began))
        assert reply.status_code == 200, (address, reply.status_code)
    return round(took[0], 1), round(float(np.percentile(took[1:], 95)), 1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.volunteer_pages", description=__doc__)
    parser.add_argument("--votes", type=int, default=MILLION)
    parser.add_argument("--comments", type=int, default=COMMENTS)
    given = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("collectstatic", verbosity=0, interactive=False)
    survey, reader = make_place(given.votes, given.comments)
    client = Client()
    client.force_login(reader)
    client.get("/")
    timed = {address: page_ms(client, address) for address in addresses(survey, reader)}
    slow = {address: ms for address, ms in timed.items() if ms[1] > FLOOR_MS}
    result = {
        "votes": survey.workflows.get().classifications.count(),
        "comments": survey.comments.count(),
        "first_and_p95_ms": timed,
        "largest_first_ms": max(first for first, _ in timed.values()),
        "largest_p95_ms": max(p95 for _, p95 in timed.values()),
        "floor_ms": FLOOR_MS,
        "slow": slow,
        "met": not slow,
        "load_average": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

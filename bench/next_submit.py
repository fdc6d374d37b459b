"""Next and submit through HTTP: cycles per second and latencies with 8 and 32 volunteers, on a short and a long queue.

With options it is `make bench-load`: other crowds, longer queues and times, processor time and memory of the web server
and the database, a count of what must not happen, and Label Studio beside it.

The volunteers are coroutines of another process, each with a connection that stays open, each asking for one subject
and answering it, again and again: without a pause, and as people do, who look for a second.
Everything, they and the database included, shares this machine.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench import _site  # first: it sets the environment

# isort: split
from django.contrib.auth import get_user_model
from django.db import connection

from bench.label_studio import LabelStudio, label_studio
from webapp.accounts.tokens import make_token
from webapp.archive.models import SubjectSet, Survey
from webapp.queue.membership import enqueue_subjects
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

SHORT, LONG = 1_000, 100_000
CROWDS = (8, 32)
WARM_UP, WINDOW, TURNS = 1.5, 4.0, 2
LOOK = 1.0  # seconds that a person looks, on average
SAMPLED_EVERY = 5.0  # seconds
SUBMIT_MS = 60.0  # asked of the 95th percentile with the larger crowd that looks
GOLD_EVERY = 20
FEWEST_VOTES = 5
FASTEST = 300  # cycles a second that no run on two cores reaches

SUBJECTS = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, metadata,
        gold_label, gold_source, created_at)
    SELECT %(survey)s, 's' || i, 'tracklet', md5(i::text), 's' || i, '4x1x100x100-float32', i, '{"site": "T08"}',
        CASE WHEN i %% %(gold)s = 0 THEN 'yes' ELSE '' END, '', now()
    FROM generate_series(1, %(n)s) AS i
"""
FRAMES = """
    INSERT INTO archive_frame (subject_id, position, mjd_mid, mjd_keyword, exptime, band, masked_fraction)
    SELECT id, place, 60000.5 + place * 0.01, 'MJD', 30, 'o', 0
    FROM archive_subject CROSS JOIN generate_series(0, 3) AS place
"""
MEMBERS = """
    INSERT INTO archive_subjectset_subjects (subjectset_id, subject_id)
    SELECT %s, id FROM archive_subject ORDER BY id LIMIT %s
"""


def make_subjects(*lengths: int) -> None:
    """Make one survey with its subjects and frames, and a set of each length."""
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    with connection.cursor() as cursor:
        cursor.execute(SUBJECTS, {"survey": survey.pk, "n": max(lengths), "gold": GOLD_EVERY})
        cursor.execute(FRAMES)
        for length in lengths:
            members = SubjectSet.objects.create(survey=survey, name=str(length))
            cursor.execute(MEMBERS, [members.pk, length])


def make_queue(length: int) -> str:
    """Make a workflow with a queue of this length, ordered as by a model; return its slug."""
    members = SubjectSet.objects.get(name=str(length))
    slug = f"bench-{uuid.uuid4().hex[:8]}"
    workflow = Workflow.objects.create(
        survey=members.survey, slug=slug, name=slug, kind="tracklet", question="?", min_votes=FEWEST_VOTES, max_votes=10
    )
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE queue_queueentry SET priority = random() WHERE workflow_id = %s", [workflow.pk])
        cursor.execute("VACUUM ANALYZE")
    return slug


def make_volunteers(n: int) -> list[str]:
    """Make accounts that are marked as simulated; return their tokens."""
    tokens = []
    for _ in range(n):
        user = get_user_model().objects.create(username=f"bench-{uuid.uuid4().hex[:8]}")
        Volunteer.objects.create(user=user, is_simulated=True)
        tokens.append(make_token(user))
    return tokens


def cycles(
    port: int, people: int, slugs: list[str], pause: float = 0.0, window: float = WINDOW, warm_up: float = WARM_UP
) -> list[tuple[float, float]]:
    """Let a new crowd work for a window, on the first queue until it is empty; return the times of next and submit."""
    return crowd(port, "Wanderers", slugs, make_volunteers(people), pause, window, warm_up)


def crowd(
    port: int, product: str, slugs: list[str], tokens: list[str], pause: float, window: float, warm_up: float = WARM_UP
) -> list[tuple[float, float]]:
    question = {"port": port, "slugs": slugs, "warm_up": warm_up, "window": window, "pause": pause}
    question |= {"product": product, "tokens": tokens}
    done = subprocess.run(
        [sys.executable, "-m", "bench._crowd"],
        input=json.dumps(question), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def compare(port: int, people: int, long_queue: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure one crowd on new short queues and on the long one, alternating, so that both see the same conditions."""
    short: list[tuple[float, float]] = []
    long: list[tuple[float, float]] = []
    for _ in range(TURNS):
        short += cycles(port, people, [make_queue(SHORT)])
        long += cycles(port, people, [long_queue])
    return summary(people, SHORT, short), summary(people, LONG, long)


def summary(people: int, length: int, measured: list[tuple[float, float]]) -> dict[str, Any]:
    asked, answered = np.array(measured).T
    rate = round(len(measured) / (TURNS * WINDOW), 1)
    latencies = {"next_ms": percentiles(asked), "submit_ms": percentiles(answered)}
    return {"people": people, "queue": length, "cycles_per_second": rate, **latencies}


def percentiles(seconds: np.ndarray) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(seconds, q)) * 1000, 1) for q in (50, 95, 99)}


TWICE = """
    SELECT count(*) FROM (SELECT FROM classifications_classification
        GROUP BY volunteer_id, workflow_id, subject_id HAVING count(*) > 1) AS twice
"""
OVER_ASKED = """
    SELECT count(*) FROM (SELECT FROM classifications_classification JOIN archive_subject AS subject
            ON subject.id = subject_id JOIN workflows_workflow AS workflow ON workflow.id = workflow_id
        WHERE gold_label = '' GROUP BY subject_id, workflow_id, max_votes HAVING count(*) > max_votes) AS over
"""


def load(crowds: list[int], lengths: list[int], seconds: float, other: Path | None) -> None:
    """Measure each crowd on each queue, and Label Studio's beside if there is one; print one line for each."""
    make_subjects(*lengths)
    for length in lengths:
        with _site.web_server() as port, ExitStack() as stack:
            theirs = stack.enter_context(label_studio(other, length, max(crowds))) if other else None
            for people in crowds:
                of = {"queue": length, "people": people}
                slugs = [make_queue(length) for _ in range(queues_for(people, length, seconds))]
                print(json.dumps(of | under_load(port, people, slugs, seconds)), flush=True)
                if theirs:
                    print(json.dumps(of | beside(theirs, people, seconds)), flush=True)


def queues_for(people: int, length: int, seconds: float) -> int:
    """Return how many queues a crowd can need: each person answers a subject once, and five answers may settle it."""
    return math.ceil((seconds + WARM_UP) * FASTEST / (length * min(people, FEWEST_VOTES)))


def under_load(port: int, people: int, slugs: list[str], seconds: float) -> dict[str, Any]:
    web = _serving(port)
    measure = partial(cycles, port, people, slugs, window=seconds)
    result = {"product": "Wanderers"} | cost(web, _database(), measure, seconds)
    return result | {"twice": _count(TWICE), "over_asked": _count(OVER_ASKED)}


def beside(theirs: LabelStudio, people: int, seconds: float) -> dict[str, Any]:
    tokens = theirs.tokens[:people]
    measure = partial(crowd, theirs.port, "Label Studio", [str(theirs.project)], tokens, 0.0, seconds)
    web, database = psutil.Process(theirs.process), psutil.Process(theirs.database)
    return {"product": "Label Studio"} | cost(web, database, measure, seconds)


def cost(
    web: psutil.Process, database: psutil.Process, measure: Callable[[], list[tuple[float, float]]], seconds: float
) -> dict[str, Any]:
    """Return speed, latencies, and what web server and database spent on a cycle, the warm-up's share estimated."""
    before = processor_seconds(web), processor_seconds(database)
    with _sampled(partial(megabytes, web)) as web_mb, _sampled(partial(megabytes, database)) as database_mb:
        measured = measure()
    done = len(measured) * (1 + WARM_UP / seconds)
    spent = processor_seconds(web) - before[0], processor_seconds(database) - before[1]
    asked, answered = np.array(measured).T
    return {
        "cycles_per_second": round(len(measured) / seconds, 1),
        "next_ms": percentiles(asked),
        "submit_ms": percentiles(answered),
        "web_cpu_ms": round(1000 * spent[0] / done, 1),
        "database_cpu_ms": round(1000 * spent[1] / done, 1),
        "web_mb": [*web_mb[:: max(1, len(web_mb) // 10)]],
        "database_mb": [*database_mb[:: max(1, len(database_mb) // 10)]],
    }


@contextmanager
def _sampled(measure: Callable[[], int]) -> Iterator[list[int]]:
    """Collect a measurement every few seconds while the block runs."""
    found, ended = [measure()], threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLED_EVERY):
            found.append(measure())

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def megabytes(parent: psutil.Process) -> int:
    """Return the memory of a process and its children that is theirs alone."""
    return round(sum(_own_bytes(each) for each in (parent, *parent.children(recursive=True))) / 2**20)


def _own_bytes(process: psutil.Process) -> int:
    """Return the unshared memory of a process; nothing of one that has ended."""
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return 0


def _serving(port: int) -> psutil.Process:
    (server,) = (each for each in psutil.Process().children() if f"--port {port}" in " ".join(each.cmdline()))
    return server


def _database() -> psutil.Process:
    return psutil.Process(int((_site.FOLDER / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def processor_seconds(parent: psutil.Process) -> float:
    """Return what a process and its children have used, ended ones included."""
    own, others = parent.cpu_times(), [each.cpu_times() for each in parent.children(recursive=True)]
    ended = own.children_user + own.children_system
    return own.user + own.system + ended + sum(each.user + each.system for each in others)


def _count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.next_submit", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", help="measure load with crowds of these sizes")
    parser.add_argument("--queues", type=int, nargs="+", default=[10_000], help="lengths of the queues")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each crowd and queue")
    parser.add_argument("--label-studio", type=Path, help="the Python of an environment that has it and granian")
    given = parser.parse_args()
    if given.people:
        load(given.people, given.queues, given.seconds, given.label_studio)
    else:
        compare_queues()


def compare_queues() -> None:
    make_subjects(SHORT, LONG)
    long_queue = make_queue(LONG)
    runs, ratios = [], {}
    with _site.web_server() as port:
        for people in CROWDS:
            short, long = compare(port, people, long_queue)
            runs += [short, long]
            looking = [each for _ in range(TURNS) for each in cycles(port, people, [long_queue], pause=LOOK)]
            runs.append({"look_s": LOOK} | summary(people, LONG, looking))
            ratios[people] = round(long["cycles_per_second"] / short["cycles_per_second"], 2)
    result = {"benchmark": "next_submit", "cores": os.cpu_count(), "runs": runs, "long_over_short": ratios}
    print(json.dumps(result | {"floor_ms": SUBMIT_MS, "met": runs[-1]["submit_ms"]["p95"] <= SUBMIT_MS}))


if __name__ == "__main__":
    main()

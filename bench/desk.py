"""The scientists' desk at a million: the board's queues and filters, the consensus browser, the archive, the export.

Votes, scores and verdicts are simulated: a twentieth of the subjects is real, volunteers and models mostly see it; half
of those with cases and comments have no votes yet. Each page is asked for in this process, without a cache, as its
first and then as its next pages, six times over; what the very first took, with a cold database, is reported beside.
The floor is of CPU time, the site's and the database's together (no parallel plans), since wall time says little on a
busy machine. The consensus histograms, which their page loads after its rows, have a floor of their own. To make the
archive once for several runs, name a folder for it in BENCH_FOLDER.
"""

import argparse
import gc
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench import _site  # first: it sets the environment

# isort: split
import numpy as np
import psutil
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client

from webapp.archive.models import Survey
from webapp.archive.subject_orders import SORTS as ARCHIVE_SORTS
from webapp.consensus.consensus_rows import refresh_models
from webapp.exports.consensus import consensus_parquet
from webapp.known_objects.models import OrbitCatalogue
from webapp.learning.models import Checkpoint, Promotion, TrainingRun
from webapp.review.consensus_browser import SORTS as BROWSER_SORTS
from webapp.review.queue_form import SORTS
from webapp.review.queues import QUEUES
from webapp.workflows.models import Workflow

MILLION, BATCH = 1_000_000, 50_000
FLOOR_MS, FLOOR_HISTOGRAMS_MS, FLOOR_EXPORT_S = 150.0, 1000.0, 20.0
MOST_GROWTH_MB = 16.0  # half of the file alone would be 18
PAGES, TIMES = 4, 6
MADE = _site.FOLDER / "desk"  # is there once the archive is complete
NIGHT = "night=2024-03-01"
NEXT = re.compile(r'href="\?([^"#]+)(?:#subjects)?">Next page')

FILL = [
    "SELECT setseed(0.5)",
    """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, ra, dec,
        mjd, rate, mag, metadata, gold_label, gold_source, created_at)
    SELECT %(survey)s, 's' || i, 'tracklet', md5(i::text), 'o' || i / 4, '4x1x100x100-float32', i, 360 * random(),
        degrees(asin(2 * random() - 1)), 60000 + 400 * random(), 100 * random(),
        16 + 5 * sqrt(random()), '{"site": "T08"}',
        CASE WHEN i %% 1000 = 0 THEN 'yes' ELSE '' END, '', now() FROM generate_series(1, %(n)s) AS i
    """,
    """
    INSERT INTO archive_frame (subject_id, position, mjd_mid, mjd_keyword, band, mag, masked_fraction)
    SELECT id, 0, mjd, 'MJD', 'o', mag, 0 FROM archive_subject
    """,
    """
    CREATE TEMPORARY TABLE simulated AS
    SELECT id, is_real, 1 + floor(9 * random())::int AS votes, random_normal(0, 1) AS noise
    FROM (SELECT id, random() < 0.05 AS is_real FROM archive_subject) AS subject
    """,
    """
    INSERT INTO learning_score (checkpoint_id, subject_id, probabilities, p_real, entropy)
    SELECT model, id, ARRAY[1 - p, p], p, 0.5 FROM (
        SELECT model, id, 1 / (1 + exp(CASE WHEN is_real THEN -2.5 ELSE 3 END + noise + random_normal(0, 0.7))) AS p
        FROM simulated CROSS JOIN unnest(%(models)s::bigint[]) AS model
    ) AS scored
    """,
    """
    INSERT INTO consensus_consensus (workflow_id, subject_id, votes_yes, votes_no, votes_unsure, follow_ups, posterior,
        log_odds_micronats, method, version, is_retired, retired_reason, retired_at, updated_at)
    SELECT %(workflow)s, id, yes, votes - yes - unsure, unsure, '{}', 1 / (1 + exp(-odds)), 1000000 * odds,
        'swap-two-coin', votes, votes > 6, CASE WHEN votes > 6 THEN 'classification_count' ELSE '' END,
        CASE WHEN votes > 6 THEN now() - 90 * random() * interval '1 day' END, now() - 90 * random() * interval '1 day'
    FROM (
        SELECT *, 1.3 * (2 * yes + unsure - votes) + random_normal(-1, 0.3) AS odds FROM (
            SELECT *, round((votes - unsure) * abs(is_real::int - 0.3 * random()))::int AS yes
            FROM (SELECT *, floor(votes * 0.45 * random())::int AS unsure FROM simulated) AS undecided
        ) AS decided
    ) AS weighed
    WHERE id %% 100 <> 1 AND id %% 400 <> 0
    """,
    """
    INSERT INTO review_ruling (subject_id, workflow_id, scientist_id, verdict, label, note, previous_gold,
        previous_source, created_at, second_asked_at)
    SELECT subject_id, workflow_id, (%(people)s::int[])[1 + subject_id %% 2],
        CASE WHEN posterior > 0.5 THEN 'yes' ELSE 'no' END, '', '', '', '', now(),
        CASE WHEN subject_id %% 50 = 0 THEN now() END
    FROM consensus_consensus ORDER BY abs(posterior - 0.98) LIMIT %(n)s / 50
    """,
    """
    INSERT INTO review_secondopinion (ruling_id, scientist_id, verdict, label, note, created_at)
    SELECT id, (%(people)s::int[])[2 - subject_id %% 2], CASE WHEN subject_id %% 100 = 0 THEN 'no' ELSE 'yes' END,
        '', '', now()
    FROM review_ruling WHERE subject_id %% 20 = 0
    """,
    """
    INSERT INTO review_case (subject_id, is_on_hold, assignee_id, tags, updated_at)
    SELECT id, id %% 500 = 0, CASE WHEN id %% 3 = 0 THEN (%(people)s::int[])[1 + id %% 2] END,
        CASE WHEN id %% 7 = 0 THEN '{satellite}'::text[] ELSE '{}' END, now()
    FROM archive_subject WHERE id %% 200 = 0
    """,
    """
    INSERT INTO known_objects_identitycheck (subject_id, catalogue_id, detections, candidates, unmatched, measured_with,
        checked_at)
    SELECT id, %(catalogue)s, 4, (id %% 3 = 0)::int, 4 * (id %% 3 <> 0)::int, '{}', now()
    FROM archive_subject WHERE id %% 10 <> 0
    """,
    """
    INSERT INTO known_objects_knownmatch (subject_id, designation, detections, separation, along, across, rate,
        position_angle, is_ruled_out)
    SELECT subject_id, '2010 AB' || subject_id / 30, 4, 5, 3, 4, 60, 90, false
    FROM known_objects_identitycheck WHERE candidates > 0
    """,
    "INSERT INTO volunteers_volunteer (key, is_simulated, created_at) VALUES (gen_random_uuid(), true, now())",
    """
    INSERT INTO community_comment (survey_id, subject_id, author_id, text, removed_because, created_at)
    SELECT survey_id, subject.id, who.id, 'Look!', '', now() - 30 * random() * interval '1 day'
    FROM archive_subject AS subject CROSS JOIN volunteers_volunteer AS who WHERE subject.id %% 50 = 1
    """,
]


def make_desk(n: int) -> tuple[Workflow, User]:
    """Make the survey with its votes, scores, verdicts, cases and comments; return its workflow and a scientist."""
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    workflow = Workflow.objects.create(survey=survey, slug="bench", name="B", kind="tracklet", question="Is it real?")
    me, other = (User.objects.create_superuser(name) for name in ("scientist", "colleague"))
    before, champion = (_model(workflow, is_champion=each) for each in (False, True))
    Promotion.objects.create(checkpoint=champion, previous=before, reason="")
    catalogue = OrbitCatalogue.objects.create(checksum="0", asteroids="MPCORB.DAT", orbits=1, epoch=60000.0)
    of: dict[str, Any] = {"n": n, "survey": survey.pk, "workflow": workflow.pk, "models": [before.pk, champion.pk]}
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, of | {"people": [me.pk, other.pk], "catalogue": catalogue.pk})
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("ALTER ROLE CURRENT_USER SET max_parallel_workers_per_gather = 0")
    connection.close()
    return workflow, me


def _model(workflow: Workflow, *, is_champion: bool) -> Checkpoint:
    of = {"survey": workflow.survey, "role": "tracklet"}
    run = TrainingRun.objects.create(workflow=workflow, **of)
    return Checkpoint.objects.create(run=run, manifest={}, is_champion=is_champion, **of)


def compare(workflow: Workflow) -> float:
    """Write what the models say into the consensus, as scoring does; return the rows per second."""
    subjects = list(workflow.consensus.order_by("subject").values_list("subject", flat=True))
    began = time.perf_counter()
    for start in range(0, len(subjects), BATCH):
        refresh_models(subjects[start : start + BATCH])
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE consensus_consensus")
    return len(subjects) / took


def the_desk(n: int) -> tuple[Workflow, User, dict[str, Any]]:
    """Return the workflow and a scientist of a new desk, or of an earlier run's, and what making it took."""
    if MADE.exists():
        workflow = Workflow.objects.select_related("survey").get(slug="bench")
        return workflow, User.objects.get(username="scientist"), {"subjects": int(MADE.read_text())}
    began = time.perf_counter()
    workflow, scientist = make_desk(n)
    result: dict[str, Any] = {"subjects": n, "setup_seconds": round(time.perf_counter() - began, 1)}
    result["models_rows_per_second"] = round(compare(workflow))
    MADE.write_text(str(n))
    return workflow, scientist, result


def board() -> Iterator[str]:
    """Yield the queries of the board: each queue, each filter and each order."""
    yield from (f"queue={queue}" for queue in QUEUES)
    filters = ("state=open", "state=ruled", "state=own", "state=all", "way=crowd-yes", "way=crowd-no", "min_votes=6",
               "assigned=me", "assigned=nobody", "tag=satellite", "least_gap=0.8", NIGHT, "mjd_min=60100",
               "known=near", "known=new", "known=none", "known=open")  # fmt: skip
    for queue in ("agreed", "disagreements", "all"):
        yield from (f"queue={queue}&{each}" for each in filters)
        yield from (f"queue={queue}&sort={sort}" for sort, _ in SORTS if sort)
    yield from (f"queue={queue}&{NIGHT}&state=all" for queue in QUEUES)
    yield from (f"queue=all&{span}&sort={sort}" for span in (NIGHT, "mjd_min=60100") for sort, _ in SORTS)
    yield from (f"queue={queue}&{NIGHT}&known={known}" for queue in ("agreed", "all") for known in ("near", "none"))
    small = ("queue=talk", "queue=held", "queue=second", "queue=all&tag=satellite", "queue=all&assigned=somebody")
    yield from (f"{each}&state=all&sort={sort}" for each in small for sort, _ in SORTS if sort)


BROWSER_FILTERS = ("", "text=s7777", "state=retired", "state=open", "answer=yes", "answer=tie", "truth=gold",
                   "truth=ruled", "truth=unruled", "p_min=0.4&p_max=0.6", "agree_max=0.5", "votes_min=9",
                   "undecided_min=0.4", "gap_min=0.8")  # fmt: skip


def consensus() -> Iterator[str]:
    """Yield the queries of the consensus browser."""
    yield from BROWSER_FILTERS
    yield from (f"sort={sign}{name}" for name in BROWSER_SORTS for sign in ("", "-"))


def archive() -> Iterator[str]:
    """Yield the queries of the archive."""
    yield from ("", "text=s7777", "text=s7777&match=exact", "kind=tracklet", "gold=known", "gold=open", "label=yes",
                "tag=satellite", "cone=10,20,2", "polygon=10,20,12,20,12,22", "mjd_min=60399.5", "rate_min=99.9",
                "mag_max=16.5", "p_real_min=0.99", "known=near",
                "known=open", "designation=2010 AB1", "posterior_min=0.99")  # fmt: skip
    yield from (f"sort={quote(sort)}" for sort in ARCHIVE_SORTS if sort)
    yield "total=true"


def cpu_seconds() -> float:
    """Return the CPU seconds so far of this process and of its database connection's."""
    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return time.process_time() + int(backend.split()[0]) / 1e9


def page_ms(client: Client, address: str, query: str) -> list[tuple[float, float]]:
    """Return how long a page and the next ones took, in ms of wall and of CPU time, a few times over."""
    took = []
    for _ in range(TIMES):
        asked = query
        for _ in range(PAGES):
            cache.clear()
            began, cpu = time.perf_counter(), cpu_seconds()
            reply = client.get(f"{address}?{asked}")
            took.append((1000 * (time.perf_counter() - began), 1000 * (cpu_seconds() - cpu)))
            assert reply.status_code == 200, (address, asked, reply.status_code)
            if (following := NEXT.search(reply.content.decode())) is None:
                break
            asked = unescape(following[1])
    return took


def pages(client: Client, address: str, queries: Iterable[str], floor_ms: float = FLOOR_MS) -> dict[str, Any]:
    """Return the largest 95th percentile and the largest median of any query, and the percentiles over the floor.

    Where the 95th percentile of a query is far from its median, the machine did something else meanwhile.
    """
    client.get(address)
    gc.freeze()  # as the web server does once all is loaded
    took = {query: page_ms(client, address, query) for query in queries}
    p95 = {query: np.percentile(times, 95, axis=0).round(1).tolist() for query, times in took.items()}
    slow = {query: ms for query, ms in p95.items() if ms[1] > floor_ms}
    median = {query: round(float(np.median(times, axis=0)[1]), 1) for query, times in took.items()}
    told = {query: [*ms, median[query]] for query, ms in p95.items()}
    print(json.dumps({address: told}), file=sys.stderr, flush=True)
    wall, cpu = np.max(list(p95.values()), axis=0).tolist()
    first = round(max(times[0][1] for times in took.values()), 1)
    result = {"pages": len(p95), "largest_p95_ms": wall, "largest_p95_cpu_ms": cpu, "largest_first_cpu_ms": first}
    return result | {"largest_median_cpu_ms": max(median.values()), "slow": slow, "met": not slow}


def export(workflow: Workflow) -> dict[str, Any]:
    """Return the seconds of the Parquet file, and how much memory its second half took beyond the first."""
    process, began, size, peaks = psutil.Process(), time.perf_counter(), 0, []
    for part in consensus_parquet(workflow):
        size += len(part)
        peaks.append(process.memory_info().rss / 2**20)
    took, half = time.perf_counter() - began, len(peaks) // 2
    growth = max(peaks[half:]) - max(peaks[: half or 1])
    return {
        "seconds": round(took, 1), "mb": round(size / 2**20, 1), "growth_mb": round(growth, 1),
        "met": took <= FLOOR_EXPORT_S and growth <= MOST_GROWTH_MB,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description=__doc__)
    parser.add_argument("--subjects", type=int, default=MILLION, help="a smaller archive, for a busy machine")
    n = parser.parse_args().subjects
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("collectstatic", verbosity=0, interactive=False)
    workflow, scientist, result = the_desk(n)
    client = Client()
    client.force_login(scientist)
    result["board"] = pages(client, "/surveys/bench/review/", board())
    result["consensus"] = pages(client, "/surveys/bench/consensus/bench/", consensus())
    histograms = "/surveys/bench/consensus/bench/histograms/"
    result["histograms"] = pages(client, histograms, BROWSER_FILTERS, FLOOR_HISTOGRAMS_MS)
    result["archive"] = pages(client, "/surveys/bench/", archive())
    result["parquet"], result["load_average"] = export(workflow), round(os.getloadavg()[0], 1)
    floors = {"floor_ms": FLOOR_MS, "floor_histograms_ms": FLOOR_HISTOGRAMS_MS, "floor_export_seconds": FLOOR_EXPORT_S}
    print(json.dumps(result | floors | {"most_growth_mb": MOST_GROWTH_MB}))


if __name__ == "__main__":
    main()

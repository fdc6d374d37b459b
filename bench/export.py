"""Export 100,000 and 1,000,000 classifications: speed and memory, by command and through the web server.

Each classification is on one of 100,000 subjects, by one of 1,000 volunteers; every tenth has a line. Memory is the
peak of the process: of the command, and of the web server's largest process. Everything shares this machine.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import _site  # first: it sets the environment

# isort: split
import psutil
from django.contrib.auth import get_user_model
from django.db import connection

from webapp.accounts.tokens import make_token
from webapp.archive.models import Survey
from webapp.workflows.models import Workflow

SMALL, LARGE = 100_000, 1_000_000
SUBJECTS, VOLUNTEERS = 100_000, 1_000
FILES = ("classifications.csv", "label-studio.json", "consensus.csv", "consensus.parquet")
MOST_RATIO = 1.2

PREPARE = [
    """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, metadata,
        gold_label, gold_source, created_at)
    SELECT %(survey)s, 's' || i, 'cutout', md5(i::text), 's' || i, '1x1x512x512-float32', i,
        '{"site": "T08", "#night": 60600, "filter": "o"}', '', '', now()
    FROM generate_series(1, %(subjects)s) AS i
    """,
    "INSERT INTO volunteers_volunteer (key, is_simulated, created_at) SELECT gen_random_uuid(), true, now() "
    "FROM generate_series(1, %(volunteers)s)",
]
FILL = [
    """
    INSERT INTO queue_queueentry (workflow_id, subject_id, priority, reason, open_slots, random_key, is_gold,
        is_retired)
    SELECT %(workflow)s, id, 0, 'new', 0, random(), false, false FROM archive_subject LIMIT %(subjects)s
    """,
    """
    INSERT INTO classifications_classification (id, volunteer_id, workflow_id, subject_id, answer, follow_up, reason,
        started_at, finished_at, created_at, device, viewport, is_counted, log_odds_micronats)
    SELECT gen_random_uuid(), who.id, %(workflow)s, subject.id, (ARRAY['yes', 'no', 'unsure'])[1 + (vote %% 3)],
        '', 'new', now(), now(), now(), 'desktop', '1440x900', true, 0
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM archive_subject LIMIT %(subjects)s) AS subject
    CROSS JOIN generate_series(0, 9) AS vote
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM volunteers_volunteer) AS who
        ON who.place = (subject.place * 7 + vote * 97) %% %(volunteers)s
    """,
    """
    INSERT INTO classifications_mark (classification_id, position, frame, x1, y1, x2, y2)
    SELECT id, 0, 0, 10.5, 20.5, 300.25, 400 FROM classifications_classification
    WHERE workflow_id = %(workflow)s AND get_byte(uuid_send(id), 15) < 26
    """,
    """
    INSERT INTO consensus_consensus (workflow_id, subject_id, votes_yes, votes_no, votes_unsure, follow_ups, posterior,
        method, version, is_retired, retired_reason, updated_at)
    SELECT %(workflow)s, id, 4, 3, 3, '{}', 0.7, 'majority', 10, false, '', now()
    FROM archive_subject LIMIT %(subjects)s
    """,
]


def fill(survey: Survey, answers: int) -> str:
    """Create a workflow with the given number of classifications; return its slug."""
    workflow = Workflow.objects.create(
        survey=survey, slug=f"bench-{answers}", name="B", kind="cutout", question="Is it real?", line_marking=True
    )
    of = {"workflow": workflow.pk, "subjects": answers // 10, "volunteers": VOLUNTEERS}
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, of)
    return workflow.slug


def export(slug: str, name: str, folder: Path) -> dict[str, float]:
    """Run the command; return its seconds, its peak memory in MB, and the file's size in MB."""
    out = folder / name
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "manage.py", "export", slug, name, "--out", str(out)], stdout=sys.stderr, env=os.environ
    )
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"The export of {name} ended with status {os.waitstatus_to_exitcode(status)}.")
    took = time.perf_counter() - began
    size = out.stat().st_size / 2**20
    out.unlink()
    cpu = round(usage.ru_utime + usage.ru_stime, 1)
    return {
        "seconds": round(took, 1),
        "cpu_seconds": cpu,
        "peak_mb": round(usage.ru_maxrss / 1024, 1),
        "file_mb": round(size, 1),
    }


def download(port: int, token: str, slug: str) -> dict[str, float]:
    """Download the classifications from the web server; return the time to the first byte, and the peak memory."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    client.request(
        "GET", f"/api/workflows/{slug}/exports/classifications.csv", headers={"Authorization": f"Token {token}"}
    )
    reply = client.getresponse()
    reply.read(1)
    first = time.perf_counter() - began
    size = 1
    while part := reply.read(2**20):
        size += len(part)
    assert reply.status == 200
    return {
        "first_byte_ms": round(1000 * first, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "mb": round(size / 2**20, 1),
        "server_peak_mb": round(max(_peak(each.pid) for each in _servers()), 1),
    }


def _servers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if "granian" in " ".join(each.cmdline())]


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    survey = Survey.objects.create(slug="bench", name="Benchmark")
    with connection.cursor() as cursor:
        for statement in PREPARE:
            cursor.execute(statement, {"survey": survey.pk, "subjects": SUBJECTS, "volunteers": VOLUNTEERS})
    slugs = {answers: fill(survey, answers) for answers in (SMALL, LARGE)}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    user = get_user_model().objects.create_superuser("bench", password="only for benchmarks")
    token = make_token(user)
    result: dict[str, Any] = {"answers": LARGE}
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for name in FILES:
            small, large = (export(slugs[answers], name, Path(folder)) for answers in (SMALL, LARGE))
            ratios.append(large["peak_mb"] / small["peak_mb"])
            result[name] = {"small": small, "large": large, "peak_ratio": round(ratios[-1], 3)}
    with _site.web_server() as port:
        web = {answers: download(port, token, slug) for answers, slug in slugs.items()}
    ratios.append(web[LARGE]["server_peak_mb"] / web[SMALL]["server_peak_mb"])
    result |= {
        "web": {"small": web[SMALL], "large": web[LARGE], "peak_ratio": round(ratios[-1], 3)},
        "answers_per_second": round(LARGE / result["classifications.csv"]["large"]["seconds"]),
        "answers_per_cpu_second": round(LARGE / result["classifications.csv"]["large"]["cpu_seconds"]),
        "most_ratio": MOST_RATIO,
        "met": max(ratios) <= MOST_RATIO,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Break the site in one way after another; print what was under way, what was lost, and how long it took.

Each fault comes while four people classify and an ingest, a training, a scoring, a stream and an export are in
progress. A row ends when everybody is served again and every job has ended, or after two minutes.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from bench import _site  # first: it sets the environment

# isort: split
from confluent_kafka import Producer

from bench.chaos.people import Person, audit
from bench.chaos.site import FAULTS, ON_SMALL_DISK, SLUG, Site, is_small_disk
from bench.chaos.work import GOLD, Work, make_survey, patiently
from bench.next_submit import make_volunteers
from bench.stream import messages
from webapp.archive.models import Membership, Role
from webapp.core.dispatch import app
from webapp.learning.models import Checkpoint
from webapp.learning.triggers import start_training
from webapp.volunteers.models import Volunteer

PEOPLE, PACKETS = 4, 600
LONGEST, ALLOWED = 120.0, 60.0
EVERYTHING, STARTING = 5, 6.0  # kinds of work, and how long to wait until all are in progress at once


def wait(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONGEST
    while not patiently(holds):
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not come to pass; the logs are in {_site.FOLDER}.")
        time.sleep(0.1)


def prepare(work: Work) -> None:
    """Bring the site to its first champion, so that there is something to score."""
    work.ingest(GOLD, is_gold=True)
    work.ingest()
    wait(lambda: not work.open_jobs(), "The first night")
    start_training(workflow=work.workflow, by=None)
    wait(lambda: Checkpoint.objects.filter(is_champion=True).exists(), "The first champion")
    wait(lambda: not work.open_jobs(), "The first scores")


def strike(name: str, site: Site, work: Work, people: list[Person], alerts: Iterator[bytes]) -> dict[str, Any]:
    """Start all work, break one thing, and watch what becomes of it."""
    site.keep_listening()
    work.begin(islice(alerts, PACKETS))
    deadline = time.monotonic() + STARTING
    while len(work.running()) < EVERYTHING and time.monotonic() < deadline:
        time.sleep(0.05)
    under_way, failed = work.running(), len(work.failed())
    began = time.monotonic()
    (FAULTS | ON_SMALL_DISK)[name](site)
    struck, ended = time.monotonic(), None
    while ended is None and time.monotonic() - began < LONGEST:
        time.sleep(0.2)
        site.keep_listening()
        is_served = all(person.is_served_since(struck) for person in people) and work.export.done_at > struck
        if is_served and patiently(lambda: not work.open_jobs() and not work.unread()):
            ended = round(time.monotonic() - began, 1)
    waited = round(max(person.waited(began) for person in people), 1)
    told = {"fault": name, "under_way": under_way, "waited": waited, "ended": ended, "hangs": site.resume()}
    return told | {"failed": patiently(work.failed)[failed:]} | patiently(lambda: audit(people))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("faults", nargs="*", help="parts of their names; all by default")
    asked = parser.parse_args().faults
    faults = [*FAULTS, *(ON_SMALL_DISK if is_small_disk(_site.FOLDER) else [])]
    chosen = [name for name in faults if not asked or any(each in name for each in asked)]
    port, redis_port = _site._free_port(), _site._free_port()
    app.conf.broker_url = f"redis://127.0.0.1:{redis_port}/0"
    app.conf.broker_transport_options = {}
    survey, workflow = make_survey(SLUG)
    tokens = make_volunteers(PEOPLE)
    scientist = Volunteer.objects.earliest("pk").user
    Membership.objects.create(user=scientist, survey=survey, role=Role.SCIENTIST)
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    site, alerts = Site(port, redis_port, producer), messages(10**6)
    work = Work(survey, workflow, port, tokens[0], producer)
    people = [Person(port, token, workflow.slug) for token in tokens]
    rows = []
    try:
        prepare(work)
        for each in (*people, work.export):
            each.start()
        for name in chosen:
            rows.append(strike(name, site, work, people, alerts))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    finally:
        site.end()
        print(table(rows))
    print(json.dumps({"answers": sum(len(person.taken) for person in people), "cores": os.cpu_count()}))
    sys.exit(any(row["ended"] is None or row["ended"] > ALLOWED or row["lost"] for row in rows))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    head = [
        "fault",
        "under way",
        "longest wait, s",
        "all ended, s",
        "lost",
        "doubled",
        "counters",
        "over-asked",
        "jobs failed",
    ]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        ended = "not within 120" if row["ended"] is None else row["ended"]
        numbers = [row["lost"], row["doubled"], row["wrong counters"], row["over-asked"], "; ".join(row["failed"]) or 0]
        name = row["fault"] + (" (it stays so)" if row["hangs"] else "")
        lines.append([name, ", ".join(row["under_way"]), row["waited"], ended, *numbers])
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()

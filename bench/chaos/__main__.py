"""Break the site in one way after another; print what was under way, what was lost, and how long it took.

Each fault comes while four people classify and an ingest, a training, a scoring, a stream and an export are in
progress. A row ends when everybody is served again and each of these jobs has ended, or two minutes after the fault;
what a promoted model has to score then takes as long as there are subjects.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import _site  # first: it sets the environment

# isort: split
from confluent_kafka import Producer
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from bench.chaos.brokers import Broker, RabbitMQ, Redis
from bench.chaos.bucket import Bucket
from bench.chaos.faults import Fault, of_one_machine, of_servers_apart
from bench.chaos.injection import is_ready, was_amid_stream
from bench.chaos.people import Person, audit
from bench.chaos.replicas import Pair
from bench.chaos.report import is_harmless, table
from bench.chaos.site import SLUG, Site
from bench.chaos.work import GOLD, Work, make_survey, patiently
from bench.next_submit import make_volunteers
from bench.stream import messages
from webapp.archive.models import Membership, Role
from webapp.core.dispatch import app
from webapp.learning.models import Checkpoint
from webapp.learning.triggers import start_training
from webapp.volunteers.models import Volunteer

PEOPLE = 4
LONGEST = 120.0
EVERYTHING, STARTING = 5, 6.0  # kinds of work, and how long to wait until all are in progress at once
SWEPT = 30.0  # how long until anything is, if the fault before took the messages: the next sweep sends them again


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


def strike(name: str, fault: Fault, site: Site, work: Work, people: list[Person]) -> dict[str, Any]:
    """Start all work, break one thing, and watch what becomes of it."""
    site.keep_listening()
    work.begin()
    begun = time.monotonic()
    while (kinds := len(work.running())) < EVERYTHING and time.monotonic() - begun < (STARTING if kinds else SWEPT):
        time.sleep(0.05)
    may_strike = is_ready(name, work)
    under_way, failed, begun_jobs = work.running(), len(work.failed()), work.open_jobs()
    began = time.monotonic()
    if may_strike:
        fault(site)
    is_injected = may_strike and patiently(lambda: was_amid_stream(name, work))
    struck, ended = time.monotonic(), None
    while ended is None and time.monotonic() - struck < LONGEST:
        time.sleep(0.2)
        site.keep_listening()
        is_served = all(person.is_served_since(struck) for person in people) and work.export.done_at > struck
        if is_served and patiently(lambda: not work.open_jobs() & begun_jobs and not work.unread()):
            ended = round(time.monotonic() - began, 1)
    waited = round(max(person.waited(began) for person in people), 1)
    result = {"fault": name, "under_way": under_way, "waited": waited, "ended": ended, "hangs": site.resume()}
    result |= {"lasted": round(struck - began, 1), "injected": is_injected}
    result["left"] = patiently(work.left) if ended is None else []
    return result | {"failed": patiently(work.failed)[failed:]} | patiently(lambda: audit(people))


def move_to(pair: Pair) -> None:
    """Let this process, too, use the database that the site uses."""
    connections["default"].close()
    own = connections.databases["default"]
    own.update(NAME="postgres", USER="postgres", HOST="", OPTIONS=own["OPTIONS"] | pair.options)
    del connections["default"]
    call_command("migrate", verbosity=0, interactive=False)


def servers(*, is_apart: bool) -> tuple[Broker, Pair | None]:
    """Return a Redis for a site with its own database; or a RabbitMQ, and a primary with its replica."""
    ports = [_site._free_port() for _ in range(5)]
    if not is_apart:
        return Redis(_site.FOLDER, ports[0]), None
    _site.FOLDER.chmod(0o755)  # PostgreSQL runs as somebody else
    pair = Pair(_site.FOLDER / "pair", (ports[3], ports[4]))
    move_to(pair)
    return RabbitMQ(_site.FOLDER, *ports[:3]), pair


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("faults", nargs="*", help="parts of their names; all by default")
    parser.add_argument("--apart", action="store_true", help="with RabbitMQ, PostgreSQL with a replica, and a bucket")
    asked = parser.parse_args()
    faults = of_servers_apart() if asked.apart else of_one_machine()
    chosen = [name for name in faults if not asked.faults or any(each in name for each in asked.faults)]
    port = _site._free_port()
    broker, pair = servers(is_apart=asked.apart)
    app.conf.broker_url = broker.url
    app.conf.broker_transport_options = {}
    survey, workflow = make_survey(SLUG)
    tokens = make_volunteers(PEOPLE)
    scientist = Volunteer.objects.earliest("pk").user
    Membership.objects.create(user=scientist, survey=survey, role=Role.SCIENTIST)
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    bucket = None
    if asked.apart:
        bucket = Bucket(_site.FOLDER, _site._free_port())
        settings.PIXELS = bucket.environment["PIXELS"]
    site = Site(port, broker, producer, pair, bucket)
    work = Work(survey, workflow, port, tokens[0], producer, messages(10**6))
    people = [Person(port, token, workflow.slug) for token in tokens]
    rows = []
    try:
        prepare(work)
        for each in (*people, work.export):
            each.start()
        for name in chosen:
            rows.append(strike(name, faults[name], site, work, people))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    finally:
        site.end()
        for server in (pair, bucket):
            if server is not None:
                server.end()
        print(table(rows))
    print(json.dumps({"answers": sum(len(person.taken) for person in people), "cores": os.cpu_count()}))
    sys.exit(not all(is_harmless(row) for row in rows))


if __name__ == "__main__":
    main()

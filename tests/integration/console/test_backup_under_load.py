"""A site is backed up while people classify, and restored elsewhere: a new data folder and a new database."""

import os
import threading
import time
from contextlib import contextmanager
from itertools import cycle
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg.sql import SQL, Identifier

from tests.integration.world import client_of, make_volunteer, make_workflow, recount
from webapp.classifications.models import Classification
from webapp.consensus.models import VOTE_COLUMNS, Consensus, Skill
from webapp.consensus.recompute import catch_up_all
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 4
ANSWERS = 60
"""Acknowledged before the backup, and at least as many of them during and after it."""


class Crowd:
    """People who classify through the API until they are stopped, and the answers that the site acknowledged."""

    def __init__(self, people):
        self.acknowledged = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[each]) for each in people]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, number):
        deadline = time.monotonic() + 120
        while len(self.acknowledged) < number:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} answers in 120 s"
            time.sleep(0.01)

    def _work(self, person):
        client, said = client_of(person), cycle(("yes", "no", "yes", "unsure"))
        try:
            while not self._over.is_set():
                items = client.get("/api/workflows/atlas/next/", {"n": 2}).json()["items"]
                for item in items:
                    key = uuid4()
                    sent = {"id": key, "workflow": "atlas", "subject": item["subject"]["id"], "answer": next(said)}
                    if client.post("/api/classifications/", sent, format="json").status_code == 201:
                        self.acknowledged.append(key)
        finally:
            connection.close()


@contextmanager
def empty_database():
    """Use a new database inside the block."""
    url, name, usual = os.environ["DATABASE_URL"], f"restored_{uuid4().hex}", connection.settings_dict["NAME"]
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            server.execute(SQL("DROP DATABASE {}").format(Identifier(name)))


def answers():
    return set(Classification.objects.values_list("id", flat=True))


def counters():
    """All that votes are summed up in: of each subject, its place in the queue, and each volunteer."""
    sums = (*VOTE_COLUMNS.values(), "log_odds_micronats", "posterior", "is_retired", "retired_reason")
    return (
        list(Consensus.objects.order_by("subject").values_list("subject", *sums)),
        list(QueueEntry.objects.order_by("pk").values_list("pk", "open_slots", "is_retired")),
        [(skill.volunteer_id, skill.counts()) for skill in Skill.objects.order_by("volunteer")],
    )


def test_a_site_under_load_is_restored_elsewhere_with_every_answer_from_before_and_right_counters(tmp_path, settings):
    (tmp_path / "pixels").mkdir()
    (tmp_path / "pixels/0").write_bytes(b"pixels")
    make_workflow(subjects=300, gold=10, training_schedule=[[0, 0.2]])
    with Crowd([make_volunteer(f"v{number}") for number in range(PEOPLE)]) as crowd:
        crowd.wait_for(ANSWERS)
        before = set(crowd.acknowledged)
        call_command("backup", tmp_path / "backups")
        crowd.wait_for(len(before) + ANSWERS)
    everything = answers()
    settings.DATA, settings.PIXELS = tmp_path / "new", str(tmp_path / "new/pixels")
    settings.DATA.mkdir()
    with empty_database():
        call_command("restore", tmp_path / "backups")
        assert before <= answers() < everything, "all from before the backup, and not those from after it"
        catch_up_all()
        restored = counters()
        assert restored[0]
        recount(Workflow.objects.get())
        assert counters() == restored
    assert (tmp_path / "new/pixels/0").read_bytes() == b"pixels"
    assert answers() == everything, "the site that was backed up is as it was"

"""Volunteers who send an answer again until the site takes it, as the pages do, and the count of what was taken."""

import http.client
import json
import random
import threading
import time
import uuid
from http.client import HTTPConnection
from typing import Any

from webapp.core.sql import fetch

PAUSE = 0.2  # seconds that a person looks, on average
ASK_SECONDS = 10  # then the page tries again

LOST = """SELECT count(*) FROM unnest(%(taken)s::uuid[]) AS taken
    WHERE NOT EXISTS (SELECT FROM classifications_classification WHERE id = taken)"""
STORED = "SELECT id::text FROM classifications_classification"
TWICE = """SELECT count(*) FROM (SELECT FROM classifications_classification
    GROUP BY volunteer_id, workflow_id, subject_id HAVING count(*) > 1) AS twice"""
COUNTERS = """
    SELECT count(*) FROM consensus_consensus AS row FULL JOIN (
        SELECT workflow_id, subject_id, count(*) FILTER (WHERE answer = 'yes') AS yes,
            count(*) FILTER (WHERE answer = 'no') AS no
        FROM classifications_classification WHERE is_counted AND withdrawn_at IS NULL GROUP BY workflow_id, subject_id
    ) AS votes USING (workflow_id, subject_id)
    WHERE (coalesce(row.votes_yes, 0), coalesce(row.votes_no, 0)) <> (coalesce(yes, 0), coalesce(no, 0))
"""
OVER_ASKED = """
    SELECT count(*) FROM (SELECT FROM classifications_classification JOIN workflows_workflow AS workflow
        ON workflow.id = workflow_id JOIN archive_subject AS subject ON subject.id = subject_id
        WHERE subject.gold_label = '' GROUP BY subject_id, max_votes HAVING count(*) > max_votes) AS over
"""


class Person(threading.Thread):
    """Classifies until told to end; `taken` are the numbers of the answers that the site acknowledged."""

    def __init__(self, port: int, token: str, slug: str) -> None:
        super().__init__(daemon=True)
        self.port, self.slug = port, slug
        self.headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self.sent: list[str] = []
        self.taken: list[str] = []
        self.refused: list[str] = []
        self.began_at = time.monotonic()  # of the cycle in progress
        self.cycles: list[tuple[float, float]] = []  # begin and end of those completed
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(random.expovariate(1 / PAUSE)):
            self.began_at = time.monotonic()
            items = self._until_served("GET", f"/api/workflows/{self.slug}/next/?n=1").get("items", [])
            if items:
                self._answer(items[0])
            self.cycles.append((self.began_at, time.monotonic()))

    def is_served_since(self, moment: float) -> bool:
        return bool(self.cycles) and self.cycles[-1][0] > moment

    def waited(self, since: float) -> float:
        """Return the seconds of the longest cycle that ended after `since`."""
        return max((end - begin for begin, end in self.cycles if end > since), default=time.monotonic() - self.began_at)

    def _answer(self, item: dict[str, Any]) -> None:
        number, subject = str(uuid.uuid4()), item["subject"]["id"]
        answer = {"id": number, "workflow": self.slug, "subject": subject, "lease": item["lease"]}
        answer["answer"] = "yes" if random.random() < 0.5 else "no"
        self.sent.append(number)
        reply = self._until_served("POST", "/api/classifications/", answer)
        (self.taken if "detail" not in reply else self.refused).append(number)

    def _until_served(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask until there is an answer that is not the server's failure."""
        while not self.is_over.is_set():
            client = HTTPConnection("127.0.0.1", self.port, timeout=ASK_SECONDS)
            try:
                client.request(method, path, json.dumps(body) if body else None, self.headers)
                reply = client.getresponse()
                text = reply.read()
                if reply.status < 500:
                    return dict(json.loads(text))
            except (OSError, http.client.HTTPException, ValueError):
                pass
            finally:
                client.close()
            time.sleep(0.5)
        return {"detail": "over"}


def audit(people: list[Person]) -> dict[str, int]:
    """Return what must be zero: answers lost, doubled or from nowhere, counters unlike a recount, people over-asked."""
    taken = {"taken": [each for person in people for each in person.taken]}
    asked = {"lost": LOST, "doubled": TWICE, "wrong counters": COUNTERS, "over-asked": OVER_ASKED}
    found = {name: int(fetch(sql, taken)[0][0]) for name, sql in asked.items()}
    stored = {row[0] for row in fetch(STORED, {})}
    found["from nowhere"] = len(stored.difference(*(person.sent for person in people)))  # people go on sending
    return found | {"refused": sum(len(person.refused) for person in people)}

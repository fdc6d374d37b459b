"""Simulated volunteers that classify through the site's HTTP API, as browsers and scripts do."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError
from django.utils import timezone

from ml.simulate.volunteers import SimulatedVolunteer, crowd
from webapp.accounts.tokens import make_token
from webapp.console.demo.config import Truth
from webapp.volunteers.models import Volunteer

BATCH = 40  # subjects a request, since half of a request's cost is its own


@dataclass
class Member:
    """One simulated volunteer with their API token."""

    mind: SimulatedVolunteer
    token: str


def recruit(n: int, seed: int, workflow: str) -> list[Member]:
    """Create accounts for n simulated volunteers of a workflow, marked as simulated, without a usable password.

    Each workflow has its own accounts, since the queue avoids objects that a volunteer has just seen elsewhere. Those
    of one name draw alike.
    """
    return [Member(mind, _token(f"{mind.name}@{workflow}")) for mind in crowd(n, seed)]


def _token(name: str) -> str:
    nothing = {"password": make_password(None)}
    user, _ = get_user_model().objects.get_or_create(username=name, defaults=nothing)
    Volunteer.objects.update_or_create(user=user, defaults={"is_simulated": True})
    return make_token(user)


@dataclass
class Crowd:
    """Members who take turns at one workflow of a running site."""

    address: str
    workflow: str
    members: list[Member]
    truth: Truth
    follow_ups: tuple[str, ...]
    turns: Iterator[int] = field(default_factory=count)

    def collect(self, votes: int, report: Callable[[int], None]) -> int:
        """Give at least `votes` answers, unless nobody gets a subject any more; return how many were given.

        `report` is called after each turn with its number of answers.
        """
        given = idle = 0
        with httpx.Client(base_url=self.address, timeout=60) as client:
            while given < votes and idle < len(self.members):
                member = self.members[next(self.turns) % len(self.members)]
                answers = self._turn(client, member)
                given += answers
                idle = 0 if answers else idle + 1
                report(answers)
        return given

    def _turn(self, client: httpx.Client, member: Member) -> int:
        headers = {"Authorization": f"Token {member.token}"}
        lent = client.get(f"/api/workflows/{self.workflow}/next/", params={"n": BATCH}, headers=headers)
        # In an order of their own, so that the same batch gets the same answers from whichever rule it comes.
        items = sorted(_accepted(lent).json()["items"], key=lambda item: item["subject"]["external_id"])
        answers = [self._answer(member.mind, item) for item in items]
        if answers:
            _accepted(client.post("/api/classifications/", json=answers, headers=headers))
        return len(answers)

    def _answer(self, mind: SimulatedVolunteer, item: dict[str, Any]) -> dict[str, Any]:
        source = self.truth[item["subject"]["external_id"]]
        answer, follow_up = mind.answer(source.label, self.truth.positive, source.snr, self.follow_ups)
        finished = timezone.now()
        return {
            "id": str(uuid.uuid4()),
            "workflow": self.workflow,
            "subject": item["subject"]["id"],
            "lease": item["lease"],
            "answer": answer,
            "follow_up": follow_up or "",
            "started_at": (finished - timedelta(seconds=mind.pause())).isoformat(),
            "finished_at": finished.isoformat(),
            "device": "simulated",
        }


def _accepted(response: httpx.Response) -> httpx.Response:
    """Return the response, or raise CommandError with the site's own message."""
    if response.is_error:
        raise CommandError(f"{response.request.url} answered {response.status_code}: {response.text[:500]}")
    return response

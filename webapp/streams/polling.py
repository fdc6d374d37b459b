"""Alerts of a broker's HTTP API, read again and again as if they were a topic.

An API lists alerts by their times. The stream's cursor is the time up to which everything was stored; each poll also
looks back from it, since brokers add some alerts late. What the survey has, or has refused, is not fetched again.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from django.db.models.functions import Greatest

from ml.io.records import BadInput
from ml.io.times import mjd_now
from webapp.archive.models import Subject
from webapp.core.sql import through_restarts
from webapp.streams.http_client import ApiFailed, Gone
from webapp.streams.messages import NOT_FETCHED
from webapp.streams.models import DeadLetter, Stream
from webapp.streams.read_messages import Received

WAIT = 1.0
"""Maximum seconds of a pause; longer ones are cut, so that Ctrl-C is heard."""
POLL_EVERY = 30.0
LONGEST_PAUSE = 600.0
"""Maximum seconds until an API that failed is asked again."""
PORTION = 32
LOOK_BACK = 0.25  # days
FIRST_LOOK_BACK = 1.0
"""Days before the first poll whose alerts are fetched."""
SHORTEST = 1 / 1440  # days; a span with too many alerts is halved down to this


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert in an API's list.

    Attributes
    ----------
    name
        As the subject's external id.
    mjd
        Its time.
    fetch
        Returns the alert itself, as a message.
    """

    name: str
    mjd: float
    fetch: Callable[[], bytes]


class Api(Protocol):
    address: str

    def alerts(self, topic: str, begin: float, end: float) -> tuple[list[Listed], bool]:
        """Return the alerts between two times (MJD, UTC), and whether these are all.

        There may be earlier ones among them, of objects that were seen again.

        Raises
        ------
        ApiFailed
            It did not answer as it should.
        """
        ...


class PolledTopic:
    """The alerts of one list of an API, such as a class; a topic without offsets."""

    def __init__(self, stream: Stream, api: Api) -> None:
        self._stream, self._api = stream, api
        self._trouble = ""
        self._next, self._failures = 0.0, 0
        self._reached = stream.cursor or mjd_now() - FIRST_LOOK_BACK
        self._since = self._reached - LOOK_BACK
        self._spans: deque[tuple[float, float]] = deque()
        self._listed: deque[Listed] = deque()
        self._fetched: dict[str, float] = {}
        self._unstored: dict[str, float] = {}

    def take(self, most: int) -> list[Received]:
        """Fetch some alerts, or wait a moment."""
        received: list[Received] = []
        wait = self._next - time.monotonic()
        if wait > 0 and (self._failures or not self._listed):
            time.sleep(min(wait, WAIT))
            return received
        try:
            if not self._listed:
                self._list()
            self._fetch(received, min(most, PORTION))
            self._trouble, self._failures = "", 0
        except ApiFailed as failed:
            self._trouble = failed.message
            self._next = time.monotonic() + min(LONGEST_PAUSE, 2**self._failures * POLL_EVERY / 4)
            self._failures = min(self._failures + 1, 16)
        return received

    def commit(self, stored: list[Received]) -> None:
        """Move the cursor behind what is stored, if nothing before it waits."""
        for message in stored:
            self._unstored.pop(message.name, None)
        mjd = min([self._reached, *self._unstored.values(), *(alert.mjd for alert in self._listed)])
        through_restarts(partial(Stream.objects.filter(pk=self._stream.pk).update, cursor=Greatest("cursor", mjd)))

    def lag(self) -> int:
        """Return how many listed alerts are not fetched yet."""
        return len(self._listed)

    def trouble(self) -> str:
        return self._trouble

    def close(self) -> None:
        """Keep nothing open."""

    def _list(self) -> None:
        """List the next span of time; one with too many alerts is halved, and its halves are listed later."""
        if not self._spans:
            self._since = self._reached - LOOK_BACK
            self._spans.append((self._since, mjd_now()))
            self._fetched = {name: mjd for name, mjd in self._fetched.items() if mjd >= self._since}
        begin, end = self._spans[0]
        alerts, is_all = self._api.alerts(self._stream.topic, begin, end)
        self._spans.popleft()
        if not is_all and end - begin > SHORTEST:
            middle = (begin + end) / 2
            self._spans.extendleft([(middle, end), (begin, middle)])
            return
        self._reached = max(self._reached, end)
        self._listed.extend(self._new(alerts))
        if not self._spans:
            self._next = time.monotonic() + POLL_EVERY

    def _new(self, alerts: Iterable[Listed]) -> Iterator[Listed]:
        fetched = self._fetched.keys() | self._unstored.keys()
        by_name = {alert.name: alert for alert in alerts if alert.mjd >= self._since and alert.name not in fetched}
        known = through_restarts(partial(_known, self._stream, list(by_name)))
        yield from sorted((by_name[name] for name in by_name.keys() - known), key=lambda alert: alert.mjd)

    def _fetch(self, received: list[Received], most: int) -> None:
        while self._listed and len(received) < most:
            alert = self._listed[0]
            try:
                value: bytes | BadInput = alert.fetch()
            except Gone as gone:
                value = BadInput(NOT_FETCHED(name=alert.name, problem=gone.message))
            self._listed.popleft()
            self._fetched[alert.name] = self._unstored[alert.name] = alert.mjd
            received.append(Received(0, None, value, alert.name))


def _known(stream: Stream, names: list[str]) -> set[str]:
    """Return which alerts the stream's set has, or the stream has refused; others may be another stream's."""
    members = {"sets__survey": stream.survey_id, "sets__name": stream.subject_set}
    stored = Subject.objects.observed().filter(survey=stream.survey_id, external_id__in=names, **members)
    refused = DeadLetter.objects.filter(stream=stream, name__in=names)
    return {*stored.values_list("external_id", flat=True), *refused.values_list("name", flat=True)}

"""Fink's and ALeRCE's HTTP APIs, as a server on this machine speaks them, read like a topic."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from astropy.time import Time
from django.core.management import call_command

from ml.io.times import mjd_now
from tests.unit.io import packets
from webapp.archive.models import Subject
from webapp.streams import polling
from webapp.streams.apis import Alerce, Fink
from webapp.streams.http_client import ApiFailed, HttpClient
from webapp.streams.listen import listen
from webapp.streams.messages import HOST_NOT_ALLOWED, HOST_PRIVATE, NO_ACCESS
from webapp.streams.models import DeadLetter, Stream
from webapp.streams.polling import PolledTopic

pytestmark = pytest.mark.django_db
NOW = mjd_now()


class Broker:
    """What a broker's server has: Avro files or Fink's rows by candid, and the status that it answers with."""

    def __init__(self):
        self.address, self.status, self.asked = "", 200, []
        self.alerts = {}  # candid: (MJD, Avro file)
        self.object = {}  # candid: number of its object, if it is not the only one
        self.gone = set()

    def handle(self, path, query, body):
        self.asked.append(path)
        if self.status != 200:
            return self.status, b""
        candid = int(query["candid"][0] if "candid" in query else body.get("candid", 0))
        if candid in self.gone:
            return 404, b""
        return 200, getattr(self, path.rpartition("/")[2])(candid, path, query, body)

    def latests(self, candid, path, query, body):
        begin, end = (Time(body[name]).mjd for name in ("startdate", "stopdate"))
        rows = [fink_row(number, mjd) for number, (mjd, _) in self.alerts.items() if begin <= mjd <= end]
        return json.dumps(rows[: int(body["n"])]).encode()

    def cutouts(self, candid, path, query, body):
        assert (body["kind"], body["output-format"]) == ("All", "array")
        level = np.full((63, 63), candid, float).tolist()
        return json.dumps({f"b:cutout{name}_stampData": level for name in packets.CHANNELS}).encode()

    def objects(self, candid, path, query, body):
        begin, end = (float(mjd) for mjd in query["lastmjd"])
        assert (query["classifier"], query["class"]) == (["stamp_classifier"], ["asteroid"])
        last = {}
        for n, (mjd, _) in self.alerts.items():
            last[self.object.get(n, n)] = max(mjd, last.get(self.object.get(n, n), 0))
        items = [{"oid": f"ZTF{n}", "lastmjd": mjd} for n, mjd in last.items() if begin <= mjd <= end]
        return json.dumps({"items": sorted(items, key=lambda item: item["lastmjd"])[: int(query["page_size"][0])]})

    def detections(self, candid, path, query, body):
        number = int(path.split("/")[-2].removeprefix("ZTF"))
        own = [(n, mjd) for n, (mjd, _) in self.alerts.items() if self.object.get(n, n) == number]
        return json.dumps([{"candid": str(n), "mjd": mjd, "has_stamp": True} for n, mjd in own]).encode()

    def get_avro(self, candid, path, query, body):
        return self.alerts[candid][1]


def fink_row(number, mjd):
    candidate = packets.LIKE_ZTF | {"candid": number, "objectId": f"ZTF{number}", "fid": 2, "jd": mjd + 2400000.5}
    return {f"i:{name}": value for name, value in candidate.items()} | {"d:rf_kn_vs_nonkn": 0.1}


@contextmanager
def running():
    broker = Broker()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            status, answer = broker.handle(parts.path, parse_qs(parts.query), body)
            answer = answer.encode() if isinstance(answer, str) else answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        broker.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield broker
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def broker(settings, monkeypatch):
    settings.PRIVATE_SCORERS, settings.REMOTE_HOSTS = True, ["127.0.0.1"]
    monkeypatch.setattr(polling, "POLL_EVERY", 0.0)
    with running() as server:
        yield server


def hear(stream, api, reader, polls=2):
    """Listen until the API was asked for its list some times."""
    topic = PolledTopic(Stream.objects.get(), api)
    left = iter(range(20 * polls))
    listen(stream, topic, reader, lambda: next(left, None) is None)
    stream.refresh_from_db()
    return stream


@pytest.mark.parametrize(("api", "name"), [(Fink, "SSO"), (Alerce, "stamp_classifier/asteroid")])
def test_alerts_of_an_api_are_stored_once_and_go_on_at_the_cursor(broker, stream, reader, alert, api, name):
    Stream.objects.update(topic=name)
    broker.alerts = {n: (NOW - 0.5 + n / 1000, alert(n, jd=NOW - 0.5 + 2400000.5)) for n in range(1, 41)}
    hear(stream, api(broker.address), reader)
    assert (stream.stored, stream.known, stream.refused, stream.trouble) == (40, 0, 0, "")
    assert NOW - 0.001 < stream.cursor <= mjd_now()
    fetched = sum(path.endswith(("cutouts", "get_avro")) for path in broker.asked)
    broker.alerts[99] = (NOW - 0.1, alert(99, jd=NOW - 0.1 + 2400000.5))  # late, before the cursor
    hear(stream, api(broker.address), reader)
    assert (stream.messages_read, stream.stored, Subject.objects.count()) == (41, 41, 41)
    assert sum(path.endswith(("cutouts", "get_avro")) for path in broker.asked) == fetched + 1


def test_a_list_that_is_too_long_is_asked_for_in_parts(broker, stream, reader, alert, monkeypatch):
    monkeypatch.setattr("webapp.streams.apis.MOST_OBJECTS", 5)
    Stream.objects.update(topic="stamp_classifier/asteroid")
    broker.alerts = {n: (NOW - 0.9 + n / 40, alert(n, jd=NOW - 1 + 2400000.5)) for n in range(1, 31)}
    broker.object = {2: 30}  # an object of the first and of the last part
    assert hear(stream, Alerce(broker.address), reader).stored == 30


def test_what_cannot_be_fetched_or_read_is_listed_and_not_asked_for_again(broker, stream, reader, alert):
    Stream.objects.update(topic="stamp_classifier/asteroid")
    broker.alerts = {1: (NOW - 0.1, alert(1)), 2: (NOW - 0.1, b"{}"), 3: (NOW - 0.1, alert(3))}
    broker.gone = {3}
    hear(stream, Alerce(broker.address), reader)
    hear(stream, Alerce(broker.address), reader)
    assert (stream.stored, stream.refused) == (1, 2)
    reasons = {letter.name: str(letter.reason) for letter in DeadLetter.objects.all()}
    assert "is not an alert packet of a known survey" in reasons["2"]
    assert "The alert 3 is listed but cannot be fetched. The API has nothing at" in reasons["3"]


def test_trouble_is_told_and_outlasted(broker, stream, reader, alert):
    broker.alerts, broker.status = {1: (NOW - 0.1, alert(1))}, 403
    assert hear(stream, Fink(broker.address), reader).trouble == NO_ACCESS(status=403)
    assert len(broker.asked) > 1
    broker.status = 200
    assert hear(stream, Fink(broker.address), reader).stored == 1
    assert stream.trouble == ""


def test_an_api_that_fails_is_asked_less_and_less_often(broker, stream, monkeypatch):
    monkeypatch.setattr(polling, "POLL_EVERY", 30.0)
    pauses, now = [], [0.0]
    monkeypatch.setattr(polling.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(polling.time, "sleep", lambda seconds: None)
    topic, broker.status = PolledTopic(stream, Fink(broker.address)), 503
    for _ in range(12):
        assert topic.take(10) == []
        pauses.append(topic._next - now[0])
        now[0] = topic._next
    assert pauses[:4] == [7.5, 15.0, 30.0, 60.0]
    assert pauses[-1] == polling.LONGEST_PAUSE
    assert "status 503" in topic.trouble()


@pytest.mark.parametrize(("source", "seconds"), [({"api": "fink"}, 30.0), ({"brokers": "nowhere:1"}, None)])
def test_the_command_records_how_often_it_polls(stream, monkeypatch, source, seconds):
    Stream.objects.update(poll_seconds=7.0)
    monkeypatch.setattr("webapp.console.management.commands.listen.listen", lambda *_: None)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    call_command("listen", stream.topic, survey=stream.survey.slug, **source)
    stream.refresh_from_db()
    assert stream.poll_seconds == seconds


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://example.org/", HOST_NOT_ALLOWED(host="example.org")),
        ("http://127.0.0.1/", HOST_NOT_ALLOWED(host="127.0.0.1")),
        ("https://127.0.0.1/", HOST_PRIVATE(host="127.0.0.1")),
    ],
)
def test_only_allowed_public_hosts_are_asked(settings, address, message):
    settings.PRIVATE_SCORERS, settings.REMOTE_HOSTS = False, ["127.0.0.1"]
    with pytest.raises(ApiFailed) as refused:
        HttpClient().get(address)
    assert refused.value.message == message

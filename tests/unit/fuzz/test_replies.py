"""Whatever a broker's API or an external scorer replies, it is understood or refused, and nothing else happens."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fuzz.damage import FUZZ, damaged, read_or_refused
from webapp.learning import external_scorers
from webapp.learning.external_scorers import ExternalScorerFailed
from webapp.streams.apis import Alerce, Fink
from webapp.streams.http_client import ApiFailed

NOW = 60_000.0
ROW = {"i:candid": 2459000123, "i:objectId": "ZTF20abc", "i:jd": NOW + 2_400_000.5, "i:fid": 1}
CUTOUTS = {"b:cutoutScience_stampData": [[1.0, 2.0], [3.0, 4.0]]}
OBJECTS = {"items": [{"oid": "ZTF20abc", "lastmjd": NOW}]}
DETECTIONS = [{"candid": "2459000123", "mjd": NOW, "has_stamp": True}, {"candid": "1", "mjd": NOW, "has_stamp": False}]
SCORES = {"version": "v1", "p_real": [0.1, 1, 0.5]}
LEFT_OUT = object()
ODD = [LEFT_OUT, None, True, 0, -1, 10**400, 1e300, -1e300, float("nan"), float("inf"), "", "\0", "\ud800", "9" * 400,
       "é/../?&#", [], {}, [[]], {"a": 1}]  # fmt: skip


def changed(valid):
    """Yield what the reply could be instead: one value in it, at any depth, is odd or left out."""
    yield from (value for value in ODD if value is not LEFT_OUT)
    for key in valid if isinstance(valid, dict) else range(len(valid)) if isinstance(valid, list) else ():
        for value in (LEFT_OUT, *changed(valid[key])):
            other = valid.copy()
            if value is LEFT_OUT:
                del other[key]
            else:
                other[key] = value
            yield other


def replies(valid):
    """Return bytes: damaged replies, and sound JSON with an odd value."""
    return st.one_of(damaged(json.dumps(valid).encode()), st.sampled_from(odd(valid)))


def odd(valid):
    return [json.dumps(value).encode() for value in changed(valid)]


class Client:
    """Answers each address by the word in it."""

    def __init__(self, **answers):
        self.answers = answers

    def get(self, address, body=b""):
        address.encode("ascii")  # as the real one does
        return next(answer for word, answer in self.answers.items() if word in address)

    post = get


def ask(api, **answers):
    """Poll; all that the listener stores of a list must be fit for the database, and each alert is had or refused."""
    api._client = Client(**answers)
    found = read_or_refused(lambda: api.alerts("stamp_classifier/asteroid", NOW - 1, NOW + 1), ApiFailed)
    for alert in found[0] if found else []:
        assert alert.mjd < NOW + 2, "the cursor never goes back, so one wrong time would stop the stream"
        assert alert.name.isprintable()
        assert len(alert.name) <= 200
        message = read_or_refused(alert.fetch, ApiFailed)
        assert message is None or isinstance(message, bytes)


@given(replies([ROW, ROW]), replies(CUTOUTS))
@FUZZ
def test_fink(rows, cutouts):
    ask(Fink(), latests=rows, cutouts=cutouts)


def test_an_odd_row_of_fink():
    for rows in odd([ROW]):
        ask(Fink(), latests=rows, cutouts=json.dumps(CUTOUTS).encode())


@given(replies(OBJECTS), replies(DETECTIONS))
@FUZZ
def test_alerce(objects, detections):
    ask(Alerce(), detections=detections, objects=objects, get_avro=b"Obj")


def test_an_odd_object_of_alerce():
    for objects in odd(OBJECTS):
        ask(Alerce(), detections=json.dumps(DETECTIONS).encode(), objects=objects, get_avro=b"Obj")


def test_an_odd_detection_of_alerce():
    for detections in odd(DETECTIONS):
        ask(Alerce(), detections=detections, objects=json.dumps(OBJECTS).encode(), get_avro=b"Obj")


def check(answer):
    found = read_or_refused(lambda: external_scorers._checked(answer, 3), ExternalScorerFailed)
    if found is not None:
        assert found.version.isprintable(), "it is stored"
        assert ((found.p_real >= 0) & (found.p_real <= 1)).all()


@given(replies(SCORES))
@FUZZ
def test_scores(answer):
    check(answer)


def test_an_odd_score():
    for answer in odd(SCORES):
        check(answer)

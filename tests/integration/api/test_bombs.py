"""A body that asks for far too much is refused with 400."""

import gzip
import time

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def test_json_of_lists_within_lists():
    deep = "[" * 100_000 + "]" * 100_000
    answer = APIClient().post("/api/token/", deep, content_type="application/json")
    assert answer.status_code == 400
    assert "too many lists" in answer.json()["detail"]


PART = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\nx\r\n'
FORM = "multipart/form-data; boundary=b"
BODIES = {
    "a number of two million digits": ("application/json", b'{"username": ' + b"9" * 1_900_000 + b"}"),
    "numbers beyond all bounds": ("application/json", b'{"username": 1e999999999, "password": -Infinity}'),
    "a packed body": ("application/json", gzip.compress(bytes(100 * 2**20))),
    "many fields": (FORM, "".join(PART.format(n) for n in range(30_000)).encode() + b"--b--\r\n"),
    "many empty files": (FORM, PART.format('files"; filename="a.png').encode() * 20_000 + b"--b--\r\n"),
    "a part without end": (FORM, b"--b\r\n" * 300_000),
    "a header without end": (FORM, PART.format("files").replace("\r\n\r\n", "; a=b" * 300_000).encode()),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_asks_for_far_too_much_is_refused_within_a_second(name):
    kind, body = BODIES[name]
    client = APIClient()
    client.get("/api/")
    began = time.process_time()
    answer = client.generic("POST", "/api/token/", body, content_type=kind, headers={"content-encoding": "gzip"})
    assert answer.status_code == 400
    assert answer.json()
    assert time.process_time() - began < 1

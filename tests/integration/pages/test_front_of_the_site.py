"""The site behind its front: only people who may upload can send large files."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connections
from django.test import Client

from tests.integration.learning import sky
from webapp.archive.ingest.create_run import inbox
from webapp.archive.models import Membership, Survey
from webapp.front.server import Front
from webapp.front.threads import Threads
from webapp.wsgi import application

pytestmark = pytest.mark.django_db(transaction=True)

INGEST = "/surveys/night/ingest/start/"
LARGE = 5 * 2**20
TOKEN = "a" * 32


@pytest.fixture(autouse=True)
def limits(settings):
    settings.MAX_UPLOAD = 8 * 2**20


@pytest.fixture
def ask():
    """Send a request through the front; return the status and how much of the body was read."""
    threads, loop = Threads(1), ThreadPoolExecutor(1)  # a browser test leaves a loop in this thread

    def ask(path, body, kind, cookies="", announced=True):
        asked = _ask(Front(application, threads, threads, streams=1), path, body, kind, cookies, announced)
        return loop.submit(asyncio.run, asked).result()

    yield ask
    threads.submit(connections.close_all).result()
    threads.shutdown()
    loop.shutdown()


async def _ask(front, path, body, kind, cookies, announced):
    headers = [(b"host", b"localhost"), (b"content-type", kind.encode()), (b"cookie", cookies.encode())]
    headers += [(b"content-length", str(len(body)).encode()) if announced else (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path, "query_string": b""}
    scope |= {"scheme": "http", "server": ("localhost", 80), "client": ("203.0.113.7", 4711), "headers": headers}
    parts = [body[i : i + 2**16] for i in range(0, len(body), 2**16)] or [b""]
    said = []

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        said.append(message)

    await front(scope, receive, send)
    return said[0]["status"], b"".join(message.get("body", b"") for message in said[1:]).decode()


def form(**files):
    parts = [f'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{TOKEN}\r\n'.encode()]
    for name, content in files.items():
        head = f'--b\r\nContent-Disposition: form-data; name="uploads"; filename="{name}.npy"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join(parts) + b"--b--\r\n"


def cookies_of(user):
    client = Client()
    client.force_login(user)
    return f"csrftoken={TOKEN}; sessionid={client.cookies['sessionid'].value}"


@pytest.fixture
def people(django_user_model):
    users = {name: django_user_model.objects.create_user(name) for name in ("admin", "eve")}
    survey = sky.survey("night")
    Membership.objects.create(user=users["admin"], survey=survey, role="admin")
    return {name: cookies_of(user) for name, user in users.items()} | {"nobody": "", "forged": "sessionid=abc"}


@pytest.mark.parametrize("announced", [True, False])
def test_an_admin_sends_a_large_file(people, ask, announced):
    sent = ask(INGEST, form(night=b"x" * LARGE), "multipart/form-data; boundary=b", people["admin"], announced)
    assert sent[0] == 302
    (folder,) = inbox(Survey.objects.get()).iterdir()
    assert (folder / "night.npy").stat().st_size == LARGE


def test_a_models_weights_may_be_large(people, ask):
    """The form is read, and finds that it lacks its fields."""
    address = "/surveys/night/learning/import/"
    body, kind = form(night=b"x" * LARGE), "multipart/form-data; boundary=b"
    assert {who: ask(address, body, kind, people[who])[0] for who in ("admin", "eve")} == {"admin": 400, "eve": 413}


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(("who", "address"), [("eve", INGEST), ("nobody", INGEST), ("forged", INGEST), ("admin", "/")])
def test_nobody_else_sends_more_than_a_form_holds(people, ask, announced, who, address):
    sent = ask(address, form(night=b"x" * LARGE), "multipart/form-data; boundary=b", people[who], announced)
    assert (sent[0], "Nothing was kept" in sent[1]) == (413, True)


def test_more_than_an_upload_may_have_is_refused_to_an_admin_too(people, ask):
    sent = ask(INGEST, form(night=b"x" * 2 * LARGE), "multipart/form-data; boundary=b", people["admin"], False)
    assert sent[0] == 413


def test_the_api_refuses_too_much_in_json(people, ask):
    status, said = ask("/api/classifications/", b"[" + b" " * LARGE, "application/json")
    assert (status, list(json.loads(said))) == (413, ["detail"])


def test_a_message_reaches_the_api(people, ask):
    status, said = ask("/api/token/", b'{"username": "eve"}', "application/json")
    assert (status, "password" in said) == (400, True)


def test_volunteers_get_subjects_and_answer_while_slow_pages_hold_every_other_thread():
    held, answered = Event(), []

    def site(environ, start):
        if environ["PATH_INFO"] == "/slow/":
            held.wait(30)
        answered.append(environ["PATH_INFO"])
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    async def visit():
        front = Front(site, pages, volunteers, streams=1)
        slow = asyncio.create_task(_ask(front, "/slow/", b"", "text/plain", "", announced=True))
        for path in ("/api/workflows/atlas/next/", "/api/classifications/"):
            await asyncio.wait_for(_ask(front, path, b"{}", "application/json", "", announced=True), 10)
        page = asyncio.create_task(_ask(front, "/", b"", "text/plain", "", announced=True))
        await asyncio.sleep(0.1)
        held.set()
        await asyncio.gather(slow, page)

    with Threads(1) as pages, Threads(1) as volunteers, ThreadPoolExecutor(1) as loop:
        loop.submit(asyncio.run, visit()).result()
    assert answered == ["/api/workflows/atlas/next/", "/api/classifications/", "/slow/", "/"]

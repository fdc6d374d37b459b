"""With a collector named, a request, its SQL and the task that it sends are spans of one trace."""

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.acceptance.running_site import QUICK_UP, manage, running_site

ACCOUNT = {"DJANGO_SUPERUSER_PASSWORD": token_urlsafe(), "DJANGO_SUPERUSER_EMAIL": "ada@example.org"}


@pytest.fixture
def collector():
    """An OTLP collector: its address, and the spans that it has got so far, each with its service."""
    spans = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                (service,) = (
                    each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
                )
                spans.extend((service, span) for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    server.server_close()


def statements(span):
    return [each.value.string_value for each in span.attributes if each.key in ("db.statement", "db.query.text")]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "The span did not come."
        time.sleep(0.2)
    return found


def test_a_request_its_sql_and_its_task_are_one_trace(tmp_path, collector):
    address, spans = collector
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    data = tmp_path / "var"
    with running_site(data, program=QUICK_UP, WEB_WORKERS="1", **traced) as site:
        manage(data, "createsuperuser", "--no-input", "--username", "ada", **ACCOUNT)
        account = {"username": "ada", "password": ACCOUNT["DJANGO_SUPERUSER_PASSWORD"]}
        token = httpx.post(f"{site.address}/api/token/", json=account, timeout=60).json()["token"]
        (data / "inbox" / "night" / "first").mkdir(parents=True)
        with httpx.Client(base_url=site.address, headers={"Authorization": f"Token {token}"}, timeout=60) as client:
            assert client.post("/api/surveys/", json={"slug": "night", "name": "Night"}).status_code == 201
            started = client.post("/api/ingest-runs/", json={"survey": "night", "path": "first"})
        assert started.status_code == 201, started.text

        def of(service, name):
            return [span for who, span in list(spans) if who == service and name in span.name]

        (request,) = wait_for(lambda: of("wanderers-web", "POST api/ingest-runs/"))
        task = wait_for(lambda: of("wanderers-worker", "run/tasks.ingest"))[0]
        assert task.trace_id == request.trace_id
        sql = [text for _, span in list(spans) if span.trace_id == request.trace_id for text in statements(span)]
    assert any(text.startswith("INSERT INTO") and "archive_ingestrun" in text for text in sql)
    assert not any(token in text or "'night'" in text for text in sql), "values are left out"

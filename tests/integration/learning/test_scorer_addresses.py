"""Which addresses of external scorers are asked, and how they are shown."""

import socket

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from tests.integration.learning import scorer_server
from tests.integration.learning.scorer_server import SECRET
from webapp.core.public_network import is_public
from webapp.learning import external_scorers
from webapp.learning.external_scorers import (
    ExternalScorerFailed,
    address_without_query,
    public_address,
    register_scorer,
)
from webapp.learning.models import ExternalScorer, TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public_only(settings):
    settings.PRIVATE_SCORERS = False


REFUSED = [
    "http://example.org/score", "ftp://example.org/", "https://", "https://me:secret@example.org/",
    "https://example.org/#x", "https://exämple.org/", "https://example.org/a b", "https://example.org:99999/", "x",
    "https://127.0.0.1/", "https://localhost:8000/", "https://[::1]/", "https://169.254.169.254/", "file:///etc/passwd",
]  # fmt: skip


def test_an_address_that_may_not_be_asked_is_not_stored(workflow):
    for address in REFUSED:
        with pytest.raises(ValidationError):
            register_scorer(workflow=workflow, name="Elsewhere", address=address, secret=SECRET, by=None)
    assert not ExternalScorer.objects.exists()
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1",
        "fec0::1",
    ],
)  # fmt: skip
def test_private_addresses_are_not_connected_to(monkeypatch, address):
    assert not is_public(address)
    assert is_public("93.184.215.14")
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.215.14", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(ExternalScorerFailed, match="private address"):
        public_address("rebound.example.org", 443)


@pytest.mark.parametrize("login", ["", "me:hush@"])
def test_an_address_is_shown_without_what_may_be_a_key(login):
    scorer = ExternalScorer(address=f"https://{login}Example.org:8443/score?key=hush#hush")
    assert address_without_query(scorer) == "https://Example.org:8443/score"


def test_a_private_scorer_gets_no_request(workflow):
    with scorer_server.running() as server:
        scorer = ExternalScorer(workflow=workflow, address=server.address.replace("http:", "https:"), secret=SECRET)
        with pytest.raises(ExternalScorerFailed, match="private address"):
            external_scorers.ask(scorer, "stamp", [{}], np.zeros((1, 1, 1, 4, 4), dtype=np.float32))
        assert not server.requests

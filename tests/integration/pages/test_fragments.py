"""A part of a page that is opened by itself (a middle click, a reload, a shared link) leads to the page around it."""

import pytest
from django.test import Client

from tests.integration.everything import make_everything, make_people
from tests.integration.people import HTMX
from tests.integration.routes import all_routes

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader():
    client = Client(raise_request_exception=False)
    client.force_login(make_people(make_everything())["administrator"])
    return client


def is_part(answer):
    is_html = answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
    return is_html and "<html" not in answer.text


def opened(reader, address):
    answer = reader.get(address, {"p": "1"})
    list(answer) if answer.streaming else None  # which closes its files
    return answer


def test_a_browser_gets_whole_pages_only_and_parts_lead_to_theirs(reader):
    addresses = {route.key: route.address for route in all_routes() if "get" in route.methods}
    answers = {name: opened(reader, address) for name, address in addresses.items()}
    assert [name for name, answer in answers.items() if is_part(answer)] == []
    led = [name for name, answer in answers.items() if answer.status_code == 302]
    parts = [name for name in led if is_part(reader.get(addresses[name], headers=HTMX))]
    assert {"ingest-progress", "desk-count", "similar", "classify-figures", "import-progress"} <= {*parts}
    assert [name for name in parts if not answers[name].url.endswith("/?p=1")] == []
    assert [name for name in parts if "<html" not in reader.get(answers[name].url).text] == []

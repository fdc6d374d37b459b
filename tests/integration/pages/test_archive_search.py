"""Archive search costs the same in a large archive as in a small one, and is rate-limited by address."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.learning import sky
from webapp.archive.models import Membership
from webapp.archive.subject_views import SearchRate

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/"
MANY = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, metadata,
        gold_label, gold_source, created_at)
    SELECT %s, 'ZTF' || (n * 7919 %% 100003), 'stamp', n, 'group' || n, 'a', n, '{}', '', '', now()
    FROM generate_series(1, 30000) AS n
"""


@pytest.fixture
def survey():
    cache.clear()
    return sky.survey("night")


@pytest.fixture
def many(survey):
    with connection.cursor() as cursor:
        cursor.execute(MANY, [survey.pk])
        cursor.execute("ANALYZE archive_subject")


def how(client, **looked_for):
    """The query plan of the subjects' page."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(PAGE, looked_for).status_code == 200
    (statement,) = [each["sql"] for each in asked if 'FROM "archive_subject"' in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement)
        return "\n".join(row[0] for row in cursor)


@pytest.mark.parametrize("text", ["ZTF999", "ztf1234", "nothing", "%_", "x" * 100])
def test_a_strangers_search_reads_an_index_and_not_the_archive(many, client, text):
    assert "subject_by_name" in how(client, text=text)


def test_a_beginning_that_many_names_share_is_paged_through_in_the_order_of_names(many, client):
    plan = how(client, text="ztf9")
    assert "subject_by_name" in plan
    assert plan.count("Sort  (") == plan.count("Incremental Sort  ("), "a page of many names costs as a page of few"
    names, address = [], f"{PAGE}?text=ztf12"
    while address:
        page = client.get(address)
        names += [row.external_id for row in page.context["subjects"]]
        address = f"{PAGE}?{page.context['next']}" if page.context["next"] else ""
    archive = (f"ZTF{n * 7919 % 100003}" for n in range(1, 30001))
    assert names == sorted(name for name in archive if name.startswith("ZTF12"))
    assert len(names) > 100


@pytest.mark.parametrize("looked_for", [{"kind": "cube"}, {"kind": "cube", "text": "ZTF9"}])
def test_a_kind_that_is_not_there_is_looked_up(many, client, looked_for):
    assert "Seq Scan" not in how(client, **looked_for)
    assert "archive_subject_pkey" not in how(client, **looked_for)


def test_strangers_find_the_beginning_of_a_name_and_scientists_any_part(survey, client, django_user_model):
    sky.subjects(survey, [True], prefix="comet-")
    assert "comet-0" in client.get(PAGE, {"text": "COMET"}).content.decode()
    assert "comet-0" not in client.get(PAGE, {"text": "met"}).content.decode()
    ann = django_user_model.objects.create(username="ann")
    Membership.objects.create(user=ann, survey=survey, role="scientist")
    client.force_login(ann)
    assert "comet-0" in client.get(PAGE, {"text": "met"}).content.decode()


def test_many_searches_from_one_address_are_asked_to_wait_and_pages_are_not(survey, client, monkeypatch):
    monkeypatch.setattr(SearchRate, "rate", "5/day")
    codes = [client.get(PAGE, {"text": "a"}).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    assert "Try again in a minute" in client.get(PAGE, {"kind": "stamp"}).content.decode()
    assert client.get(PAGE).status_code == 200
    assert client.get(PAGE, {"text": "a"}, REMOTE_ADDR="198.51.100.7").status_code == 200

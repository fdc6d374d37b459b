"""The archive's orders: every subject once, forth and back, those without a value last; and the exact total."""

import re
from html import unescape

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.learning import sky
from webapp.archive import search_page, subject_total
from webapp.archive.models import Membership, Subject
from webapp.archive.subject_orders import SORTS
from webapp.archive.subject_total import Total
from webapp.consensus.models import Consensus
from webapp.core.bounded_count import count_in_time
from webapp.learning.models import Score

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/"
VALUES = [0.5, None, 0.25, 0.5, 0.75, None, 0.5, 0.125, None, 0.5, 0.5]


@pytest.fixture
def survey(client, django_user_model, monkeypatch):
    """A survey whose scientist reads its archive by three subjects a page."""
    monkeypatch.setattr(search_page, "PER_PAGE", 3)
    cache.clear()
    survey = sky.survey("night")
    user = django_user_model.objects.create(username="ann")
    Membership.objects.create(user=user, survey=survey, role="scientist")
    client.force_login(user)
    return survey


@pytest.fixture
def workflow(survey):
    return sky.workflow(survey)


@pytest.fixture
def values(survey, workflow):
    """What each subject is ordered by: the same in each column, and in another workflow the reverse."""
    rows = sky.subjects(survey, [True] * len(VALUES))
    other = sky.workflow(survey, slug="other")
    champion, shadow = sky.checkpoint(workflow, is_champion=True), sky.checkpoint(other)
    for row, value, opposite in zip(rows, VALUES, reversed(VALUES), strict=True):
        row.mjd = row.rate = row.fitted_rate = row.mag = value
        for model, question, p in ((champion, workflow, value), (shadow, other, opposite)):
            if p is not None:
                sky.votes(question, row, p)
                Score.objects.create(checkpoint=model, subject=row, probabilities=[p], p_real=p, entropy=0.1)
    Subject.objects.bulk_update(rows, ["mjd", "rate", "fitted_rate", "mag"])
    return dict(zip((row.pk for row in rows), VALUES, strict=True))


def walk(client, asked, way):
    """Yield the subjects of this page and of all that follow in one direction."""
    while asked:
        context = client.get(f"{PAGE}?{asked}").context
        yield [row.pk for row in context["subjects"]], context
        asked = context[way]


@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort.removeprefix("-") not in ("", "id", "name")])
def test_every_order_lists_each_subject_once_and_those_without_a_value_last(values, client, sort):
    forth = list(walk(client, f"sort={sort}", "next"))
    found = [pk for page, _ in forth for pk in page]
    assert sorted(found) == sorted(values)
    listed = [values[pk] for pk in found]
    known = [value for value in VALUES if value is not None]
    assert listed == sorted(known, reverse=sort.startswith("-")) + [None] * VALUES.count(None)
    back = list(walk(client, forth[-1][1]["previous"], "previous"))
    assert [page for page, _ in reversed(back)] == [page for page, _ in forth[:-1]]
    again = walk(client, f"sort={sort}", "next")
    assert [next(again)[0], next(again)[0]] == [page for page, _ in forth[:2]], "the order is stable"


def test_posteriors_are_those_of_the_chosen_workflow(values, client):
    first = client.get(PAGE, {"sort": "-posterior", "workflow": "other"})
    assert first.context["subjects"][0].pk == min(values) + len(VALUES) - 1 - VALUES.index(0.75)
    assert 'name="workflow"' in first.content.decode()
    assert "nothing was searched" in client.get(PAGE, {"sort": "posterior", "workflow": "x"}).content.decode()


def headings(page):
    """Return where each of the table's headings leads, and how the table is sorted by it."""
    found = re.findall(r'<th(?: class="n")?(?: aria-sort="(\w+)")?><a href="\?([^"]+)">([^<]+)', page)
    return {title.strip(): (unescape(query), direction) for direction, query, title in found}


def test_the_table_has_what_the_search_sorts_by_and_sorts_by_its_headings(values, client):
    page = client.get(PAGE, {"view": "table", "sort": "-mag", "kind": "stamp"})
    table = headings(page.content.decode())
    assert table["Magnitude"] == ("view=table&sort=mag&kind=stamp", "descending")
    assert table["Name"] == ("view=table&sort=name&kind=stamp", "")
    assert table["Model’s score"] == ("view=table&sort=-p_real&kind=stamp", "")
    assert [row.cells for row in page.context["subjects"]][:1] == [
        ["1858-11-17 18:00 UTC", "0.75", "0.75", "0.75", "0.750", "0.750"]
    ]
    assert "view=table" in page.context["next"]
    assert '<option value="table" selected>' in page.content.decode()
    for query, _ in table.values():
        assert len(client.get(f"{PAGE}?{query}").context["subjects"]) == 3
    second = client.get(f"{PAGE}?{page.context['next']}").content.decode()
    assert "after=" not in str(headings(second)), "another order begins at its first page"


def test_the_table_has_the_chosen_workflows_posteriors_and_says_what_is_unknown(values, client):
    page = client.get(PAGE, {"view": "table", "workflow": "other"})
    shown = [row.cells[-2:] for row in page.context["subjects"]]
    assert shown == [["0.500", "0.500"], ["–", "0.500"], ["0.250", "–"]]
    assert "scores by the champion" in page.content.decode()


def test_without_a_model_or_votes_the_table_stands(survey, client):
    sky.subjects(survey, [True] * 2)
    page = client.get(PAGE, {"view": "table"})
    assert [row.cells[1:] for row in page.context["subjects"]] == [["–"] * 5] * 2


def test_an_order_by_scores_that_do_not_exist_is_the_order_of_keys(survey, client):
    keys = [row.pk for row in sky.subjects(survey, [True] * 4)]
    for sort in ("posterior", "p_real"):
        assert [pk for page, _ in walk(client, f"sort={sort}", "next") for pk in page] == keys
        assert [pk for page, _ in walk(client, f"sort=-{sort}", "next") for pk in page] == keys[::-1]
    assert 'name="workflow"' not in client.get(PAGE).content.decode()


def test_a_place_of_another_order_begins_anew(values, client):
    for sort in ("name", "mag", "-posterior", ""):
        for place in ("3", "3:", "x", "3:y", "-1"):
            assert client.get(PAGE, {"sort": sort, "after": place}).status_code == 200


def test_all_are_counted_on_request_once_for_all_pages(values, client, monkeypatch):
    monkeypatch.setattr(subject_total, "MOST_COUNTED", 5)
    page = client.get(PAGE, {"sort": "-mag"})
    assert (page.context["total"], page.context["all"]) == (Total(5, is_more=True), "sort=-mag&total=true")
    assert 'href="?sort=-mag&amp;total=true"' in page.content.decode()
    page = client.get(f"{PAGE}?{page.context['all']}")
    assert page.context["total"] == Total(len(VALUES))
    assert "11 subjects" in page.content.decode()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"{PAGE}?{page.context['next']}").context["total"] == Total(len(VALUES))
    assert "statement_timeout" not in str(asked.captured_queries)
    assert client.get(PAGE, {"total": "true", "text": "nothing"}).context["total"] == Total(0)


def test_what_one_workflow_judged_is_not_the_total_of_another(values, workflow, client, monkeypatch):
    monkeypatch.setattr(subject_total, "MOST_COUNTED", 1)
    Consensus.objects.update(is_retired=True, retired_reason="consensus")
    Consensus.objects.filter(workflow=workflow, posterior=0.5).update(posterior=0.375)
    for slug, bogus in ((workflow.slug, 7), ("other", 2)):
        page = client.get(PAGE, {"gold": "bogus", "total": "true", "workflow": slug})
        assert page.context["total"] == Total(bogus)


def test_a_count_that_takes_too_long_says_so_and_the_page_is_shown(values, client, monkeypatch):
    monkeypatch.setattr(subject_total, "MOST_COUNTED", 5)
    monkeypatch.setattr(subject_total, "count_in_time", lambda rows: None)
    page = client.get(PAGE, {"total": "true"})
    assert "Counting all would take too long." in page.content.decode()
    assert len(page.context["subjects"]) == 3


def test_a_count_gives_up_in_time_and_leaves_no_limit(values):
    slow = Subject.objects.extra(where=["pg_sleep(0.1) IS NOT NULL"])
    assert count_in_time(slow, seconds=0.05) is None
    assert count_in_time(Subject.objects.all(), seconds=5) == len(VALUES)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)

"""The consensus browser: content and URLs."""

import csv
import re
from html import escape, unescape
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.learning import sky
from webapp.consensus.consensus_rows import refresh_models
from webapp.consensus.models import Consensus
from webapp.learning.models import Score
from webapp.learning.promotion import promote
from webapp.learning.scores import write_scores
from webapp.review.rulings import rule

pytestmark = pytest.mark.django_db
ADDRESS = "/surveys/night/consensus/night/"
HISTOGRAMS = f"{ADDRESS}histograms/"


@pytest.fixture
def consensus(workflow, subjects, scientist):
    """Six subjects: certain yes, certain no, a tie, an unsure one, one with a ruling, and one of known class."""
    make = lambda place, posterior, **votes: sky.votes(  # noqa: E731
        workflow, subjects[place], posterior, **{"votes_yes": 0, "votes_no": 0, "votes_unsure": 0, **votes}
    )
    make(0, 0.97, votes_yes=4, votes_no=1, is_retired=True, retired_reason="consensus", follow_ups={"AST": 2})
    make(1, 0.02, votes_no=5)
    make(2, 0.5, votes_yes=2, votes_no=2)
    make(3, 0.4, votes_unsure=3, votes_no=1)
    make(4, 0.6, votes_yes=1)
    make(5, 1.0, votes_yes=3)
    sky.make_gold(subjects[5:], [True])
    rule(subject=subjects[4], workflow=workflow, scientist=User.objects.get(), verdict="no")


def found(client, **query):
    return {each["row"].subject.external_id for each in client.get(ADDRESS, query).context["rows"]}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, "s0 s1 s2 s3 s4 s5"),
        ({"p_min": 0.5}, "s0 s2 s4 s5"),
        ({"p_min": 0.95, "p_max": 1}, "s0 s5"),
        ({"p_max": 0.5}, "s1 s3"),
        ({"votes_min": 4}, "s0 s1 s2 s3"),
        ({"votes_min": 3, "votes_max": 4}, "s2 s3 s5"),
        ({"agree_min": 0.8, "agree_max": 0.9}, "s0"),
        ({"undecided_min": 0.7}, "s3"),
        ({"state": "open"}, "s1 s2 s3 s5"),
        ({"state": "retired"}, "s0 s4"),
        ({"state": "human"}, "s4"),
        ({"answer": "yes"}, "s0 s4 s5"),
        ({"answer": "unsure"}, "s3"),
        ({"answer": "tie"}, "s2"),
        ({"truth": "gold"}, "s4 s5"),
        ({"truth": "ruled"}, "s4"),
        ({"truth": "unruled"}, "s0 s1 s2 s3 s5"),
        ({"truth": "unknown"}, "s0 s1 s2 s3"),
        ({"follow_up": "AST"}, "s0"),
        ({"text": "S3"}, "s3"),
        ({"text": "s"}, "s0 s1 s2 s3 s4 s5"),
        ({"p_min": 0.3, "p_max": 0.45, "votes_min": 4, "answer": "unsure"}, "s3"),
        ({"text": "nothing"}, ""),
    ],
)
def test_each_filter_finds_its_subjects_and_says_how_many(consensus, client, query, names):
    assert found(client, **query) == set(names.split())
    assert client.get(HISTOGRAMS, query).context["total"] == len(names.split())
    table = csv.DictReader(b"".join(client.get(f"{ADDRESS}consensus.csv", query)).decode().splitlines())
    assert {row["external_id"] for row in table} == set(names.split())


def test_subjects_apart_from_the_model(consensus, client, workflow, subjects):
    model = sky.checkpoint(workflow, is_champion=True)
    for subject, p in zip(subjects[:2], (0.1, 0.1), strict=True):
        Score.objects.create(checkpoint=model, subject=subject, probabilities=[p], p_real=p, entropy=0.3)
    refresh_models([subject.pk for subject in subjects])
    assert found(client, gap_min=0.3) == {"s0"}
    page = client.get(ADDRESS, {"sort": "-gap"})
    assert [round(each["row"].gap, 2) for each in page.context["rows"]] == [0.87, 0.08]
    assert f"Model: probability of yes by the champion, model {model.pk}, or by an earlier" in page.content.decode()
    assert f'<span class="quiet small">model {model.pk}</span>' not in page.content.decode()


def test_a_filter_that_is_not_accepted_is_named_and_no_file_is_made_without_it(consensus, client):
    wrong = {"p_min": "0,9", "agree_min": "2", "answer": "yes"}
    assert found(client, **wrong) == {"s0", "s4", "s5"}, "the other filters hold"
    page = client.get(ADDRESS, wrong)
    assert page.status_code == 400
    text = page.content.decode()
    assert all(words in text for words in ("Not accepted:", "Enter a number."))
    assert '<details class="more" open>' in text, "it holds one of the fields"
    for file in ("consensus.csv", "posterior.csv"):
        assert client.get(f"{ADDRESS}{file}", wrong).status_code == 400


def test_the_file_says_which_model_gave_each_score(consensus, client, workflow, subjects):
    first, second = sky.checkpoint(workflow), sky.checkpoint(workflow)
    for model, scored in ((first, subjects[:2]), (second, subjects[:1])):
        promote(checkpoint=model, by=None, reason="Better.")
        p = np.full(len(scored), 0.25)
        write_scores(model.pk, np.array([subject.pk for subject in scored]), np.column_stack([1 - p, p]), p)
    table = csv.DictReader(b"".join(client.get(f"{ADDRESS}consensus.csv")).decode().splitlines())
    said = [(row["external_id"], row["p_model"], row["model"]) for row in table]
    assert said[:3] == [("s0", "0.25", str(second.pk)), ("s1", "0.25", str(first.pk)), ("s2", "", "")]


def test_a_row_names_the_earlier_champion_that_scored_it(consensus, client, workflow, subjects):
    first, second = sky.checkpoint(workflow), sky.checkpoint(workflow)
    for model, scored in ((first, subjects[:3]), (second, subjects[:1])):
        promote(checkpoint=model, by=None, reason="Better.")
        p = np.full(len(scored), 0.25)
        write_scores(model.pk, np.array([subject.pk for subject in scored]), np.column_stack([1 - p, p]), p)
    first.scores.filter(subject=subjects[2]).delete()
    page = client.get(ADDRESS, {"sort": "name"}).content.decode()
    marks = re.findall(r'<td>0.250 <span class="quiet small">(.*?)</span></td>', page)
    assert marks == [f"model {first.pk}", "an earlier champion"]
    assert "<td>0.250</td>" in page, "the champion's own needs no mark"


def key(name, row):
    share = lambda n: n / row.votes  # noqa: E731
    most = max(row.votes_yes, row.votes_no, row.votes_unsure)
    keys = {"votes": row.votes, "agreement": share(most), "undecided": share(row.votes_unsure)}
    others = {"posterior": row.posterior, "updated": row.updated_at, "name": row.subject.external_id}
    return (keys | others)[name], row.pk


@pytest.mark.parametrize("name", ["posterior", "votes", "agreement", "undecided", "updated", "name"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_order_pages_to_the_end_and_back(consensus, client, monkeypatch, name, sign):
    monkeypatch.setattr("webapp.review.browser_views.PER_PAGE", 2)
    query, pages = f"sort={sign}{name}", []
    while query:
        page = client.get(f"{ADDRESS}?{query}")
        pages.append([each["row"].pk for each in page.context["rows"]])
        last, query = page, page.context["next"]
    shown = [pk for each in pages for pk in each]
    assert len(set(shown)) == 6
    assert shown == [
        row.pk for row in sorted(Consensus.objects.all(), key=lambda row: key(name, row), reverse=bool(sign))
    ]
    back = client.get(f"{ADDRESS}?{last.context['previous']}")
    assert [each["row"].pk for each in back.context["rows"]] == pages[-2]
    assert back.context["next"]
    first = client.get(f"{ADDRESS}?{back.context['previous']}")
    assert [each["row"].pk for each in first.context["rows"]] == pages[0]
    assert not first.context["previous"]


def test_histograms_count_what_the_other_filters_let_through(consensus, client):
    page = client.get(HISTOGRAMS, {"p_min": 0.95, "agree_min": 0.9}).context["plots"]["plots"]
    posterior, agreement = page["posterior"], page["agreement"]
    assert (sum(posterior["n"]), posterior["n"][0], posterior["n"][19]) == (3, 1, 1)  # s1, s4, s5 agree so far
    assert (sum(agreement["n"]), agreement["n"][8], agreement["n"][9]) == (2, 1, 1)  # s0 and s5
    assert [low for low, is_in in zip(posterior["low"], posterior["is_wanted"], strict=True) if is_in] == [0.95]
    [bar] = [query for query, n in zip(posterior["query"], posterior["n"], strict=True) if n and "p_min=0.0&" in query]
    assert found(client, **dict(pair.split("=") for pair in bar.split("&"))) == {"s1"}
    table = b"".join(client.get(f"{ADDRESS}agreement.csv", {"p_min": 0.95})).decode().splitlines()
    assert table[0] == "agreement_from,agreement_below,subjects"
    assert "0.8,0.9,1" in table


def test_the_list_does_not_wait_for_the_histograms_and_asks_for_them_with_its_filters(consensus, client):
    with CaptureQueriesContext(connection) as asked:
        page = client.get(ADDRESS, {"p_min": 0.5, "answer": "yes", "sort": "name"}).content.decode()
    assert not [query["sql"] for query in asked.captured_queries if "p_bin" in query["sql"]]
    address = unescape(re.search(r'hx-get="([^"]+)"', page)[1])
    assert (address.partition("?")[0], page.count(f'href="{escape(address)}">Show as a table')) == (HISTOGRAMS, 2)
    histograms = client.get(address).content.decode()
    assert '<h2 id="subjects">3 subjects</h2>' in histograms
    [bar] = re.findall(r'href="([^"]+)#subjects">1</a></td></tr><tr><td>0.65', histograms)
    assert found(client, **dict(parse_qsl(urlsplit(unescape(bar)).query))) == {"s4"}


def test_part_of_a_name_finds_it_by_its_index(workflow, scientist, client):
    for row in sky.subjects(workflow.survey, [True, True], prefix="2026-AB-"):
        sky.votes(workflow, row, 0.5)
    with CaptureQueriesContext(connection) as asked:
        assert found(client, text="6-ab-1") == {"2026-AB-1"}
    [search] = [query["sql"] for query in asked.captured_queries if "LIKE" in query["sql"]]
    assert "name_trigrams(" in search


def test_a_page_costs_as_many_queries_with_two_subjects_as_with_many(
    workflow, scientist, client, django_assert_max_num_queries
):
    rows = sky.subjects(workflow.survey, [True] * 60)
    for row in rows:
        sky.votes(workflow, row, 0.5)
    with django_assert_max_num_queries(15):
        assert len(client.get(ADDRESS).context["rows"]) == 50


def test_without_votes_the_page_says_what_will_appear(workflow, scientist, client):
    assert "No votes yet" in client.get(ADDRESS).content.decode()
    practice = sky.workflow(workflow.survey, slug="a-practice", is_training=True)
    assert client.get("/surveys/night/consensus/").context["workflow"] == workflow
    assert client.get("/surveys/night/review/").context["workflow"] == workflow
    for each in (workflow, practice):
        each.delete()
    assert "has no workflow yet" in client.get("/surveys/night/consensus/").content.decode()


def test_no_file_runs_a_name_as_a_formula(workflow, scientist, client):
    [row] = sky.subjects(workflow.survey, [True], prefix="=1+")
    sky.votes(workflow, row, 0.5)
    assert "'=1+0," in b"".join(client.get(f"{ADDRESS}consensus.csv")).decode()
    assert Consensus.objects.get().subject.external_id == "=1+0"

"""The calibration curve, and its caveats."""

import pytest

from tests.integration.learning import sky
from webapp.review import calibration_views
from webapp.review.judged_subjects import judged_subjects
from webapp.review.rulings import rule, withdraw_ruling

pytestmark = pytest.mark.django_db
ADDRESS = "/surveys/night/consensus/night/calibration/"


def test_rulings_are_compared_with_the_posterior_before_them(workflow, subjects, vote, scientist, client):
    vote(subjects[0], "yes", "yes")
    vote(subjects[1], "no")
    first = rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no")
    second = rule(subject=subjects[1], workflow=workflow, scientist=scientist, verdict="no")
    rule(subject=subjects[2], workflow=workflow, scientist=scientist, verdict="yes")  # nobody had answered
    found = judged_subjects(workflow, "rulings")
    assert found.is_yes.tolist() == [False, False]
    assert found.posterior.tolist() == [second.consensus_posterior, first.consensus_posterior]
    page = client.get(ADDRESS)
    assert page.context["curve"].n == 2
    assert "Too few judged subjects: 2 (0 yes, 2 no)." in page.content.decode()
    assert "No conclusion with so few judged subjects." in page.content.decode()
    assert "expected by chance:" not in page.content.decode()
    assert "Brackets show" not in page.content.decode()
    assert "not a random sample" in page.content.decode()
    lines = b"".join(client.get("/surveys/night/consensus/night/calibration.csv")).decode().splitlines()
    assert len(lines) == 3
    withdraw_ruling(ruling=first, by=first.scientist)
    assert len(judged_subjects(workflow, "rulings").is_yes) == 1


def test_with_enough_subjects_the_page_concludes(workflow, subjects, vote, scientist, client, monkeypatch):
    monkeypatch.setattr(calibration_views, "FEW", 6)
    monkeypatch.setattr(calibration_views, "FEW_OF_A_KIND", 2)
    for number, subject in enumerate(subjects):
        vote(subject, "yes")
        rule(subject=subject, workflow=workflow, scientist=scientist, verdict="no" if number % 2 else "yes")
    page = client.get(ADDRESS)
    assert "No conclusion" not in page.content.decode()
    assert "temperature that fits them best" in page.content.decode()
    assert page.context["curve"].temperature > 10  # a yes to each, half of them wrongly: coins


@pytest.mark.parametrize(
    ("temperature", "sentences"),
    [
        (
            2.0,
            ["a posterior of 0.99 (the accept threshold) means 0.9087", "set the thresholds to 0.999898 and 0.000102"],
        ),
        (4.0, ["0.01 (the reject threshold) means 0.241", "No threshold makes up for that"]),
    ],
)
def test_the_temperature_is_translated_into_thresholds(
    workflow, subjects, vote, scientist, client, monkeypatch, temperature, sentences
):
    monkeypatch.setattr(calibration_views, "FEW", 6)
    monkeypatch.setattr(calibration_views, "FEW_OF_A_KIND", 2)
    monkeypatch.setattr("ml.crowd.posterior_calibration.best_temperature", lambda *_: temperature)
    for number, subject in enumerate(subjects):
        vote(subject, "yes", "yes", "yes", reason="random")
        rule(subject=subject, workflow=workflow, scientist=scientist, verdict="no" if number % 2 else "yes")
    page = client.get(ADDRESS, {"random": "on"}).content.decode()
    assert all(sentence in page for sentence in sentences)
    assert "the accept threshold" not in client.get(ADDRESS).content.decode(), "these are not a random sample"


def test_only_what_was_drawn_at_random(workflow, subjects, vote, scientist, client):
    vote(subjects[0], "yes", reason="random")
    vote(subjects[1], "yes", reason="uncertain")
    for subject in subjects[:2]:
        rule(subject=subject, workflow=workflow, scientist=scientist, verdict="yes")
    assert judged_subjects(workflow, "rulings", only_random=True).group.tolist() == ["s0"]
    assert client.get(ADDRESS, {"random": "on"}).context["curve"].n == 1


def test_gold_is_what_the_survey_knew_not_what_was_ruled_or_drawn(workflow, vote, scientist, client):
    known = sky.subjects(workflow.survey, [True] * 2, prefix="known", gold_label="AST", gold_source="manifest")
    drawn = sky.subjects(
        workflow.survey, [True], prefix="drawn", gold_label="AST", gold_source="synthetic", is_synthetic=True
    )
    sky.queue(workflow, [*known, *drawn])
    vote(known[0], "yes")
    vote(drawn[0], "yes")
    assert judged_subjects(workflow, "gold").group.tolist() == ["known0"]
    page = client.get(ADDRESS, {"source": "gold"}).content.decode()
    assert "the curve may be optimistic" in page


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, "has a verdict yet"),
        ({"random": "on"}, "No randomly sampled subject has a verdict"),
        ({"source": "gold"}, "as gold"),
    ],
)
def test_without_judged_subjects_the_page_says_what_to_do(workflow, scientist, client, query, text):
    assert text in client.get(ADDRESS, query).content.decode()
    assert len(b"".join(client.get("/surveys/night/consensus/night/calibration.csv", query)).splitlines()) == 1


def test_the_page_costs_few_queries(workflow, subjects, vote, scientist, client, django_assert_max_num_queries):
    for subject in subjects:
        vote(subject, "yes")
        rule(subject=subject, workflow=workflow, scientist=scientist, verdict="yes")
    with django_assert_max_num_queries(12):
        client.get(ADDRESS)

"""Skill is measured on training subjects, unlocks levels, and is private."""

from datetime import timedelta

import pytest
from django.utils import timezone
from scipy.stats import beta

from tests.integration.people import browser, others
from tests.integration.world import client_of, make_volunteer, make_workflow, vote
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.consensus.access_levels import gate_of, missing_in
from webapp.consensus.evidence import proportion_of
from webapp.consensus.models import Skill
from webapp.consensus.skills import answered_by, most_confused, over_time, sensitivity_of
from webapp.queue.models import Lease
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def easy():
    return make_workflow(subjects=0, gold=30, slug="atlas", training_schedule=[[0, 1.0]])


@pytest.fixture
def hard(easy):
    return make_workflow(subjects=5, slug="hard", level=2, required_skill=0.8)


def answer_gold(volunteer, workflow, label, answers):
    """Answer training subjects of a class, one after another."""
    rows = Subject.objects.filter(gold_label=label, external_id__startswith=workflow.slug).order_by("pk")
    for subject, answer in zip(rows, answers, strict=False):
        vote(volunteer, workflow, subject, answer)


def test_intervals_are_jeffreys():
    share = proportion_of(7, 9)
    assert (share.low, share.high) == pytest.approx(beta.ppf([0.05, 0.95], 7.5, 2.5))
    assert proportion_of(0, 5).low == 0
    assert proportion_of(5, 5).high == 1
    prior = proportion_of(0, 0)
    assert prior.value is None
    assert (prior.low, prior.high) == pytest.approx(beta.ppf([0.05, 0.95], 0.5, 0.5))


def test_a_level_says_what_is_missing_and_opens_when_it_is_shown(easy, hard):
    volunteer = make_volunteer("v")
    client = client_of(volunteer)
    reply = client.get("/api/workflows/hard/next/")
    assert reply.status_code == 403
    sentence = reply.json()["detail"]
    assert "show skill in “ATLAS”" in sentence
    assert "10 more practice images with real movers; 10 more practice images with bogus ones" in sentence
    assert not Lease.objects.exists()
    answer_gold(volunteer, easy, "AST", ["yes"] * 12)
    answer_gold(volunteer, easy, "CR", ["no"] * 8 + ["yes", "unsure"])
    said = client.get("/api/workflows/hard/next/").json()["detail"]
    assert "1 more practice image with a bogus one" in said
    assert "real" not in said.partition("missing")[2]
    rest = Subject.objects.filter(gold_label="CR").order_by("pk")[10:15]
    for subject in rest:
        vote(volunteer, easy, subject, "no")
    low = proportion_of(13, 14).low
    said = client.get("/api/workflows/hard/next/").json()["detail"]
    assert f"skill with bogus ones: {low:.2f} of 0.80" in said
    hard.required_skill = 0.7
    hard.save()
    assert len(client.get("/api/workflows/hard/next/", {"n": 3}).json()["items"]) == 3


def test_the_pages_say_what_is_missing(easy, hard):
    page = browser().get("/").content.decode()
    assert "10 more practice images with real movers" in page
    assert 'href="/classify/hard/"' not in page
    locked = browser().get("/classify/hard/").content.decode()
    assert "10 more practice images with bogus ones" in locked
    assert "page.js" not in locked
    assert 'href="/classify/atlas/"' in locked


def test_ten_of_each_and_certainty_are_both_wanted():
    assert len(missing_in(None, 0.8)) == 2
    assert missing_in(Skill(true_yes_said_yes=20, true_no_said_no=20), 0.8) == []
    assert len(missing_in(Skill(true_yes_said_yes=9, true_no_said_no=20), 0.5)) == 1
    assert (
        len(missing_in(Skill(true_yes_said_yes=15, true_yes_said_no=5, true_no_said_no=15, true_no_said_yes=5), 0.8))
        == 2
    )


def test_a_level_without_one_below_stays_closed(hard, easy):
    easy.delete()
    gate = gate_of(hard, make_volunteer())
    assert (gate.is_open, gate.way) == (False, None)
    assert gate.sentence.endswith("show skill at level 1. No workflow is open there right now.")


def test_who_has_unlocked_a_level_keeps_it_when_the_level_below_closes(easy, hard):
    learner, newcomer = make_volunteer(), make_volunteer()
    for cell in ("true_yes_said_yes", "true_no_said_no"):
        Skill.objects.update_or_create(volunteer=learner, workflow=easy, defaults={cell: 20})
    easy.is_active = False
    easy.save()
    assert gate_of(hard, learner).is_open
    assert (gate_of(hard, newcomer).is_open, gate_of(hard, newcomer).way) == (False, None)
    assert "No workflow is open there" in gate_of(hard, newcomer).sentence
    again = make_workflow(subjects=1, slug="again")
    assert gate_of(hard, newcomer).way == again
    assert gate_of(hard, learner).is_open


def test_the_skill_page_names_the_next_level_and_what_it_still_asks_for(easy, hard):
    volunteer = make_volunteer("own")
    answer_gold(volunteer, easy, "AST", ["yes"] * 7)
    page = browser(volunteer.user).get("/skill/").content.decode()
    following = page[page.index("Next level") : page.index("Your most common mistakes")]
    assert "HARD" in following
    assert "3 more practice images with real movers; 10 more practice images with bogus ones" in following
    Skill.objects.update(true_yes_said_yes=20, true_no_said_no=20)
    page = browser(volunteer.user).get("/skill/").content.decode()
    assert '<a href="/classify/hard/">HARD</a> is open to you.' in page
    Workflow.objects.filter(pk=hard.pk).update(is_active=False)
    assert "Next level" not in browser(volunteer.user).get("/skill/").content.decode()


def test_the_skill_page_shows_ones_own_numbers_and_nobody_elses(easy):
    volunteer = make_volunteer("own")
    answer_gold(volunteer, easy, "AST", ["yes"] * 8 + ["no", "no"])
    answer_gold(volunteer, easy, "CR", ["no"] * 6 + ["yes", "unsure", "no"])
    reply = browser(volunteer.user).get("/skill/")
    page = reply.content.decode()
    share = proportion_of(8, 10)
    assert f"80% ({100 * share.low:.0f}–{100 * share.high:.0f})" in page
    assert "private" in reply["Cache-Control"]
    assert "no-store" in reply["Cache-Control"]
    table = page[page.index("Your most common mistakes") :]
    assert table.index(">Asteroid") < table.index(">Cosmic ray")
    assert table.index(">Wrong<") < table.index(">Seen<")  # what a phone cuts off is what says less
    assert "One unsure answer is not counted." in page
    Classification.objects.filter(answer="unsure").delete()
    assert "Brackets show the 90% interval.<" in browser(volunteer.user).get("/skill/").content.decode()
    for other in others(easy.survey):
        theirs = other.get("/skill/").content.decode()
        assert "Nothing measured yet" in theirs
        assert "80%" not in theirs
        for path in ("/skill/own/", f"/skill/{volunteer.pk}/", "/api/skill/", "/api/skills/"):
            assert other.get(path).status_code == 404


def test_the_points_of_ones_own_curve_are_a_file(easy):
    volunteer = make_volunteer("own")
    answer_gold(volunteer, easy, "AST", ["yes"] * 4 + ["no"])
    reply = browser(volunteer.user).get("/skill/atlas.csv")
    header, *rows = b"".join(reply.streaming_content).decode().splitlines()
    share = proportion_of(4, 5)
    assert header.startswith("answered,until,sensitivity,")
    assert rows[-1].split(",")[0] == "5"
    assert rows[-1].split(",")[2:] == ["0.8", str(share.low), str(share.high), "", "", ""]
    assert "no-store" in reply["Cache-Control"]
    for other in others(easy.survey):
        assert b"".join(other.get("/skill/atlas.csv").streaming_content).decode().splitlines() == [header]
    assert browser(volunteer.user).get("/skill/nothing.csv").status_code == 404


def test_the_curve_ends_with_the_newest_answers(easy):
    volunteer = make_volunteer("v")
    answer_gold(volunteer, easy, "AST", ["no"] * 5 + ["yes"] * 10)
    for minutes, row in enumerate(Classification.objects.order_by("subject")):  # a test is one moment to the database
        Classification.objects.filter(pk=row.pk).update(created_at=timezone.now() + timedelta(minutes=minutes))
    answers = answered_by(volunteer, easy)
    points = over_time(answers)
    assert [points[0].n, points[-1].n] == [1, 15]
    assert points[0].sensitivity.value == 0
    assert points[-1].sensitivity == sensitivity_of(answers)
    assert most_confused(answers)[0].label == "AST"
    assert most_confused(answers[5:]) == []

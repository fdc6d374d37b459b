"""A scientist rules out a known object near a subject: it is unidentified then, and stays so in later comparisons."""

import pytest
from django.contrib.auth.models import User

from tests.integration.known_objects.matching import listed_as_csv, run, settle
from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.known_objects.models import IdentityCheck, RuledOutMatch
from webapp.known_objects.unidentified import identified, unidentified
from webapp.review.rulings import rule, withdraw_ruling

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(catalogue, survey):
    """The settled stamp at an asteroid's place, compared; known objects are gold in its workflow."""
    rows = list(survey.subjects.order_by("pk"))
    settle(survey)
    sky.queue(survey.workflows.get(), rows)
    survey.workflows.update(known_objects_are_gold=True)
    run(survey)
    return rows[0]


@pytest.fixture
def scientist(survey):
    return browser(member(survey, "scientist", "sue"))


def press(who, row, **fields):
    address = f"/surveys/night/known-objects/matches/{row.known_matches.get().pk}/rule-out/"
    return who.post(address, fields, follow=True)


def call_real(row):
    rule(subject=row, workflow=row.survey.workflows.get(), scientist=User.objects.get(username="sue"), verdict="yes")


def page(who, row):
    return " ".join(who.get(f"/surveys/night/subjects/{row.pk}/motion/").content.decode().split())


def source_of_gold(row):
    row.refresh_from_db()
    return row.gold_source


def test_it_is_unidentified_and_no_longer_gold(first, survey, scientist):
    assert (first in identified(survey), source_of_gold(first)) == (True, "known orbit")
    press(scientist, first, note="Ten times too bright.")
    assert (first in identified(survey), source_of_gold(first)) == (False, "")
    call_real(first)
    assert first in unidentified(survey)
    text = page(scientist, first)
    assert "by sue, " in text
    assert "Ten times too bright." in text
    assert "Take back" in text


def test_it_outlasts_the_next_comparison_until_it_is_taken_back(first, survey, scientist):
    press(scientist, first)
    IdentityCheck.objects.all().delete()
    run(survey)
    assert first.known_matches.get().is_ruled_out
    assert first not in identified(survey)
    press(scientist, first, take_back="1")
    assert (first in identified(survey), source_of_gold(first)) == (True, "known orbit")
    assert RuledOutMatch.objects.get().taken_back_at is not None
    IdentityCheck.objects.all().delete()
    run(survey)
    assert not first.known_matches.get().is_ruled_out


def test_with_another_object_near_it_is_still_identified(first, survey, scientist):
    match = first.known_matches.get()
    match.pk, match.designation = None, "433"
    match.save()
    scientist.post(f"/surveys/night/known-objects/matches/{match.pk}/rule-out/")
    assert first.identity_check.candidates == 1
    assert first in identified(survey)
    lines = [line for line in listed_as_csv(scientist, "identified").splitlines() if line.startswith(first.external_id)]
    assert sorted(line.rsplit(",", 1)[1] for line in lines) == ["False", "True"]


def test_a_verdict_taken_back_leaves_no_gold_of_an_object_that_was_ruled_out_meanwhile(first, scientist):
    call_real(first)
    press(scientist, first)
    withdraw_ruling(ruling=first.rulings.get(), by=User.objects.get(username="sue"))
    assert source_of_gold(first) == ""
    assert not first.queue_entries.get().is_gold


def test_a_verdict_taken_back_leaves_gold_of_an_object_that_was_found_meanwhile(first, scientist):
    press(scientist, first)
    call_real(first)
    press(scientist, first, take_back="1")
    withdraw_ruling(ruling=first.rulings.get(), by=User.objects.get(username="sue"))
    assert source_of_gold(first) == "known orbit"
    assert first.queue_entries.get().is_gold


def test_of_a_large_image_nothing_is_ruled_out(first, scientist):
    type(first).objects.filter(pk=first.pk).update(kind="cutout")
    assert "none can be ruled out" in press(scientist, first).content.decode()
    assert not RuledOutMatch.objects.exists()


def test_volunteers_and_strangers_change_nothing(first, survey):
    address = f"/surveys/night/known-objects/matches/{first.known_matches.get().pk}/rule-out/"
    assert browser(member(survey, "volunteer")).post(address).status_code == 403
    assert browser(member(sky.survey("other"), "scientist", "zoe")).post(address).status_code in (403, 404)
    assert browser(None).post(address).status_code in (302, 403)
    assert not RuledOutMatch.objects.exists()
    assert first in identified(survey)

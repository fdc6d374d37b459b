"""Second opinions that were asked for: wanted until somebody gives one, and a third scientist overrules nobody."""

import pytest
from django.urls import reverse

from tests.integration.people import browser, member
from webapp.review.models import Ruling, SecondOpinion
from webapp.review.opinions import ask_second_opinion, give_verdict, withdraw_verdict
from webapp.review.overview import waiting
from webapp.review.queues import queued

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_cached_figures")]

OVERRULES = 'name="overrules"'


@pytest.fixture
def people(survey):
    return [member(survey, "scientist", name) for name in ("ann", "bob", "cy")]


@pytest.fixture
def about(workflow, subjects, people):
    """A subject, and its workflow, on which Ann ruled yes and wants a second opinion."""
    about = {"subject": subjects[0], "workflow": workflow}
    give_verdict(**about, scientist=people[0], verdict="yes")
    ask_second_opinion(**about, by=people[0])
    return about


def wanted(workflow, reader):
    """Return whether the list of wanted second opinions has a subject, and how many the reader's overview counts."""
    counted = {each.query.split("queue=")[1]: each.n for each in waiting(workflow, reader)}
    return queued(workflow, "second").exists(), counted.get("second", 0)


def test_an_opinion_is_wanted_until_it_is_given_and_again_once_it_is_withdrawn(about, workflow, people):
    ann, bob, cy = people
    assert [wanted(workflow, reader) for reader in people] == [(True, 0), (True, 1), (True, 1)]
    give_verdict(**about, scientist=bob, verdict="yes")
    assert wanted(workflow, cy) == (False, 0)
    give_verdict(**about, scientist=ann, verdict="no")  # her changed mind asks nobody again
    assert wanted(workflow, cy) == (False, 0)
    withdraw_verdict(**about, scientist=bob)
    assert wanted(workflow, cy) == (True, 1)


def test_who_asks_again_wants_one_more(about, workflow, people):
    ann, bob, cy = people
    give_verdict(**about, scientist=bob, verdict="no")
    ask_second_opinion(**about, by=ann)
    assert (wanted(workflow, bob), wanted(workflow, cy)) == ((True, 0), (True, 1))
    give_verdict(**about, scientist=cy, verdict="no")
    assert wanted(workflow, cy) == (False, 0)


def test_a_third_scientists_verdict_replaces_none_until_they_are_a_party(about, people):
    ann, bob, cy = people
    subject, workflow = about["subject"].pk, about["workflow"].slug
    pages = [browser(user) for user in (ann, bob, cy)]
    address = reverse("subject", args=["night", subject])
    seen = pages[2].get(address).content.decode()
    assert "Give yours before you look at the first" in seen
    give_verdict(**about, scientist=bob, verdict="no")
    shown = [page.get(address).content.decode() for page in pages]
    assert [OVERRULES in page for page in shown] == [True, True, False]
    assert "Give yours before" not in shown[2]
    assert all("Ask for a second opinion" in page for page in shown)
    pages[2].post(reverse("rule", args=["night", workflow, subject]), {"verdict": "no"})
    assert Ruling.objects.get(withdrawn_at=None).scientist == ann
    assert [each.scientist for each in SecondOpinion.objects.filter(withdrawn_at=None)] == [bob, cy]
    assert OVERRULES in pages[2].get(address).content.decode()

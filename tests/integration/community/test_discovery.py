"""Volunteers who said yes before scientists confirmed a subject are notified and credited; withdrawing revokes it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.integration import world
from webapp.accounts.merge_visitor import merge
from webapp.classifications.models import Classification
from webapp.classify.submit import undo
from webapp.community.models import Discovery, Notification, Profile
from webapp.queue.membership import enqueue_subjects
from webapp.review.models import Ruling
from webapp.review.rulings import rule, withdraw_ruling
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def scientist(django_user_model):
    return django_user_model.objects.create_user("scientist")


@pytest.fixture
def subject(workflow):
    return world.subjects_of(workflow)[0]


def confirm(subject, workflow, scientist, verdict="yes"):
    return rule(subject=subject, workflow=workflow, scientist=scientist, verdict=verdict)


def credited():
    return {str(row.volunteer) for row in Discovery.objects.all()}


def page_of(client, subject):
    return client.get(f"/surveys/atlas/subjects/{subject.pk}/").content.decode()


def test_only_who_said_yes_is_credited_and_told(workflow, subject, scientist, ada, ben, browser_of):
    world.vote(ada, workflow, subject, "yes")
    world.vote(ben, workflow, subject, "no")
    robot = Volunteer.objects.create(is_simulated=True)
    world.vote(robot, workflow, subject, "yes")
    confirm(subject, workflow, scientist)
    assert credited() == {"ada"}
    assert "<span>News</span> (1)" in browser_of(ada).get("/").content.decode()
    assert "<span>News</span>" not in browser_of(ben).get("/").content.decode()
    assert "You said yes to it" in browser_of(ada).get("/you/news/").content.decode()
    for volunteer, figure, words in ((ada, 1, "You are"), (ben, 0, "None yet.")):
        page = browser_of(volunteer).get("/you/statistics/").content.decode()
        assert f'<a href="/you/news/#discoveries">discoveries with you</a></dt><dd>{figure}</dd>' in page
        assert "<p>Next milestone: 10.</p>" in page
        assert words in browser_of(volunteer).get("/you/news/").content.decode().partition('id="discoveries"')[2]


def test_nobody_is_named_before_they_chose_to_be(workflow, subject, scientist, ada, ben, client):
    world.vote(ada, workflow, subject, "yes")
    world.vote(ben, workflow, subject, "yes")
    confirm(subject, workflow, scientist)
    assert "First seen" not in page_of(client, subject), "the verdict is told to those who have answered"
    reader = world.make_volunteer("cat")
    world.vote(reader, workflow, subject, "no")
    client.force_login(reader.user)
    page = page_of(client, subject)
    assert "First seen by 2 volunteers" in page
    assert "ada," not in page
    assert "by ada" not in page
    Profile.objects.update_or_create(user=ada.user, defaults={"credit": "own-name", "display_name": "Ada <L>"})
    Profile.objects.update_or_create(user=ben.user, defaults={"credit": "user-name"})
    named = page_of(client, subject).partition("First seen by:")[2].partition(".</p>")[0]
    assert sorted(named.strip().split(", ")) == ["Ada &lt;L&gt;", "ben"]


def test_whoever_said_yes_first_is_named_first(workflow, subject, scientist, ada, ben, client):
    for volunteer in (ada, ben):
        world.vote(volunteer, workflow, subject, "yes")
        Profile.objects.create(user=volunteer.user, credit="user-name")
    answers = Classification.objects.filter(volunteer=ben)
    answers.update(created_at=answers.get().created_at - timedelta(hours=1))
    confirm(subject, workflow, scientist)
    client.force_login(ada.user)
    assert "First seen by: ben, ada." in page_of(client, subject)


def test_a_verdict_taken_back_takes_the_credit_back(workflow, subject, scientist, ada, ben, browser_of, client):
    world.vote(ada, workflow, subject, "yes")
    world.vote(ben, workflow, subject, "yes")
    confirm(subject, workflow, scientist)
    browser_of(ben).post("/you/news/read/")
    withdraw_ruling(ruling=Ruling.objects.get(), by=scientist)
    assert credited() == set()
    assert not Notification.objects.filter(volunteer=ada).exists()
    assert [row.kind for row in Notification.objects.filter(volunteer=ben)] == ["taken-back"]
    assert "Confirmed by scientists" not in page_of(client, subject)


def test_a_no_after_a_yes_takes_the_credit_back_and_another_yes_gives_it_once(workflow, subject, scientist, ada):
    world.vote(ada, workflow, subject, "yes")
    confirm(subject, workflow, scientist)
    confirm(subject, workflow, scientist, "no")
    assert credited() == set()
    confirm(subject, workflow, scientist)
    confirm(subject, workflow, scientist)
    assert Discovery.objects.count() == 1


def test_who_is_still_credited_in_another_workflow_hears_of_no_end(workflow, subject, scientist, ada, browser_of):
    other = world.make_workflow(subjects=0, slug="other")
    other.subject_sets.set(workflow.subject_sets.all())
    enqueue_subjects(other)
    for each in (workflow, other):
        world.vote(ada, each, subject, "yes")
        confirm(subject, each, scientist)
    browser_of(ada).post("/you/news/read/")
    withdraw_ruling(ruling=Ruling.objects.get(workflow=workflow), by=scientist)
    assert Discovery.objects.get().workflow == other
    assert {row.kind for row in Notification.objects.all()} == {"confirmed"}
    withdraw_ruling(ruling=Ruling.objects.get(workflow=other), by=scientist)
    assert {row.kind for row in Notification.objects.all()} == {"taken-back"}


def test_who_undoes_a_yes_that_was_just_confirmed_is_not_named_for_it(workflow, subject, scientist, ada):
    answer = world.vote(ada, workflow, subject, "yes").recorded.classification
    confirm(subject, workflow, scientist)
    undo(ada, answer.pk)
    assert credited() == set()
    assert not Notification.objects.exists()


def test_training_subjects_discover_nothing(workflow, subject, scientist, ada):
    world.vote(ada, workflow, subject, "yes")
    Classification.objects.update(reason="training")
    confirm(subject, workflow, scientist)
    assert credited() == set()


def test_what_was_known_all_along_is_no_discovery(scientist, ada):
    workflow = world.make_workflow(subjects=0, gold=2)
    [known] = [row for row in world.subjects_of(workflow, gold=True) if row.gold_label == "AST"]
    world.vote(ada, workflow, known, "yes")
    confirm(known, workflow, scientist)
    assert credited() == set()


def test_a_visitors_credit_goes_to_their_account(workflow, subject, scientist, ada):
    visitor = Volunteer.objects.create()
    world.vote(visitor, workflow, subject, "yes")
    confirm(subject, workflow, scientist)
    merge(visitor, ada)
    assert credited() == {"ada"}
    assert Notification.objects.get().volunteer == ada


@pytest.mark.parametrize(("own_answer", "named"), [("yes", {"ada"}), ("no", set())])
def test_a_visitors_yes_that_gives_way_to_the_accounts_answer_earns_nothing(
    workflow, subject, scientist, ada, own_answer, named
):
    visitor = Volunteer.objects.create()
    world.vote(visitor, workflow, subject, "yes")
    world.vote(ada, workflow, subject, own_answer)
    confirm(subject, workflow, scientist)
    merge(visitor, ada)
    assert credited() == named
    assert Notification.objects.filter(volunteer=ada, kind="confirmed").count() == len(named)


def test_a_yes_after_the_verdict_is_not_credited_when_that_verdict_stands_again(workflow, subject, scientist, ada, ben):
    world.vote(ada, workflow, subject, "yes")
    world.hand(ben, workflow, subject.pk)
    confirm(subject, workflow, scientist)
    world.vote(ben, workflow, subject, "yes")
    Classification.objects.filter(volunteer=ben).update(created_at=timezone.now())
    withdraw_ruling(ruling=confirm(subject, workflow, scientist, "no"), by=scientist, is_undo=True)
    assert credited() == {"ada"}

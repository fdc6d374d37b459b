"""Who also volunteers is told no first verdict that they are to judge without: by news, mail, pictures or practice."""

from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone

from tests.integration.people import browser, member
from tests.integration.world import hand
from webapp.api.classification_serializers import represent_submitted
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.community.models import Discovery, Notification, Profile
from webapp.community.news_mail import deliver
from webapp.guides.field_guide import examples_of
from webapp.review.models import Ruling
from webapp.review.opinions import ask_second_opinion, give_verdict
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(survey):
    return [member(survey, "scientist", name) for name in ("ann", "bob", "cy")]


@pytest.fixture
def seen_by_bob(workflow, subjects, vote, people):
    """A subject to which Bob had said yes as a volunteer, before Ann ruled that it is an asteroid."""
    bob = account_volunteer(people[1])
    vote(subjects[0], "yes", people=[bob])
    about = {"subject": subjects[0], "workflow": workflow}
    give_verdict(**about, scientist=people[0], verdict="yes", label="AST")
    assert Discovery.objects.get().volunteer == bob
    return about


def confirmed_news(reader):
    """Return what the news, whose credits offer to change the name, and the header of a page tell a reader."""
    page = browser(reader).get("/you/news/").content.decode()
    told = [
        words for words in ("You said yes to it", "withdrew their verdict", "Change your display name") if words in page
    ]
    return told, "(1)" in page.split("</header>")[0]


def test_news_of_ones_discovery_wait_until_ones_own_opinion_is_given(seen_by_bob, people):
    ann, bob, _cy = people
    told = (["You said yes to it", "Change your display name"], True)
    assert confirmed_news(bob) == told
    ask_second_opinion(**seen_by_bob, by=ann)
    Notification.objects.filter(kind="opinion").delete()
    assert confirmed_news(bob) == ([], False)
    browser(bob).post("/you/news/read/")
    give_verdict(**seen_by_bob, scientist=bob, verdict="no")
    assert confirmed_news(bob) == told, "it was not marked as read unseen"


def test_no_mail_tells_it_either(seen_by_bob, people, settings, mailoutbox):
    settings.SITE_URL = "https://wanderers.example"
    ann, bob, _cy = people
    EmailAddress.objects.create(user=bob, email="bob@example.org", verified=True, primary=True)
    Profile.objects.create(user=bob, mail="immediate")
    ask_second_opinion(**seen_by_bob, by=ann)
    deliver()
    [mail] = mailoutbox
    assert mail.subject == "News from Wanderers"
    assert "A second opinion on" in mail.body
    assert "confirmed" not in mail.body
    ask_second_opinion(**seen_by_bob, by=ann, is_wanted=False)
    deliver()
    assert mailoutbox[1].subject == "Your discovery was confirmed"


def test_news_that_a_yes_was_withdrawn_would_tell_a_no(seen_by_bob, people):
    ann, bob, _cy = people
    Notification.objects.update(read_at=timezone.now())
    give_verdict(**seen_by_bob, scientist=ann, verdict="no")
    ask_second_opinion(**seen_by_bob, by=ann)
    assert confirmed_news(bob)[0] == []


def test_volunteers_hear_of_their_discovery_at_once(seen_by_bob, people, workflow):
    moderator = member(workflow.survey, "moderator")
    Notification.objects.filter(kind="confirmed").update(volunteer=account_volunteer(moderator))
    ask_second_opinion(**seen_by_bob, by=people[0])
    assert confirmed_news(moderator)[0] == ["You said yes to it"]


def test_the_project_page_and_the_field_guide_do_not_show_its_picture(seen_by_bob, people, workflow, vote):
    ann, bob, _cy = people
    subject = seen_by_bob["subject"]
    workflow.queue.update(is_gold=False)

    def shown(reader):
        page = browser(reader).get("/surveys/night/project/").content.decode()
        guide = examples_of(workflow.survey, ["AST"], account_volunteer(reader))["AST"]
        return reverse("picture", args=[subject.pk, subject.checksum]) in page, guide == [subject]

    ask_second_opinion(**seen_by_bob, by=ann)
    assert (shown(ann), shown(bob)) == ((True, True), (False, False))


@pytest.mark.parametrize(("role", "is_told"), [("scientist", False), ("moderator", True)])
def test_practice_with_it_gives_a_scientist_no_feedback(seen_by_bob, people, workflow, role, is_told):
    ask_second_opinion(**seen_by_bob, by=people[0])
    volunteer, subject = account_volunteer(member(workflow.survey, role, "zoe")), seen_by_bob["subject"]
    hand(volunteer, workflow, subject)
    [submitted] = submit(volunteer, workflow, [Item(uuid4(), subject.pk, "no")])
    assert (represent_submitted(submitted, "training")["feedback"] is not None) == is_told


def test_nothing_is_hidden_from_who_is_not_signed_in(seen_by_bob, people):
    ask_second_opinion(**seen_by_bob, by=people[0])
    assert not Ruling.objects.hidden_from_scientist(AnonymousUser()).exists()

"""Appeals: once, by the person concerned, answered by moderators, and logged. Blocks, which fold and silence."""

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from tests.integration.people import browser, member
from webapp.accounts.delete_account import delete_account
from webapp.archive.models import Survey
from webapp.community.appeals import appeal
from webapp.community.authors import suspensions
from webapp.community.groups import join, open_group, renew_link
from webapp.community.models import (
    Appeal,
    Block,
    Board,
    Comment,
    Group,
    GroupMember,
    ModeratorAction,
    Notification,
    Profile,
)
from webapp.community.moderation import settle
from webapp.community.news_mail import deliver
from webapp.community.talk import post_comment
from webapp.community.threads import open_thread
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def moderator(workflow):
    return member(workflow.survey, "moderator")


@pytest.fixture
def action(subject, ada, moderator):
    """A suspension of ada, whose comment is removed."""
    comment = post_comment(user=ada.user, subject=subject, text="You are all fools.")
    return settle(moderator=moderator, comment=comment, kind="suspended", reason="Be kind.", days=7)


def appealed(person, action, text="It was a quotation."):
    return browser(person).post(reverse("appeal", args=[action.pk]), {"text": text}).status_code


def answered(person, what, answer="We looked again."):
    row = Appeal.objects.get()
    address = reverse("appeal-answer", args=["atlas", row.pk])
    return browser(person).post(address, {"what": what, "answer": answer}).status_code


def test_only_the_person_concerned_appeals_and_once(action, ada, ben, moderator):
    for stranger in (None, ben.user, moderator):
        assert appealed(stranger, action) == 403
    assert appealed(ada.user, action, " ") == 302
    assert not Appeal.objects.exists()
    assert "You can appeal once" in browser(ada.user).get("/you/safety/").content.decode()
    appealed(ada.user, action)
    appealed(ada.user, action, "And again.")
    assert Appeal.objects.get().text == "It was a quotation."
    assert ModeratorAction.objects.filter(kind="appealed", moderator=None).count() == 1


@pytest.mark.parametrize("what", ["granted", "rejected"])
def test_moderators_answer_and_the_log_keeps_it(action, ada, subject, moderator, what):
    appeal(user=ada.user, action=action, text="It was a quotation.")
    told = Notification.objects.filter(kind="appealed", volunteer__user=moderator)
    assert "appealed</a> against a moderator's decision" in browser(moderator).get("/you/news/").content.decode()
    page = browser(moderator).get("/surveys/atlas/moderation/").content.decode()
    assert "It was a quotation." in page
    assert "Moderation (1)" in page
    assert answered(moderator, what, answer="") == 400
    assert Appeal.objects.get().is_granted is None
    answered(moderator, what)
    answered(moderator, "rejected" if what == "granted" else "granted")  # too late
    assert not told.exists()
    is_granted = what == "granted"
    assert Appeal.objects.get().is_granted is is_granted
    assert (Comment.objects.get().removed_at is None) == is_granted
    assert suspensions(ada).exists() != is_granted
    assert ModeratorAction.objects.filter(kind=what, moderator=moderator).count() == 1
    assert Notification.objects.get(kind="answered").volunteer == ada
    page = browser(ada.user).get("/you/safety/").content.decode()
    assert "We looked again." in page
    news = browser(ada.user).get("/you/news/").content.decode()
    assert 'answered your <a href="/you/safety/">appeal</a>' in news
    assert ("The suspension was lifted." in news) == is_granted


def test_who_answers_an_appeal_reads_which_answer_holds(action, ada, moderator):
    row = appeal(user=ada.user, action=action, text="It was a quotation.")
    address = reverse("appeal-answer", args=["atlas", row.pk])
    for what in ("rejected", "granted"):  # the second comes too late
        page = browser(moderator).post(address, {"what": what, "answer": "We looked again."}, follow=True)
        assert "The appeal is rejected." in page.content.decode()


def test_who_is_suspended_reads_until_when_and_why_and_how_to_appeal(action, ada, ben, subject, mailoutbox, settings):
    settings.SITE_URL = "https://wanderers.example"
    EmailAddress.objects.create(user=ada.user, email="ada@example.org", verified=True, primary=True)
    Profile.objects.update_or_create(user=ada.user, defaults={"mail": "immediate"})
    sentence = (
        f"suspended you from posting in the Talk of ATLAS until {action.until:%Y-%m-%d %H:%M} UTC. Reason: Be kind."
    )
    pages = {page: browser(ada.user).get(page).content.decode() for page in ("/you/", "/you/safety/", "/you/news/")}
    assert [page for page, text in pages.items() if sentence in text] == [*pages]
    assert f'href="/you/safety/#action-{action.pk}"' in pages["/you/"]
    assert f'id="action-{action.pk}"' in pages["/you/safety/"]
    assert 'You can <a href="/you/safety/">appeal</a>' in pages["/you/news/"]
    deliver()
    assert sentence in mailoutbox[0].body
    assert "https://wanderers.example/you/safety/" in mailoutbox[0].body
    with pytest.raises(ValidationError, match=r"UTC: Be kind\. Your .* You can appeal under Safety"):
        post_comment(user=ada.user, subject=subject, text="Again.")
    assert "suspended you" not in browser(ben.user).get("/you/").content.decode()
    ModeratorAction.objects.update(until=timezone.now())
    assert "suspended you" not in browser(ada.user).get("/you/").content.decode()


def test_news_of_a_suspension_offer_an_appeal_only_while_there_is_one_to_make(action, ada, moderator):
    def news():
        return browser(ada.user).get("/you/news/").content.decode()

    ModeratorAction.objects.update(reason="Be kind")
    assert "Reason: Be kind. You can <a" in news()
    appealed(ada.user, action)
    assert "You can <a" not in news()
    answered(moderator, "granted")
    assert "Reason: Be kind. The suspension was lifted." in news()
    assert "You can <a" not in news()


def test_who_is_suspended_is_told_to_appeal_only_while_there_is_no_appeal(action, ada, subject, moderator):
    def told():
        note = browser(ada.user).get("/you/").content.decode().partition("suspended you")[2].partition("</div>")[0]
        with pytest.raises(ValidationError) as refused:
            post_comment(user=ada.user, subject=subject, text="Again.")
        texts = "appeal</a> once", "You can appeal", "waits for an answer"
        assert "Your classifications still count." in note
        return [text for text in texts if text in note], [text for text in texts if text in refused.value.message]

    assert told() == (["appeal</a> once"], ["You can appeal"])
    appealed(ada.user, action)
    assert told() == (["waits for an answer"], ["waits for an answer"])
    answered(moderator, "rejected")
    assert told() == ([], [])


def test_who_is_suspended_reads_so_where_the_form_would_be_and_only_in_that_survey(action, ada, ben, subject):
    board = Board.objects.create(survey=subject.survey, name="Help")
    thread = open_thread(user=ben.user, board=board, title="What is a burn?", text="I see stripes.").thread
    post_comment(user=ben.user, subject=subject, text="Hm.")
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere", classes=["A"], positive=["A"])
    other = Board.objects.create(survey=elsewhere, name="Help")
    places = ["subjects", subject.pk], ["talk/threads", thread.pk], ["talk/boards", board.pk]
    places = [f"/surveys/atlas/{name}/{pk}/" for name, pk in places]

    def shown(person, address):
        page = browser(person.user).get(address).content.decode()
        return "suspended you" in page, '<textarea id="comment-text"' in page, "Reply with quote" in page

    assert [shown(ada, each) for each in places] == [(True, False, False)] * 3
    assert [shown(ben, each) for each in places] == [(False, True, True), (False, True, True), (False, True, False)]
    assert shown(ada, f"/surveys/elsewhere/talk/boards/{other.pk}/") == (False, True, False)
    for address in places[1:]:
        refused = browser(ada.user).post(address, {"title": "Why", "text": "But I meant…"}).content.decode()
        assert "But I meant…</textarea>" in refused


def test_nobody_else_answers(action, workflow, ada, ben):
    appeal(user=ada.user, action=action, text="It was a quotation.")
    for stranger in (None, ada.user, ben.user, member(workflow.survey, "volunteer")):
        assert answered(stranger, "granted") == 403
    workflow.survey.memberships.create(user=ada.user, role="moderator")
    assert answered(ada.user, "granted") == 403  # one's own
    assert "Moderation</a>" in browser(ada.user).get("/surveys/atlas/moderation/").content.decode()
    assert not Notification.objects.filter(kind="appealed", volunteer=ada).exists()
    assert Appeal.objects.get().is_granted is None
    assert Comment.objects.get().removed_at is not None


def test_a_granted_appeal_does_not_restore_what_its_author_removed_since(action, ada, moderator):
    appeal(user=ada.user, action=action, text="It was a quotation.")
    Comment.objects.update(removed_because="")
    answered(moderator, "granted")
    assert Comment.objects.get().removed_at is not None


def test_a_blocked_persons_comments_are_folded_and_bring_no_news(subject, ada, ben):
    post_comment(user=ada.user, subject=subject, text="First.")
    comment = post_comment(user=ben.user, subject=subject, text="Nonsense!")
    Notification.objects.all().delete()
    for _ in range(2):
        browser(ada.user).post(reverse("comment-block", args=[comment.pk]))
    assert Block.objects.count() == 1
    post_comment(user=ben.user, subject=subject, text="@ada, I said nonsense!")
    assert not Notification.objects.exists()
    address = reverse("subject", args=["atlas", subject.pk])
    assert browser(ada.user).get(address).content.decode().count("You blocked this person") == 2
    assert "You blocked this person" not in browser(ben.user).get(address).content.decode()
    assert "ben" in browser(ada.user).get("/you/safety/").content.decode()


def test_blocks_are_ones_own(subject, ada, ben):
    comment = post_comment(user=ben.user, subject=subject, text="Hm.")
    assert browser().post(reverse("comment-block", args=[comment.pk])).status_code == 403
    browser(ben.user).post(reverse("comment-block", args=[comment.pk]))  # oneself
    assert not Block.objects.exists()
    browser(ada.user).post(reverse("comment-block", args=[comment.pk]))
    browser(ben.user).post(reverse("block-end", args=[ben.pk]))
    assert Block.objects.get().volunteer == account_volunteer(ada.user)
    browser(ada.user).post(reverse("block-end", args=[ben.pk]))
    assert not Block.objects.exists()


def test_who_leaves_takes_groups_blocks_and_appeals_along(action, ada, ben, moderator):
    appeal(user=ada.user, action=action, text="It was a quotation.")
    Block.objects.bulk_create([Block(volunteer=ada, blocked=ben), Block(volunteer=ben, blocked=ada)])
    renew_link(user=ben.user, group=open_group(user=ben.user, name="Owls"), days=1)
    join(user=ada.user, token=Group.objects.get().token)
    open_group(user=ada.user, name="Mine")
    delete_account(user=ada.user, keep_answers=True)
    assert [model.objects.count() for model in (Appeal, Block)] == [0, 0]
    assert Group.objects.get().name == "Owls"
    assert GroupMember.objects.get().volunteer == ben

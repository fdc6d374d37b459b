"""Moderation: reports, removal, warnings, suspensions, the link filter, the log; strangers change nothing."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.integration.people import account, browser
from webapp.archive.models import Membership
from webapp.classifications.models import Classification
from webapp.community.models import Comment, ModeratorAction, Notification, Report
from webapp.community.tags import tag
from webapp.community.talk import edit, post_comment
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(db):
    return sky.survey("night", channels=["difference"])


@pytest.fixture
def subject(survey):
    return sky.subjects(survey, [True])[0]


@pytest.fixture
def author():
    return account("author")


@pytest.fixture
def comment(author, subject):
    return post_comment(user=author, subject=subject, text="You are all fools.")


@pytest.fixture
def moderator(survey):
    return member(survey, "moderator")


def settled(user, comment, what, because="Be kind."):
    address = reverse("moderation-settle", args=["night", comment.pk])
    return browser(user).post(address, {"what": what, "because": because}).status_code


def experienced(user, survey, n=10):
    workflow = sky.workflow(survey, slug="experience")
    for row in sky.subjects(survey, [True] * n, prefix=f"{user}-"):
        Classification.objects.create(
            id=f"00000000-0000-4000-8000-{row.pk:012}",
            volunteer=account_volunteer(user),
            workflow=workflow,
            subject=row,
            answer="yes",
            reason="new",
        )


def test_a_report_reaches_the_moderators_once(comment, moderator):
    reader = browser(account("reader"))
    for _ in range(2):
        reader.post(reverse("comment-report", args=[comment.pk]), {"because": "It is rude."})
    assert Report.objects.count() == 1
    page = browser(moderator).get("/surveys/night/moderation/").content.decode()
    assert page.count("It is rude.") == 1
    assert "You are all fools." in page


def test_whoever_can_settle_a_report_hears_of_it_until_it_is_settled(comment, author, moderator, survey, subject):
    boss, colleague = account("boss", is_superuser=True), member(survey, "scientist")
    reader = browser(account("reader"))
    reader.post(reverse("comment-report", args=[comment.pk]), {"because": "It is rude."})
    second = post_comment(user=colleague, subject=subject, text="And so are you.")
    browser(author).post(reverse("comment-report", args=[second.pk]), {"because": "Rude too."})
    told = Notification.objects.filter(kind="reported").order_by("volunteer__user__username")
    assert [row.volunteer.user for row in told] == [moderator, colleague]
    news = browser(moderator).get("/you/news/").content.decode()
    assert 'the Talk of night was <a href="/surveys/night/moderation/">reported</a>' in news
    talk = "/surveys/night/talk/"
    assert "Moderation (2)" in browser(moderator).get(talk).content.decode()
    assert "Moderation" not in reader.get(talk).content.decode()
    for row in (comment, second):
        assert settled(moderator, row, "removed") == 302
    assert not told.all().exists()
    assert "Moderation</a>" in browser(moderator).get(talk).content.decode()
    browser(colleague).post(
        reverse(
            "comment-report",
            args=[
                Comment.objects.create(survey=survey, subject=subject, author=account_volunteer(moderator), text="x").pk
            ],
        ),
        {"because": "Odd."},
    )
    assert [row.volunteer.user for row in told.all()] == [boss], "nobody else can look at it"


def test_ones_own_comment_an_empty_reason_and_too_many_reports_are_refused(comment, author, subject):
    browser(author).post(reverse("comment-report", args=[comment.pk]), {"because": "Me."})
    reader = browser(account("reader"))
    reader.post(reverse("comment-report", args=[comment.pk]), {"because": " "})
    assert not Report.objects.exists()
    others = [
        Comment.objects.create(survey=subject.survey, subject=subject, author=comment.author, text="x")
        for _ in range(25)
    ]
    for each in others:
        reader.post(reverse("comment-report", args=[each.pk]), {"because": "Spam."})
    assert Report.objects.count() == 20


@pytest.mark.parametrize("who", [None, "stranger", "author", "volunteer"])
def test_only_moderators_see_the_queue_and_settle(comment, author, survey, who):
    user = {"author": author, None: None}.get(who) or (who and account("x" + who))
    if who == "volunteer":
        user = member(survey, "volunteer")
    client = browser(user)
    assert client.get("/surveys/night/moderation/").status_code == (302 if user is None else 403)
    assert settled(user, comment, "removed") == 403
    comment.refresh_from_db()
    assert comment.removed_at is None
    assert not ModeratorAction.objects.exists()


@pytest.mark.parametrize("what", ["removed", "warned", "suspended:7"])
def test_a_moderator_settles_a_report_and_the_log_keeps_it(comment, author, moderator, what):
    browser(account("reader")).post(reverse("comment-report", args=[comment.pk]), {"because": "It is rude."})
    assert settled(moderator, comment, what) == 302
    comment.refresh_from_db()
    assert comment.removed_because == "Be kind."
    action = ModeratorAction.objects.get()
    assert (action.kind, action.moderator, action.reason) == (what.partition(":")[0], moderator, "Be kind.")
    assert not Report.objects.filter(settled_at=None).exists()
    assert Notification.objects.filter(kind="warned").exists() == (what != "removed")
    page = browser(moderator).get("/surveys/night/moderation/").content.decode()
    assert "No open reports" in page
    assert "Be kind." in page


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("dismissed", "The report is dismissed."),
        ("removed", "The comment is removed."),
        ("warned", "The comment is removed, and its author is warned."),
        ("suspended:7", "The comment is removed, and its author is suspended."),
    ],
)
def test_who_settles_a_report_reads_what_was_done(comment, moderator, what, told):
    address = reverse("moderation-settle", args=["night", comment.pk])
    page = browser(moderator).post(address, {"what": what, "because": "Be kind."}, follow=True)
    assert told in page.content.decode()


@pytest.mark.parametrize("what", ["removed", "warned", "suspended:7"])
def test_authors_do_not_restore_what_they_removed_before_the_moderators_did(comment, author, moderator, what):
    browser(account("reader")).post(reverse("comment-report", args=[comment.pk]), {"because": "It is rude."})
    browser(author).post(reverse("comment-remove", args=[comment.pk]))
    settled(moderator, comment, what)
    assert browser(author).post(reverse("comment-restore", args=[comment.pk])).status_code == 403
    comment.refresh_from_db()
    assert comment.removed_because == "Be kind."


def test_a_dismissed_report_leaves_the_comment(comment, moderator):
    browser(account("reader")).post(reverse("comment-report", args=[comment.pk]), {"because": "I disagree."})
    settled(moderator, comment, "dismissed", because="")
    comment.refresh_from_db()
    assert comment.removed_at is None
    assert not Report.objects.filter(settled_at=None).exists()


def test_a_refused_settlement_keeps_what_was_chosen_and_says_why_in_its_form(comment, moderator):
    for name in ("reader", "second"):
        browser(account(name)).post(reverse("comment-report", args=[comment.pk]), {"because": f"Rude, says {name}."})
    first, second = Report.objects.order_by("pk")
    address = reverse("moderation-settle", args=["night", comment.pk])
    page = browser(moderator).post(address, {"what": "suspended:30", "because": " ", "report": second.pk})
    assert page.status_code == 400
    of_first, of_second = page.content.decode().split("Rude, says second.")
    assert 'value="suspended:30" selected' in of_second
    assert "Not accepted: Give a reason. Everyone can read it." in of_second
    assert "selected" not in of_first.partition("<form")[2].replace('value="dismissed" selected', "")
    assert "Not accepted" not in of_first
    long = browser(moderator).post(address, {"what": "warned", "because": "x" * 201, "report": first.pk})
    assert f'value="{"x" * 201}"' in long.content.decode()
    Report.objects.update(settled_at=timezone.now())
    late = browser(moderator).post(address, {"what": "removed", "because": "", "report": first.pk})
    assert "Give a reason." in late.content.decode()
    assert not ModeratorAction.objects.exists()


@pytest.mark.parametrize(("what", "because"), [("removed", ""), ("suspended:8", "x"), ("deleted", "x"), ("", "x")])
def test_invalid_settlements_change_nothing(comment, moderator, what, because):
    settled(moderator, comment, what, because)
    comment.refresh_from_db()
    assert comment.removed_at is None
    assert not ModeratorAction.objects.exists()


def test_nobody_lifts_their_own_suspension(survey, comment, author, moderator):
    """Not even who has become a moderator since."""
    assert settled(moderator, comment, "suspended:7") == 302
    action = ModeratorAction.objects.get(kind="suspended")
    Membership.objects.create(user=author, survey=survey, role="moderator")
    assert browser(author).post(reverse("moderation-lift", args=["night", action.pk])).status_code == 403
    action.refresh_from_db()
    assert action.lifted_at is None


def test_a_suspended_author_cannot_post_tag_or_edit_until_it_is_over_or_lifted(comment, author, moderator, subject):
    settled(moderator, comment, "suspended:1")
    with pytest.raises(ValidationError, match="suspended"):
        post_comment(user=author, subject=subject, text="Again.")
    with pytest.raises(ValidationError, match="suspended"):
        tag(user=author, subject=subject, name="rude")
    action = ModeratorAction.objects.get()
    assert browser(author).post(reverse("moderation-lift", args=["night", action.pk])).status_code == 403
    browser(moderator).post(reverse("moderation-lift", args=["night", action.pk]))
    later = post_comment(user=author, subject=subject, text="Sorry.")
    ModeratorAction.objects.update(lifted_at=None)
    with pytest.raises(ValidationError, match="suspended"):
        edit(user=author, comment=later, text="Not sorry.")
    log = reverse("moderation", args=["night"])
    assert b">Lift<" in browser(moderator).get(log).content
    ModeratorAction.objects.update(until=timezone.now() - timedelta(seconds=1))
    edit(user=author, comment=later, text="Very sorry.")
    assert b">Lift<" not in browser(moderator).get(log).content


def test_moderators_do_not_suspend_each_other(subject, survey, moderator):
    scientist = member(survey, "scientist")
    comment = post_comment(user=scientist, subject=subject, text="Hm.")
    assert settled(moderator, comment, "suspended:1") == 403
    assert not ModeratorAction.objects.exists()


@pytest.mark.parametrize("text", ["https://spam.example", "[click](//spam.example)", "WWW.spam.example"])
def test_newcomers_post_no_links(author, survey, subject, text):
    with pytest.raises(ValidationError, match="links"):
        post_comment(user=author, subject=subject, text=f"Look: {text}")
    assert not Comment.objects.exists()
    author = get_user_model().objects.get(pk=author.pk)  # nothing of the refused comment is left
    experienced(author, survey)
    post_comment(user=author, subject=subject, text=f"Look: {text}")


def test_nobody_dismisses_reports_of_their_own_comment(subject, survey, moderator):
    own = post_comment(user=moderator, subject=subject, text="You are all fools.")
    Report.objects.create(comment=own, reporter=account_volunteer(account("hurt")), reason="Rude")
    assert settled(moderator, own, "dismissed") == 403
    assert Report.objects.filter(settled_at=None).exists()
    assert settled(member(survey, "scientist"), own, "dismissed") == 302
    assert not Report.objects.filter(settled_at=None).exists()


def test_moderators_warn_and_suspend_without_a_report_where_the_comment_is(survey, subject, comment, moderator):
    post_comment(user=member(survey, "scientist"), subject=subject, text="Please stop.")
    page = browser(moderator).get(f"/surveys/night/subjects/{subject.pk}/").content.decode()
    of_author, of_scientist = page.split("You are all fools.")[1].split("Please stop.")
    address = reverse("moderation-settle", args=["night", comment.pk])
    assert f'action="{address}"' in of_author
    offered = re.findall(r'name="what"|<option value="([^"]+)"', of_author)
    assert offered == ["", "removed", "warned", "suspended:1", "suspended:7", "suspended:30"]
    assert "<option" not in of_scientist
    assert '<input type="hidden" name="what" value="removed">' in of_scientist
    done = browser(moderator).post(address, {"what": "suspended:7", "because": "Be kind."}, follow=True)
    assert done.redirect_chain == [(comment.get_absolute_url(), 302)]
    shown = done.content.decode()
    assert "The comment is removed, and its author is suspended." in shown
    assert "A moderator removed this comment: Be kind." in shown


def test_a_removal_without_a_reason_leads_back_to_the_comment_and_says_so(comment, moderator):
    address = reverse("moderation-settle", args=["night", comment.pk])
    refused = browser(moderator).post(address, {"what": "warned", "because": " "}, follow=True)
    assert refused.redirect_chain == [(comment.get_absolute_url(), 302)]
    assert "Give a reason. Everyone can read it." in refused.content.decode()
    assert not ModeratorAction.objects.exists()


def test_a_removal_on_the_subjects_page_is_logged_too_and_settles_reports(comment, moderator):
    address = reverse("comment-report", args=[comment.pk])
    browser(account("hurt")).post(address, {"because": "Rude."})
    assert Notification.objects.filter(kind="reported").exists()
    browser(moderator).post(reverse("comment-remove", args=[comment.pk]), {"because": "Off topic."})
    assert Report.objects.get().settled_by == moderator
    assert not Notification.objects.filter(kind="reported").exists()
    browser(moderator).post(reverse("comment-restore", args=[comment.pk]))
    assert list(ModeratorAction.objects.order_by("pk").values_list("kind", flat=True)) == ["removed", "restored"]

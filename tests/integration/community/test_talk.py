"""Talk: people with an account comment on a subject; only the author and moderators may remove comments."""

import csv
import io
import zipfile
from datetime import timedelta
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from tests.integration import world
from webapp.accounts.delete_account import delete_account
from webapp.archive.models import Membership
from webapp.community.models import LONGEST, Comment, Notification, Profile
from webapp.community.talk import MOST_IN_AN_HOUR, post_comment, remove, restore
from webapp.queue.assignment_token import assignment_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def moderator(subject):
    volunteer = world.make_volunteer("mod")
    Membership.objects.create(user=volunteer.user, survey=subject.survey, role="moderator")
    return volunteer


@pytest.fixture
def comment(subject, ada):
    return post_comment(user=ada.user, subject=subject, text="It moves.")


def page_of(browser, subject):
    return browser.get(f"/surveys/atlas/subjects/{subject.pk}/").content.decode()


def state_of(comment):
    return Comment.objects.values("text", "edited_at", "removed_at", "removed_by").get(pk=comment.pk)


def test_who_has_an_account_writes_and_everybody_reads(subject, ada, browser_of):
    assert "No comments yet" in page_of(browser_of(), subject)
    response = browser_of(ada).post(f"/talk/about/{subject.pk}/", {"text": "It **moves**.\r\n\r\nDoes it?"})
    assert response.url == f"/surveys/atlas/subjects/{subject.pk}/#comment-{Comment.objects.get().pk}"
    page = page_of(browser_of(), subject)
    assert "<strong>ada</strong>" in page
    assert "<p>It <strong>moves</strong>.</p>" in page
    assert f"/accounts/login/?next=%2Fsurveys%2Fatlas%2Fsubjects%2F{subject.pk}%2F%23talk" in page
    assert "<textarea" not in page


def test_a_passer_by_writes_nothing(subject, client):
    assert client.post(f"/talk/about/{subject.pk}/", {"text": "Hello"}).status_code == 403
    assert not Comment.objects.exists()


def test_the_name_is_the_one_that_its_author_chose(subject, comment, ada, browser_of):
    Profile.objects.create(user=ada.user, display_name="Ada <L>", credit="own-name")
    assert "<strong>Ada &lt;L&gt;</strong>" in page_of(browser_of(), subject)


def test_html_and_scripts_are_harmless(subject, ada, browser_of):
    text = "<script>alert(1)</script> <img src=x onerror=alert(2)> [a](javascript:alert(3)) ![p](https://spy.example/p)"
    Comment.objects.create(
        survey=subject.survey, subject=subject, author=ada, text=text
    )  # as by somebody who may post links
    talk = page_of(browser_of(), subject).partition('id="talk"')[2].partition("</section>")[0]
    assert "&lt;script&gt;alert(1)" in talk
    for harm in ("<script", "<img src", 'href="javascript', "spy.example"):
        assert harm not in talk, harm


@pytest.mark.parametrize("text", ["{{ 7|add:7 }}", "{% debug %}", "{{ request.user }}", "%(x)s {0.real}"])
def test_what_people_write_is_never_a_template(subject, ada, browser_of, text):
    browser_of(ada).post(f"/talk/about/{subject.pk}/", {"text": text})
    assert text in unescape(page_of(browser_of(), subject))


@pytest.mark.parametrize("text", ["", "  \r\n ", "x" * (LONGEST + 1), "a\0b"])
def test_what_is_refused_is_not_stored_and_not_lost(subject, ada, browser_of, text):
    response = browser_of(ada).post(f"/talk/about/{subject.pk}/", {"text": text})
    assert response.status_code == 400
    assert "Not saved yet" in response.content.decode()
    assert response.context["text"] == text
    assert not Comment.objects.exists()


def test_a_comment_of_spaces_is_called_empty(subject, comment, ada, browser_of):
    for address in (f"/talk/about/{subject.pk}/", f"/talk/{comment.pk}/edit/"):
        page = browser_of(ada).post(address, {"text": " \n "}).content.decode()
        assert "The comment is empty. Write something first." in page
        assert "cannot be blank" not in page


def test_only_the_author_edits(subject, comment, ada, ben, moderator, browser_of):
    address, before = f"/talk/{comment.pk}/edit/", state_of(comment)
    for stranger in (None, ben, moderator):
        assert browser_of(stranger).post(address, {"text": "Mine now"}).status_code == 403
    assert browser_of(ben).get(address).status_code == 403
    assert state_of(comment) == before
    assert "It moves." in browser_of(ada).get(address).content.decode()
    assert browser_of(ada).post(address, {"text": "It moved."}).status_code == 302
    page = page_of(browser_of(), subject)
    assert "It moved." in page
    assert "edited" in page


def test_strangers_neither_remove_nor_restore(subject, comment, ada, ben, browser_of):
    before = state_of(comment)
    for stranger in (None, ben):
        for verb in ("remove", "restore"):
            response = browser_of(stranger).post(f"/talk/{comment.pk}/{verb}/", {"because": "I say so"})
            assert response.status_code == 403
    assert state_of(comment) == before
    assert browser_of(ada).get(f"/talk/{comment.pk}/remove/").status_code == 405


def test_an_author_takes_a_comment_back_and_alone_brings_it_back(subject, comment, ada, moderator, browser_of):
    browser_of(ada).post(f"/talk/{comment.pk}/remove/")
    assert "The author removed this comment." in page_of(browser_of(), subject)
    assert "It moves." not in page_of(browser_of(moderator), subject)
    assert browser_of(moderator).post(f"/talk/{comment.pk}/restore/").status_code == 403
    assert browser_of(ada).post(f"/talk/{comment.pk}/edit/", {"text": "New"}).status_code == 403
    assert state_of(comment)["removed_at"] is not None
    browser_of(ada).post(f"/talk/{comment.pk}/restore/")
    assert "It moves." in page_of(browser_of(), subject)


@pytest.mark.parametrize("role", ["moderator", "scientist", "admin"])
def test_who_moderates_removes_with_a_reason_and_brings_back(subject, comment, ada, ben, role, browser_of):
    Membership.objects.create(user=ben.user, survey=subject.survey, role=role)
    answer = browser_of(ben).post(f"/talk/{comment.pk}/remove/", follow=True).content.decode()
    assert "Give a reason" in answer
    assert state_of(comment)["removed_at"] is None
    browser_of(ben).post(f"/talk/{comment.pk}/remove/", {"because": "An advertisement"})
    page = page_of(browser_of(ada), subject)
    assert "A moderator removed this comment: An advertisement" in page
    assert "It moves." not in page
    assert browser_of(ada).post(f"/talk/{comment.pk}/restore/").status_code == 403
    browser_of(ben).post(f"/talk/{comment.pk}/restore/")
    assert "It moves." in page_of(browser_of(), subject)


def test_volunteers_and_other_surveys_moderators_do_not_moderate(comment, ben, browser_of):
    other = type(comment.subject.survey).objects.create(slug="other", name="Other", classes=["A"], positive=["A"])
    Membership.objects.create(user=ben.user, survey=other, role="admin")
    Membership.objects.create(user=ben.user, survey=comment.subject.survey, role="volunteer")
    assert browser_of(ben).post(f"/talk/{comment.pk}/remove/", {"because": "No"}).status_code == 403
    assert state_of(comment)["removed_at"] is None


def test_so_many_an_hour_and_no_more(subject, ada, ben):
    for i in range(MOST_IN_AN_HOUR):
        post_comment(user=ada.user, subject=subject, text=f"Comment {i}")
    with pytest.raises(ValidationError, match="post it later"):
        post_comment(user=ada.user, subject=subject, text="One more")
    post_comment(user=ben.user, subject=subject, text="Others may")
    Comment.objects.filter(author=ada).update(created_at=timezone.now() - timedelta(minutes=61))
    post_comment(user=ada.user, subject=subject, text="An hour later")
    assert Comment.objects.filter(author=ada).count() == MOST_IN_AN_HOUR + 1


def test_who_wrote_before_is_told_once_until_they_read_it(subject, comment, ada, ben, browser_of):
    for text in ("I see it too", "In frame 3"):
        post_comment(user=ben.user, subject=subject, text=text)
    [news] = Notification.objects.all()
    assert (news.volunteer, news.kind) == (ada, "commented")
    page = browser_of(ada).get("/you/news/").content.decode()
    assert "Someone replied about" in page
    assert f"/surveys/atlas/subjects/{subject.pk}/#talk" in page
    browser_of(ada).post("/you/news/read/")
    post_comment(user=ben.user, subject=subject, text="And in frame 4")
    assert Notification.objects.filter(volunteer=ada, read_at=None).count() == 1
    assert not Notification.objects.filter(volunteer=ben).exists()


def test_a_long_talk_is_read_page_by_page(subject, ada, client):
    Comment.objects.bulk_create(
        Comment(survey=subject.survey, subject=subject, author=ada, text=f"word-{i}.") for i in range(103)
    )
    page = page_of(client, subject)
    assert "word-102." in page
    assert "word-2." not in page
    assert page.index("word-3.") < page.index("word-102.")
    fourth = Comment.objects.order_by("pk")[3].pk
    assert f'href="?talk_before={fourth}#talk"' in page
    earlier = client.get(f"/surveys/atlas/subjects/{subject.pk}/?talk_before={fourth}").content.decode()
    assert "word-0." in earlier
    assert "word-3." not in earlier


@pytest.mark.parametrize("keep_answers", [True, False])
def test_who_leaves_leaves_comments_without_a_name_or_none(subject, comment, ada, moderator, keep_answers, client):
    taken_back = post_comment(user=ada.user, subject=subject, text="Forget this")
    remove(user=ada.user, comment=taken_back)
    delete_account(user=ada.user, keep_answers=keep_answers)
    page = page_of(client, subject)
    assert ("It moves." in page, "deleted account" in page) == (keep_answers, keep_answers)
    assert "<strong>ada</strong>" not in page
    assert list(Comment.objects.values_list("author", flat=True)) == ([None] if keep_answers else [])
    if keep_answers:
        remove(user=moderator.user, comment=comment, because="Off topic")
        restore(user=moderator.user, comment=comment)
        assert state_of(comment)["removed_at"] is None


def test_the_export_holds_ones_own_comments(subject, comment, ada, ben, moderator, browser_of):
    post_comment(user=ben.user, subject=subject, text="Not hers")
    remove(user=moderator.user, comment=comment, because="Off topic")
    response = browser_of(ada).post("/you/data/export/")
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        [row] = csv.DictReader(archive.read("comments.csv").decode().splitlines())
    assert (row["text"], row["removed_because"]) == ("It moves.", "Off topic")
    assert not {"author_id", "removed_by_id"} & set(row)


def test_the_reply_to_an_answer_says_where_to_talk(workflow, subject, ada):
    sent = {"id": "7d1a3c52-30b7-4f3e-9a44-3d1f5f0a9b1e", "workflow": "atlas", "subject": subject.pk, "answer": "yes"}
    sent["lease"] = assignment_token(ada.pk, workflow.pk, subject.pk)
    reply = world.client_of(ada).post("/api/classifications/", sent, format="json").json()
    assert reply["about"] == f"/surveys/atlas/subjects/{subject.pk}/"

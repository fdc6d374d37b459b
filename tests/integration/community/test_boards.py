"""Talk's boards and threads: made by admins, pinned and locked by moderators; quoting, history, and the API."""

import re

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from tests.integration.people import account, browser, member
from tests.integration.world import make_workflow, subjects_of
from webapp.accounts.delete_account import delete_account
from webapp.archive.models import Survey
from webapp.community.models import Board, Comment, ModeratorAction, Notification, Thread
from webapp.community.talk import edit, post_comment
from webapp.community.threads import open_thread, save_board
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db
TALK = "/surveys/atlas/talk/"


@pytest.fixture
def survey(db):
    return make_workflow(subjects=2).survey


@pytest.fixture
def board(survey):
    return Board.objects.create(survey=survey, name="Help")


@pytest.fixture
def comment(board):
    return open_thread(user=account("ada"), board=board, title="What is a burn?", text="I see *stripes*.")


def outsiders(survey, *roles):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    return [*(member(survey, role) for role in roles), member(elsewhere, "admin"), None]


def test_admins_make_boards_and_nobody_else(survey):
    for user in outsiders(survey, "volunteer", "moderator", "scientist"):
        for body in ({"what": "usual"}, {"name": "Mine"}):
            assert browser(user).post(f"{TALK}boards/", body).status_code == 403
    assert not Board.objects.exists()
    admin = browser(member(survey, "admin"))
    for _ in range(2):
        admin.post(f"{TALK}boards/", {"what": "usual"})
    assert [row.name for row in Board.objects.all()] == ["General", "Help", "Finds"]
    first = Board.objects.first()
    admin.post(f"{TALK}boards/", {"board": first.pk, "name": "Lounge", "description": "Chat"})
    admin.post(f"{TALK}boards/", {"board": Board.objects.last().pk, "what": "delete"})
    assert [row.name for row in Board.objects.all()] == ["Lounge", "Help"]
    assert "already exists" in admin.post(f"{TALK}boards/", {"name": "Help"}, follow=True).content.decode()
    open_thread(user=account("ada"), board=first, title="A", text="B")
    kept = admin.post(f"{TALK}boards/", {"board": first.pk, "what": "delete"}, follow=True).content.decode()
    assert "Only empty boards" in kept
    assert Board.objects.count() == 2
    page = browser().get(TALK).content.decode()
    assert "Lounge" in page
    assert "1 thread" in page


def test_the_usual_boards_speak_each_readers_language_until_they_are_renamed(survey):
    admin = browser(member(survey, "admin"))
    admin.post(f"{TALK}boards/", {"what": "usual"}, headers={"accept-language": "fr"})
    admin.post(f"{TALK}boards/", {"board": Board.objects.first().pk, "name": "Lounge", "description": "Chat"})
    pages = {language: browser().get(TALK, headers={"accept-language": language}) for language in ("en", "de")}
    english, german = (page.content.decode() for page in pages.values())
    assert "Ask what you don&#x27;t understand." in english
    assert "Ask what you don&#x27;t understand." not in german
    assert "Lounge" in german


def test_a_board_of_another_survey_is_not_found(survey, board):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    admin = browser(member(elsewhere, "admin"))
    changed = admin.post("/surveys/elsewhere/talk/boards/", {"board": board.pk, "name": "Ours"})
    assert changed.status_code == 404
    board.refresh_from_db()
    assert board.name == "Help"
    with pytest.raises(ValidationError):
        save_board(user=member(survey, "admin"), survey=survey, name=" ", description="")


def test_a_thread_is_started_answered_and_posted_once(survey, board):
    address = f"{TALK}boards/{board.pk}/"
    body = {"title": "What is a burn?", "text": "I see stripes."}
    assert browser().post(address, body).status_code == 403
    ada, ben = account("ada"), account("ben")
    answers = [browser(ada).post(address, body) for _ in range(2)]  # a double click
    thread = Thread.objects.get()
    assert {answer.url for answer in answers} == {f"{TALK}threads/{thread.pk}/#comment-{Comment.objects.get().pk}"}
    refused = browser(ada).post(address, {"title": "", "text": "Lost?"})
    assert refused.status_code == 400
    assert "Lost?" in refused.content.decode()
    assert "The title is empty. Write one first." in refused.content.decode()
    for _ in range(2):
        browser(ben).post(f"{TALK}threads/{thread.pk}/", {"text": "A trail of a bright star."})
    assert Comment.objects.count() == 2
    [news] = Notification.objects.all()
    assert (news.volunteer, news.thread, news.get_absolute_url()) == (
        account_volunteer(ada),
        thread,
        f"{TALK}threads/{thread.pk}/",
    )
    assert "What is a burn?" in browser(ada).get("/you/news/").content.decode()
    assert "2 comments" in browser().get(address).content.decode()
    assert browser().get(f"/surveys/elsewhere/talk/threads/{thread.pk}/").status_code == 404


def test_moderators_pin_and_lock_and_it_is_logged(survey, board, comment):
    newer = open_thread(user=account("ben"), board=board, title="Newer", text="Newer")
    address = f"{TALK}threads/{comment.thread_id}/"
    for user in outsiders(survey, "volunteer"):
        for body in ({"what": "locked"}, {"what": "renamed", "title": "Mine"}):
            assert browser(user).post(f"{address}change/", body).status_code == 403
    assert not ModeratorAction.objects.exists()
    moderator = member(survey, "moderator")
    for what in ("pinned", "locked", "locked", "nonsense"):
        browser(moderator).post(f"{address}change/", {"what": what})
    assert [row.kind for row in ModeratorAction.objects.all()] == ["locked", "pinned"]
    page = browser().get(f"{TALK}boards/{board.pk}/").content.decode()
    assert page.index("What is a burn?") < page.index("Newer")
    with pytest.raises(ValidationError, match="locked this thread"):
        edit(user=comment.author.user, comment=comment, text="What I meant…")
    assert list(Comment.objects.filter(thread=comment.thread).values_list("text", flat=True)) == [comment.text]
    assert "Moderators locked this thread" in browser(newer.author.user).get(address).content.decode()
    assert browser(moderator).post(address, {"text": "Enough."}).status_code == 302
    for title in ("What burns are", " "):
        browser(moderator).post(f"{address}change/", {"what": "renamed", "title": title})
    assert Thread.objects.get(pk=comment.thread_id).title == "What burns are"
    assert ModeratorAction.objects.get(kind="renamed").reason == "What is a burn?"


def test_who_writes_while_a_thread_is_locked_keeps_the_text(comment):
    ada = comment.author.user
    Thread.objects.update(is_locked=True)
    for address in (f"{TALK}threads/{comment.thread_id}/", f"/talk/{comment.pk}/edit/"):
        refused = browser(ada).post(address, {"text": "What I meant…"})
        assert refused.status_code == 400
        page = refused.content.decode()
        assert "Moderators locked this thread. Not saved yet. Your text is below." in page
        assert re.search(r"<textarea[^>]*>What I meant…", page)
    api = APIClient()
    api.force_authenticate(ada)
    sent = {"thread": comment.thread_id, "text": "What I meant…"}
    assert api.post("/api/talk/comments/", sent, format="json").status_code == 400
    assert api.patch(f"/api/talk/comments/{comment.pk}/", sent, format="json").status_code == 400
    assert Comment.objects.get().text == comment.text
    assert browser(account("ben")).post(f"/talk/{comment.pk}/edit/", sent).status_code == 403


def test_a_locked_thread_offers_writing_to_moderators_alone(survey, comment):
    moderator = member(survey, "moderator")
    post_comment(user=moderator, thread=comment.thread, text="Enough.")

    def offered(user):
        page = browser(user).get(comment.get_absolute_url()).content.decode()
        return [page.count(f">{each}<") for each in ("Reply with quote", "Edit", "Remove", "Report")]

    assert offered(comment.author.user) == [2, 1, 1, 2]
    Thread.objects.update(is_locked=True)
    assert offered(comment.author.user) == [0, 0, 1, 2]
    assert offered(moderator) == [2, 1, 2, 0]


def test_replies_of_scientists_stand_out(survey, comment):
    post_comment(user=member(survey, "scientist"), thread=comment.thread, text="A trail of charge.")
    page = browser().get(comment.get_absolute_url()).content.decode()
    assert page.count("by-staff") == 1
    assert '<span class="badge">Scientist</span>' in page


def test_a_comment_is_quoted_and_its_history_read(survey, comment):
    ada, ben = comment.author.user, account("ben")
    quoting = browser(ben).get(f"{TALK}threads/{comment.thread_id}/?quote={comment.pk}").content.decode()
    assert "&gt; **ada**\n&gt;\n&gt; I see *stripes*." in quoting
    browser(ada).post(f"/talk/{comment.pk}/edit/", {"text": "I see <b>waves</b>."})
    history = browser().get(f"/talk/{comment.pk}/history/").content.decode()
    assert "<em>stripes</em>" in history
    thread, dated = browser().get(comment.get_absolute_url()).content.decode(), r"\d{4}(-\d\d){2} \d\d:\d\d UTC"
    assert all(re.search(dated, page) for page in (history, thread))
    assert "&lt;b&gt;waves" in history
    browser(ada).post(f"/talk/{comment.pk}/remove/")
    assert browser(ben).get(f"/talk/{comment.pk}/history/").status_code == 403
    assert "stripes" not in browser(ben).get(f"{TALK}threads/{comment.thread_id}/?quote={comment.pk}").content.decode()


def test_nobody_quotes_or_reads_the_history_of_what_they_may_not_read(survey):
    [subject, _other] = subjects_of(survey.workflows.get())
    hidden = post_comment(user=member(survey, "scientist"), subject=subject, text="Clearly a comet")
    ben = browser(account("ben"))
    assert "comet" not in ben.get(f"/surveys/atlas/subjects/{subject.pk}/?quote={hidden.pk}").content.decode()
    assert ben.get(f"/talk/{hidden.pk}/history/").status_code == 403


HOSTILE = {
    "script": ("<script>alert(1)</script>", "&lt;script&gt;"),
    "link": ('[x](javascript:alert(1)) #a"onmouseover=alert(1)', "javascript:alert"),
    "rtl": ("\u202e\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
    "emoji": ("☄️🛰️👩‍🚀", "👩‍🚀"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_as_text(survey, comment, name):
    text, shown = HOSTILE[name]
    Comment.objects.filter(pk=comment.pk).update(text=text)
    page = browser().get(comment.get_absolute_url()).content.decode().partition('class="comments"')[2]
    assert shown in page
    assert "<script>" not in page
    assert 'href="javascript' not in page
    assert "<a onmouseover" not in page


def test_a_bomb_is_refused_and_explained(survey, comment):
    address = f"{TALK}threads/{comment.thread_id}/"
    user = account("ben")
    refused = browser(user).post(address, {"text": "x" * 2**20})
    assert refused.status_code == 400
    assert "Not saved yet" in refused.content.decode()
    links = browser(user).post(address, {"text": "https://spam.example " * 200})
    assert links.status_code == 400
    assert "You can post links after" in links.content.decode()
    assert Comment.objects.count() == 1


def test_tags_mentions_and_addresses_are_links(survey, comment):
    Comment.objects.filter(pk=comment.pk).update(
        text="#Comet? @Ada. or @unknown, see https://example.org/a_b. `#code` [#x](https://example.org) a#b"
    )
    page = browser().get(comment.get_absolute_url()).content.decode()
    assert '<a href="/surveys/atlas/tags/comet/" rel="noopener noreferrer nofollow">#Comet</a>?' in page
    assert 'href="/surveys/atlas/talk/?by=Ada"' in page
    assert 'href="https://example.org/a_b" rel="noopener noreferrer nofollow">https://example.org/a_b</a>.' in page
    assert page.count("/tags/") == 1
    assert "@unknown, see" in page  # nobody of that name has written here
    by = browser().get(f"{TALK}?by=ADA").content.decode()
    assert 'id="comment-' in by
    assert "No results" in browser().get(f"{TALK}?by=nobody").content.decode()


def test_talk_is_read_and_written_by_the_api(survey, board, comment):
    ada, ben, stranger = (APIClient() for _ in range(3))
    ada.force_authenticate(comment.author.user)
    ben.force_authenticate(account("ben"))
    [subject, other] = subjects_of(survey.workflows.get())
    hidden = post_comment(user=member(survey, "scientist"), subject=subject, text="Clearly a comet")
    comments, threads = "/api/talk/comments/", "/api/talk/threads/"
    shown = stranger.get(f"{comments}?survey=atlas").json()["results"]
    assert [row["text"] for row in shown] == ["I see *stripes*."]
    assert stranger.get(f"{comments}{hidden.pk}/").status_code == 404
    assert stranger.post(comments, {"thread": comment.thread_id, "text": "Hi"}, format="json").status_code == 401
    assert ben.post(comments, {"text": "Hi"}, format="json").status_code == 400
    assert ben.post(comments, {"thread": comment.thread_id, "text": "Hi"}, format="json").status_code == 201
    assert ben.post(comments, {"subject": other.pk, "text": "Hi"}, format="json").status_code == 403  # not answered yet
    survey.workflows.get().queue.filter(subject=other).update(is_retired=True)
    assert ben.post(comments, {"subject": other.pk, "text": "Hi"}, format="json").status_code == 201
    assert ben.patch(f"{comments}{comment.pk}/", {"text": "Mine"}, format="json").status_code == 403
    assert ben.delete(f"{comments}{comment.pk}/").status_code == 403
    comment.refresh_from_db()
    assert (comment.text, comment.removed_at) == ("I see *stripes*.", None)
    assert ada.patch(f"{comments}{comment.pk}/", {"text": "Stars"}, format="json").json()["text"] == "Stars"
    assert ada.delete(f"{comments}{comment.pk}/").status_code == 204
    opened = ben.post(threads, {"board": board.pk, "title": "New", "text": "Thread"}, format="json")
    assert opened.status_code == 201
    assert stranger.get(f"{threads}?board={board.pk}").json()["results"][0]["title"] == "New"
    assert stranger.get("/api/talk/boards/?survey=atlas").json()["results"][0]["name"] == "Help"
    moderator = APIClient()
    moderator.force_authenticate(member(survey, "moderator"))
    assert moderator.get(f"{comments}{hidden.pk}/").status_code == 200
    assert moderator.delete(f"{comments}{hidden.pk}/").status_code == 400
    assert moderator.delete(f"{comments}{hidden.pk}/?because=Spoiler").status_code == 204


def test_who_leaves_leaves_no_name_on_a_thread(comment):
    delete_account(user=comment.author.user, keep_answers=True)
    page = browser().get(f"{TALK}threads/{comment.thread_id}/").content.decode()
    assert "deleted account" in page
    assert "ada" not in page.partition('class="comments"')[2]

"""A survey's Talk: what may be read, search, and mentions that notify."""

import pytest

from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.integration.people import account, browser
from webapp.classifications.models import Classification
from webapp.community.models import Notification
from webapp.community.talk import mentioned, post_comment
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db

TALK = "/surveys/night/talk/"


@pytest.fixture
def survey(db):
    return sky.survey("night", channels=["difference"])


@pytest.fixture
def subjects(survey):
    return sky.subjects(survey, [True, False, True])


def page(user=None, query=""):
    return browser(user).get(TALK + query).content.decode()


def test_words_are_searched_in_all_comments_of_the_survey(subjects):
    author = account("author")
    post_comment(user=author, subject=subjects[0], text="A faint comet with a tail")
    post_comment(user=author, subject=subjects[1], text="Only noise, no comet")
    assert page().count('class="words"') == 2
    assert page(query="?q=Comet").count('class="words"') == 2
    assert "faint" in page(query="?q=tail+comet")
    assert "Only noise" not in page(query="?q=tail+comet")
    assert page(query="?q=comet+-noise").count('class="words"') == 1
    assert "No results" in page(query="?q=%00'%22(:*&|")


def test_talk_about_a_subject_is_read_only_after_answering_it(survey, subjects):
    workflow = sky.workflow(survey)
    sky.queue(workflow, subjects)
    reader = account("reader")
    post_comment(user=member(survey, "scientist"), subject=subjects[0], text="Clearly a cosmic ray")
    about = f"/surveys/night/subjects/{subjects[0].pk}/"
    client = browser(reader)
    assert "cosmic ray" not in page(reader) + page() + client.get(about).content.decode()
    assert "No comments yet" not in page(reader)
    assert "Nothing to read yet. Answer more subjects to see what others say about them." in page(reader)
    hidden = client.get(about).content.decode()
    assert "Answer this subject first" in hidden
    assert f'href="/classify/{workflow.slug}/">Go to' in hidden
    Classification.objects.create(
        id="00000000-0000-4000-8000-000000000001",
        volunteer=account_volunteer(reader),
        workflow=workflow,
        subject=subjects[0],
        answer="no",
        reason="new",
    )
    assert "cosmic ray" in page(reader)
    assert "cosmic ray" in client.get(about).content.decode()
    assert "cosmic ray" in page(member(survey, "moderator"))


def test_a_closed_workflow_hides_talk_only_until_the_subject_is_answered_elsewhere(survey, subjects):
    asked, closed = sky.workflow(survey, slug="asked"), sky.workflow(survey, slug="closed", is_active=False)
    for workflow in (asked, closed):
        sky.queue(workflow, subjects)
    asked.queue.update(is_retired=True)
    reader = account("reader")
    post_comment(user=member(survey, "scientist"), subject=subjects[0], text="Clearly a cosmic ray")
    assert "cosmic ray" not in page(reader)
    answered = Classification.objects.create(
        id="00000000-0000-4000-8000-000000000002",
        volunteer=account_volunteer(reader),
        workflow=asked,
        subject=subjects[0],
        answer="no",
        reason="new",
    )
    assert "cosmic ray" in page(reader)
    closed.is_active = True
    closed.save()
    assert "cosmic ray" not in page(reader)
    about = browser(reader).get(f"/surveys/night/subjects/{subjects[0].pk}/").content.decode()
    assert "Another workflow may still ask you about this subject" in about
    closed.is_active = False
    closed.save()
    Classification.objects.filter(pk=answered.pk).update(withdrawn_at=answered.created_at)
    assert "cosmic ray" not in page(reader)


def test_mentioned_people_are_notified_once_and_nobody_else(subjects):
    author, vera = account("author"), account("vera.r")
    account("tom")
    for _ in range(2):
        post_comment(user=author, subject=subjects[0], text="Look, @Vera.R. and @nobody, and @author; mail a@tom")
    account_volunteer(vera)
    assert not Notification.objects.filter(kind="mentioned").exists()  # she has never been here as a volunteer
    post_comment(user=author, subject=subjects[0], text="@vera.r?")
    post_comment(user=author, subject=subjects[0], text="@vera.r!")
    (row,) = Notification.objects.filter(kind="mentioned")
    assert row.volunteer == account_volunteer(vera)
    client = browser(vera)
    assert "mentioned you" in client.get("/you/news/").content.decode()


@pytest.mark.parametrize(
    ("text", "names"),
    [("@a.b. yes", ["a.b"]), ("x@y.z", []), ("(@a) @b, @a", ["a", "b"]), ("@@a", []), ("@", [])],
)
def test_names_after_an_at_sign(text, names):
    assert mentioned(text) == names

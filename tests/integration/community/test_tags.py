"""#tags as data: stored from comments and the button, counted, listed, searched, and turned into a subject set."""

import pytest
from django.core.cache import cache

from tests.integration.people import account, browser, member
from tests.integration.world import make_workflow, subjects_of, vote
from webapp.archive.models import SubjectSet, Survey
from webapp.archive.subject_search import search
from webapp.community.models import SubjectTag
from webapp.community.tags import tags_in
from webapp.community.talk import edit, post_comment, remove, restore
from webapp.review.cases import change_case
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db
TAGS = "/surveys/atlas/tags/"


@pytest.fixture
def workflow(db):
    cache.clear()
    return make_workflow(subjects=3)


@pytest.fixture
def subject(workflow):
    return subjects_of(workflow)[0]


@pytest.fixture
def ada(workflow, subject):
    """Somebody who has answered the subject."""
    user = account("ada")
    vote(account_volunteer(user), workflow, subject)
    return user


def names():
    return sorted(SubjectTag.objects.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#Comet #comet, #fast-mover.", ["comet", "fast-mover"]),
        ("a#b ##c &#d; https://x.org/#e #1 # f", []),
        ("#été", ["été"]),
        ("#" + "x" * 31, []),
    ],
)
def test_tags_in_a_text(text, tags):
    assert tags_in(text) == tags


def test_a_comments_tags_follow_its_text(subject, ada):
    comment = post_comment(user=ada, subject=subject, text="A #comet with a #tail")
    assert names() == ["comet", "tail"]
    edit(user=ada, comment=comment, text="A #comet")
    assert names() == ["comet"]
    remove(user=ada, comment=comment)
    assert names() == []
    restore(user=ada, comment=comment)
    assert names() == ["comet"]


def test_the_button_tags_once_after_an_answer(subject, ada):
    address, body = f"/talk/tag/{subject.pk}/", {"tag": "#Fast mover"}
    assert browser().post(address, body).status_code == 403
    assert browser(account("stranger")).post(address, body).status_code == 403
    assert names() == []
    for _ in range(2):
        browser(ada).post(address, body)
    assert names() == ["fast-mover"]
    page = browser(ada).get(f"/surveys/atlas/subjects/{subject.pk}/").content.decode()
    assert "#fast-mover" in page
    assert "A tag is a word" in browser(ada).post(address, {"tag": "<b>"}, follow=True).content.decode()
    browser(ada).post(address, {"tag": "fast-mover", "what": "remove"})
    assert names() == []


def test_a_tag_gives_no_answer_away(subject, ada):
    post_comment(user=ada, subject=subject, text="#comet")
    about, link = f"/surveys/atlas/subjects/{subject.pk}/", f'href="/surveys/atlas/subjects/{subject.pk}/"'
    for reader in (browser(), browser(account("stranger"))):
        assert "comet" not in reader.get(about).content.decode()
        assert link not in reader.get(f"{TAGS}comet/").content.decode()
        assert "#comet" in reader.get(TAGS).content.decode()
    assert link in browser(ada).get(f"{TAGS}COMET/").content.decode()


def test_tags_are_filters_and_scientists_make_sets_of_them(workflow, subject, ada):
    post_comment(user=ada, subject=subject, text="#comet")
    other = subjects_of(workflow)[1]
    ben = account("ben")
    for each in (subject, other):
        vote(account_volunteer(ben), workflow, each)
        browser(ben).post(f"/talk/tag/{each.pk}/", {"tag": "comet"})
    assert set(search([workflow.survey], {"tag": "#Comet"})) == {subject, other}
    scientist = browser(member(workflow.survey, "scientist"))
    desk = scientist.get("/surveys/atlas/review/?queue=all&state=all&tag=comet").content.decode()
    assert f">{subject.external_id}<" in desk
    assert f">{subjects_of(workflow)[2].external_id}<" not in desk
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    for user in (ben, member(workflow.survey, "moderator"), member(elsewhere, "admin"), None):
        assert browser(user).post(f"{TAGS}comet/set/", {"people": "1"}).status_code == 403
    assert not SubjectSet.objects.filter(name="#comet").exists()
    scientist.post(f"{TAGS}comet/set/", {"people": "2"})
    made = SubjectSet.objects.get(name="#comet")
    assert list(made.subjects.all()) == [subject]
    scientist.post(f"{TAGS}comet/set/", {"people": "1"})
    assert set(made.subjects.all()) == {subject, other}
    api = "/api/subjects/?set=%23comet"
    assert browser(account("cheat")).get(api).status_code == 403
    assert len(scientist.get(api).json()["results"]) == 2
    assert len(scientist.get("/api/subjects/?tag=comet").json()["results"]) == 2
    assert "No subject has this tag" in scientist.post(f"{TAGS}tail/set/", follow=True).content.decode()


def test_scientists_see_both_kinds_of_tags_and_nobody_else_sees_theirs(workflow, subject, ada):
    post_comment(user=ada, subject=subject, text="#comet")
    scientist = member(workflow.survey, "scientist")
    both, own = subject, subjects_of(workflow)[1]
    for row, name in ((both, "comet"), (own, "comet"), (own, "ghost")):
        change_case(subject=row, by=scientist, action="tag", text=name)
    api = "/api/surveys/atlas/tags/"
    assert browser(scientist).get(api).json() == [
        {"name": "comet", "subjects": 2, "people": 1, "by_scientists": 2},
        {"name": "ghost", "subjects": 1, "people": 0, "by_scientists": 1},
    ]
    assert "#ghost" in browser(scientist).get(TAGS).content.decode()
    link = f'href="/surveys/atlas/subjects/{own.pk}/"'
    for name in ("comet", "ghost"):
        page = browser(scientist).get(f"{TAGS}{name}/").content.decode()
        assert link in page
        assert "by scientists" in page
    vote(account_volunteer(ada), workflow, own)
    for reader in (ada, account("stranger"), member(workflow.survey, "moderator"), None):
        assert browser(reader).get(api).json() == [{"name": "comet", "subjects": 1, "people": 1}]
        assert "ghost" not in browser(reader).get(TAGS).content.decode()
        page = browser(reader).get(f"{TAGS}comet/").content.decode()
        assert link not in page
        assert "by scientists" not in page
        assert link not in browser(reader).get(f"{TAGS}ghost/").content.decode()
    browser(scientist).post(f"{TAGS}comet/set/", {"people": "5"})
    assert set(SubjectSet.objects.get(name="#comet").subjects.all()) == {both, own}

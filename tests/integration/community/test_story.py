"""A survey's project page: drafts by scientists, shown sanitised once published, with what was found."""

import pytest
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.people import account, browser, member, others
from tests.integration.world import vote
from webapp.community.models import Profile
from webapp.guides.models import ProjectPageVersion
from webapp.review.rulings import rule
from webapp.volunteers.identity import account_volunteer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_cached_figures")]

TEXT = (
    "# Why\n\nWe **look**. [More](javascript:alert(1)) <script>alert(2)</script> ![x](https://elsewhere.example/x.png)"
)


@pytest.fixture
def survey():
    return sky.survey("night")


STORY, PROJECT = "/surveys/night/story/", "/surveys/night/project/"


def page_of(client, address):
    return client.get(address).content.decode()


def save(client, based_on=0, **texts):
    return client.post(STORY, {"based_on": based_on, "act": "preview", **texts})


@pytest.mark.parametrize("field", ["story", "team", "faq"])
def test_scientists_write_a_draft_see_it_as_visitors_would_and_publish_it(survey, client, field):
    scientist = browser(member(survey, "scientist"))
    preview = save(scientist, **{field: TEXT})
    assert preview["Location"] == f"{STORY}1/"
    assert "<strong>look</strong>" in page_of(scientist, preview["Location"])
    assert "<strong>look</strong>" not in page_of(client, PROJECT)
    for writing in (preview["Location"], STORY):
        assert "Images from other sites are not shown" in page_of(scientist, writing)
    assert TEXT.splitlines()[0] in page_of(scientist, STORY)  # the editor goes on with the draft
    assert scientist.post(f"{STORY}1/publish/")["Location"] == PROJECT
    page = page_of(client, PROJECT)
    assert "<strong>look</strong>" in page
    assert "Images from other sites" not in page
    for harm in ("javascript:", "<script>alert", "elsewhere.example"):
        assert f'"{harm}' not in page
        assert harm not in page.replace("&lt;script&gt;", "").replace("[More](javascript:alert(1))", "")


def test_each_version_is_listed_with_its_author_and_comes_back(survey, client):
    scientist, admin = browser(member(survey, "scientist", "vera")), browser(member(survey, "admin", "ada"))
    save(scientist, story="First")
    scientist.post(f"{STORY}1/publish/")
    save(admin, based_on=1, story="Second")
    save(admin, based_on=2, story="Second")  # the same texts again
    assert "First" in page_of(client, PROJECT)
    admin.post(f"{STORY}2/publish/")
    assert "Second" in page_of(client, PROJECT)
    earlier = page_of(scientist, f"{STORY}1/")
    assert "Publish this version again" in earlier
    assert earlier.index('<details class="ask">') < earlier.index(f'action="{STORY}1/publish/"')
    for _twice in range(2):
        scientist.post(f"{STORY}1/publish/")
    assert "First" in page_of(client, PROJECT)
    rows = ProjectPageVersion.objects.values_list("number", "story", "created_by__username", "published_by__username")
    assert [*rows] == [(3, "First", "vera", "vera"), (2, "Second", "ada", "ada"), (1, "First", "vera", "vera")]
    editor = page_of(scientist, STORY)
    badges = [line.rpartition('">')[2].partition("<")[0] for line in editor.splitlines() if 'class="badge' in line]
    assert badges == ["live", *[f"published {timezone.now():%Y-%m-%d}"] * 2]
    assert all(f"{STORY}{number}/" in editor for number in (1, 2, 3))


def test_a_draft_that_was_passed_over_is_published_only_after_a_question(survey):
    scientist = browser(member(survey, "scientist"))
    save(scientist, story="First")
    assert f'action="{STORY}1/publish/"' in page_of(scientist, f"{STORY}1/")
    assert "Publish this version" not in page_of(scientist, f"{STORY}1/")
    save(scientist, based_on=1, story="Second")
    scientist.post(f"{STORY}2/publish/")
    passed_over = page_of(scientist, f"{STORY}1/")
    assert "Publish this version<" in passed_over
    assert passed_over.index('<details class="ask">') < passed_over.index(f'action="{STORY}1/publish/"')
    live = page_of(scientist, f"{STORY}2/")
    assert "It is live: everyone sees it now." in live
    assert "publish/" not in live


def test_two_people_who_write_at_once_lose_nothing(survey):
    scientist, admin = browser(member(survey, "scientist")), browser(member(survey, "admin"))
    save(scientist, story="Mine")
    refused = save(admin, story="Ours")
    assert refused.status_code == 400
    assert "Ours" in refused.content.decode()
    assert [*ProjectPageVersion.objects.values_list("story", flat=True)] == ["Mine"]


def test_nobody_else_reads_drafts_or_writes(survey):
    save(browser(member(survey, "scientist", "vera")), story="Draft")
    people = [*others(survey)[1:], browser(member(survey, "moderator")), browser(member(survey, "volunteer"))]
    for each in people:
        assert each.post(STORY, {"story": "Ours", "based_on": 1}).status_code == 403
        assert each.post(f"{STORY}1/publish/").status_code == 403
        assert each.get(f"{STORY}1/").status_code in (302, 403)
    survey.refresh_from_db()
    assert survey.story == survey.faq == ""
    assert ProjectPageVersion.objects.get().published_at is None


def test_the_project_page_starts_names_the_team_and_tells_what_was_found(survey, client):
    workflow = sky.workflow(survey, undo_seconds=0)
    sky.queue(workflow, sky.subjects(survey, [True, False]))
    scientist, shy = member(survey, "scientist", "Vera"), member(survey, "scientist", "shy")
    Profile.objects.create(user=scientist, credit="user-name")
    Profile.objects.create(user=shy)
    page = client.get("/surveys/night/project/").content.decode()
    assert f'href="/classify/{workflow.slug}/"' in page
    assert "Vera <span" in page
    assert "shy" not in page
    assert "Nothing is confirmed yet" in page
    ada = account("ada")
    Profile.objects.create(user=ada, credit="user-name")
    found = survey.subjects.order_by("pk")[0]
    vote(account_volunteer(ada), workflow, found)
    rule(subject=found, workflow=workflow, scientist=scientist, verdict="yes")
    link = f'href="/surveys/night/subjects/{found.pk}/"'
    for reader, is_shown in ((browser(ada), True), (browser(), False), (browser(account("newcomer")), False)):
        page = reader.get("/surveys/night/project/").content.decode()
        assert "ada" in page
        assert (link in page) == is_shown  # a confirmed mover may be somebody's practice


def test_a_mover_that_no_volunteer_saw_first_is_not_said_to_be_missing(survey, client):
    workflow = sky.workflow(survey)
    (mover,) = sky.subjects(survey, [True])
    sky.queue(workflow, [mover])
    rule(subject=mover, workflow=workflow, scientist=member(survey, "scientist"), verdict="yes")
    page = page_of(client, PROJECT)
    assert "Nothing is confirmed yet" not in page
    assert "No volunteer is credited with a confirmed mover yet." in page


def test_what_scientists_confirmed_is_counted_as_found(survey, client):
    rows = sky.subjects(survey, [True] * 4)
    for row, label, source in zip(rows, ["yes", "yes", "no", ""], ["ruling", "manifest", "ruling", ""], strict=True):
        row.gold_label, row.gold_source = label, source
        row.save()
    assert client.get("/").context["rows"][0]["figures"]["found"] == 1

"""The front page: a live example, covers that give nothing away, finds with credit, and the classify page's counts."""

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.classifications.models import Classification
from webapp.community.models import Discovery, Profile
from webapp.queue.counts import figures_of, progress_of
from webapp.volunteers.identity import account_volunteer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_cached_figures")]


@pytest.fixture
def survey(db):
    return sky.survey("night", channels=["difference"])


@pytest.fixture
def subjects(survey):
    rows = sky.subjects(survey, [True, False] * 5)
    sky.make_gold(rows[:4], [True, False, True, False])
    return rows


def test_the_front_page_and_the_classify_page_count_alike(client, survey, subjects):
    workflow = sky.workflow(survey)
    entries = sky.queue(workflow, subjects)
    workflow.queue.filter(pk__in=[entry.pk for entry in entries[:1] + entries[4:6]]).update(is_retired=True)
    figures, progress = figures_of(survey), progress_of(workflow, 0)
    assert (figures["settled"], figures["asked"]) == (progress["retired"], progress["total"]) == (3, 7)
    for address in ("/", "/surveys/night/project/", reverse("figures", args=["night"])):
        page = client.get(address, headers={"hx-request": "true"}).content.decode()
        assert "3 of 7 done" in page, address
        assert '<progress max="7" value="3"' in page, address


def test_a_project_s_figures_opened_by_themselves_lead_to_its_page(client, survey):
    answer = client.get(reverse("figures", args=["night"]), follow=True)
    assert answer.redirect_chain == [("/surveys/night/project/", 302)]
    assert "<html" in answer.text


def test_a_survey_that_asks_about_nothing_shows_no_bar(client, survey, subjects):
    sky.workflow(survey)
    assert "0 of 0 done" not in client.get("/").content.decode()


@pytest.mark.parametrize(("name", "badges"), [("Practice", 0), ("First nights", 1)])
def test_a_badge_says_that_it_is_training_where_the_heading_does_not(client, survey, name, badges):
    sky.workflow(survey, name=name, is_training=True)
    assert client.get("/").content.decode().count('<span class="badge">training</span>') == badges


def test_a_closed_workflow_no_longer_counts_beside_an_open_one(survey, subjects):
    workflow, closed = sky.workflow(survey, slug="open"), sky.workflow(survey, slug="closed", is_active=False)
    sky.queue(workflow, subjects[4:8])
    sky.queue(closed, subjects)
    closed.queue.update(is_retired=True)
    sky.workflow(survey, slug="practice", is_training=True)
    assert (figures_of(survey)["settled"], figures_of(survey)["asked"]) == (0, 4)
    type(workflow).objects.exclude(slug="practice").update(is_active=False)
    assert figures_of(survey)["settled"] == len(subjects), "of an ended survey, everything counts"


def test_an_open_project_is_tried_on_the_front_page(client, survey, subjects):
    sky.workflow(survey, slug="trails", kind="cutout")
    assert "data-live" not in client.get("/").content.decode()
    sky.workflow(survey, slug="locked", level=2)
    assert "data-live" not in client.get("/").content.decode()
    sky.workflow(survey, slug="stamps")
    sky.workflow(survey, slug="practice", name="A practice", is_training=True)
    page = client.get("/").content.decode()
    assert 'data-live="canvas"' in page
    assert "/api/workflows/stamps/next/" in page
    assert "No account or astronomy needed" in page
    assert "No account" not in browser(member(survey, "volunteer")).get("/").content.decode()


def test_a_newcomer_is_offered_the_tutorial_and_practice_until_the_first_answer(survey, subjects):
    workflow = sky.workflow(survey)
    practice = sky.workflow(survey, slug="practice", is_training=True)
    client = browser(newcomer := member(survey, "volunteer"))
    page = client.get("/classify/night/").content.decode()
    assert "First time here?" in page
    assert '<a class="button" href="/classify/practice/">Practise first</a>' in page
    practising = client.get("/classify/practice/").content.decode()
    assert "Practise first" not in practising
    assert all(f'href="/classify/night/">{words}</a>' in practising for words in ("End practice", "Start classifying"))
    type(practice).objects.filter(pk=practice.pk).update(is_active=False)
    assert "Practise first" not in client.get("/classify/night/").content.decode()
    given = {"volunteer": account_volunteer(newcomer), "subject": subjects[5], "answer": "yes"}
    Classification.objects.create(id=uuid4(), workflow=workflow, **given)
    assert "First time here?" not in client.get("/classify/night/").content.decode()


def test_scientists_get_to_their_pages_from_the_front_page(client, survey):
    assert "/surveys/night/review/" not in client.get("/").content.decode()
    for role, leads in (("volunteer", False), ("scientist", True), ("admin", True)):
        page = browser(member(survey, role)).get("/").content.decode()
        assert all((f"/surveys/night/{name}/" in page) == leads for name in ("overview", "review")), role


def test_the_cover_is_no_gold_subject(client, survey, subjects):
    page = client.get("/").content.decode()
    assert f"/{subjects[4].checksum}" in page
    assert not any(f"/{row.checksum}?" in page for row in subjects[:4])


def test_finds_are_credited_as_people_chose_and_name_no_subject(client, survey, subjects, django_user_model):
    workflow = sky.workflow(survey)
    named, unnamed = (django_user_model.objects.create_user(name) for name in ("ada", "bob"))
    Profile.objects.create(user=named, display_name="Ada <L>", credit="own-name")
    for user in (named, unnamed):
        Discovery.objects.create(
            volunteer=account_volunteer(user), workflow=workflow, subject=subjects[5], confirmed_at=timezone.now()
        )
    found = client.get("/").content.decode().partition('id="found"')[2].partition("</section>")[0]
    assert "Ada &lt;L&gt; and 1 more" in found
    assert "bob" not in found
    assert subjects[5].external_id not in found


def test_nobody_is_asked_to_begin_where_no_project_is_open(client, survey):
    assert "No account or astronomy needed" not in client.get("/").content.decode()
    sky.workflow(survey)
    assert "No account or astronomy needed" in client.get("/").content.decode()

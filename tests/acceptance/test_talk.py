"""Talk opens in a new tab for the subject just answered."""

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.archive.models import Survey
from webapp.classifications.models import Classification
from webapp.community.models import Comment
from webapp.queue.membership import enqueue_subjects

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def workflow(db):
    survey = sky.survey("night", channels=["difference"])
    workflow = sky.workflow(survey, random_fraction=0.0, training_schedule=[[0, 0.0]])
    sky.queue(workflow, sky.subjects(survey, [True, False] * 6))
    enqueue_subjects(workflow)
    return workflow


def test_what_was_just_answered_can_be_talked_about(workflow, open_page):
    width, height = 390, 844
    ada = member(Survey.objects.get(), "volunteer")
    page = open_page("/classify/night/", width=width, height=height, user=ada)
    expect(page.locator("body[data-state=open]")).to_be_attached()
    page.keyboard.press("t")
    expect(page.get_by_role("status").first).to_have_text("Answer a subject first, then discuss it.")
    expect(page.locator("a[href*='#talk']")).to_have_count(0)
    page.wait_for_timeout(300)  # an earlier press would be taken for an echo
    page.keyboard.press("y")
    link = page.get_by_role("link", name="Discuss it")
    expect(link).to_be_visible()
    box = link.bounding_box()
    assert min(box["width"], box["height"]) >= 43.5
    subject = Classification.objects.get().subject
    with page.expect_popup() as popup:
        page.keyboard.press("t")
    talk = popup.value
    talk.wait_for_url(f"**/surveys/night/subjects/{subject.pk}/#talk")
    expect(page.locator("body[data-state=open]")).to_be_attached()
    talk.get_by_label("Your comment").fill("A *faint* one\n\n- moves down")
    talk.get_by_role("button", name="Post").click()
    expect(talk.locator(".comments > li")).to_have_count(1)
    expect(talk.locator(".comments em")).to_have_text("faint")
    expect(talk.locator(".comments")).to_contain_text("volunteer")
    assert talk.evaluate("document.documentElement.scrollWidth") <= width
    talk.get_by_role("link", name="Reply with quote").click()
    expect(talk.get_by_label("Your comment")).to_be_focused()
    expect(talk.get_by_label("Your comment")).to_be_in_viewport()
    talk.keyboard.type("I see it too")
    quoted = "> **volunteer**\n>\n> A *faint* one\n> \n> - moves down\n\nI see it too"
    expect(talk.get_by_label("Your comment")).to_have_value(quoted)
    talk.get_by_role("link", name="Edit").click()
    talk.get_by_label("Your comment").fill("A bright one")
    talk.get_by_role("button", name="Save").click()
    expect(talk.get_by_text("A bright one")).to_be_visible()
    talk.get_by_role("button", name="Remove").click()
    expect(talk.get_by_text("The author removed this comment.")).to_be_visible()
    talk.get_by_role("button", name="Restore").click()
    expect(talk.get_by_text("A bright one")).to_be_visible()
    assert Comment.objects.get().subject == subject


def test_the_browser_asks_for_a_picture_s_description_and_keeps_the_file(workflow, open_page, tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    subject = Survey.objects.get().subjects.first()
    ada = member(Survey.objects.get(), "scientist")
    page = open_page(f"/surveys/night/subjects/{subject.pk}/", width=390, height=844, user=ada)
    page.get_by_label("Your comment").fill("Look")
    page.get_by_text("Add a picture").click()
    page.locator("#comment-picture").set_input_files(tmp_path / "a.png")
    page.get_by_text("Add a picture").click()
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_label("What does it show?")).to_be_focused()
    page.get_by_label("What does it show?").fill("Four grey pixels")
    page.get_by_role("button", name="Post").click()
    expect(page.locator(".comments").get_by_role("img", name="Four grey pixels")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_wrong_with_a_tag_is_said_where_one_sees_it(workflow, open_page, width):
    ada = member(Survey.objects.get(), "scientist")
    subject = Survey.objects.get().subjects.first()
    page = open_page(f"/surveys/night/subjects/{subject.pk}/", width=width, height=700, user=ada)
    page.locator("#new-tag").fill("!!!")
    page.get_by_role("button", name="Add tag").click()
    said = page.get_by_text("A tag is a word of up to 30 letters")
    expect(said).to_be_attached()
    expect(page.locator("#new-tag")).to_be_in_viewport()
    expect(said).to_be_in_viewport()
    boxes = [each.bounding_box() for each in (said, page.get_by_role("heading", name="Talk", exact=True))]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]

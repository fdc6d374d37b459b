"""A scientist sees a trail model's detections over the image, beside the volunteers' lines, in light and dark mode."""

import uuid

import numpy as np
import pytest
from django.conf import settings
from playwright.sync_api import expect

from ml.inference.detections import Detection
from ml.storage.pixel_store import PixelStore
from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.integration.world import recount
from tests.unit.trails.skies import line, noisy
from webapp.archive.models import Subject
from webapp.classifications.line_marks import Line, store_lines
from webapp.classifications.models import Classification
from webapp.learning import scores
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIDE = 256


@pytest.fixture
def subject(db):
    """A cutout with two trails: two volunteers drew one of them, and the model found both."""
    workflow = sky.workflow(sky.survey("night"), kind="cutout", line_marking=True)
    image = noisy((SIDE, SIDE), line(40, 60, 200, 180), line(180, 30, 240, 90))
    array, index = PixelStore(settings.PIXELS).append("night", image[None, None, None].astype(np.float32))
    row = Subject.objects.create(
        survey=workflow.survey, external_id="cutout0", kind="cutout", checksum="c0", zarr_array=array, zarr_index=index
    )
    sky.queue(workflow, [row])
    for nudge in (0, 2):
        answer = Classification.objects.create(
            id=uuid.uuid4(), volunteer=Volunteer.objects.create(), workflow=workflow, subject=row, answer="yes",
            is_counted=True,
        )  # fmt: skip
        store_lines({answer: [Line(40 + nudge, 60, 200, 180 - nudge)]})
    recount(workflow)
    run = workflow.training_runs.create(survey=workflow.survey, role="trail", state="done")
    model = workflow.survey.checkpoints.create(
        role="trail", run=run, folder="none", sha256="0", manifest={}, is_champion=True
    )
    scores.write_scores(model.pk, np.array([row.pk]), np.array([[0.04, 0.96]]), np.array([0.96]))
    found = [Detection(0, (41.0, 60.0, 199.0, 179.5), 0.962), Detection(0, (180.0, 30.5, 240.0, 89.0), 0.417)]
    scores.write_detections(model.pk, {row.pk: found})
    return row


@pytest.mark.parametrize("light", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_finds_stand_over_the_image(subject, open_page, tmp_path, width, height, light):
    scientist = member(subject.survey, "scientist")
    address = f"/surveys/night/consensus/subjects/{subject.pk}/"
    page = open_page(address, user=scientist, width=width, height=height, color_scheme=light)
    expect(page.locator(".marked svg text.found")).to_have_text(["A 0.96", "B 0.42"])
    expect(page.locator(".marked svg text:not(.found)")).to_have_text(["1", "2"])
    expect(page.get_by_role("region", name="Model detections").get_by_role("row")).to_have_count(3)
    picture = page.locator(".marked .picture").bounding_box()
    for number in range(2):
        label = page.locator(".marked svg text.found").nth(number).bounding_box()
        assert picture["x"] <= label["x"]
        assert label["x"] + label["width"] <= picture["x"] + picture["width"]
        assert picture["y"] <= label["y"]
        assert label["y"] + label["height"] <= picture["y"] + picture["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("Show the model’s detections").uncheck()
    expect(page.locator(".marked svg text.found").first).to_be_hidden()
    expect(page.locator(".marked svg text:not(.found)").first).to_be_visible()
    page.screenshot(path=tmp_path / f"finds-{width}-{light}.png", full_page=True)


def test_on_the_subjects_page_a_square_frame_is_square(subject, open_page, tmp_path):
    page = open_page(f"/surveys/night/subjects/{subject.pk}/", user=member(subject.survey, "scientist"))
    expect(page.locator(".marked svg text.found")).to_have_text(["A 0.96", "B 0.42"])
    picture = page.locator(".marked .picture").bounding_box()
    assert picture["width"] == pytest.approx(picture["height"], abs=1)
    page.screenshot(path=tmp_path / "subject.png", full_page=True)

"""After a practice image the classify page says what it was, in words that fit any question."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import press
from tests.integration.learning import sky
from webapp.archive.models import Subject

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAID = {"yes": "Correct: the answer is yes.", "no": "Not quite: the answer is no."}


def practice(kind, truth):
    """A workflow that serves practice images of one class."""
    survey = sky.survey("night")
    workflow = sky.workflow(survey, kind, slug="night", random_fraction=0.0, training_schedule=[[0, 1.0]])
    real = np.full(6, truth == "yes")
    rows = sky.subjects(survey, real, kind=kind)
    sky.make_gold(rows, real)
    sky.queue(workflow, rows)


@pytest.mark.parametrize(
    ("kind", "truth"),
    [("stamp", "yes"), ("tracklet", "no"), ("cutout", "yes"), ("cutout", "no"), ("cube", "yes"), ("cube", "no")],
)
def test_practice_images_answer_back(db, open_page, kind, truth):
    practice(kind, truth)
    page = open_page("/classify/night/")
    name = press(page, "y")
    assert Subject.objects.get(external_id=name).gold_label == truth
    expect(page.locator("[data-part=feedback]")).to_contain_text(SAID[truth])
    expect(page.locator("[data-part=why]")).to_have_text("Practice image")

"""A scientist sees volunteers' lines and a promoted model's detections over the picture, wherever the viewer is."""

import re
import uuid

import numpy as np
import pytest
from django.conf import settings
from playwright.sync_api import expect

from ml.cubes.tracks import find_tracks
from ml.inference.detections import Detection
from ml.roles.detector_scorer import line_of
from ml.storage.pixel_store import PixelStore
from tests.acceptance.people import member
from tests.acceptance.pictures import PLACES, part
from tests.acceptance.skies import CARDS, mover, one_subject, source
from tests.integration.learning import sky
from tests.integration.world import recount
from tests.unit.trails.skies import line, noisy
from webapp.archive.models import Subject
from webapp.classifications.line_marks import Line, store_lines
from webapp.classifications.models import Classification
from webapp.learning import scores
from webapp.learning.models import Checkpoint
from webapp.learning.promotion import promote
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIDE = 256
DRAWN, FOUND = (40, 60, 200, 180), (180.0, 30.5, 240.0, 89.0)
MARGIN = 9  # CSS pixels, of a box


def promoted(workflow, detections):
    """Give the workflow a promoted detector with these detections, by subject."""
    run = workflow.training_runs.create(
        survey=workflow.survey, role="cube" if workflow.kind == "cube" else "trail", state="done"
    )
    model = Checkpoint.objects.create(
        survey=workflow.survey, role=run.role, run=run, folder="none", sha256="0", manifest={}
    )
    keys = np.array(list(detections))
    best = np.array([max(each.score for each in found) for found in detections.values()])
    scores.write_scores(model.pk, keys, np.column_stack([1 - best, best]), best)
    scores.write_detections(model.pk, detections)
    promote(checkpoint=model, by=None, reason="for this test")
    return model


def answer(workflow, subject, *lines):
    row = Classification.objects.create(
        id=uuid.uuid4(), volunteer=Volunteer.objects.create(), workflow=workflow, subject=subject, answer="yes",
        is_counted=True,
    )  # fmt: skip
    store_lines({row: lines})


@pytest.fixture
def subject(db):
    """A cutout with two trails: two volunteers drew one of them, and the model found both."""
    workflow = sky.workflow(sky.survey("night"), kind="cutout", line_marking=True)
    image = noisy((SIDE, SIDE), line(*DRAWN), line(180, 30, 240, 90))
    array, index = PixelStore(settings.PIXELS).append("night", image[None, None, None].astype(np.float32))
    row = Subject.objects.create(
        survey=workflow.survey, external_id="cutout0", kind="cutout", checksum="c0", zarr_array=array, zarr_index=index
    )
    sky.queue(workflow, [row])
    for nudge in (0, 2):
        answer(workflow, row, Line(40 + nudge, 60, 200, 180 - nudge))
    recount(workflow)
    promoted(workflow, {row.pk: [Detection(0, (41.0, 60.0, 199.0, 179.5), 0.962), Detection(0, FOUND, 0.417)]})
    return row


def opened(open_page, subject, path="subjects", **options):
    """Open a page about the subject as a scientist, once it shows the picture at rest."""
    user = member(subject.survey, "scientist")
    page = open_page(f"/surveys/night/{path}/{subject.pk}/", user=user, reduced_motion="reduce", **options)
    expect(page.locator(".pictures canvas").first).to_be_visible()
    expect(part(page, "annotations")).to_be_visible()
    return page


def corners(page, label, which=0):
    """Return the corners (n, 2), in picture pixels from 0 at the lower left, of what has this label in a pane."""
    pane = page.locator(".pictures figure").nth(which)
    canvas, frame = pane.locator("canvas").bounding_box(), pane.bounding_box()
    width, height = pane.locator("canvas").evaluate("(canvas) => [canvas.width, canvas.height]")
    group = pane.locator(".annotation", has=page.locator(f"text >> text='{label}'"))
    numbers = re.findall(r"-?[\d.]+", group.locator(".stroke").get_attribute("d"))
    at = np.reshape([float(number) for number in numbers], (-1, 2)) + np.array([frame["x"], frame["y"]])
    scale = canvas["width"] / width
    x, y = (at[:, 0] - canvas["x"]) / scale - 0.5, height - 0.5 - (at[:, 1] - canvas["y"]) / scale
    return np.column_stack([x, y]), scale


def labels(page, by, which=0):
    pane = page.locator(".pictures figure").nth(which)
    return pane.locator(f".annotation.{by} text").all_text_contents()


def stands_around(page, label, ends, which=0):
    """Assert that a box has its long axis and its middle on a line, and a margin of a few CSS pixels around it."""
    box, scale = corners(page, label, which)
    start, end = np.array(ends[:2]), np.array(ends[2:])
    along = (end - start) / np.linalg.norm(end - start)
    np.testing.assert_allclose(box.mean(0), (start + end) / 2, atol=0.5)
    margin = max(MARGIN / scale, 2)
    np.testing.assert_allclose(np.ptp(box @ along), np.linalg.norm(end - start) + 2 * margin, atol=1)
    np.testing.assert_allclose(np.ptp(box @ [-along[1], along[0]]), 2 * margin, atol=1)


@pytest.mark.parametrize(("width", "height", "light"), [(1440, 900, "light"), (390, 844, "dark")])
def test_marks_and_detections_stand_in_their_places(subject, open_page, tmp_path, width, height, light):
    page = opened(open_page, subject, "consensus/subjects", width=width, height=height, color_scheme=light)
    assert labels(page, "volunteers") == ["1", "2"]
    assert labels(page, "model") == ["A 0.96", "B 0.42"]
    np.testing.assert_allclose(corners(page, "1")[0], np.reshape(DRAWN, (2, 2)), atol=0.5)
    stands_around(page, "B 0.42", FOUND)
    pane = page.locator(".pictures figure").bounding_box()
    for text in page.locator(".annotation text").all():
        label = text.bounding_box()
        assert pane["x"] <= label["x"] < label["x"] + label["width"] <= pane["x"] + pane["width"]
        assert pane["y"] <= label["y"] < label["y"] + label["height"] <= pane["y"] + pane["height"]
    expect(part(page, "annotations")).to_have_text(re.compile(r"Volunteers' lines\s+2\s+Model detections\s+2"))
    expect(page.get_by_role("region", name="Model detections").get_by_role("row")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=tmp_path / f"detections-{width}-{light}.png", full_page=True)


def test_they_stay_in_their_places_when_the_picture_is_zoomed_and_panned(subject, open_page):
    page = opened(open_page, subject)
    before = page.locator(".pictures canvas").bounding_box()["width"]
    for key in ("+", "+", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert page.locator(".pictures canvas").bounding_box()["width"] == pytest.approx(2 * before, rel=0.01)
    np.testing.assert_allclose(corners(page, "1")[0], np.reshape(DRAWN, (2, 2)), atol=0.5)
    stands_around(page, "B 0.42", FOUND)


def test_a_key_and_the_legend_hide_them_and_the_next_page_remembers(subject, open_page):
    page = opened(open_page, subject)
    marks, legend = page.locator(".annotation"), part(page, "annotations")
    expect(marks).to_have_count(4)
    page.keyboard.press("b")
    expect(marks).to_have_count(0)
    expect(legend).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(page.locator(".pictures canvas")).to_be_visible()
    expect(legend).to_be_visible()
    expect(marks).to_have_count(0)
    legend.click()
    expect(marks).to_have_count(4)


def test_a_volunteer_gets_none_of_them(subject, open_page):
    for user in (None, member(subject.survey, "volunteer")):
        page = open_page(f"/surveys/night/subjects/{subject.pk}/", user=user)
        expect(page.locator(".pictures canvas")).to_be_visible()
        expect(part(page, "annotations")).to_be_hidden()
        page.keyboard.press("b")
        expect(page.locator(".annotation")).to_have_count(0)
        assert "0.962" not in page.content()


def test_each_frame_has_its_own_and_the_stack_has_all_where_it_moved_them(db, open_page):
    """The mover goes four pixels to the right in each frame; the stack stands still on it."""
    row = one_subject(mover(), "tracklet", cards=CARDS, places=PLACES, line_marking=True)
    for frame in (0, 3):
        x, y = PLACES[frame]
        answer(Workflow.objects.get(), row, Line(x - 10, y, x + 10, y, frame=frame))
    page = opened(open_page, row)
    assert labels(page, "volunteers") == ["1"]
    np.testing.assert_allclose(corners(page, "1")[0].mean(0), PLACES[0], atol=0.5)
    page.keyboard.press(".")
    assert labels(page, "volunteers") == []
    page.get_by_role("button", name="Picture", exact=False).first.click()
    page.get_by_role("button", name="Strip").click()
    assert [labels(page, "volunteers", which) for which in range(4)] == [["1"], [], [], ["2"]]
    np.testing.assert_allclose(corners(page, "2", 3)[0].mean(0), PLACES[3], atol=0.5)
    page.get_by_role("button", name="Stack").click()
    assert labels(page, "volunteers") == ["1", "2"]
    for label in "12":
        np.testing.assert_allclose(corners(page, label)[0].mean(0), np.mean(PLACES, axis=0), atol=0.5)


def test_a_cubes_track_stands_over_its_mover_in_every_frame(db, open_page, tmp_path):
    """The detection is made as scoring makes it, of a network's probabilities, and of a cube with that mover."""
    frames, side = 8, 48
    places = [(10 + 2 * frame, 12 + frame) for frame in range(frames)]
    p = np.stack([source(side, side, *place, 0.9) for place in places]).astype(np.float32)
    block = np.random.default_rng(0).normal(50, 2, (frames, 1, side, side)) + 60 * p[:, None]
    row = one_subject(block.astype(np.float32), "cube")
    [track] = find_tracks(p, 0.5)
    promoted(Workflow.objects.get(), {row.pk: [line_of(track)]})
    page = opened(open_page, row)
    ends = np.array([*places[0], *places[-1]]) - [1, 0.5, 1, 0.5]  # about the mover in the fourth of eight frames
    [label] = labels(page, "model")
    assert label == f"A {track.score:.2f}"
    for _ in range(frames):
        stands_around(page, label, ends)
        page.keyboard.press(".")
    page.keyboard.press("p")
    page.get_by_role("button", name="Stack").click()
    stands_around(page, label, ends)
    page.screenshot(path=tmp_path / "cube.png", full_page=True)
    row = page.get_by_role("region", name="Model detections").get_by_role("row").nth(1)
    expect(row).to_contain_text(f"{track.score:.3f}")


def test_a_single_frames_detection_stands_in_each_of_its_channels(db, open_page):
    block = np.random.default_rng(0).normal(0, 1, (1, 2, 60, 80)).astype(np.float32)
    row = one_subject(block, "cutout", channels=["dither 1", "dither 2"], line_marking=True)
    workflow = Workflow.objects.get()
    answer(workflow, row, Line(20, 20, 50, 40, frame=1))
    promoted(workflow, {row.pk: [Detection(0, (20, 20, 50, 40), 0.75)]})
    page = opened(open_page, row)
    assert [labels(page, "model", which) for which in (0, 1)] == [["A 0.75"], ["A 0.75"]]
    assert [labels(page, "volunteers", which) for which in (0, 1)] == [[], ["1"]]

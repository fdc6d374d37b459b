"""The trails on a cutout, drawn by volunteers or found by the champion, are compared with the known objects."""

import json
import math
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ml.sky.packed import unpack_designation
from tests.integration.imports.files import PANOPTES, imported, panoptes_row, write_csv
from tests.integration.known_objects.matching import UTC, draw, run, settle, waits
from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.archive.models import Frame
from webapp.classifications.models import Classification
from webapp.imports.mapping import Choices
from webapp.known_objects import match_subjects
from webapp.known_objects.models import IdentityCheck
from webapp.known_objects.unidentified import identified, unidentified
from webapp.learning.models import Checkpoint, Detection, Promotion

pytestmark = pytest.mark.django_db

OBJECT = (70.0, 40.0)
"""The pixel of the known object at mid-exposure."""


@pytest.fixture
def survey():
    return sky.survey("night")


@pytest.fixture
def workflow(survey):
    return sky.workflow(survey, kind="cutout", slug="trails")


@pytest.fixture
def cutout(survey, places):
    """An image of 0.1″ a pixel whose centre is elsewhere, with a known asteroid at pixel `OBJECT`."""
    [row] = sky.subjects(survey, [True], kind="cutout")
    _, ra, dec = places[0]
    scale = 0.1 / 3600
    wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec, "CRPIX1": OBJECT[0] + 1,
           "CRPIX2": OBJECT[1] + 1, "CD1_1": -scale, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": scale}  # fmt: skip
    row.frames.all().delete()
    Frame.objects.create(subject=row, position=0, mjd_mid=UTC, exptime=600, wcs=wcs)
    return row


def test_a_trail_matches_by_its_middle_whichever_way_it_was_drawn(catalogue, workflow, cutout, survey, places):
    draw(workflow, cutout, OBJECT)
    draw(workflow, cutout, (OBJECT[0] + 4, OBJECT[1]), half=(-30.0, -5.0))
    assert str(run(survey).message) == "1 of 1 newly compared subjects have a known object near them."
    match = cutout.known_matches.get()
    assert match.designation == unpack_designation(places[0][0])
    assert match.detections == 1, "two lines on one trail are one detection"
    assert match.separation == pytest.approx(0.2, abs=0.1), "the medians of the ends are 2 pixels off"
    assert match.sigma_across == pytest.approx(math.hypot(0.2, 0.1), rel=0.01), "2 pixels, and the least error"
    settle(survey)
    assert set(identified(survey)) == {cutout}
    assert not unidentified(survey).exists()
    page = browser(member(survey, "scientist")).get(reverse("motion", args=["night", cutout.pk])).content.decode()
    assert match.designation in page
    assert "Detections are the trails" in page


def test_one_trail_near_no_object_is_unidentified_beside_a_known_one(catalogue, workflow, cutout, survey):
    draw(workflow, cutout, OBJECT)
    draw(workflow, cutout, (OBJECT[0], OBJECT[1] + 700))
    settle(survey)
    run(survey)
    check = cutout.identity_check
    assert (check.detections, check.candidates, check.unmatched) == (2, 1, 1)
    assert set(identified(survey)) == set(unidentified(survey)) == {cutout}


def test_the_champions_trails_count_from_a_score_of_one_half(catalogue, workflow, cutout, survey):
    model = sky.checkpoint(workflow, is_champion=True)
    Checkpoint.objects.update(role="trail")
    ends = {"frame": 0, "x1": OBJECT[0] - 9, "y1": OBJECT[1], "x2": OBJECT[0] + 9, "y2": OBJECT[1]}
    Detection.objects.create(checkpoint=model, subject=cutout, position=0, score=0.4, **ends)
    run(survey)
    assert cutout.identity_check.detections == 0
    assert not waits(survey)
    Detection.objects.create(checkpoint=model, subject=cutout, position=1, score=0.9, **ends)
    Promotion.objects.create(checkpoint=model, previous=None, reason="")
    assert waits(survey), "another champion finds other trails"
    run(survey)
    assert cutout.known_matches.count() == 1


def test_new_and_undone_lines_are_compared_in_the_next_run(catalogue, workflow, cutout, survey):
    run(survey)
    assert not waits(survey)
    answer = draw(workflow, cutout, OBJECT)
    assert waits(survey)
    run(survey)
    assert cutout.known_matches.count() == 1
    IdentityCheck.objects.update(checked_at=timezone.now())
    assert not waits(survey)
    Classification.objects.filter(pk=answer.pk).update(withdrawn_at=timezone.now() + timedelta(seconds=1))
    run(survey)
    assert not cutout.known_matches.exists()
    assert IdentityCheck.objects.get().detections == 0


def import_line(workflow, cutout, folder):
    line = {"toolIndex": 0, "toolType": "line", "frame": 0, "x1": 2, "y1": 2, "x2": 9, "y2": 9}
    drawn = [{"task": "T0", "value": "Yes"}, {"task": "T2", "value": [line]}]
    row = panoptes_row(1, "ann", cutout.external_id, annotations=json.dumps(drawn))
    choices = Choices(**PANOPTES.stored() | {"lines_task": "T2"})
    assert imported(workflow, write_csv(folder / "answers.csv", [row]), choices).lines == 1


def test_imported_lines_are_compared_however_old_they_are(catalogue, cutout, survey, tmp_path):
    workflow = sky.workflow(survey, kind="cutout", slug="trails", line_marking=True)
    sky.queue(workflow, [cutout])
    run(survey)
    assert not waits(survey)
    import_line(workflow, cutout, tmp_path)
    assert waits(survey)
    run(survey)
    assert cutout.identity_check.detections == 1


def test_lines_that_are_imported_during_a_comparison_are_compared_in_the_next(
    catalogue, cutout, survey, tmp_path, monkeypatch
):
    workflow = sky.workflow(survey, kind="cutout", slug="trails", line_marking=True)
    sky.queue(workflow, [cutout])
    detections_of = match_subjects.detections_of

    def meanwhile(*args):
        found = detections_of(*args)
        import_line(workflow, cutout, tmp_path)
        return found

    with monkeypatch.context() as first:
        first.setattr(match_subjects, "detections_of", meanwhile)
        run(survey)
    assert waits(survey)
    run(survey)
    assert cutout.identity_check.detections == 1
    assert not waits(survey)


@pytest.mark.parametrize("lacks", [{"mjd_mid": None}, {"wcs": None}, {"wcs": {"CTYPE1": "broken"}}])
def test_without_a_time_or_a_wcs_nothing_is_compared(catalogue, workflow, cutout, survey, lacks):
    draw(workflow, cutout, OBJECT)
    Frame.objects.update(**lacks)
    run(survey)
    assert cutout.identity_check.detections == 0

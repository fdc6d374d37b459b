"""The motion page of a cutout says how far the object of a trail is, from one simulated Hubble exposure."""

import csv
import io
import json
import uuid

import pytest
from django.core.management import call_command

from ml.simulate.hubble import hubble_cutouts
from tests.integration import people
from tests.integration.learning import sky
from webapp.archive.models import Frame, Subject, Survey
from webapp.classifications.models import Classification, Mark
from webapp.learning.models import Checkpoint, Detection
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
SEED, NUMBER = 21, 2  # a trail at 1.64 au with S/N 15 per pixel


@pytest.fixture
def cutout(tmp_path):
    """An ingested cutout with one trail, and the trail."""
    hubble_cutouts.hubble(NUMBER + 1, SEED, tmp_path, share=1.0)
    manifest = tmp_path / "manifest.csv"
    rows = list(csv.DictReader(io.StringIO(manifest.read_text())))
    with manifest.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerow(rows[NUMBER])
    call_command("ingest", str(manifest), survey="deep", create=True)
    [trail] = [each for each in json.loads(rows[NUMBER]["#objects"]) if each["class"] == "ASTEROID"]
    return Subject.objects.get(survey__slug="deep"), trail


def mark(subject, trail, off=0.0):
    """Let a volunteer draw a line from end to end."""
    workflow = subject.survey.workflows.first() or sky.workflow(subject.survey, kind="cutout", slug="trails")
    answer = Classification.objects.create(
        id=uuid.uuid4(), volunteer=Volunteer.objects.create(), workflow=workflow, subject=subject, answer="yes"
    )
    (x1, y1), (x2, y2) = trail["ends"]
    Mark.objects.create(classification=answer, position=0, x1=x1 + off, y1=y1, x2=x2, y2=y2 - off)


@pytest.fixture
def scientist(cutout):
    return people.browser(people.member(cutout[0].survey, "scientist"))


def motion(scientist, subject, address="motion/"):
    answer = scientist.get(f"/surveys/deep/subjects/{subject.pk}/{address}")
    assert answer.status_code == 200
    return answer


def test_a_volunteers_line_gives_the_distance_and_is_drawn_where_it_was_measured(cutout, scientist):
    subject, trail = cutout
    mark(subject, trail)
    mark(subject, trail, off=3.0)
    page = motion(scientist, subject)
    [found] = page.context["trail_distances"]
    fit = found.found.parallax.fit
    assert fit.distance == pytest.approx(trail["distance"], abs=3 * fit.distance_error)
    assert fit.distance_error < 0.1
    assert found.problem == ""
    assert f"{fit.distance:.3f} ± {fit.distance_error:.3f}" in page.content.decode()
    [drawn] = page.context["measured_lines"]
    assert len(drawn["points"]) == found.points + found.found.parallax.dropped
    table = motion(scientist, subject, "distances.csv").getvalue().decode()
    [row] = csv.DictReader(io.StringIO(table))
    assert float(row["distance_au"]) == pytest.approx(fit.distance)


def test_the_champions_detection_gives_it_too(cutout, scientist):
    subject, trail = cutout
    workflow = sky.workflow(subject.survey, kind="cutout", slug="trails")
    model = sky.checkpoint(workflow, is_champion=True, sha256="f" * 64)
    Checkpoint.objects.update(role="trail")
    (x1, y1), (x2, y2) = trail["ends"]
    line = {"frame": 0, "x1": x1, "y1": y1, "x2": x2, "y2": y2}
    Detection.objects.create(checkpoint=model, subject=subject, position=0, score=0.9, **line)
    Detection.objects.create(checkpoint=model, subject=subject, position=1, score=0.2, **line)
    page = motion(scientist, subject)
    [found] = page.context["trail_distances"]
    assert "<th>Model A</th>" in page.content.decode(), "as on the picture"
    assert found.found.parallax.fit.is_measured


def test_what_is_missing_is_said(cutout, scientist):
    subject, trail = cutout
    assert "No trail to measure yet" in motion(scientist, subject).content.decode()
    mark(subject, trail)
    places = {name: value for name, value in subject.metadata.items() if "obs_" not in name}
    Subject.objects.filter(pk=subject.pk).update(metadata=places)
    assert "observer’s path is unknown" in motion(scientist, subject).content.decode()
    Survey.objects.filter(slug="deep").update(observatory="T08")
    assert motion(scientist, subject).context["trail_distances"][0].found, "the turning Earth is an observer too"
    Frame.objects.filter(subject=subject).update(exptime=None)
    assert "no time, exposure time or WCS" in motion(scientist, subject).content.decode()


def test_a_line_beside_any_trail_says_that_none_stands_out(cutout, scientist):
    subject, _ = cutout
    mark(subject, {"ends": [[30.0, 30.0], [140.0, 40.0]]})
    page = motion(scientist, subject)
    [found] = page.context["trail_distances"]
    assert found.found is None
    assert str(found.problem) in page.content.decode()


def test_strangers_get_no_distances(cutout):
    subject, trail = cutout
    mark(subject, trail)
    for user in (people.member(subject.survey, "volunteer"), people.account("stranger")):
        for address in ("motion/", "distances.csv"):
            assert people.browser(user).get(f"/surveys/deep/subjects/{subject.pk}/{address}").status_code == 403

"""The champion trail model's detections: stored with its scores, given to the viewer with the volunteers' lines."""

import numpy as np
import pytest
from django.conf import settings

from ml.inference.checkpoint import Checkpoint as Files
from ml.inference.detections import MOST
from ml.inference.detections import Detection as Found
from ml.storage.pixel_store import PixelStore
from ml.trails.train_detector import CLASSICAL, trail_manifest
from tasks.learning import model_cache
from tasks.learning import score_shard as scoring
from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.unit.trails.skies import line, noisy
from webapp.archive.models import Subject
from webapp.classifications.line_marks import Line, store_lines
from webapp.core.jobs import JobState
from webapp.learning import scores
from webapp.learning.models import Checkpoint, Detection, Score, ScoringShard, TrainingRun
from webapp.learning.promotion import promote
from webapp.learning.retention import prune
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tasks_in_the_tests_transaction")]

SIDE = 128


@pytest.fixture
def workflow(survey):
    return sky.workflow(survey, kind="cutout", line_marking=True)


@pytest.fixture
def subjects(workflow):
    """A cutout with a line in its second frame, and one of noise."""
    random = np.random.default_rng(0)
    block = random.normal(10, 1, (2, 2, 1, SIDE, SIDE)).astype(np.float32)
    block[0, 1, 0] = noisy((SIDE, SIDE), line(20, 30, 110, 90), seed=0)
    array, first = PixelStore(settings.PIXELS).append(workflow.survey.slug, block)
    names = [f"cutout{number}" for number in range(2)]
    rows = Subject.objects.bulk_create(
        Subject(
            survey=workflow.survey,
            external_id=name,
            kind="cutout",
            checksum=name,
            zarr_array=array,
            zarr_index=first + n,
        )
        for n, name in enumerate(names)
    )
    sky.queue(workflow, rows)
    return rows


def model(workflow):
    """Return the classical trail model as a row with files: it needs no training."""
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="trail", state="done")
    folder = f"checkpoints/{run.pk}"
    files = Files(trail_manifest(CLASSICAL, "classical"), {})
    sha256 = files.save(settings.DATA / folder)
    return Checkpoint.objects.create(
        survey=workflow.survey, role="trail", run=run, folder=folder, sha256=sha256, manifest=dict(files.manifest)
    )


def score():
    model_cache._finder.cache_clear()
    for row in ScoringShard.objects.filter(state=JobState.QUEUED):
        scoring.shard(row.pk)


def page(client, subject):
    return client.get(f"/surveys/night/consensus/subjects/{subject.pk}/")


def drawn(response):
    """Return what the page's viewer draws over the picture."""
    return response.context["config"]["subject"].get("annotations", [])


def places():
    return list(Detection.objects.order_by("subject", "position").values_list("subject", "frame", "x1", "y1", "score"))


def test_detections_are_kept_with_the_scores_and_drawn_beside_the_lines(workflow, subjects, vote, scientist, client):
    checkpoint = model(workflow)
    promote(checkpoint=checkpoint, by=None, reason="for this test")
    assert "Not scored by detector" in page(client, subjects[0]).content.decode()
    score()
    surest = Detection.objects.get(subject=subjects[0], position=0)
    ends = sorted([(surest.x1, surest.y1), (surest.x2, surest.y2)])
    np.testing.assert_allclose(ends, [(20, 30), (110, 90)], atol=4)
    assert surest.score == pytest.approx(Score.objects.get(subject=subjects[0]).p_real, abs=2e-3)
    [answer] = vote(subjects[0], "yes")
    store_lines({answer: [Line(20, 30, 110, 90, frame=1)]})
    response = page(client, subjects[0])
    line, box = drawn(response)
    assert line == {"by": "volunteers", "label": "1", "frame": 1, "x1": 20.0, "y1": 30.0, "x2": 110.0, "y2": 90.0}
    assert (box["by"], box["label"], box["frame"], box["is_in_all"]) == ("model", "A", 1, False)
    assert (box["x1"], box["y1"], box["score"]) == (surest.x1, surest.y1, surest.score)
    text = response.content.decode()
    assert f'<td>A</td><td class="n">{surest.score:.3f}</td><td class="n">2</td>' in text
    assert "found nothing with a score of 0.1 or more" in page(client, subjects[1]).content.decode()
    for address in ("", "motion/"):
        own = client.get(f"/surveys/{workflow.survey.slug}/subjects/{subjects[0].pk}/{address}")
        assert drawn(own) == [line, box]
    desk = client.get(f"/surveys/night/review/{workflow.slug}/{subjects[0].pk}/subject.json").json()
    assert (desk["annotations"], desk["id"], desk["kind"]) == ([line, box], subjects[0].pk, "cutout")


def test_an_external_champion_is_not_said_to_have_looked_for_lines(workflow, subjects, scientist, client):
    champion = model(workflow)
    champion.manifest = {"preset": "external", "scorer": "Survey net", "version": "2026-11"}
    champion.is_champion = True
    champion.save()
    Score.objects.create(checkpoint=champion, subject=subjects[0], probabilities=[0.9, 0.1], p_real=0.1, entropy=0.3)
    sentences = ("It answered 0.100.", "It has not scored this subject yet.")
    for subject, sentence in zip(subjects, sentences, strict=True):
        text = client.get(f"/surveys/{workflow.survey.slug}/subjects/{subject.pk}/").content.decode()
        assert "The champion, Survey net (version 2026-11), is an external scorer" in text
        assert sentence in text
        assert "found nothing" not in text


def test_scoring_again_keeps_each_find_once(workflow, subjects):
    checkpoint = model(workflow)
    promote(checkpoint=checkpoint, by=None, reason="for this test")
    score()
    before = places()
    assert before
    ScoringShard.objects.update(state=JobState.QUEUED)
    score()  # from the kept features
    assert places() == before
    scores.write_detections(checkpoint.pk, {subjects[0].pk: []})
    assert not Detection.objects.filter(subject=subjects[0]).exists()


def test_detections_are_few_and_go_with_the_models_that_nobody_looks_at(workflow, subjects):
    old, shadow, champion = (model(workflow) for _ in range(3))
    found = [Found(0, (n, n, n + 5, n + 5), 0.9 - n / 100) for n in range(MOST)]
    for row in (old, shadow, champion):
        scores.write_detections(row.pk, {subjects[0].pk: found})
        scores.write_detections(row.pk, {subjects[0].pk: found})
        row.scoring_runs.create(survey=workflow.survey, state="done")
    assert Detection.objects.count() == 3 * MOST
    Checkpoint.objects.filter(pk=champion.pk).update(is_champion=True)
    prune(champion)
    assert set(Detection.objects.values_list("checkpoint", flat=True)) == {shadow.pk, champion.pk}


def test_without_a_model_it_says_what_will_stand_there(workflow, subjects, scientist, client):
    assert "No detector yet." in page(client, subjects[0]).content.decode()
    stamps = sky.workflow(workflow.survey, slug="stamps")
    [stamp] = sky.subjects(workflow.survey, [True], prefix="stamp")
    sky.queue(stamps, [stamp])
    assert 'id="detections"' not in page(client, stamp).content.decode()


def test_a_shadows_detections_are_not_shown(workflow, subjects, scientist, client):
    scores.write_detections(model(workflow).pk, {subjects[0].pk: [Found(0, (1, 1, 9, 9), 0.9)]})
    response = page(client, subjects[0])
    assert response.context["annotations"].detections.lines == drawn(response) == []


def test_the_desk_gives_no_other_surveys_subjects(workflow, scientist, client):
    [stamp] = sky.subjects(sky.survey("elsewhere"), [True])
    assert client.get(f"/surveys/night/review/{workflow.slug}/{stamp.pk}/subject.json").status_code == 404


@pytest.mark.parametrize("role", [None, "volunteer", "moderator"])
@pytest.mark.parametrize("has_answered", [False, True])
def test_volunteers_never_see_them_before_or_after_their_answer(workflow, subjects, vote, client, role, has_answered):
    champion = model(workflow)
    Checkpoint.objects.filter(pk=champion.pk).update(is_champion=True)
    scores.write_detections(champion.pk, {subjects[0].pk: [Found(1, (41.125, 61.625, 101.875, 90.5), 0.8125)]})
    [other] = vote(subjects[0], "yes")
    store_lines({other: [Line(23.25, 33.75, 111.5, 91.5)]})
    if role:
        user = member(workflow.survey, role)
        client.force_login(user)
    if has_answered and role:
        vote(subjects[0], "yes", people=[Volunteer.objects.create(user=user)])
    own = client.get(f"/surveys/night/subjects/{subjects[0].pk}/")
    assert "annotations" not in own.context["config"]["subject"]
    assert own.context["config"]["annotated"] is False
    addresses = (
        f"/surveys/night/subjects/{subjects[0].pk}/",
        f"/api/subjects/{subjects[0].pk}/",
        f"/api/workflows/{workflow.slug}/next/?n=2",
        f"/classify/{workflow.slug}/",
    )
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200
        for number in ("41.125", "61.625", "0.8125", "0.813", "23.25", "33.75"):
            assert number not in response.content.decode(), address
    desk = f"review/{workflow.slug}/{subjects[0].pk}/subject.json"
    for address in (f"consensus/subjects/{subjects[0].pk}/", f"subjects/{subjects[0].pk}/motion/", desk):
        assert client.get(f"/surveys/night/{address}").status_code == (403 if role else 302)

"""Explanations of scores: asked for by scientists, computed once by a worker, shown with the score matrix and maps."""

import numpy as np
import pytest

from ml.inference.explanation import Explanation as Found
from tasks.learning.explain import explanation
from tests.integration import people
from tests.integration.learning import sky
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, Explanation, Score

pytestmark = pytest.mark.django_db


@pytest.fixture
def night():
    return sky.survey("night")


@pytest.fixture
def subject(night):
    return sky.subjects(night, [True], kind="tracklet", frames=3)[0]


@pytest.fixture
def model(night, subject):
    """A champion that has scored the subject, after a shadow and an external scorer."""
    workflow = sky.workflow(night, kind="tracklet")
    manifests = ({"classes": ["AST", "CR"]}, {"preset": "external"}, {"classes": ["AST", "CR"]})
    models = [sky.checkpoint(workflow, manifest=each, is_champion=number == 2) for number, each in enumerate(manifests)]
    for each in models:
        Score.objects.create(checkpoint=each, subject=subject, probabilities=[0.1, 0.9], p_real=0.9, entropy=0.3)
    return models[2]


@pytest.fixture
def computed(monkeypatch):
    """Stand in for the network; return the calls."""
    calls = []

    def explain(scorer, block, tracks, on_frame):
        calls.append((scorer, block.shape, tracks.fields.shape))
        on_frame(len(block))
        occlusion = np.zeros((3, 12, 12), dtype=np.float32)
        occlusion[0, 11, 0], occlusion[1, 0, 11] = 0.4, -0.2
        return Found(0.9, np.float32([[0.8, 0.2]] * 3), np.float32([0.5, np.nan, 0.7]), occlusion)

    monkeypatch.setattr("tasks.learning.explain.explain", explain)
    monkeypatch.setattr("tasks.learning.model_cache.scorer", lambda checkpoint: checkpoint.pk)
    return calls


def address(subject, end=""):
    return f"/surveys/night/learning/explanation/{subject.pk}/{end}"


def test_a_worker_explains_once_and_the_page_shows_it(night, subject, model, computed):
    scientist = people.browser(people.member(night, "scientist"))
    assert "Explain this score" in scientist.get(address(subject), headers=people.HTMX).content.decode()
    for _ in range(2):
        waiting = scientist.post(address(subject, "start/"), {"model": model.pk}).content.decode()
        assert 'hx-trigger="every 2s"' in waiting
    row = Explanation.objects.get()
    explanation(row.pk)
    explanation(row.pk)
    assert computed == [(model.pk, (3, 1, 21, 21), (1, 3, 7))]
    scientist.post(address(subject, "start/"), {"model": model.pk})
    row.refresh_from_db()
    assert (row.state, row.p_real, row.without) == (JobState.DONE, 0.9, [0.5, None, 0.7])
    shown = scientist.get(address(subject), headers=people.HTMX)
    assert 'hx-trigger="every 2s"' not in shown.content.decode()
    first, second, third = shown.context["frames"]
    assert first.classes == pytest.approx([0.8, 0.2])
    [cell] = first.cells
    assert (cell.x, cell.y, cell.is_for) == (0, 0, True)  # the last row of pixels is drawn at the top
    [cell] = second.cells
    assert (cell.x, cell.y, cell.is_for) == (19.25, 19.25, False)
    assert third.cells == []


def test_external_scorers_and_models_without_a_score_are_not_explained(night, subject, model):
    scientist = people.browser(people.member(night, "scientist"))
    assert len(scientist.get(address(subject), headers=people.HTMX).context["models"]) == 2
    for other in (model.pk - 1, model.pk + 1, "x"):
        assert scientist.post(address(subject, "start/"), {"model": other}).status_code == 404
    Score.objects.all().delete()
    assert (
        "No model has scored this subject yet" in scientist.get(address(subject), headers=people.HTMX).content.decode()
    )
    assert not Explanation.objects.exists()


def test_an_external_champions_answer_is_shown_and_only_models_from_here_are_offered(night, subject, model):
    external = Checkpoint.objects.get(pk=model.pk - 1)
    external.manifest |= {"scorer": "Survey net", "version": "2026-11"}
    Checkpoint.objects.filter(pk=model.pk).update(is_champion=False)
    external.is_champion = True
    external.save()
    Score.objects.filter(checkpoint=external).update(p_real=0.125)
    scientist = people.browser(people.member(night, "scientist"))
    sentence = "The champion, Survey net (version 2026-11), is an external scorer: it answered P(real) = 0.125"
    shown = scientist.get(address(subject), headers=people.HTMX).content.decode()
    assert sentence in shown
    assert "Explain this score" in shown
    Score.objects.exclude(checkpoint=external).delete()
    alone = scientist.get(address(subject), headers=people.HTMX).content.decode()
    assert sentence in alone
    assert "Explain this score" not in alone
    assert scientist.post(address(subject, "start/")).status_code == 404
    assert not Explanation.objects.exists()


def test_a_failure_is_said_and_can_be_tried_again(night, subject, model, computed):
    row = Explanation.objects.create(
        checkpoint=model, subject=subject, state=JobState.FAILED, error="The disk is full."
    )
    scientist = people.browser(people.member(night, "scientist"))
    assert "The disk is full." in scientist.get(address(subject), headers=people.HTMX).content.decode()
    scientist.post(address(subject, "start/"), {"model": model.pk})
    row.refresh_from_db()
    assert (row.state, row.error) == (JobState.QUEUED, "")

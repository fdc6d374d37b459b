"""The lineage of a survey's models: labels, runs, models and scores, and which run continues from which model."""

import re

import pytest

from tests.integration.learning import sky
from tests.integration.people import account, browser, member
from webapp.archive.models import Survey
from webapp.core.jobs import JobState
from webapp.learning import lineage_views
from webapp.learning.models import Evaluation, ScoringRun, ScoringShard, TrainingRun, TrainingSet
from webapp.learning.models import TestSet as FrozenSet

pytestmark = pytest.mark.django_db

MODELS, LINEAGE = "/surveys/sky/learning/", "/surveys/sky/learning/lineage/"


def model(workflow, sha256, *, base=None, labels=None, **fields):
    made = sky.checkpoint(workflow, sha256=sha256, manifest={"init": base.sha256 if base else "sky"}, **fields)
    TrainingRun.objects.filter(pk=made.run_id).update(training_set=labels)
    return made


def labels(workflow, hash, size=1200):
    return TrainingSet.objects.create(workflow=workflow, hash=hash * 64, size=size)


def nodes(page):
    return re.findall(r'data-node="([a-z]+-\d+)" href="([^"]+)"', page)


def arrows(page):
    return re.findall(r'class="edge ([a-z ]+)"', page)


def drawn(client, address=MODELS):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_two_runs_one_from_the_others_model_are_drawn_in_order(workflow, scientist):
    few, more = labels(workflow, "a", 1), labels(workflow, "b")
    first = model(workflow, "f" * 64, labels=few)
    second = model(workflow, "e" * 64, base=first, labels=more, is_champion=True)
    frozen = FrozenSet.objects.create(survey=workflow.survey, kind="stamp", hash="c", size=40)
    Evaluation.objects.create(
        checkpoint=second, test_set=frozen, metrics={"roc_auc": 0.9512, "n": 40}, passed=True, verdict=""
    )
    page = drawn(scientist)
    run = {each.pk: f"/surveys/sky/learning/runs/{each.run_id}/" for each in (first, second)}
    assert nodes(page) == [
        (f"labels-{more.pk}", f"{run[second.pk]}#labels"),
        (f"run-{second.run_id}", run[second.pk]),
        (f"model-{second.pk}", f"{run[second.pk]}#state"),
        (f"scores-{second.pk}", f"{run[second.pk]}#evaluation"),
        (f"labels-{few.pk}", f"{run[first.pk]}#labels"),
        (f"run-{first.run_id}", run[first.pk]),
        (f"model-{first.pk}", f"{run[first.pk]}#state"),
    ]
    assert arrows(page) == ["labels", "base", "run", "model", "labels", "run"]
    assert f"Run {second.run_id}, continues from model {first.pk}" in page
    assert page.count(f'<td>{workflow}</td>\n            <td class="n">') == 2
    assert page.count('class="node champion"') == 1
    assert ">1,200 labels<" in page
    assert ">ROC AUC 0.951<" in page
    assert "style=" not in page[page.index('<div class="lineage"') : page.index("</svg>")]
    assert 'id="labels"' in drawn(scientist, run[second.pk])


def test_the_same_labels_are_one_box_and_a_failed_run_has_no_model(workflow, scientist):
    same = labels(workflow, "a")
    model(workflow, "f" * 64, labels=same)
    failed = TrainingRun.objects.create(
        survey=workflow.survey, workflow=workflow, role="stamp", state=JobState.FAILED, training_set=same
    )
    page = drawn(scientist)
    assert [name.split("-")[0] for name, _ in nodes(page)] == ["labels", "run", "run", "model"]
    assert arrows(page) == ["labels", "labels", "run"]
    assert f'class="node failed" data-node="run-{failed.pk}"' in page


def test_a_model_that_scored_the_archive_says_so(workflow, scientist):
    scored = ScoringRun.objects.create(survey=workflow.survey, checkpoint=model(workflow, "f" * 64))
    assert not [name for name, _ in nodes(drawn(scientist)) if name.startswith("scores")]
    ScoringShard.objects.create(run=scored, zarr_array="0", start=0, stop=9)
    page = drawn(scientist)
    assert "Not evaluated" in page
    assert "scoring in progress" in page[page.index('class="lineage"') :]
    scored.finished_at = scored.created_at
    scored.save()
    assert f"scored {scored.created_at:%Y-%m-%d}" in drawn(scientist)
    scored.state = JobState.CANCELLED
    scored.save()
    assert drawn(scientist).count("scoring cancelled") == 2, "in the drawing and in the table"


def test_a_long_history_shows_its_newest_runs_and_the_others_a_page_further(workflow, scientist, monkeypatch):
    monkeypatch.setattr(lineage_views.lineage_context, "__defaults__", (2, None))
    monkeypatch.setattr(lineage_views, "PAGE", 3)
    made = [model(workflow, f"{0:064}")]
    for number in range(1, 5):
        made.append(model(workflow, f"{number:064}", base=made[-1]))
    page = drawn(scientist)
    assert [name for name, _ in nodes(page) if name.startswith("model")] == [f"model-{made[n].pk}" for n in (4, 3)]
    assert arrows(page) == ["base", "run", "base beyond", "run"]
    assert f'href="{LINEAGE}"' in page
    whole = drawn(scientist, LINEAGE)
    assert [name for name, _ in nodes(whole) if name.startswith("model")] == [f"model-{made[n].pk}" for n in (4, 3, 2)]
    older = re.search(r"href=\"(\?before=\d+)", whole).group(1)
    last = drawn(scientist, LINEAGE + older)
    assert [name for name, _ in nodes(last) if name.startswith("model")] == [f"model-{made[n].pk}" for n in (1, 0)]
    assert 'href="?before=' not in last
    assert nodes(drawn(scientist, LINEAGE + "?before=soon")) == nodes(whole)


def test_a_model_of_another_survey_or_role_is_no_ancestor(workflow, scientist):
    elsewhere = model(sky.workflow(sky.survey("elsewhere")), "f" * 64)
    other_role = model(sky.workflow(workflow.survey, kind="tracklet", slug="tracks"), "e" * 64)
    model(workflow, "1" * 64, base=elsewhere)
    model(workflow, "2" * 64, base=other_role)
    assert "base" not in arrows(drawn(scientist))


def test_a_survey_without_runs_draws_nothing(workflow, scientist):
    assert 'class="lineage"' not in drawn(scientist)
    assert "No training runs yet" in drawn(scientist, LINEAGE)


def test_strangers_see_no_lineage(workflow):
    model(workflow, "f" * 64)
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    for user in (member(workflow.survey, "volunteer"), account("stranger"), member(elsewhere, "admin")):
        answer = browser(user).get(LINEAGE)
        assert answer.status_code == 403
        assert "data-node" not in answer.content.decode()
    assert browser().get(LINEAGE).status_code in (302, 403)

"""What a survey can get wrong: nothing breaks, the champion stays, and the page says why."""

import errno
import threading
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now

from ml.inference.scorer import Scorer
from tasks.learning import score_shard, train
from tests.integration.learning import sky
from tests.integration.learning.runs import trained
from tests.integration.people import account, browser, member
from webapp.archive.models import Survey
from webapp.archive.survey_settings import open_survey
from webapp.core.jobs import JobState
from webapp.learning import scores
from webapp.learning.external_scorers import register_scorer
from webapp.learning.models import Checkpoint, Promotion, Score, ScoringRun, ScoringShard, TrainingRun
from webapp.learning.promotion import ChampionChanged, promote
from webapp.learning.training_sets import labels_of
from webapp.learning.triggers import AlreadyTraining, start_training
from webapp.workflow_settings.change_workflow import open_workflow
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db

REAL = np.arange(120) % 2 == 0


@pytest.fixture
def workflow():
    return sky.gold_workflow(REAL)


def page_of(run):
    return browser(member(run.survey, "scientist")).get(f"/surveys/sky/learning/runs/{run.pk}/").content.decode()


@pytest.mark.parametrize("preset", ["head", "small", "finetune", "fixmatch"])
def test_an_empty_archive_fails_with_a_sentence(preset):
    run = trained(sky.workflow(sky.survey()), preset=preset)
    assert run.state == JobState.FAILED
    assert "No subject has a label yet." in run.error
    assert run.error.partition(": ")[2] in page_of(run).replace("&#x27;", "'")


def test_gold_that_contradicts_itself_makes_no_champion():
    workflow = sky.workflow(sky.survey())
    for prefix, real in (("a", REAL), ("b", ~REAL)):
        rows = sky.subjects(workflow.survey, REAL, prefix=prefix)
        for number, row in enumerate(rows):
            row.object_group = f"object {number}"
            row.save()
        sky.make_gold(rows, real)
    run = trained(workflow)
    assert run.state == JobState.DONE, run.error
    assert not run.checkpoint.is_champion
    page = page_of(run)
    assert "may be chance" in page
    contradicted = len({label.object_group for label in labels_of(run.training_set)[0]})
    why = f"labels contradict each other, real and bogus: {contradicted}."
    assert page.count(why) == 1
    [shown] = browser(member(workflow.survey, "admin")).get("/api/checkpoints/").json()["results"]
    assert why in shown["manifest"]["notes"][0]


def not_a_number(self, features, *_, **__):
    return np.full((len(features), 2), np.nan, dtype=np.float32)


def test_a_model_that_gives_nan_is_not_promoted_and_writes_no_score(workflow, monkeypatch):
    first = trained(workflow).checkpoint
    with monkeypatch.context() as patched:
        patched.setattr(Scorer, "probabilities_from_features", not_a_number)
        run = trained(workflow)
        of_test_set = set(Score.objects.filter(checkpoint=first).values_list("pk", flat=True))
        shard = ScoringShard.objects.filter(run__checkpoint=first).first()
        score_shard.shard(shard.pk)
    assert run.state == JobState.DONE
    assert "gives no probability (NaN, or outside 0 to 1)" in page_of(run)
    assert Checkpoint.objects.get(is_champion=True) == first
    assert not run.checkpoint.scoring_runs.exists(), "each of its shards would fail"
    shard.refresh_from_db()
    assert shard.state == JobState.FAILED
    assert "gives no probability" in shard.error
    assert set(Score.objects.values_list("pk", flat=True)) == of_test_set


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.1])
def test_no_score_is_written_that_is_no_probability(workflow, bad):
    checkpoint = sky.checkpoint(workflow)
    ids = np.array(list(workflow.survey.subjects.values_list("pk", flat=True)[:2]))
    good = np.array([[0.5, 0.5], [0.2, 0.8]])
    with pytest.raises(scores.NoProbabilities, match="1 of 2 subjects"):
        scores.write_scores(checkpoint.pk, ids, good, np.array([0.5, bad]))
    assert not Score.objects.exists()
    scores.write_scores(checkpoint.pk, ids, good, good[:, 1])
    assert Score.objects.count() == 2


@pytest.mark.parametrize("place", ["pathlib.Path.write_bytes", "webapp.learning.label_snapshot.pq.write_table"])
def test_a_full_disk_leaves_no_half_file_and_the_page_says_so(workflow, monkeypatch, place):
    def full(target, *args):
        (args[-1] if place.endswith("table") else target).touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(place, full)
    run = trained(workflow)
    assert "The disk is full" in page_of(run)
    assert not Checkpoint.objects.exists()
    assert not [path for path in settings.DATA.rglob(".*") if path.is_file()]
    assert not list((settings.DATA / "checkpoints").glob("*"))


def test_a_run_without_room_on_the_disk_says_that_it_goes_on_by_itself(workflow, monkeypatch):
    def full(target, *args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.write_bytes", full)
        run = trained(workflow)
    assert run.state == JobState.RUNNING
    assert "Free some space, and this goes on by itself" in page_of(run)
    TrainingRun.objects.filter(pk=run.pk).update(lease_until=Now() - timedelta(seconds=1))
    train.run(run.pk)
    run.refresh_from_db()
    assert (run.state, "Free some space" in run.message) == (JobState.DONE, False)


def at_once(*acts):
    """Let several admins act at the same moment; return what each got."""
    start, got = threading.Barrier(len(acts)), [None] * len(acts)

    def act(number):
        start.wait()
        try:
            got[number] = acts[number]()
        except (AlreadyTraining, ChampionChanged, ValidationError) as error:
            got[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


SCORER = {"name": "Elsewhere", "address": "https://scorer.example.org/", "secret": "s" * 16}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("start", [start_training, partial(register_scorer, **SCORER)], ids=["training", "scorer"])
def test_of_two_admins_who_start_at_once_one_gets_a_run_and_the_other_a_sentence(workflow, start):
    got = at_once(*[partial(start, workflow=workflow, by=None)] * 2)
    assert {type(each) for each in got} == {AlreadyTraining, TrainingRun}
    assert TrainingRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_create_one_thing_at_once_the_second_reads_that_its_name_is_taken(workflow):
    root, named = account("root", is_superuser=True), {"name": "Twice", "slug": "twice"}
    asked = {"survey": workflow.survey, "kind": "stamp", "question": "Is it?", "subject_sets": [], "is_active": False}
    for create in (partial(open_survey, by=root, **named), partial(open_workflow, **asked, **named)):
        [refused] = [each for each in at_once(create, create) if isinstance(each, ValidationError)]
        assert "uses this URL slug" in str(refused) or "already exists" in str(refused)
    assert Survey.objects.filter(slug="twice").count() == Workflow.objects.filter(slug="twice").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_champion", [False, True])
def test_of_two_admins_who_promote_at_once_the_second_reads_that_nothing_was_done(workflow, has_champion):
    before = sky.checkpoint(workflow, is_champion=True) if has_champion else None
    rivals = [sky.checkpoint(workflow), sky.checkpoint(workflow)]
    replaces = before.pk if before else 0
    got = at_once(*[partial(promote, checkpoint=each, by=None, reason="This.", replaces=replaces) for each in rivals])
    (promotion,) = Promotion.objects.all()
    assert promotion in got
    (refused,) = [each for each in got if isinstance(each, ChampionChanged)]
    assert f"it is model {promotion.checkpoint_id}. Compare" in str(refused)
    assert Checkpoint.objects.get(is_champion=True) == promotion.checkpoint
    assert (promotion.previous, ScoringRun.objects.count()) == (before, 1)

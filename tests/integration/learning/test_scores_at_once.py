"""Two runs that score the same subjects with the same model at once: both end, and the later scores stay."""

import threading
import time

import numpy as np
import pytest
from django.db import connection, transaction

from ml.inference.detections import Detection
from tests.integration.at_once import beside
from tests.integration.learning import sky
from tests.integration.locks import nobody_waits_in_a_circle, wait_until_somebody_waits
from webapp.consensus.models import Consensus
from webapp.learning import models, scores
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ids():
    survey = sky.survey()
    sky.checkpoint(sky.workflow(survey), is_champion=True)
    return np.array([row.pk for row in sky.subjects(survey, [True, False])])


def score(ids, p):
    """Write one probability as the score of all subjects."""
    champion, n = models.Checkpoint.objects.get(), len(ids)
    scores.write_scores(champion.pk, ids, np.array([[1 - p, p]] * n), np.array([p] * n))


def find(ids, p):
    """Write one line with this score in each of the subjects."""
    line = Detection(frame=0, line=(0.0, 0.0, 1.0, 1.0), score=p)
    scores.write_detections(models.Checkpoint.objects.get().pk, {int(key): [line] for key in ids})


def probabilities():
    return list(models.Score.objects.values_list("p_real", flat=True))


def finds():
    return list(models.Detection.objects.values_list("score", flat=True))


@pytest.mark.parametrize(("write", "written"), [(score, probabilities), (find, finds)])
def test_the_second_waits_for_the_first_and_replaces_what_it_wrote(ids, write, written):
    failed = []

    def second():
        try:
            write(ids, 0.75)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        write(ids, 0.25)
        thread.start()
        wait_until_somebody_waits(thread)
        assert thread.is_alive()
    thread.join()
    assert failed == []
    assert written() == [0.75, 0.75]


@pytest.mark.parametrize("write", [score, find])
def test_subjects_are_written_in_one_order_whatever_order_they_come_in(ids, write):
    assert nobody_waits_in_a_circle(
        lambda: write(ids[:1], 0.25), lambda: write(ids[::-1], 0.5), lambda: write(ids[1:], 0.75)
    )


def test_a_score_reaches_the_consensus_that_a_verdict_was_writing(ids):
    workflow = Workflow.objects.get()
    consensus = sky.votes(workflow, workflow.survey.subjects.first(), 0.9)
    scorer = beside(lambda: score(ids, 0.75))
    with transaction.atomic():
        Consensus.objects.select_for_update().get()
        scorer.start()
        while not models.Score.objects.exists():
            time.sleep(0.01)
    scorer.join()
    consensus.refresh_from_db()
    assert consensus.p_model == 0.75

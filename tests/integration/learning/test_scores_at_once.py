"""Two runs that score the same subjects with the same model at once: both end, and the later scores stay."""

import threading

import numpy as np
import pytest
from django.db import connection, transaction

from tests.integration.learning import sky
from tests.integration.locks import wait_until_somebody_waits
from webapp.learning import scores
from webapp.learning.models import Score

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scored():
    """Return a function that writes one probability as the score of two subjects."""
    survey = sky.survey()
    rows = sky.subjects(survey, [True, False])
    checkpoint = sky.checkpoint(sky.workflow(survey), is_champion=True)
    ids = np.array([row.pk for row in rows])

    def write(p):
        scores.write_scores(checkpoint.pk, ids, np.array([[1 - p, p]] * 2), np.array([p, p]))

    return write


def test_the_second_waits_for_the_first_and_replaces_its_scores(scored):
    failed = []

    def second():
        try:
            scored(0.75)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        scored(0.25)
        thread.start()
        wait_until_somebody_waits(thread)
        assert thread.is_alive()
    thread.join()
    assert failed == []
    assert list(Score.objects.values_list("p_real", flat=True)) == [0.75, 0.75]

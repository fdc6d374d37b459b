"""A recount that waits while the rules change begins once they are committed, so that it follows the new ones."""

from threading import Thread

import pytest
from django.db import connection, transaction

from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import make_workflow
from webapp.consensus.models import ConsensusRecompute
from webapp.consensus.recompute import start_recompute
from webapp.workflow_settings.change_workflow import change_workflow

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_begins_a_waiting_recount_only_under_the_new_rules():
    workflow = make_workflow(subjects=1)
    waiting, claimed = start_recompute(workflow=workflow, by=None), []

    def claim():
        claimed.append(ConsensusRecompute.objects.claim(waiting.pk))
        connection.close()

    worker = Thread(target=claim)
    with transaction.atomic():
        sets = list(workflow.subject_sets.all())
        saved = change_workflow(workflow=workflow, subject_sets=sets, by=None, method="majority")
        worker.start()
        wait_until_somebody_waits(worker)
        assert claimed == []
    worker.join()
    assert (saved.recount, claimed, claimed[0].workflow.method) == (waiting, [waiting], "majority")

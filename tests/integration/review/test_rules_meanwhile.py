"""A verdict on a subject without votes, while the rules of its workflow change: its consensus follows the new ones."""

import pytest
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.world import make_volunteer, make_workflow, recount, subjects_of
from webapp.consensus.models import Consensus
from webapp.queue.models import QueueEntry
from webapp.review.opinions import give_verdict
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def about():
    """A verdict on a subject of a workflow as a request has loaded it, before its rules change."""
    workflow = make_workflow(subjects=1, method="majority", prior=0.5)
    [subject] = subjects_of(workflow)
    return {"subject": subject, "workflow": workflow, "scientist": make_volunteer("sue").user, "verdict": "yes"}


def change_the_rules():
    Workflow.objects.update(method="swap-two-coin", prior=0.1)


def rules_of_the_consensus():
    row = Consensus.objects.get()
    return row.method, row.posterior, row.retired_reason


NEW = ("swap-two-coin", pytest.approx(0.1), "human")


def test_rules_that_changed_after_the_request_began(about):
    QueueEntry.objects.all().delete()  # so that no recount concerns it
    change_the_rules()
    give_verdict(**about)
    assert rules_of_the_consensus() == NEW


def test_rules_that_change_before_the_verdict_is_stored(about):
    workflow = Workflow.objects.get()
    admin, worker = beside(change_the_rules), beside(lambda: recount(workflow))
    with transaction.atomic():
        give_verdict(**about)
        for each in (admin, worker):
            each.start()
            each.join()
    assert rules_of_the_consensus() == NEW

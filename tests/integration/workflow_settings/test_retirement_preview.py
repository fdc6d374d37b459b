"""Other rules are previewed on existing votes, and saving them has the previewed effect."""

import random

import pytest
from django.db import transaction

from tests.integration.world import make_volunteer, make_workflow, recount, subjects_of, vote
from webapp.consensus.models import Consensus
from webapp.consensus.retirement_preview import preview_rules
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    """Twenty subjects, six people who disagree, two scientists' verdicts."""
    workflow = make_workflow(
        subjects=20, gold=4, min_votes=3, max_votes=8, accept_threshold=0.99, reject_threshold=0.01
    )
    rng = random.Random(3)
    for person in [make_volunteer() for _ in range(6)]:
        for subject in [*subjects_of(workflow, gold=True), *subjects_of(workflow)]:
            vote(person, workflow, subject, rng.choice(["yes", "yes", "yes", "no", "unsure"]))
    ruled = Consensus.objects.filter(subject__gold_label="")[:2].values("pk")
    Consensus.objects.filter(pk__in=ruled).update(is_retired=True, retired_reason="human")
    return workflow


CHANGES = [
    {"max_votes": 6},
    {"accept_threshold": 0.8, "reject_threshold": 0.2},
    {"prior": 0.2},
    {"method": "majority", "majority": 0.6},
    {"method": "swap-one-coin", "accept_threshold": 0.9},
    {"agreement": 0.7, "agreement_votes": 3, "undecided_share": 0.3, "undecided_votes": 3},
]


def test_a_trial_says_what_saving_does_and_writes_nothing(workflow):
    for change in CHANGES:
        with transaction.atomic():
            check(workflow, change)
            transaction.set_rollback(True)


def check(workflow, change):
    """Try a change, save it, and compare what the trial said with what happened."""
    open_or_not = {"workflow": workflow, "subject__gold_label": ""}
    before = dict(Consensus.objects.filter(**open_or_not).values_list("subject", "is_retired"))
    stored = list(Consensus.objects.order_by("pk").values())
    changed = Workflow.objects.get(pk=workflow.pk)
    for name, value in change.items():
        setattr(changed, name, value)
    trial = preview_rules(changed)
    assert list(Consensus.objects.order_by("pk").values()) == stored, change
    changed.save()
    recount(changed)
    after = dict(Consensus.objects.filter(**open_or_not).values_list("subject", "is_retired"))
    assert trial.subjects == 18, change
    assert trial.settled == sum(after[each] and not before[each] for each in before), change
    assert trial.reopened == sum(before[each] and not after[each] for each in before), change
    assert sum(trial.reasons.values()) == trial.retired_then == sum(after.values()) - 2, change

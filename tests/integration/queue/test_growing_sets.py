"""A set that grows while a workflow begins to use it: whoever comes first, each of its subjects is queued."""

import pytest
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import entry_of, make_subject, make_volunteer, make_workflow
from webapp.archive.models import Subject, SubjectSet
from webapp.consensus.models import ConsensusRecompute
from webapp.consensus.recompute import recompute_consensus
from webapp.queue.membership import add_to_set
from webapp.review.opinions import give_verdict, withdraw_verdict
from webapp.review.rulings import rule
from webapp.workflow_settings.change_workflow import change_workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workflow():
    return make_workflow(subjects=1)


@pytest.fixture
def grows(workflow):
    """Return a function that adds a new subject to a set that the workflow does not use yet."""
    SubjectSet.objects.create(survey=workflow.survey, name="live")
    return lambda: add_to_set(workflow.survey, "live", [make_subject(workflow.survey, "new").pk])


def use_the_set(workflow):
    sets = [*workflow.subject_sets.all(), SubjectSet.objects.get(name="live")]
    change_workflow(workflow=workflow, subject_sets=sets, by=None)


def test_what_is_stored_before_the_workflow_is_saved_is_queued(workflow, grows):
    stream = beside(grows)
    with transaction.atomic():
        use_the_set(workflow)
        stream.start()
        stream.join()
    assert workflow.queue.count() == 2


def test_a_subject_with_a_verdict_is_retired_in_the_queue_that_it_joins_later(workflow, grows):
    grows()
    subject = Subject.objects.get(external_id="new")
    rule(subject=subject, workflow=workflow, scientist=make_volunteer("sue").user, verdict="yes")
    use_the_set(workflow)
    entry = entry_of(workflow, subject)
    assert (entry.is_retired, entry.is_gold) == (True, True)


@pytest.fixture
def ruled(workflow, grows):
    """A new subject, and a scientist's verdict on it."""
    subject = make_subject(workflow.survey, "late")
    SubjectSet.objects.get(name="live").subjects.add(subject)
    about = {"subject": subject, "workflow": workflow, "scientist": make_volunteer("sue").user}
    return subject, lambda: give_verdict(**about, verdict="yes"), lambda: withdraw_verdict(**about)


def standing(workflow, subject):
    entry = entry_of(workflow, subject)
    return entry.is_retired, entry.is_gold


@pytest.mark.parametrize("is_queued_first", [True, False])
@pytest.mark.parametrize("is_given", [True, False])
def test_a_subject_that_joins_a_queue_while_its_verdict_changes_is_retired_with_it(
    workflow, ruled, is_queued_first, is_given
):
    subject, give, withdraw = ruled
    change = give
    if not is_given:
        give()
        change = withdraw
    first, then = (lambda: use_the_set(workflow), change)[:: 1 if is_queued_first else -1]
    waiting = beside(then)
    with transaction.atomic():
        first()
        waiting.start()
        wait_until_somebody_waits(waiting)
    waiting.join()
    assert standing(workflow, subject) == (is_given, is_given)


def test_what_is_being_stored_when_the_workflow_is_saved_is_waited_for(workflow, grows):
    admin = beside(lambda: use_the_set(workflow))
    with transaction.atomic():
        grows()
        admin.start()
        wait_until_somebody_waits(admin)
    admin.join()
    assert workflow.queue.count() == 2


def test_what_is_being_stored_while_the_rules_change_gets_slots_by_the_new_ones(workflow):
    def change():
        job = change_workflow(
            workflow=workflow, subject_sets=list(workflow.subject_sets.all()), by=None, min_votes=5, max_votes=9
        ).recount
        recompute_consensus(ConsensusRecompute.objects.claim(job.pk))

    admin, new = beside(change), make_subject(workflow.survey, "new")
    with transaction.atomic():
        add_to_set(workflow.survey, workflow.slug, [new.pk])
        admin.start()
        wait_until_somebody_waits(admin)
    admin.join()
    assert entry_of(workflow, new).open_slots == 5

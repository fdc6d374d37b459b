"""A recount, and other changes that are under way: it follows the new rules, and loses no record of a volunteer."""

from threading import Thread

import pytest
from django.db import connection, transaction

from tests.integration.at_once import beside
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.world import hand, make_volunteer, make_workflow, recount, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus, ConsensusRecompute, Skill
from webapp.consensus.recompute import catch_up_all, replay_everybody, start_recompute
from webapp.workflow_settings.change_workflow import change_workflow
from webapp.workflows.models import Workflow

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


def test_a_recount_reaches_somebody_whose_first_answer_is_being_counted_when_it_begins():
    workflow, vera = make_workflow(subjects=1, method="majority", undo_seconds=0), make_volunteer()
    [subject] = subjects_of(workflow)
    hand(vera, workflow, subject)
    admin = beside(lambda: Workflow.objects.update(method="swap-two-coin"))
    worker = beside(lambda: recount(workflow))
    with transaction.atomic():
        vote(vera, workflow, subject)
        admin.start()
        admin.join()
        worker.start()
        wait_until_somebody_waits(worker)
    worker.join()
    catch_up_all()
    given, row = Classification.objects.get(), Consensus.objects.get()
    assert given.log_odds_micronats == row.log_odds_micronats > 0
    assert row.method == "swap-two-coin"


def test_a_recount_keeps_the_record_of_somebody_whose_only_answer_is_being_counted():
    workflow, vera = make_workflow(subjects=0, gold=1), make_volunteer()
    Skill.objects.create(workflow=workflow, volunteer=vera)  # of answers that were undone
    [subject] = subjects_of(workflow, gold=True)
    counting_anew = beside(lambda: replay_everybody(workflow))
    with transaction.atomic():
        vote(vera, workflow, subject, "no")
        counting_anew.start()
        wait_until_somebody_waits(counting_anew)
    counting_anew.join()
    assert Skill.objects.get().true_no_said_no == 1

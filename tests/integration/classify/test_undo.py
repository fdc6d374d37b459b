"""An answer can be undone for a while, without leaving a trace."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.integration.world import (
    client_of,
    end_grace,
    entry_of,
    make_volunteer,
    make_workflow,
    recount,
    subjects_of,
    vote,
)
from webapp.classifications.models import Classification
from webapp.classify.record import TooLate
from webapp.classify.submit import undo
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.recompute import catch_up
from webapp.consensus.skills import truth_changed
from webapp.queue.leases import lease_next
from webapp.queue.models import Lease, QueueEntry

pytestmark = pytest.mark.django_db


def traces():
    """Everything that answers leave behind, except the answers themselves, update counters and the clock."""
    sums = Consensus.objects.order_by("subject").values_list(
        "subject", "votes_yes", "votes_no", "votes_unsure", "follow_ups", "posterior", "is_retired", "retired_reason"
    )
    entries = QueueEntry.objects.order_by("pk").values_list("pk", "open_slots", "is_retired")
    held = Lease.objects.order_by("entry").values_list("entry", "volunteer", "reason")
    skills = [skill.counts() for skill in Skill.objects.order_by("volunteer")]
    return list(sums), list(entries), list(held), [counts for counts in skills if any(map(any, counts))]


@pytest.mark.parametrize("method", ["majority", "swap-one-coin", "swap-two-coin"])
@pytest.mark.parametrize("is_gold", [False, True])
def test_undo_leaves_no_trace(method, is_gold):
    workflow = make_workflow(subjects=1, gold=1, method=method, min_votes=2, max_votes=4)
    ann, bob = make_volunteer("ann"), make_volunteer("bob")
    (subject,) = subjects_of(workflow, gold=is_gold)
    for person in (ann, bob):
        vote(person, workflow, subjects_of(workflow, gold=True)[0] if not is_gold else subjects_of(workflow)[0], "no")
    vote(bob, workflow, subject, "yes", "AST")
    workflow.training_schedule = [[0, float(is_gold)]]
    (lease,) = lease_next(ann, workflow, 1).leases
    assert lease.entry.subject == subject
    before = traces()
    answer = vote(ann, workflow, subject, "yes", "AST").recorded.classification
    assert traces() != before
    undo(ann, answer.pk)
    assert traces() == before
    assert answer.pk in Classification.objects.exclude(withdrawn_at=None).values_list("pk", flat=True)


def test_undoing_the_first_vote_leaves_no_consensus():
    workflow = make_workflow(subjects=1)
    ann = make_volunteer("ann")
    answer = vote(ann, workflow, subjects_of(workflow)[0]).recorded.classification
    undo(ann, answer.pk)
    assert not Consensus.objects.exists()


def test_undo_brings_a_retired_subject_back():
    workflow = make_workflow(subjects=1, method="majority", min_votes=2)
    (subject,) = subjects_of(workflow)
    vote(make_volunteer(), workflow, subject)
    ann = make_volunteer("ann")
    answer = vote(ann, workflow, subject).recorded.classification
    assert entry_of(workflow, subject).is_retired
    undo(ann, answer.pk)
    entry = entry_of(workflow, subject)
    assert not entry.is_retired
    assert (entry.open_slots, entry.leases.get().volunteer) == (0, ann)
    assert Consensus.objects.get().retired_at is None


def test_an_undone_subject_is_answered_anew():
    workflow = make_workflow(subjects=1)
    client = client_of(make_volunteer("ann"))
    item = client.get("/api/workflows/atlas/next/", {"n": 1}).json()["items"][0]
    sent = {"id": str(uuid.uuid4()), "workflow": "atlas", "subject": item["subject"]["id"], "answer": "yes"}
    client.post("/api/classifications/", sent, format="json")
    undone = client.post(f"/api/classifications/{sent['id']}/undo/").json()
    assert undone["withdrawn"] is True
    assert undone["votes"] == {"yes": 0, "no": 0, "unsure": 0}
    assert client.get("/api/workflows/atlas/next/", {"n": 1}).json()["items"][0]["subject"] == item["subject"]
    again = client.post("/api/classifications/", sent | {"id": str(uuid.uuid4()), "answer": "no"}, format="json")
    assert again.json()["votes"] == {"yes": 0, "no": 1, "unsure": 0}
    late = client.post("/api/classifications/", sent, format="json").json()
    assert (late["replayed"], late["withdrawn"]) == (True, True)
    assert late["votes"] == {"yes": 0, "no": 0, "unsure": 0}
    end_grace()
    assert Consensus.objects.get(workflow=workflow).votes == 1


def test_undo_twice_is_as_once():
    workflow = make_workflow(subjects=0, gold=1)
    ann = make_volunteer("ann")
    answer = vote(ann, workflow, subjects_of(workflow, gold=True)[0]).recorded.classification
    undo(ann, answer.pk)
    once = traces()
    undo(ann, answer.pk)
    assert traces() == once


def test_after_the_grace_period_the_answer_stands():
    workflow = make_workflow(subjects=1)
    ann = make_volunteer("ann")
    answer = vote(ann, workflow, subjects_of(workflow)[0]).recorded.classification
    Classification.objects.update(created_at=timezone.now() - timedelta(seconds=workflow.undo_seconds + 1))
    before = traces()
    with pytest.raises(TooLate, match="30 seconds"):
        undo(ann, answer.pk)
    assert client_of(ann).post(f"/api/classifications/{answer.pk}/undo/").status_code == 409
    assert traces() == before


def test_nobody_undoes_what_another_answered():
    workflow = make_workflow(subjects=1)
    answer = vote(make_volunteer("ann"), workflow, subjects_of(workflow)[0]).recorded.classification
    before = traces()
    stranger = client_of(make_volunteer("eve"))
    assert stranger.post(f"/api/classifications/{answer.pk}/undo/").status_code == 404
    assert traces() == before
    assert Classification.objects.standing().count() == 1


def test_who_was_told_the_truth_earns_no_skill_by_answering_again():
    workflow = make_workflow(subjects=0, gold=1)
    ann = make_volunteer("ann")
    (subject,) = subjects_of(workflow, gold=True)
    first = vote(ann, workflow, subject, "yes").recorded.classification
    assert Skill.objects.get().counts() == [[0, 1, 0], [0, 0, 0]]
    undo(ann, first.pk)
    second = vote(ann, workflow, subject, "no").recorded.classification
    assert not any(map(any, Skill.objects.get().counts()))
    recount(workflow)
    assert not any(map(any, Skill.objects.get().counts()))
    undo(ann, second.pk)
    assert not any(map(any, Skill.objects.get().counts()))


def test_an_answer_is_undone_after_a_ruling_on_its_subject():
    workflow = make_workflow(subjects=1)
    ann = make_volunteer("ann")
    (subject,) = subjects_of(workflow)
    answer = vote(ann, workflow, subject, "yes").recorded.classification
    subject.gold_label = "AST"
    subject.save()
    truth_changed([subject.pk])
    assert client_of(ann).post(f"/api/classifications/{answer.pk}/undo/").status_code == 200
    catch_up(workflow)
    assert not any(map(any, Skill.objects.get().counts()))

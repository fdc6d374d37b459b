"""Only assigned subjects can be answered, however late."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.integration.world import client_of, end_grace, entry_of, make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.queue.leases import release_expired
from webapp.queue.models import Lease

pytestmark = pytest.mark.django_db

NEXT, ANSWERS = "/api/workflows/atlas/next/", "/api/classifications/"


def post(client, subject, answer="yes", **more):
    sent = {"id": str(uuid.uuid4()), "workflow": "atlas", "subject": subject, "answer": answer}
    return client.post(ANSWERS, sent | more, format="json")


def handed(client):
    (item,) = client.get(NEXT, {"n": 1}).json()["items"]
    return item["subject"]["id"], item["lease"]


def test_a_settled_subject_is_not_opened_again_by_who_was_not_asked():
    workflow = make_workflow(subjects=1, method="majority", min_votes=2)
    (subject,) = subjects_of(workflow)
    for _ in range(2):
        vote(make_volunteer(), workflow, subject)
    eve = client_of(make_volunteer("eve"))
    for lease in ("", "1:abc", "x", f"{10**30}:x"):
        reply = post(eve, subject.pk, "no", lease=lease)
        assert (reply.status_code, "was not handed to" in reply.json()["detail"]) == (400, True)
    assert entry_of(workflow, subject).is_retired
    assert Classification.objects.count() == 2


def test_a_training_subject_tells_its_truth_only_to_whom_it_was_handed():
    workflow = make_workflow(subjects=1, gold=1)
    (gold,) = subjects_of(workflow, gold=True)
    reply = post(client_of(make_volunteer("eve")), gold.pk)
    assert (reply.status_code, "truth" in reply.content.decode()) == (400, False)


def test_an_answer_that_comes_after_its_lease_still_counts():
    make_workflow(subjects=1)
    ann = client_of(make_volunteer("ann"))
    subject, lease = handed(ann)
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=9))
    assert release_expired() == 1
    assert post(ann, subject).status_code == 400
    assert post(ann, subject, lease=lease).status_code == 201


def test_what_was_handed_to_another_waits_for_them():
    make_workflow(subjects=1)
    ann, eve = client_of(make_volunteer("ann")), client_of(make_volunteer("eve"))
    subject, lease = handed(ann)
    assert post(eve, subject, lease=lease).status_code == 403
    assert not Classification.objects.exists()
    assert post(ann, subject, lease=lease).status_code == 201


def test_what_was_handed_to_a_visitor_whom_nobody_knows_any_more_is_refused():
    make_workflow(subjects=1)
    visitor, eve = APIClient(), client_of(make_volunteer("eve"))
    subject, lease = handed(visitor)
    assert post(eve, subject, lease=lease).status_code == 400
    assert not Classification.objects.exists()


def test_a_locked_level_takes_no_answers():
    make_workflow(subjects=1, slug="below")
    workflow = make_workflow(subjects=1, level=2)
    ann = client_of(make_volunteer("ann"))
    assert ann.get(NEXT).status_code == 403
    assert post(ann, subjects_of(workflow)[0].pk).status_code == 400
    assert not Classification.objects.exists()


def let_go():
    Lease.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    release_expired()


def hand_to_many(people):
    """Assign the one subject to everybody, and let the leases expire one after another."""
    held = []
    for person in people:
        held.append(handed(person))
        let_go()
    return held


def test_a_subject_takes_no_more_late_answers_than_it_may_have():
    workflow = make_workflow(subjects=1, max_votes=4, method="majority", min_votes=4)
    people = [client_of(make_volunteer(f"p{n}")) for n in range(9)]
    replies = []
    for n, (person, (subject, lease)) in enumerate(zip(people, hand_to_many(people), strict=True)):
        replies.append(post(person, subject, "yes" if n % 2 else "no", lease=lease))
    assert [reply.json()["accepted"] for reply in replies] == [True] * 4 + [False] * 5
    late = replies[-1]
    assert (late.status_code, late.json()["votes"]) == (200, {"yes": 0, "no": 0, "unsure": 0})
    assert "Thank you for looking" in late.json()["message"]
    assert end_grace() == Classification.objects.count() == 4
    assert Consensus.objects.get().votes == 4
    assert entry_of(workflow, subject).is_retired


def test_an_answer_that_comes_when_others_have_settled_the_subject_changes_nothing():
    workflow = make_workflow(subjects=1, method="majority", min_votes=2)
    ann = client_of(make_volunteer("ann"))
    subject, lease = handed(ann)
    let_go()
    for _ in range(2):
        vote(make_volunteer(), workflow, subject)
    sent = {"id": str(uuid.uuid4()), "lease": lease}
    for _ in range(2):  # sent again, it is as late
        assert post(ann, subject, "no", **sent).json()["accepted"] is False
    assert entry_of(workflow, subject).is_retired
    assert Classification.objects.count() == Consensus.objects.get().votes == 2
    assert ann.get(ANSWERS).json()["results"] == []


def test_who_still_holds_a_subject_is_counted_though_others_settle_it():
    workflow = make_workflow(subjects=1, method="majority", min_votes=2)
    ann = client_of(make_volunteer("ann"))
    subject, _ = handed(ann)
    for _ in range(2):
        vote(make_volunteer(), workflow, subject)
    assert post(ann, subject).json()["accepted"] is True


def test_a_late_answer_to_a_training_subject_still_trains():
    make_workflow(subjects=0, gold=1, training_schedule=[[0, 1.0]])
    ann = client_of(make_volunteer("ann"))
    subject, lease = handed(ann)
    let_go()
    assert post(ann, subject, lease=lease).json()["feedback"]["truth"] == "no"

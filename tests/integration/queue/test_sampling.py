"""Training subjects: fewer the more a volunteer has seen, including those scientists ruled on."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from tests.integration.world import client_of, make_volunteer, make_workflow, vote
from webapp.queue.counts import progress_of
from webapp.queue.leases import lease_next
from webapp.queue.models import Lease, QueueEntry
from webapp.review.rulings import rule, withdraw_ruling
from webapp.workflows.gold_schedule import Row, as_rows, fraction_at, from_rows, in_numbers, usual_schedule

pytestmark = pytest.mark.django_db


def given_out(workflow, volunteer, n):
    """Assign n subjects to the volunteer; return how many are for training."""
    return sum(lease.reason == "training" for lease in lease_next(volunteer, workflow, n).leases)


def test_the_usual_schedule_begins_with_practice_and_falls_at_20_40_and_60():
    assert [fraction_at(usual_schedule(), seen) for seen in (0, 4)] == [1.0, 1.0]
    fractions = [fraction_at(usual_schedule(), seen) for seen in (5, 19, 20, 39, 40, 59, 60, 10_000)]
    assert fractions == [0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1]
    assert from_rows(as_rows(usual_schedule())) == usual_schedule()
    assert from_rows([Row(" .2 ", "")]) == [[0, 0.2]]
    assert from_rows([Row("0.2", "20")]) == [[0, 0.2], [20, 0.0]]


def test_a_schedule_is_said_in_numbers_of_the_readers_language():
    assert in_numbers(usual_schedule()) == "0–4: 1.0 · 5–19: 0.4 · 20–39: 0.3 · 40–59: 0.2 · 60+: 0.1"
    with override("de"):
        assert in_numbers(usual_schedule()) == "0–4: 1,0 · 5–19: 0,4 · 20–39: 0,3 · 40–59: 0,2 · 60+: 0,1"
    assert in_numbers([[0, 0.0]]) == "0+: 0.0"


@pytest.mark.parametrize(
    "rows", [[], [("much", "")], [("0.1", "5"), ("0.2", "")], [("0.3", "9"), ("0.2", "9"), ("0.1", "")], [("2", "")]]
)
def test_what_is_no_schedule_is_refused(rows):
    with pytest.raises(ValidationError):
        from_rows([Row(*row) for row in rows])


def test_newcomers_train_more_than_those_who_have_seen_much():
    workflow = make_workflow(subjects=10, gold=10, training_schedule=[[0, 1.0], [5, 0.0]], random_fraction=0.5)
    volunteer = make_volunteer("v")
    assert given_out(workflow, volunteer, 3) == 3
    assert given_out(workflow, volunteer, 8) == 5  # places six to eight are drawn as for somebody who has seen five
    for lease in Lease.objects.filter(volunteer=volunteer, reason="training"):
        vote(volunteer, workflow, lease.entry.subject)
    Lease.objects.filter(volunteer=volunteer).delete()
    assert given_out(workflow, volunteer, 4) == 0
    assert given_out(workflow, make_volunteer("w"), 4) == 4


def test_a_volunteers_answers_are_counted_once():
    workflow = make_workflow(subjects=30, gold=2, training_schedule=[[0, 0.4], [5, 0.1]])
    with CaptureQueriesContext(connection) as queries:
        lease_next(make_volunteer("v"), workflow, 5)
    assert sum("count(*) FROM classifications_classification" in query["sql"] for query in queries) == 1


def test_the_draws_of_a_simulated_volunteer_can_be_repeated(django_user_model):
    workflow = make_workflow(subjects=60, gold=20, random_fraction=0.5, training_schedule=[[0, 0.3]])
    volunteer = make_volunteer("simulated")
    volunteer.user, volunteer.is_simulated = django_user_model.objects.create_user("simulated-1@guided"), True
    volunteer.save()
    drawn = []
    for _ in range(3):
        drawn.append([(lease.entry_id, lease.reason) for lease in lease_next(volunteer, workflow, 20).leases])
        Lease.objects.all().delete()
        QueueEntry.objects.update(open_slots=workflow.min_votes)
    assert drawn[0] == drawn[1] == drawn[2]
    assert len({reason for _, reason in drawn[0]}) > 1
    vote(volunteer, workflow, QueueEntry.objects.get(pk=drawn[0][-1][0]).subject)
    assert [(lease.entry_id, lease.reason) for lease in lease_next(volunteer, workflow, 20).leases] != drawn[0]


def test_a_ruled_subject_is_settled_and_trains_others(django_user_model):
    workflow = make_workflow(subjects=2, training_schedule=[[0, 1.0]])
    entry = QueueEntry.objects.filter(workflow=workflow).first()
    scientist = django_user_model.objects.create_user("sci")
    ruling = rule(subject=entry.subject, workflow=workflow, scientist=scientist, verdict="yes", label="AST")
    volunteer = make_volunteer("v")
    (lease,) = lease_next(volunteer, workflow, 1).leases
    assert (lease.entry_id, lease.reason) == (entry.pk, "training")
    item = {
        "id": "0b0e6ab6-5a3e-4c1e-9f0c-6f5a3f3c2b1a",
        "workflow": "atlas",
        "subject": entry.subject_id,
        "answer": "no",
    }
    reply = client_of(volunteer).post("/api/classifications/", item, format="json").json()
    assert reply["feedback"]["reason"] == "Asteroid: A round dot, as wide as a star, at the crosshair in every frame."
    assert reply["feedback"]["correct"] is False
    assert progress_of(workflow, 0) == {"answered": 0, "retired": 1, "total": 2}
    withdraw_ruling(ruling=ruling, by=ruling.scientist)
    entry.refresh_from_db()
    assert (entry.is_gold, entry.is_retired) == (False, False)


def test_a_training_workflow_serves_nothing_else_and_says_when_it_is_done():
    workflow = make_workflow(subjects=5, gold=3, is_training=True)
    volunteer = make_volunteer("v")
    leases = lease_next(volunteer, workflow, 10).leases
    assert len(leases) == 3
    assert all(lease.entry.is_gold and lease.reason == "training" for lease in leases)
    for lease in leases:
        vote(volunteer, workflow, lease.entry.subject)
    reply = client_of(volunteer).get("/api/workflows/atlas/next/").json()
    assert (reply["items"], "skill page shows what you recognise" in reply["message"]) == ([], True)

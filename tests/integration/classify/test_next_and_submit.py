"""Getting subjects and answering them, through HTTP."""

import uuid

import pytest
from django.db import connection

from tests.integration.world import client_of, end_grace, entry_of, make_volunteer, make_workflow, standing
from webapp.archive.models import Subject
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.core.sql import analyze
from webapp.queue.models import Lease, QueueEntry

pytestmark = pytest.mark.django_db

NEXT = "/api/workflows/atlas/next/"
ANSWERS = "/api/classifications/"


def answer(item, value="yes", **more):
    return {
        "id": str(uuid.uuid4()),
        "workflow": item["workflow"],
        "subject": item["subject"]["id"],
        "answer": value,
        **more,
    }


@pytest.fixture
def workflow():
    return make_workflow(subjects=10)


@pytest.fixture
def client():
    return client_of(make_volunteer("ann"))


def test_next_gives_all_that_is_needed_to_draw_a_subject(workflow, client):
    body = client.get(NEXT, {"n": 1}).json()
    (item,) = body["items"]
    subject = item["subject"]
    assert (subject["frames"], subject["channels"], subject["height"], subject["width"]) == (2, 1, 8, 8)
    assert subject["mjds"] == [60000.5, 60000.51]
    assert subject["bands"] == ["o", "o"]
    assert subject["pixels"].endswith(".bin")
    assert body["progress"] == {"answered": 0, "retired": 0, "total": 10}


def test_next_hides_what_would_give_the_answer_away(client):
    make_workflow(subjects=0, gold=3, training_schedule=[[0, 1.0]])
    item = client.get(NEXT, {"n": 1}).json()["items"][0]
    assert item["subject"]["metadata"] == {"site": "T08"}
    assert set(item) == {"lease", "expires_at", "workflow", "subject"}
    assert not {"reason", "gold_label", "is_gold", "priority"} & set(item["subject"])


def test_a_reload_and_a_second_tab_give_the_same_subjects(workflow, client):
    first = client.get(NEXT, {"n": 5}).json()["items"]
    again = client.get(NEXT, {"n": 5}).json()["items"]
    assert [item["lease"] for item in again] == [item["lease"] for item in first]
    assert Lease.objects.count() == 5


def test_answers_in_a_list_are_stored_counted_and_no_longer_held(workflow, client):
    items = client.get(NEXT, {"n": 3}).json()["items"]
    response = client.post(ANSWERS, [answer(item) for item in items], format="json")
    assert response.status_code == 201
    assert [result["votes"] for result in response.json()] == [{"yes": 1, "no": 0, "unsure": 0}] * 3
    assert standing(workflow).count() == 3
    assert not Lease.objects.exists()
    assert client.get(NEXT, {"n": 1}).json()["progress"]["answered"] == 3
    entry = entry_of(workflow, items[0]["subject"]["id"])
    assert entry.open_slots == workflow.min_votes - 1


def test_a_replayed_id_returns_the_first_and_counts_once(workflow, client):
    sent = answer(client.get(NEXT, {"n": 1}).json()["items"][0])
    first = client.post(ANSWERS, sent, format="json")
    second = client.post(ANSWERS, sent | {"answer": "no"}, format="json")
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["answer"] == "yes"
    assert second.json()["replayed"] is True
    assert end_grace() == 1
    assert Consensus.objects.get().votes == 1


def test_two_tabs_that_answer_the_same_subject_count_once(workflow, client):
    (item,) = client.get(NEXT, {"n": 1}).json()["items"]
    first = client.post(ANSWERS, answer(item, "yes"), format="json").json()
    second = client.post(ANSWERS, answer(item, "no"), format="json").json()
    assert second["accepted"] is False
    assert (second["id"], second["answer"]) == (first["id"], "yes")
    assert "first answer counts" in second["message"]
    assert Classification.objects.count() == 1


def test_an_answer_says_nothing_about_whose_it_is_or_how_it_counts(workflow, client):
    ben = make_volunteer("ben")
    (item,) = client.get(NEXT, {"n": 1}).json()["items"]
    more = {"volunteer": ben.pk, "is_counted": True, "log_odds_micronats": 9_000_000, "reason": "training"}
    for name, value in more.items():
        refused = client.post(ANSWERS, answer(item, **{name: value}), format="json")
        assert (refused.status_code, list(refused.json())) == (400, [name])
    assert not Classification.objects.exists()


def test_an_answered_subject_is_not_handed_to_the_same_person_again(workflow, client):
    seen = set()
    while items := client.get(NEXT, {"n": 4}).json()["items"]:
        seen |= {item["subject"]["id"] for item in items}
        client.post(ANSWERS, [answer(item) for item in items], format="json")
    assert len(seen) == standing(workflow).count() == 10
    assert "answered every open subject" in client.get(NEXT).json()["message"]


def test_training_tells_the_truth_afterwards_and_only_then(client):
    make_workflow(subjects=0, gold=1, training_schedule=[[0, 1.0]])
    (item,) = client.get(NEXT, {"n": 1}).json()["items"]
    reply = client.post(ANSWERS, answer(item, "yes"), format="json").json()
    assert reply["reason"] == "training"
    feedback = reply["feedback"]
    assert (feedback["truth"], feedback["correct"], feedback["gold_label"]) == ("no", False, "CR")
    assert feedback["circle"] == [[3.5, 3.5], [3.5, 3.5]]  # the middle of each of the two frames


def test_nothing_is_circled_where_the_object_may_be_anywhere(client):
    workflow = make_workflow(subjects=0, gold=1, training_schedule=[[0, 1.0]])
    workflow.survey.subjects.update(kind="cutout")
    (item,) = client.get(NEXT, {"n": 1}).json()["items"]
    assert client.post(ANSWERS, answer(item, "yes"), format="json").json()["feedback"]["circle"] == []


def test_one_bad_answer_stores_none_of_the_list(workflow, client):
    items = client.get(NEXT, {"n": 2}).json()["items"]
    bad = [answer(items[0]), answer(items[1]) | {"subject": 987654}]
    response = client.post(ANSWERS, bad, format="json")
    assert response.status_code == 400
    assert "987654" in response.json()["detail"]
    assert not Classification.objects.exists()
    assert Lease.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "maybe"},
        {"id": "seven"},
        {"id": 7},
        {"follow_up": "COMET"},
        {"subject": 2**70},
        {"workflow": "nowhere"},
        {"device": "\x00"},
        {"frames_seen": -1},
    ],
)
def test_malformed_answers_are_refused(workflow, client, change):
    sent = answer(client.get(NEXT, {"n": 1}).json()["items"][0]) | change
    assert client.post(ANSWERS, sent, format="json").status_code == 400
    assert not Classification.objects.exists()


def test_more_than_fifty_answers_at_once_are_refused(workflow, client):
    item = client.get(NEXT, {"n": 1}).json()["items"][0]
    assert client.post(ANSWERS, [answer(item) for _ in range(51)], format="json").status_code == 400


def test_somebody_elses_id_is_refused(workflow, client):
    sent = answer(client.get(NEXT, {"n": 1}).json()["items"][0])
    client.post(ANSWERS, sent, format="json")
    other = client_of(make_volunteer("bob"))
    other.get(NEXT, {"n": 1})
    response = other.post(ANSWERS, sent, format="json")
    assert response.status_code == 400
    assert "another answer" in response.json()["detail"]
    assert Classification.objects.count() == 1


def test_statements_are_planned_once_and_not_for_each_subject_of_a_small_workflow_beside_a_large_one():
    client = client_of(make_volunteer("ann"))
    make_workflow(subjects=3000, slug="large")
    make_workflow(subjects=30, gold=10)
    analyze(QueueEntry, Subject)
    for _ in range(25):
        (item,) = client.get(NEXT, {"n": 1}).json()["items"]
        assert client.post(ANSWERS, answer(item), format="json").status_code == 201
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements")
        plans = cursor.fetchall()
    assert len([statement for statement, generic, _ in plans if generic > 10]) > 10
    assert [(statement, generic, custom) for statement, generic, custom in plans if custom > 5] == []


def test_a_paused_workflow_hands_out_nothing(workflow, client):
    workflow.is_active = False
    workflow.save()
    body = client.get(NEXT).json()
    assert body["items"] == []
    assert "paused" in body["message"]
    assert not QueueEntry.objects.exclude(open_slots=workflow.min_votes).exists()


def test_a_follow_up_may_come_later(workflow, client):
    sent = answer(client.get(NEXT, {"n": 1}).json()["items"][0], "no")
    client.post(ANSWERS, sent, format="json")
    end_grace()
    assert client.post(f"{ANSWERS}{sent['id']}/follow-up/", {"follow_up": "CR"}, format="json").status_code == 200
    assert Consensus.objects.get().follow_ups == {"CR": 1}
    wrong = client.post(f"{ANSWERS}{sent['id']}/follow-up/", {"follow_up": "AST"}, format="json")
    assert wrong.status_code == 409
    assert Consensus.objects.get().follow_ups == {"CR": 1}


def test_a_follow_up_to_somebody_elses_answer_is_not_found(workflow, client):
    sent = answer(client.get(NEXT, {"n": 1}).json()["items"][0], "no")
    client.post(ANSWERS, sent, format="json")
    other = client_of(make_volunteer("bob"))
    assert other.post(f"{ANSWERS}{sent['id']}/follow-up/", {"follow_up": "CR"}, format="json").status_code == 404
    assert Classification.objects.get().follow_up == ""

"""Votes, people and retirements over time, and the completion forecast."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.integration.learning import sky
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.queue.models import QueueEntry
from webapp.review.throughput import counts, open_subjects, steps, votes_by_day
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
ADDRESS = "/surveys/night/consensus/night/throughput/"
NOW = datetime(2026, 3, 11, 12, 30, tzinfo=UTC)  # a Wednesday


def answer(workflow, subject, at, *, person=None, reason="new"):
    row = Classification.objects.create(
        id=uuid.uuid4(), volunteer=person or Volunteer.objects.create(), workflow=workflow, subject=subject,
        answer="yes", is_counted=True, reason=reason,
    )  # fmt: skip
    Classification.objects.filter(pk=row.pk).update(created_at=at)
    return row


def test_steps_count_votes_people_and_retirements(workflow, subjects):
    jane = Volunteer.objects.create()
    answer(workflow, subjects[0], NOW - timedelta(minutes=5), person=jane)
    answer(workflow, subjects[1], NOW - timedelta(minutes=9), person=jane, reason="training")
    answer(workflow, subjects[0], NOW - timedelta(hours=1))
    undone = answer(workflow, subjects[2], NOW)
    Classification.objects.filter(pk=undone.pk).update(withdrawn_at=NOW)
    sky.votes(
        workflow, subjects[0], 0.9, is_retired=True, retired_reason="consensus", retired_at=NOW - timedelta(days=2)
    )
    by_hour, by_day, by_week = (steps(workflow, step, NOW) for step in ("hour", "day", "week"))
    assert (by_hour[-1].start, by_hour[-1].votes, by_hour[-1].training, by_hour[-1].people) == (
        NOW.replace(minute=0), 1, 1, 1,
    )  # fmt: skip
    assert (by_hour[-2].votes, by_hour[-3].votes) == (1, 0)
    assert (by_day[-1].votes, by_day[-1].people, by_day[-3].retired) == (2, 2, 1)
    assert (by_week[-1].start.weekday(), by_week[-1].votes, by_week[-1].retired) == (0, 2, 1)
    assert [len(each) for each in (by_hour, by_day, by_week)] == [48, 30, 26]


def test_days_before_the_first_vote_are_no_quiet_days(workflow, subjects):
    for hours in (1, 30, 31, 80):
        answer(workflow, subjects[0], NOW - timedelta(hours=hours))
    answer(workflow, subjects[1], NOW - timedelta(hours=2), reason="training")
    days = steps(workflow, "day", NOW)
    assert [day.votes for day in days[-5:]] == [0, 1, 0, 2, 1]
    assert votes_by_day(workflow, days, 28).tolist() == [0, 2]
    assert votes_by_day(workflow, days, 1).tolist() == [2]
    assert votes_by_day(workflow, days[:-2], 28).tolist() == []


def test_subjects_by_votes_leave_training_subjects_out(workflow, subjects):
    sky.votes(workflow, subjects[0], 0.99, votes_yes=3, is_retired=True, retired_reason="consensus")
    sky.votes(workflow, subjects[1], 0.9, votes_yes=1)
    sky.votes(workflow, subjects[2], 0.9, votes_yes=4, is_retired=True, retired_reason="human")
    sky.votes(workflow, subjects[3], 0.9, votes_yes=7)
    QueueEntry.objects.filter(subject=subjects[0]).update(is_retired=True)
    QueueEntry.objects.filter(subject=subjects[2]).update(is_retired=True)
    QueueEntry.objects.filter(subject=subjects[3]).update(is_gold=True)
    n_open = open_subjects(workflow)
    of = counts(workflow, n_open)
    assert n_open == 3
    assert (of.retired[3], of.retired.sum()) == (1, 1)
    assert (of.open[0], of.open[1], of.open.sum()) == (2, 1, 3)
    assert (of.taken_away[4], of.taken_away.sum()) == (1, 1)


def test_a_steady_crowd_gets_a_date_and_a_doubled_one_an_earlier_date(workflow, scientist, client):
    rows = sky.subjects(workflow.survey, [True] * 60)
    sky.queue(workflow, rows)
    now = timezone.now()
    Classification.objects.bulk_create(
        Classification(
            id=uuid.uuid4(),
            volunteer=Volunteer.objects.create(),
            workflow=workflow,
            subject=row,
            answer="yes",
            is_counted=True,
        )
        for row in rows[:30]
        for _ in range(3)
    )
    for place, row in enumerate(Classification.objects.all()):
        at = now - timedelta(days=8) + timedelta(hours=2 * place)
        Classification.objects.filter(pk=row.pk).update(created_at=at)
    for row in rows[:30]:
        sky.votes(workflow, row, 0.99, votes_yes=3, is_retired=True, retired_reason="consensus", retired_at=now)
    QueueEntry.objects.filter(subject__in=rows[:30]).update(is_retired=True)
    context = client.get(ADDRESS, {"window": 7}).context
    [(_, likely, dates), (_, doubled, _)] = context["forecasts"]
    assert context["n_open"] == 30
    assert likely.votes_needed.value == 90
    assert likely.per_day.value == pytest.approx(12, abs=1)
    assert likely.days.low < 90 / 12 < likely.days.high
    assert doubled.days.value == pytest.approx(likely.days.value / 2, rel=0.15)
    assert dates["low"] < dates["value"] < dates["high"]


@pytest.mark.parametrize("query", [{}, {"by": "hour", "window": "7"}, {"by": "week"}])
def test_with_little_known_the_page_cannot_tell(workflow, subjects, scientist, client, query):
    answer(workflow, subjects[0], timezone.now())
    assert "No forecast yet: it needs 3 whole days" in client.get(ADDRESS, query).content.decode()


def test_an_empty_workflow_is_done(workflow, scientist, client):
    page = client.get(ADDRESS).content.decode()
    assert "No subject is open" in page
    assert "No classifications in this period" in page
    assert Consensus.objects.count() == 0


@pytest.mark.parametrize(
    ("address", "asked", "choices"),
    [
        (ADDRESS, {"by": "month"}, "hour, day, week"),
        (ADDRESS, {"window": "-7"}, "7, "),
        ("/surveys/night/consensus/night/throughput.csv", {"by": "abc"}, "hour, day, week"),
        ("/surveys/night/consensus/night/calibration/", {"source": "votes"}, "rulings, gold"),
        ("/surveys/night/known-objects/", {"show": "abc"}, "unidentified, identified"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused_with_those_that_do(
    workflow, scientist, client, address, asked, choices
):
    [(name, value)] = asked.items()
    refused = client.get(address, asked)
    assert refused.status_code == 400
    assert f"There is no choice “{value}” for {name}. Choices: {choices}" in refused.content.decode()


def test_the_page_costs_few_queries(workflow, subjects, scientist, client, django_assert_max_num_queries):
    answer(workflow, subjects[0], timezone.now())
    with django_assert_max_num_queries(17):
        client.get(ADDRESS)
    lines = b"".join(client.get("/surveys/night/consensus/night/throughput.csv?by=hour")).decode().splitlines()
    assert (len(lines), lines[0].split(",")[1:]) == (49, ["votes", "training_answers", "volunteers", "retired"])

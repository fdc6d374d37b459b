"""Surveys are created by the site's administrators, workflows by a survey's admins; nobody else creates anything."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.archive.models import Membership, SubjectSet, Survey
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db

ATLAS = {"slug": "atlas", "name": "ATLAS", "classes": ["SSO", "CR"], "positive": ["SSO"], "channels": ["difference"]}
MOVERS = {"survey": "night", "slug": "movers", "kind": "stamp", "name": "Movers", "question": "Does it move?"}


@pytest.fixture
def night():
    survey = sky.survey("night", channels=["difference"])
    members = SubjectSet.objects.create(survey=survey, name="first night")
    members.subjects.add(*sky.subjects(survey, [True, False, True], kind="stamp"))
    return survey


def send(user, address, body):
    client = APIClient()
    if user:
        client.force_authenticate(User.objects.get(pk=user.pk))
    answer = client.post(f"/api/{address}/", body, format="json")
    return answer.status_code, answer.json()


def test_an_administrator_of_the_site_creates_a_survey_and_is_its_admin():
    boss = User.objects.create_superuser("boss")
    status, made = send(boss, "surveys", ATLAS)
    assert (status, made["slug"], made["classes"]) == (201, "atlas", ["SSO", "CR"])
    assert list(Membership.objects.values_list("user__username", "survey__slug", "role")) == [
        ("boss", "atlas", "admin")
    ]
    assert send(boss, "surveys", ATLAS)[0] == 400
    assert send(boss, "surveys", ATLAS | {"slug": "other", "positive": ["GALAXY"]})[0] == 400
    nonsense = [{"slug": "no slug"}, {"classes": [{"a": "\0"}]}, {"pixel_scale": 0}, {"observatory": "Hawaii"}]
    for wrong in (*nonsense, {"seeing": 0, "position_floor": 0.1}, {"observatory": "ZZZ"}):
        assert send(boss, "surveys", ATLAS | {"slug": "other"} | wrong)[0] == 400, wrong
    assert Survey.objects.count() == 1
    status, made = send(boss, "surveys", ATLAS | {"slug": "other", "seeing": 2, "position_floor": 0.1})
    assert (status, made["seeing"], made["position_floor"]) == (201, 2.0, 0.1)


def test_an_admin_of_a_survey_creates_a_workflow_whose_queue_is_full(night):
    admin = member(night, "admin")
    status, made = send(admin, "workflows", MOVERS | {"subject_sets": ["first night"], "min_votes": 4})
    assert (status, made["slug"], made["min_votes"]) == (201, "movers", 4)
    assert QueueEntry.objects.filter(workflow__slug="movers").count() == 3
    closed = MOVERS | {"slug": "later", "is_active": False}
    assert send(admin, "workflows", closed)[0] == 201
    for wrong in (
        {"subject_sets": ["second night"]},
        {"subject_sets": []},
        {"subject_sets": ["first night"], "follow_ups": {"no": ["GALAXY?"]}},
        {"subject_sets": ["first night"], "follow_ups": {"never": []}},
        {"subject_sets": ["first night"], "min_votes": 9, "max_votes": 3},
        {"subject_sets": ["first night"], "training_schedule": "often"},
        {"subject_sets": ["first night"], "kind": "comet"},
        {"subject_sets": ["first night"], "survey": "nowhere"},
    ):
        assert send(admin, "workflows", MOVERS | {"slug": "wrong"} | wrong)[0] == 400, wrong
    assert set(Workflow.objects.values_list("slug", flat=True)) == {"movers", "later"}


def test_others_create_nothing(night):
    people = [None, User.objects.create_user("nobody"), member(night, "scientist")]
    assert [send(each, "surveys", ATLAS)[0] for each in people] == [401, 403, 403]
    filled = MOVERS | {"subject_sets": ["first night"]}
    assert [send(each, "workflows", filled)[0] for each in people] == [401, 403, 403]
    assert (Survey.objects.count(), Workflow.objects.count()) == (1, 0)
    assert send(member(night, "admin"), "surveys", ATLAS)[0] == 403

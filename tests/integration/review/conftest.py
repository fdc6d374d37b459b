"""A survey with volunteers' answers, and two scientists."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.world import recount
from webapp.archive.models import Membership
from webapp.classifications.models import Classification
from webapp.volunteers.models import Volunteer


@pytest.fixture
def survey():
    return sky.survey("night", classes=["CR", "AST"], positive=["AST"])


@pytest.fixture
def workflow(survey):
    return sky.workflow(survey, name="Real or bogus", follow_ups={"no": ["CR"], "yes": ["AST"]}, line_marking=True)


@pytest.fixture
def subjects(workflow):
    rows = sky.subjects(workflow.survey, [True] * 6)
    sky.queue(workflow, rows)
    return rows


@pytest.fixture
def scientist(survey, client, django_user_model):
    """The signed-in scientist."""
    user = django_user_model.objects.create_user("scientist", email="scientist@example.org")
    Membership.objects.create(user=user, survey=survey, role="scientist")
    client.force_login(user)
    return user


@pytest.fixture
def colleague(survey, django_user_model):
    user = django_user_model.objects.create(username="colleague")
    Membership.objects.create(user=user, survey=survey, role="scientist")
    return user


@pytest.fixture
def vote(workflow):
    """Let people answer a subject, one after another: `vote(subject, "yes", "no")`; return their answers."""

    def answer(subject, *answers, people=None, ago=timedelta(hours=1), **fields):
        people = people or [Volunteer.objects.create() for _ in answers]
        given = []
        for place, (person, said) in enumerate(zip(people, answers, strict=True)):
            row = Classification.objects.create(
                id=uuid.uuid4(), volunteer=person, workflow=workflow, subject=subject, answer=said,
                **{"is_counted": True, **fields},
            )  # fmt: skip
            at = timezone.now() - ago + timedelta(seconds=place)
            Classification.objects.filter(pk=row.pk).update(
                created_at=at, started_at=at - timedelta(seconds=4), finished_at=at
            )
            given.append(row)
        recount(workflow)
        return given

    return answer

"""After the upgrade, what was published trains nobody, whatever becomes of its verdict."""

import pytest
from django.core.management import call_command
from django.db import transaction

from tests.integration.learning import sky
from tests.integration.people import member
from webapp.queue.membership import end_training
from webapp.queue.models import QueueEntry
from webapp.review.opinions import give_verdict


@pytest.mark.django_db(transaction=True)
def test_what_was_published_before_stays_so():
    workflow = sky.workflow(sky.survey("night"))
    rows = sky.subjects(workflow.survey, [True] * 3)
    sky.queue(workflow, rows)
    ann = member(workflow.survey, "scientist", "ann")
    for row in rows[:2]:
        give_verdict(subject=row, workflow=workflow, scientist=ann, verdict="yes")
    with transaction.atomic():
        end_training([rows[0].pk])
    try:
        call_command("migrate", "queue", "0002", verbosity=0)
    finally:
        call_command("migrate", "queue", verbosity=0)
    public = dict(QueueEntry.objects.values_list("subject", "is_public"))
    assert public == {rows[0].pk: True, rows[1].pk: False, rows[2].pk: False}

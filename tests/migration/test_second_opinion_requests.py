"""Requests for second opinions, which only their rulings knew, are recorded once each."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from tests.integration.learning import sky
from webapp.review.models import SecondOpinionRequest
from webapp.review.opinions import ask_second_opinion, give_verdict


@pytest.mark.django_db(transaction=True)
def test_requests_that_stand_are_recorded_though_the_verdict_was_changed_since():
    workflow = sky.workflow(sky.survey("night"))
    asked, changed, _unasked = sky.subjects(workflow.survey, [True] * 3)
    ann, bob = (User.objects.create(username=name) for name in ("ann", "bob"))
    for subject in (asked, changed, _unasked):
        give_verdict(subject=subject, workflow=workflow, scientist=ann, verdict="yes")
    for subject in (asked, changed):
        ask_second_opinion(subject=subject, workflow=workflow, by=bob)
    give_verdict(subject=changed, workflow=workflow, scientist=ann, verdict="no")
    before = set(SecondOpinionRequest.objects.values_list("ruling", "by", "is_wanted", "created_at"))
    try:
        call_command("migrate", "review", "0004", verbosity=0)
    finally:
        call_command("migrate", "review", verbosity=0)
    assert len(before) == 2
    assert set(SecondOpinionRequest.objects.values_list("ruling", "by", "is_wanted", "created_at")) == before

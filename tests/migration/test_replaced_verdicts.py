"""After the upgrade, the history still says which verdict replaced which, and undo knows it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F

from tests.integration.learning import sky
from tests.integration.people import member
from webapp.review.models import Ruling
from webapp.review.opinions import give_verdict, withdraw_verdict


@pytest.mark.django_db(transaction=True)
def test_old_verdicts_know_what_they_replaced():
    survey = sky.survey("night")
    workflow = sky.workflow(survey)
    ann, bob = (member(survey, "scientist", name) for name in ("ann", "bob"))
    replaced, withdrawn = ({"subject": row, "workflow": workflow} for row in sky.subjects(survey, [True] * 2))
    for scientist, verdict in ((ann, "yes"), (ann, "no"), (bob, "yes")):
        give_verdict(**replaced, scientist=scientist, verdict=verdict, overrules=True)
    give_verdict(**withdrawn, scientist=ann, verdict="yes")
    withdraw_verdict(**withdrawn, scientist=ann)
    Ruling.objects.filter(subject=withdrawn["subject"]).update(withdrawn_at=F("withdrawn_at") - timedelta(seconds=9))
    give_verdict(**withdrawn, scientist=ann, verdict="no")
    pairs = {row.pk: row.replaces_id for row in Ruling.objects.all()}
    assert sum(older is not None for older in pairs.values()) == 2
    try:
        call_command("migrate", "review", "0001", verbosity=0)
    finally:
        call_command("migrate", "review", verbosity=0)
    assert {row.pk: row.replaces_id for row in Ruling.objects.all()} == pairs

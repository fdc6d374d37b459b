"""After the upgrade, a rollback leads where the earlier log says."""

import pytest
from django.core.management import call_command

from tests.integration.learning import sky
from webapp.learning.models import Promotion
from webapp.learning.promotion import previous_champion, promote, rollback


@pytest.mark.django_db(transaction=True)
def test_old_rollbacks_know_which_promotion_they_restored():
    workflow = sky.workflow(sky.survey("night"))
    models = [sky.checkpoint(workflow) for _ in range(3)]
    for model in models:
        promote(checkpoint=model, by=None, reason="Better.")
    rollback(survey=workflow.survey, role="stamp", by=None)
    assert previous_champion(models[1]) == models[0]
    log = list(Promotion.objects.values_list("pk", "restores"))
    try:
        call_command("migrate", "learning", "0005", verbosity=0)
    finally:
        call_command("migrate", "learning", verbosity=0)
    assert list(Promotion.objects.values_list("pk", "restores")) == log
    assert previous_champion(models[1]) == models[0]

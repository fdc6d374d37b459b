"""A training whose loss becomes NaN: its curves are still drawn, and the API still lists its epochs."""

import json

import pytest

from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.learning.models import TrainingEpoch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/surveys/sky/learning/runs/{}/epochs.json", "/api/training-runs/{}/"])
def test_a_loss_that_is_no_number_is_null_in_json(address):
    run = sky.checkpoint(sky.workflow(sky.survey())).run
    for epoch, loss in enumerate((0.5, float("nan"), float("inf")), start=1):
        TrainingEpoch.objects.create(run=run, attempt=1, epoch=epoch, epochs=3, loss=loss)
    reply = browser(member(run.survey, "scientist")).get(address.format(run.pk))
    assert reply.status_code == 200
    found = json.loads(reply.content, parse_constant=pytest.fail)["epochs"]
    assert [epoch["loss"] for epoch in found] == [0.5, None, None]

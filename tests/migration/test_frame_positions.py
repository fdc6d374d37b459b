"""Movers whose frames all got the position of their subject no longer stand still after the upgrade."""

import pytest
from django.core.management import call_command

from tests.integration.archive.sky import make_survey
from tests.integration.figures.movers import tracklet
from webapp.archive.models import Frame, Subject


@pytest.mark.django_db(transaction=True)
def test_only_positions_that_frames_share_are_forgotten():
    survey = make_survey()
    moving, still, single = (tracklet(survey, n=n, prefix=f"{n}-") for n in (4, 3, 1))
    still.frames.update(ra=10.0, dec=-5.0)
    Subject.objects.update(fitted_rate=0)
    try:
        call_command("migrate", "archive", "0023", verbosity=0)
    finally:
        call_command("migrate", "archive", verbosity=0)
    assert list(still.frames.values_list("ra", "dec")) == [(None, None)] * 3
    assert not Frame.objects.filter(subject__in=[moving, single], ra=None).exists()
    assert dict(Subject.objects.values_list("pk", "fitted_rate")) == {moving.pk: 0, still.pk: None, single.pk: 0}

"""A survey with two movers among stamps that do not move as one."""

import numpy as np
import pytest

from tests.integration.learning import sky
from tests.integration.linking.searching import NIGHT
from webapp.archive.models import Frame


@pytest.fixture(autouse=True)
def tasks_in_the_tests_transaction(tasks_in_the_tests_transaction):
    """All tests of this room run tasks."""


@pytest.fixture
def survey():
    """Two movers of four stamps each, one of them across RA 0, among twenty stamps that do not move as one."""
    survey = sky.survey("night", observatory="I41", classes=["AST", "CR"], positive=["AST"])
    rows = sky.subjects(survey, [True] * 28)
    random = np.random.default_rng(0)
    for at, row in enumerate(rows):
        row.mjd = NIGHT + at % 4 / 50
        row.ra, row.dec = random.uniform(0, 2), random.uniform(19, 21)
        if at < 8:
            row.ra, row.dec = ([359.9999, 1.5][at // 4] + at % 4 * 0.005) % 360, 20.0 + at // 4
        row.save()
        Frame.objects.create(subject=row, position=0, mjd_mid=row.mjd, band="r", mag=19.0 + at / 100, snr=9.0)
    return survey

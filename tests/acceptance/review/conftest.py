"""The desk, with subjects about which volunteers and model disagree, as a scientist opens it."""

import pytest

from tests.acceptance.people import member
from tests.integration.review.disagreements import DESK, disagreements


@pytest.fixture
def survey(db):
    return disagreements()


@pytest.fixture
def page(survey, open_page):
    return open_page(DESK, user=member(survey, "scientist"))

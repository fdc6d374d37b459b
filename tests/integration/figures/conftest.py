"""A survey of moving objects, and a scientist of it."""

import pytest

from tests.integration import people
from tests.integration.learning import sky


@pytest.fixture
def night():
    return sky.survey("night", pixel_scale=1.86, observatory="T08")


@pytest.fixture
def scientist(night):
    return people.browser(people.member(night, "scientist"))

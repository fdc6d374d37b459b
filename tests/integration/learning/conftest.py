import pytest

from tasks.learning import model_cache
from tests.integration.learning import sky
from tests.integration.people import browser, member


@pytest.fixture(autouse=True)
def tasks_in_the_tests_transaction(tasks_in_the_tests_transaction):
    """All tests of this room run tasks."""


@pytest.fixture
def sky_backbone(settings):
    """First models go on from the sky backbone, whatever was loaded before."""
    settings.BACKBONE = "sky"
    model_cache.packaged.cache_clear()
    yield
    model_cache.packaged.cache_clear()


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey())


@pytest.fixture
def scientist(workflow):
    return browser(member(workflow.survey, "scientist"))

import pytest


@pytest.fixture(autouse=True)
def tasks_in_the_tests_transaction(tasks_in_the_tests_transaction):
    """All tests of this room run tasks."""

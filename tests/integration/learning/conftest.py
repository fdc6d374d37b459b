import pytest


@pytest.fixture(autouse=True)
def tasks_in_the_tests_transaction(monkeypatch):
    """A task called here runs inside the test's transaction, whose connection must stay."""
    monkeypatch.setattr("tasks.base_task.close_old_connections", lambda: None)

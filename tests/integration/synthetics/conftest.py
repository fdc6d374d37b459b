import pytest


@pytest.fixture(autouse=True)
def tasks_in_the_tests_transaction(monkeypatch):
    """Run tasks inside the test's transaction, whose connection must stay open."""
    monkeypatch.setattr("tasks.base_task.close_old_connections", lambda: None)

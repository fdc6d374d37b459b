import pytest
from django.core.cache import cache
from django.db import transaction

from tests.integration import people
from webapp.archive.models import Survey
from webapp.core import rate_limits


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Clear cached counts, explanations and rates between tests."""
    cache.clear()
    rate_limits._portions.clear()


@pytest.fixture(scope="module")
def kept_for_the_module(django_db_setup, django_db_blocker):
    """Keep what a module's fixtures write for all of its tests, none of which may commit."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def no_cached_figures(settings):
    """Count anew on every request."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture
def tasks_in_the_tests_transaction(monkeypatch):
    """Run tasks inside the test's transaction, whose connection must stay open."""
    monkeypatch.setattr("tasks.base_task.close_old_connections", lambda: None)


@pytest.fixture
def survey():
    return Survey.objects.create(slug="atlas", name="ATLAS", classes=["AST", "COMET", "CR"], positive=["AST", "COMET"])


@pytest.fixture
def admin(survey):
    return people.member(survey, "admin", "ada")

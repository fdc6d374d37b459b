import pytest
from django.core.cache import cache

from tests.integration import people
from webapp.archive.models import Survey
from webapp.core import rate_limits


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Clear cached counts, explanations and rates between tests."""
    cache.clear()
    rate_limits._portions.clear()


@pytest.fixture
def survey():
    return Survey.objects.create(slug="atlas", name="ATLAS", classes=["AST", "COMET", "CR"], positive=["AST", "COMET"])


@pytest.fixture
def admin(survey):
    return people.member(survey, "admin", "ada")

import pytest

from tests.integration.settings import people
from webapp.archive.models import Survey


@pytest.fixture
def survey():
    return Survey.objects.create(slug="atlas", name="ATLAS", classes=["AST", "COMET", "CR"], positive=["AST", "COMET"])


@pytest.fixture
def admin(survey):
    return people.member(survey, "admin", "ada")

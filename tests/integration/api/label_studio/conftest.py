import pytest

from tests.integration.api.label_studio.requests import MANIFEST, basic, make_champion, score
from tests.integration.people import member
from tests.integration.world import make_workflow, subjects_of
from webapp.archive.models import Survey


@pytest.fixture
def workflow():
    made = make_workflow(subjects=3)
    Survey.objects.update(classes=MANIFEST["classes"], positive=MANIFEST["positive"])
    made.survey.refresh_from_db()
    return made


@pytest.fixture
def scientist(workflow):
    return basic(member(workflow.survey, "scientist", "Ann"))


@pytest.fixture
def champion(workflow):
    """A champion that takes the first subject for a comet and the second for a cosmic ray."""
    champion = make_champion(workflow)
    first, second, _ = subjects_of(workflow)
    score(champion, first, 0.25, 0.5, 0.25)
    score(champion, second, 0.0625, 0.0625, 0.875)
    return champion

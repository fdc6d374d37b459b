"""Pages write large counts with the thousands separator of the reader's language."""

import pytest

from tests.integration.pages.full_sky import something_on_each_page
from tests.integration.people import browser, member
from webapp.consensus.models import Consensus
from webapp.known_objects.models import OrbitCatalogue
from webapp.learning import models as learning
from webapp.quality.models import QualityScan

pytestmark = pytest.mark.django_db

MANY = 1234


@pytest.fixture
def page():
    """Fetch a page of a survey whose counts are all `MANY`."""
    survey = something_on_each_page()
    QualityScan.objects.update(done=MANY)
    OrbitCatalogue.objects.update(bad_lines=MANY)
    learning.TrainingSet.objects.update(size=MANY)
    learning.TestSet.objects.update(size=MANY)
    for row in learning.Evaluation.objects.all():
        row.metrics["n"] = MANY
        row.save()
    Consensus.objects.update(votes_yes=MANY, votes_no=0, votes_unsure=0)
    client = browser(member(survey, "admin"))

    def fetch(path, language):
        return client.get(f"/surveys/night/{path}", headers={"Accept-Language": language}).content.decode()

    return fetch


@pytest.mark.parametrize(("language", "written"), [("en", "1,234"), ("de", "1.234")])
def test_counts_have_separators(page, language, written):
    run = learning.Evaluation.objects.get().checkpoint.run_id
    subject = Consensus.objects.first().subject_id
    paths = [
        "quality/", "known-objects/", "learning/", f"learning/runs/{run}/", "consensus/night/",
        f"consensus/subjects/{subject}/", f"subjects/{subject}/",
    ]  # fmt: skip
    for path in paths:
        said = page(path, language)
        assert written in said, path
        assert f"{MANY} " not in said, path


def test_votes_are_counted_by_answer(page):
    assert f"<td>{MANY:,}: {MANY:,}, 0, 0</td>" in page("consensus/night/", "en")

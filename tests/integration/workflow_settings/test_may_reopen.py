"""A verdict may reopen subjects that its volunteers retired, and pages with the number of retired say so."""

import pytest

from tests.integration.people import browser, member
from tests.integration.world import entry_of, make_volunteer, make_workflow, subjects_of, vote
from webapp.consensus.recompute import catch_up
from webapp.review.rulings import rule
from webapp.workflows.models import Method

pytestmark = pytest.mark.django_db

SAID = "retired subjects may reopen"
PAGES = ("/surveys/atlas/workflows/atlas/", "/surveys/atlas/consensus/atlas/throughput/")


def fooled(workflow):
    """Let four people say yes to all subjects; the last one retires."""
    subjects = subjects_of(workflow)
    people = [make_volunteer(f"v{number}") for number in range(4)]
    for subject in subjects:
        for person in people:
            vote(person, workflow, subject, "yes")
    return subjects


@pytest.mark.parametrize(
    ("method", "wrong", "reopens"), [("swap-two-coin", 6, True), ("swap-one-coin", 2, True), ("majority", 6, False)]
)
def test_verdicts_against_its_volunteers_reopen_a_subject(method, wrong, reopens):
    workflow = make_workflow(subjects=wrong + 1, method=method, min_votes=4, max_votes=20, accept_threshold=0.9)
    *earlier, last = fooled(workflow)
    assert entry_of(workflow, last).is_retired
    scientist = member(workflow.survey, "scientist")
    for subject in earlier:
        rule(subject=subject, workflow=workflow, scientist=scientist, verdict="no")
    catch_up(workflow)
    assert entry_of(workflow, last).is_retired != reopens


@pytest.mark.parametrize("method", Method.values)
@pytest.mark.parametrize("path", PAGES)
def test_pages_say_so_where_it_is_true(method, path):
    workflow = make_workflow(subjects=2, method=method)
    vote(make_volunteer("ada"), workflow, subjects_of(workflow)[0], "yes")
    page = browser(member(workflow.survey, "admin")).get(path).content.decode()
    assert (SAID in page) == (method != Method.MAJORITY)

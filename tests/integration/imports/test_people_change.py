"""People of this site join or leave while a file with their answers is imported."""

import pytest

from tests.integration.imports.files import imported, panoptes_row, write_csv
from tests.integration.world import make_volunteer, make_workflow, standing, subjects_of, vote
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.imports import run_import
from webapp.volunteers.identity import pseudonym
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workflow():
    return make_workflow(subjects=2)


@pytest.fixture
def import_during(workflow, tmp_path, monkeypatch):
    """Return a function that imports somebody's answer to the second subject, and changes something meanwhile."""
    subject, own_people = subjects_of(workflow)[1], run_import.own_people

    def run(person, change):
        def change_after(of):
            people = own_people(of)
            change()
            return people

        monkeypatch.setattr(run_import, "own_people", change_after)
        name = pseudonym(person.key, person.user_id is not None).user_name
        job = imported(workflow, write_csv(tmp_path / "votes.csv", [panoptes_row(1, name, subject.external_id)]))
        assert (job.state, job.added) == ("done", 1)
        return standing(workflow).get(subject=subject).volunteer

    return run


def test_the_answer_of_a_visitor_who_joins_meanwhile_is_the_accounts(workflow, import_during):
    visitor, vera = make_volunteer(), make_volunteer("vera")
    vote(visitor, workflow, subjects_of(workflow)[0])
    assert import_during(visitor, lambda: merge(visitor, vera)) == vera


def test_the_answer_of_somebody_who_leaves_meanwhile_is_a_strangers(workflow, import_during):
    vera = make_volunteer("vera")
    vote(vera, workflow, subjects_of(workflow)[0])
    stranger = import_during(vera, lambda: delete_account(user=vera.user, keep_answers=False))
    assert stranger == Volunteer.objects.get()
    assert stranger.user is None

import pytest
from django.test import Client

from tests.integration import world


@pytest.fixture
def workflow(db):
    return world.make_workflow(subjects=6)


@pytest.fixture
def subject(workflow):
    """A subject that nobody is asked about any more, so that everybody reads its Talk."""
    row = world.subjects_of(workflow)[0]
    workflow.queue.filter(subject=row).update(is_retired=True)
    return row


@pytest.fixture
def ada(db):
    return world.make_volunteer("ada")


@pytest.fixture
def ben(db):
    return world.make_volunteer("ben")


@pytest.fixture
def browser_of():
    """Return a browser in which the volunteer is signed in; anonymous for none."""

    def browser(volunteer=None):
        client = Client()
        if volunteer:
            client.force_login(volunteer.user)
        return client

    return browser

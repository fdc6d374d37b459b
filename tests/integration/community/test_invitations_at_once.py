"""Invitations while something else happens: a role that is raised, a second click, a mail server that fails."""

from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from tests.integration.at_once import at_once
from tests.integration.learning import sky
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.people import account, browser
from tests.integration.smtp_server import mail_server
from webapp.accounts.invitations import SALT, accept, invite, signing
from webapp.accounts.models import Invitation
from webapp.archive.access import add_member, change_role
from webapp.archive.models import Membership, Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def boss():
    return account("boss", is_superuser=True)


def token_of(row):
    return signing.dumps(row.pk, salt=SALT)


@pytest.mark.parametrize("had", ["moderator", ""])
def test_a_role_that_is_raised_while_an_invitation_is_accepted_stays(boss, had):
    survey, ada = sky.survey("night"), account("ada")
    if had:
        member = add_member(survey=survey, username="ada", role=Role(had))
    token = token_of(invite(by=boss, survey=survey, role="scientist"))

    def accepts():
        try:
            accept(user=ada, token=token)
        finally:
            connection.close()

    thread = Thread(target=accepts)
    with transaction.atomic():
        if had:
            change_role(membership=member, role=Role.ADMIN, by=boss)
        else:
            add_member(survey=survey, username="ada", role=Role.ADMIN)
        thread.start()
        wait_until_somebody_waits(thread)
    thread.join()
    assert Membership.objects.get(user=ada).role == Role.ADMIN
    assert Invitation.objects.get().accepted_at is not None


def test_of_many_who_click_on_a_link_at_once_one_comes_in(boss):
    survey = sky.survey("night")
    token = token_of(invite(by=boss, survey=survey, role="scientist"))

    def accepts(user):
        try:
            return accept(user=user, token=token)
        except ValidationError:
            return None

    accepted = at_once(accepts, *(account(f"guest-{number}") for number in range(8)))
    assert len([each for each in accepted if each]) == Membership.objects.filter(survey=survey).count() == 1


@pytest.mark.parametrize("fault", ["away", "hangs", "babbles", "refuses"])
def test_an_invitation_that_cannot_be_mailed_is_there_with_its_link(boss, settings, fault):
    sky.survey("night")
    with mail_server(settings) as server:
        if fault == "away":
            settings.EMAIL_PORT = 1
        server.greeting = {"hangs": b"", "babbles": b"HTTP/1.1 200 OK\r\n\r\n"}.get(fault, server.greeting)
        server.refused = {"new@example.org"} if fault == "refuses" else set()
        sent = {"email": "new@example.org", "survey": "night", "role": "scientist"}
        page = browser(boss).post("/users/invite/", sent, follow=True).content.decode()
    assert "this site sent no mail" in page
    assert token_of(Invitation.objects.get()).partition(":")[0] in page, "the link is shown"
    assert not server.taken

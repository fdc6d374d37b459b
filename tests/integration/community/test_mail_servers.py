"""News by mail, by a real server that refuses some people, is slow, or is away: everybody else gets theirs, once."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from tests.integration.at_once import at_once
from tests.integration.locks import nobody_waits_in_a_circle
from tests.integration.people import account
from tests.integration.smtp_server import mail_server
from tests.integration.world import make_workflow, subjects_of
from webapp.accounts.delete_account import delete_account
from webapp.community import news_mail
from webapp.community.models import Mail, MailFrequency, Notification, Profile
from webapp.community.news_mail import deliver, gather, send
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://wanderers.example"


@pytest.fixture
def server(settings):
    with mail_server(settings) as running:
        yield running


@pytest.fixture
def subject():
    return subjects_of(make_workflow(subjects=1))[0]


def reader(name, subject, frequency=MailFrequency.IMMEDIATE):
    """Return somebody whom news wait for."""
    user = account(name)
    EmailAddress.objects.create(user=user, email=f"{name}@example.org", verified=True, primary=True)
    Profile.objects.create(user=user, mail=frequency)
    tell(user, subject)
    return user


def tell(user, subject):
    volunteer = account_volunteer(user)
    Notification.objects.create(volunteer=volunteer, survey=subject.survey, subject=subject, kind="commented")


def test_addresses_that_are_gone_do_not_hold_up_other_peoples_mail(server, subject):
    people = [reader(f"ada{number}", subject) for number in range(6)]
    server.refused = {"ada0@example.org", "ada3@example.org"}
    deliver()
    assert sorted(server.taken) == [f"ada{number}@example.org" for number in (1, 2, 4, 5)]
    assert Mail.objects.filter(sent_at=None, failures=1, claimed_at=None).count() == 2 == len(people) - 4


def test_a_server_that_is_away_is_asked_once_a_run(server, subject, settings):
    for number in range(3):
        reader(f"ada{number}", subject)
    settings.EMAIL_PORT = 1
    deliver()
    assert Mail.objects.filter(failures=1).count() == 1
    settings.EMAIL_PORT = server.port
    Mail.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    deliver()
    assert len(server.taken) == len(set(server.taken)) == 3


def test_a_slow_server_is_left_before_the_tasks_time_is_over(server, subject, monkeypatch):
    """Whoever is ended in the middle of a mail has claimed it, and it is never sent."""
    for number in range(8):
        reader(f"ada{number}", subject)
    server.pause = 0.3
    monkeypatch.setattr(news_mail, "WORKING", timedelta(seconds=0.7))
    deliver()
    assert 0 < len(server.taken) < 8
    assert not Mail.objects.exclude(claimed_at=None).filter(sent_at=None).exists()
    for _ in range(4):
        deliver()
    assert len(server.taken) == len(set(server.taken)) == 8


def test_several_runs_at_once_send_each_mail_once(server, subject):
    for number in range(40):
        reader(f"ada{number}", subject)
    at_once(lambda _run: deliver(), *range(6))
    assert sorted(server.taken) == sorted(f"ada{number}@example.org" for number in range(40))


def test_people_who_wait_for_their_day_or_read_nothing_are_not_looked_at(server, subject, monkeypatch):
    """A site of many years has more of them than a run has time for."""
    weekly, idle, unconfirmed, due = (reader(name, subject, "weekly") for name in ("weekly", "idle", "new", "due"))
    Mail.objects.create(user=weekly)
    Notification.objects.filter(volunteer__user=idle).update(created_at=timezone.now() - timedelta(days=15))
    EmailAddress.objects.filter(user=unconfirmed).update(verified=False)
    looked_at = []
    monkeypatch.setattr(news_mail, "gather", lambda pk: looked_at.append(pk))
    deliver()
    assert looked_at == [due.profile.pk]


def test_whoever_is_erased_while_their_mail_is_sent_gets_none(server, subject):
    user = reader("ada", subject)
    mail = gather(user.profile.pk)
    delete_account(user=user, keep_answers=True)
    assert send(mail.pk) is True
    assert not server.taken


def test_news_are_gathered_while_their_reader_is_erased(subject):
    user = reader("ada", subject)
    profile = Profile.objects.get(user=user)

    def gathers():
        Profile.objects.select_for_update().get(pk=profile.pk)

    def mails():
        Notification.objects.filter(volunteer__user=user).update(mail=Mail.objects.create(user=user))

    assert nobody_waits_in_a_circle(gathers, lambda: delete_account(user=user, keep_answers=True), mails)

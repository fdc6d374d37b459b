"""News by mail: as often as wanted, once whatever is killed, and ended by one click."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from tests.integration.people import account, browser
from tests.integration.world import make_workflow, subjects_of, vote
from webapp.archive.models import Membership
from webapp.community.discoveries import confirm
from webapp.community.models import Mail, Notification, Profile
from webapp.community.moderator_news import tell_moderators
from webapp.community.news_mail import deliver, gather, send
from webapp.core.environment import NO_MAIL
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://wanderers.example"


@pytest.fixture
def workflow(db):
    return make_workflow(subjects=3)


@pytest.fixture
def ada(workflow):
    user = account("ada")
    EmailAddress.objects.create(user=user, email="ada@example.org", verified=True, primary=True)
    Profile.objects.create(user=user, mail="immediate")
    return user


def tell(user, subject, kind="commented"):
    volunteer = account_volunteer(user)
    return Notification.objects.create(volunteer=volunteer, survey=subject.survey, subject=subject, kind=kind)


def choose(user, frequency):
    Profile.objects.filter(user=user).update(mail=frequency)


def test_a_confirmed_discovery_is_mailed_once_with_links(workflow, ada, mailoutbox):
    [subject, *_] = subjects_of(workflow)
    vote(account_volunteer(ada), workflow, subject)
    confirm({subject: timezone.now()}, workflow)
    for _ in range(3):
        deliver()
    [mail] = mailoutbox
    about = f"https://wanderers.example/surveys/atlas/subjects/{subject.pk}/"
    assert (mail.subject, mail.to) == ("Your discovery was confirmed", ["ada@example.org"])
    assert about in mail.body
    html = mail.alternatives[0].content
    assert f'<a href="{about}">' in html
    assert f"https://wanderers.example/pixels/{subject.pk}/" in html
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert Mail.objects.get().sent_at is not None


def test_moderators_are_mailed_each_batch_of_reports(workflow, ada, mailoutbox):
    survey = workflow.survey
    Membership.objects.create(user=ada, survey=survey, role="moderator")
    for _ in range(2):
        for _ in range(2):
            tell_moderators(survey=survey, kind="reported", but=[])
        deliver()
    assert len(mailoutbox) == 2
    assert "was reported. Please look at it." in mailoutbox[1].body
    assert f"https://wanderers.example/surveys/{survey.slug}/moderation/" in mailoutbox[1].body
    assert Notification.objects.filter(read_at=None).count() == 1


def test_the_whole_mail_is_in_its_readers_language(workflow, ada, mailoutbox):
    Profile.objects.update_or_create(user=ada, defaults={"language": "de"})
    tell(ada, subjects_of(workflow)[0])
    deliver()
    assert "Diese Mails abbestellen: https://" in mailoutbox[0].body
    assert "Stop these mails" not in mailoutbox[0].body


def test_never_means_never_and_only_confirmed_addresses_are_written_to(workflow, ada, mailoutbox):
    [subject, *_] = subjects_of(workflow)
    tell(ada, subject)
    choose(ada, "never")
    deliver()
    choose(ada, "immediate")
    EmailAddress.objects.update(verified=False)
    deliver()
    assert (mailoutbox, Mail.objects.count()) == ([], 0)


@pytest.mark.parametrize("missing", [{"SITE_URL": ""}, {"EMAIL_BACKEND": NO_MAIL[0]}])
def test_without_a_mail_server_nothing_is_sent_or_promised(workflow, ada, settings, missing, mailoutbox):
    with_mail = browser(ada).get("/you/").content.decode()
    for name, value in missing.items():
        setattr(settings, name, value)
    tell(ada, subjects_of(workflow)[0])
    deliver()
    assert (mailoutbox, Mail.objects.count()) == ([], 0)
    pages = browser(ada).get("/you/").content.decode() + browser(ada).get("/you/news/").content.decode()
    assert "News by email" in with_mail
    assert "by email" not in pages


@pytest.mark.parametrize(("frequency", "days"), [("daily", 1), ("weekly", 7)])
def test_a_digest_waits_for_its_day(workflow, ada, frequency, days, mailoutbox):
    choose(ada, frequency)
    first, second, third = subjects_of(workflow)
    tell(ada, first)
    deliver()
    for subject in (second, third):
        tell(ada, subject)
    deliver()
    assert len(mailoutbox) == 1
    Mail.objects.update(created_at=timezone.now() - timedelta(days=days, minutes=1))
    deliver()
    assert len(mailoutbox) == 2
    assert all(f"/subjects/{each.pk}/" in mailoutbox[1].body for each in (second, third))
    assert f"/subjects/{first.pk}/" not in mailoutbox[1].body


def test_a_killed_worker_sends_nothing_twice(workflow, ada, mailoutbox, monkeypatch):
    tell(ada, subjects_of(workflow)[0])
    mail = gather(ada.profile.pk)
    assert gather(ada.profile.pk) is None

    def killed(self):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", killed)
        with pytest.raises(SystemExit):
            send(mail.pk)
    deliver()
    send(mail.pk)
    assert mailoutbox == []
    mail.refresh_from_db()
    assert mail.claimed_at is not None


def test_a_refused_mail_is_tried_again_ever_more_rarely(workflow, ada, mailoutbox, monkeypatch):
    tell(ada, subjects_of(workflow)[0])
    mail = gather(ada.profile.pk)

    def refused(self):
        raise SMTPServerDisconnected

    with monkeypatch.context() as patched:
        patched.setattr(EmailMultiAlternatives, "send", refused)
        assert send(mail.pk) is False
    assert send(mail.pk) is True
    assert mailoutbox == []  # a minute has not passed
    Mail.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    deliver()
    assert len(mailoutbox) == 1


def test_news_that_were_read_meanwhile_or_are_old_are_not_mailed(workflow, ada, mailoutbox):
    old, read, _ = (tell(ada, subject) for subject in subjects_of(workflow))
    Notification.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=15))
    mail = gather(ada.profile.pk)
    Notification.objects.filter(pk=read.pk).update(read_at=timezone.now())
    send(mail.pk)
    [sent] = mailoutbox
    assert sent.body.count("https://wanderers.example/surveys/") == 1


def test_one_click_ends_the_mails_and_a_forged_link_does_not(workflow, ada, mailoutbox):
    tell(ada, subjects_of(workflow)[0])
    deliver()
    link = mailoutbox[0].extra_headers["List-Unsubscribe"].strip("<>").removeprefix("https://wanderers.example")
    stranger = browser()
    assert stranger.post(f"{link[:-3]}x/").status_code == 404
    assert stranger.get(link).status_code == 200  # mail scanners follow links
    assert Profile.objects.get().mail == "immediate"
    assert "no more news by mail" in stranger.post(link, {"List-Unsubscribe": "One-Click"}).content.decode()
    assert Profile.objects.get().mail == "never"


def test_a_person_chooses_on_their_profile(ada, mailoutbox):
    form = {"display_name": "", "credit": "anonymous", "language": "", "mail": "weekly"}
    assert browser().post("/you/", form).status_code == 403
    assert Profile.objects.get().mail == "immediate"
    assert browser(ada).post("/you/", form).status_code == 302
    assert Profile.objects.get().mail == "weekly"

"""Administrators are told of a problem once, and once more when it is over, by mail and by a webhook."""

import gc
from base64 import b64encode
from collections import namedtuple
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.operations.alerting import alert_mails, doctor
from tests.integration.operations.webhook import webhook
from tests.integration.smtp_server import mail_server
from webapp.archive.models import AuditEntry, IngestRun
from webapp.classifications.models import Classification
from webapp.core.jobs import JobState
from webapp.core.models import Backup, Heartbeat, Process
from webapp.operations import alerts
from webapp.operations.alert_ways import attempt
from webapp.operations.models import Alert
from webapp.quality.models import FlagState, QualityFlag
from webapp.volunteers.models import Volunteer

DiskUsage = namedtuple("DiskUsage", "total used free")
SMTP = "django.core.mail.backends.smtp.EmailBackend"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def well(settings, tmp_path, django_user_model):
    settings.DATA = tmp_path
    Heartbeat.objects.write(Process.BEAT)
    Heartbeat.objects.write(Process.WORKER)
    django_user_model.objects.create_superuser("boss", "boss@example.org")
    django_user_model.objects.create_superuser("mute", "")
    django_user_model.objects.create_user("volunteer", "volunteer@example.org")


def later():
    """Let two minutes pass."""
    for alert in Alert.objects.all():
        Alert.objects.filter(pk=alert.pk).update(created_at=alert.created_at - timedelta(minutes=2))


def silence_beat():
    Heartbeat.objects.filter(process=Process.BEAT).update(seen_at=timezone.now() - timedelta(minutes=10))


@pytest.mark.parametrize(("percent", "is_told"), [(5, True), (4, False)])
def test_a_disk_of_which_little_is_free_is_told_though_that_is_much(
    settings, mailoutbox, monkeypatch, percent, is_told
):
    settings.MIN_FREE_PERCENT = percent
    monkeypatch.setattr("shutil.disk_usage", lambda folder: DiskUsage(total=10**12, used=0, free=45 * 10**9))
    said = "\n".join(alert_mails(mailoutbox))
    assert ("The disk of the data folder is nearly full." in said) == is_told


def test_a_part_that_stays_ill_is_told_once_and_its_recovery_once(mailoutbox):
    silence_beat()
    alerts.check()
    assert not mailoutbox, "a restart takes a few seconds"
    later()
    for _ in range(3):
        alerts.check()
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["boss@example.org"], "Wanderers: new problems")
    assert "Beat has not reported" in mail.body
    Heartbeat.objects.write(Process.BEAT)
    for _ in range(3):
        alerts.check()
    assert [mail.subject for mail in mailoutbox[1:]] == ["Wanderers: problems resolved"]


def test_a_part_that_is_soon_well_again_is_not_told(mailoutbox):
    silence_beat()
    alerts.check()
    Heartbeat.objects.write(Process.BEAT)
    alerts.check()
    later()
    alerts.check()
    assert not mailoutbox
    assert Alert.objects.get().ended_at is not None


def test_volunteers_who_seem_not_to_look_are_told_once_a_day_until_somebody_decides(mailoutbox):
    workflow = sky.workflow(sky.survey("night"), slug="movers")
    for volunteer in Volunteer.objects.bulk_create([Volunteer(key=uuid4()) for _ in range(2)]):
        for kind in ("speed", "uniform"):
            flag = {"volunteer": volunteer, "workflow": workflow, "kind": kind, "p": 1e-9, "seen_at": timezone.now()}
            QualityFlag.objects.create(**flag)
    [told] = alert_mails(mailoutbox)
    assert told.strip() == "2 volunteers of night: movers seem to answer without looking. Decide under Quality control."
    QualityFlag.objects.filter(kind="speed").update(found_at=timezone.now() - timedelta(days=3))
    QualityFlag.objects.filter(kind="uniform").update(state=FlagState.CONFIRMED)
    alerts.check()
    later()
    alerts.check()
    assert [mail.subject for mail in mailoutbox[1:]] == ["Wanderers: problems resolved", "Wanderers: new problems"]
    QualityFlag.objects.update(state=FlagState.DISMISSED)
    alerts.check()
    assert "Over: 2 volunteers" in mailoutbox[-1].body


def test_a_failed_job_is_told_with_its_reason(mailoutbox):
    run = IngestRun.objects.create(survey=sky.survey(), path="night", subject_set="night")
    IngestRun.objects.update(state=JobState.FAILED, error="The disk is full.", finished_at=timezone.now())
    alerts.check()
    alerts.check()
    [mail] = mailoutbox
    assert f"Ingest {run.pk} failed: The disk is full." in mail.body
    run.refresh_from_db()
    run.retry()
    alerts.check()
    assert len(mailoutbox) == 1, "whoever tries again knows"


def test_a_failed_job_is_told_once_though_many_newer_ones_fail_and_are_tried_again(mailoutbox, monkeypatch):
    monkeypatch.setattr("webapp.operations.job_overview.SHOWN", 1)
    survey = sky.survey()
    for name in ("older", "newer"):
        run = IngestRun.objects.create(survey=survey, path=name, subject_set=name)
        IngestRun.objects.filter(pk=run.pk).update(state=JobState.FAILED, error="No.", finished_at=timezone.now())
        alerts.check()
    assert len(mailoutbox) == 2
    IngestRun.objects.get(pk=run.pk).retry()
    alerts.check()
    assert len(mailoutbox) == 2


def test_a_mail_server_that_is_away_is_tried_again_and_the_webhook_told_meanwhile(mailoutbox, settings):
    silence_beat()
    usual = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 1
    with webhook() as (settings.ALERT_WEBHOOK, received):
        alert_mails(mailoutbox)
        assert len(received) == 1
        settings.EMAIL_BACKEND = usual
        alerts.check()
        alerts.check()
    assert len(received) == len(mailoutbox) == 1


def test_a_webhook_that_is_away_is_tried_again_and_mails_are_sent_once_meanwhile(mailoutbox, settings):
    settings.ALERT_WEBHOOK = "http://127.0.0.1:1/hook"
    silence_beat()
    alert_mails(mailoutbox)
    alerts.check()
    assert [mail.subject for mail in mailoutbox] == ["Wanderers: new problems"]
    with webhook() as (settings.ALERT_WEBHOOK, received):
        alerts.check()
        alerts.check()
    assert "Beat has not reported" in received[0]["text"]
    assert len(received) == len(mailoutbox) == 1


def test_a_webhook_that_answers_with_another_address_has_not_got_the_alert(settings):
    with webhook(status=302) as (settings.ALERT_WEBHOOK, received):
        assert "302" in attempt("webhook", "Wanderers", ["Beat has not reported."])
    assert len(received) == 1


def test_administrators_see_who_is_told_and_try_it(client, mailoutbox, settings):
    client.force_login(User.objects.get(username="boss"))
    settings.ALERT_WEBHOOK = "http://user:secret@127.0.0.1:1/secret"
    page = client.get("/status/").content.decode()
    assert "Mail to boss@example.org." in page
    assert "Webhook at 127.0.0.1:1." in page
    assert "secret" not in page
    tried = client.post("/status/test-alerts/", follow=True).content.decode()
    assert "mail: the test message was sent." in tried
    assert "webhook: the test failed: The receiver can&#x27;t be reached (Connection refused)." in tried
    assert "Check the setting ALERT_WEBHOOK." in tried
    assert [mail.subject for mail in mailoutbox] == ["Wanderers: test"]
    with webhook() as (address, received):
        for login in ("", "ada:se%2Fc%40ret@"):
            settings.ALERT_WEBHOOK = address.replace("//", f"//{login}")
            assert b"webhook: the test message was sent." in client.post("/status/test-alerts/", follow=True).content
    assert "This is a test." in received[0]["text"]
    assert [each["login"] for each in received] == [None, f"Basic {b64encode(b'ada:se/c@ret').decode()}"]
    settings.ALERT_WEBHOOK, settings.EMAIL_BACKEND = "", "django.core.mail.backends.console.EmailBackend"
    page = client.get("/status/").content.decode()
    assert "No mail: set EMAIL_URL" in page
    assert "Send a test message" not in page


def test_what_the_webhook_answers_is_shown_as_text_and_cut_short_and_not_logged(client, settings, caplog):
    client.force_login(User.objects.get(username="boss"))
    said = b"<b>No\x1b such\n\n hook</b> " + "é".encode() * 300
    with webhook(status=404, says=said) as (settings.ALERT_WEBHOOK, _):
        page = client.post("/status/test-alerts/", follow=True).content.decode()
    assert "The receiver answered with HTTP status 404. Check the setting ALERT_WEBHOOK. It says: " in page
    assert f"It says: &lt;b&gt;No such hook&lt;/b&gt; {'é' * 180}<" in page
    assert "HTTP status 404" in caplog.text
    assert "such" not in caplog.text


def test_a_mail_server_that_refuses_or_is_away_is_said_to_in_words(settings):
    with mail_server(settings) as server:
        server.greeting = b"554 go away\r\n"
        said = attempt("mail", "Wanderers", ["Beat has not reported."])
        assert said == "The mail server answered with status 554. Check the setting EMAIL_URL."
    settings.EMAIL_PORT = 1
    said = attempt("mail", "Wanderers", ["Beat has not reported."])
    assert said == "The receiver can't be reached (Connection refused). Check the setting EMAIL_URL."


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_mail_server_that_refuses_the_password_is_said_to(settings):
    with mail_server(settings) as server:
        server.refuses_login = True
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "ada"
        said = attempt("mail", "Wanderers", ["Beat has not reported."])
    assert said == "The mail server refused the user name or the password. Check the setting EMAIL_URL."
    gc.collect()  # Django leaves the connection open


@pytest.mark.parametrize(
    "address", ["http://ada:hush/a@b.org/", "https://b.org/hu sh", "http://[hush", "http://a..hush/"]
)
def test_a_malformed_address_is_said_to_be_so_and_nowhere_repeated(client, settings, caplog, address):
    client.force_login(User.objects.get(username="boss"))
    settings.ALERT_WEBHOOK = address
    page = client.post("/status/test-alerts/", follow=True).content.decode()
    assert "webhook: the test failed: The address is malformed" in page
    assert "The address is malformed" in caplog.text
    assert "hush" not in page.replace("a..hush", "") + caplog.text
    assert "hush" not in str([*AuditEntry.objects.values_list("fields", flat=True)])


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/hook", "http://[broken", "http://a..b/"])
def test_the_doctor_says_that_alerts_have_not_been_sent_for_long(mailoutbox, settings, capsys, address):
    settings.ALERT_WEBHOOK = address
    silence_beat()
    alert_mails(mailoutbox)
    assert "could not be sent" not in doctor(capsys)[0]
    Alert.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    said, is_well = doctor(capsys)
    assert "Alerts could not be sent since" in said
    assert not is_well
    assert len(mailoutbox) == 1, "mail works"
    Heartbeat.objects.write(Process.BEAT)
    alerts.check()
    assert "could not be sent" not in doctor(capsys)[0], "the problem is over"


def test_the_end_of_a_problem_is_told_to_those_who_were_told_of_it(mailoutbox, settings):
    settings.ALERT_WEBHOOK = "http://127.0.0.1:1/hook"
    silence_beat()
    alert_mails(mailoutbox)
    Heartbeat.objects.write(Process.BEAT)
    with webhook() as (settings.ALERT_WEBHOOK, received):
        alerts.check()
        alerts.check()
    assert [mail.subject for mail in mailoutbox] == ["Wanderers: new problems", "Wanderers: problems resolved"]
    assert not received
    assert Alert.objects.get().ended_at is not None


def test_a_workflow_that_volunteers_left_is_told(mailoutbox):
    survey = sky.survey()
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, [True] * 60)
    sky.queue(workflow, rows)
    volunteer = Volunteer.objects.create()
    Classification.objects.bulk_create(
        Classification(id=uuid4(), volunteer=volunteer, workflow=workflow, subject=row, answer="yes", is_counted=True)
        for row in rows
    )
    alerts.check()
    assert not Alert.objects.exists()
    Classification.objects.update(created_at=timezone.now() - timedelta(hours=7))
    alerts.check()
    later()
    alerts.check()
    assert "Nobody has classified" in mailoutbox[0].body


def test_backups_that_are_no_longer_made_are_told_until_one_is(mailoutbox):
    assert not alert_mails(mailoutbox), "this site is backed up otherwise"
    Backup.objects.create(address="/mnt/safe", name="old", files=1, size=1)
    assert not alert_mails(mailoutbox)
    Backup.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert "No backup has been made since" in alert_mails(mailoutbox)[0]
    Backup.objects.create(address="/mnt/safe", name="new", files=1, size=1)
    assert "Over: No backup has been made since" in alert_mails(mailoutbox)[-1]


def test_the_webhook_gets_the_sentences_as_json(settings):
    IngestRun.objects.create(survey=sky.survey(), path="night", subject_set="night")
    IngestRun.objects.update(state=JobState.FAILED, error="The disk is full.", finished_at=timezone.now())
    with webhook() as (settings.ALERT_WEBHOOK, received):
        alerts.check()
    assert "The disk is full." in received[0]["text"]

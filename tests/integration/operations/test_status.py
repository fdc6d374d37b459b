"""The site's administrators see how the site is, try failed jobs again, and Prometheus reads the figures."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.operations.alerting import doctor
from webapp.archive.models import AuditEntry, IngestRun
from webapp.core.environment import ROOT
from webapp.core.jobs import MAX_ATTEMPTS, JobState
from webapp.core.models import Backup, Heartbeat, Process
from webapp.known_objects.models import OrbitLoad
from webapp.learning import models
from webapp.learning.models import TrainingRun
from webapp.learning.triggers import start_training
from webapp.operations import alerts
from webapp.operations.models import Alert
from webapp.operations.prometheus import exposition
from webapp.quality.models import QualityScan

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(django_user_model):
    return django_user_model.objects.create_superuser("boss", "boss@example.org")


@pytest.fixture
def failed():
    run = IngestRun.objects.create(survey=sky.survey(), path="night", subject_set="night", fruitless=MAX_ATTEMPTS)
    IngestRun.objects.filter(pk=run.pk).update(
        state=JobState.FAILED, error="The disk is full.", traceback="line 1 <b>", finished_at=timezone.now()
    )
    return run


@pytest.fixture
def well(db, settings, tmp_path):
    """A healthy site with a data folder of its own."""
    settings.DATA = tmp_path
    (tmp_path / "pixels").mkdir()
    (tmp_path / "pixels" / "chunk").write_bytes(b"1" * 100_000)
    Heartbeat.objects.write(Process.BEAT)
    Heartbeat.objects.write(Process.WORKER)
    Backup.objects.create(address="/mnt/safe", name="20261122", files=12, size=1_000_000)


def test_the_page_says_how_the_site_is(well, client, boss, failed):
    client.force_login(boss)
    IngestRun.objects.create(survey=failed.survey, path="next", subject_set="night")
    sky.workflow(failed.survey)
    page = client.get("/status/").content.decode()
    for words in (
        "The disk is full.",
        "line 1 &lt;b&gt;",
        "Ingest",
        "Just now: 12 files",
        "PostgreSQL",
        "pixels:",
        "Try again",
    ):
        assert words in page
    assert client.get("/").content.decode().count('href="/status/"') == 1


def test_a_failed_job_names_its_survey_and_leads_to_its_page(well, client, boss, failed):
    client.force_login(boss)
    workflow = sky.workflow(failed.survey)
    scan = QualityScan.objects.create(workflow=workflow)
    scoring = models.ScoringRun.objects.create(survey=failed.survey, checkpoint=sky.checkpoint(workflow))
    shard = models.ScoringShard.objects.create(run=scoring, zarr_array="pixels", start=0, stop=1)
    load = OrbitLoad.objects.create()
    for job in (scan, shard, load):
        type(job).objects.filter(pk=job.pk).update(state=JobState.FAILED, finished_at=timezone.now())
    page = client.get("/status/")
    found = {each.job: each.survey for each in page.context["status"].failed}
    assert found == {failed: failed.survey, scan: failed.survey, shard: failed.survey, load: None}
    link = f'<a href="/surveys/{failed.survey.slug}/ingest/{failed.pk}/">Ingest {failed.pk}</a>, {failed.survey.name}'
    assert link in page.content.decode()


def test_pixels_on_a_disk_of_their_own_have_their_own_line(well, client, boss, settings, capsys):
    client.force_login(boss)
    assert "disk of the pixels" not in client.get("/status/").content.decode()
    settings.PIXELS = "/proc"  # a disk of its own, without any space
    assert "On the disk of the pixels, 0\xa0bytes of 0\xa0bytes are free." in client.get("/status/").content.decode()
    with pytest.raises(SystemExit):
        call_command("doctor")
    assert "Disk of the pixels: 0 bytes of 0 bytes are free" in capsys.readouterr().out


def test_the_page_and_the_doctor_name_the_sites_own_version_and_the_api_does_not(well, client, boss, capsys):
    [version] = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    schema = client.get("/api/schema/?format=json").json()
    assert schema["info"]["version"] == "1"
    client.force_login(boss)
    assert f"Wanderers {version}, Python" in client.get("/status/").content.decode()
    call_command("doctor")
    assert f"Versions: Wanderers {version}, Python" in capsys.readouterr().out


def test_a_site_without_anything_says_so(client, boss, settings, tmp_path):
    settings.DATA = tmp_path
    client.force_login(boss)
    page = client.get("/status/").content.decode()
    for words in ("No job has failed", "There is no workflow yet", "There is no backup", "Beat has not reported"):
        assert words in page


def test_prometheus_reads_the_disk_of_the_pixels_if_it_is_another(well, settings):
    assert 'wanderers_disk_free_bytes{disk="data"} ' in exposition().decode()
    assert 'disk="pixels"' not in exposition().decode()
    settings.PIXELS = "/proc"  # a disk of its own, without any space
    assert 'wanderers_disk_free_bytes{disk="pixels"} 0.0' in exposition().decode()
    assert 'wanderers_disk_total_bytes{disk="pixels"} 0.0' in exposition().decode()


def test_a_failed_job_is_tried_again_once(client, boss, failed, django_capture_on_commit_callbacks):
    client.force_login(boss)
    address = f"/status/archive.ingestrun/{failed.pk}/retry/"
    assert b"queued again" in client.post(address, follow=True).content
    failed.refresh_from_db()
    assert (failed.state, failed.error, failed.traceback, failed.finished_at) == ("queued", "", "", None)
    assert failed.sent_at is not None
    assert IngestRun.objects.claim(failed.pk) is not None, "one that was given up gets one more attempt"
    assert b"has not failed" in client.post(address, follow=True).content
    failed.refresh_from_db()
    assert failed.state == "running"


def test_a_dismissed_failure_is_no_problem_until_the_job_fails_again(well, client, boss, failed, capsys, mailoutbox):
    client.force_login(boss)
    alerts.check()
    address = f"/status/archive.ingestrun/{failed.pk}"
    until = re.search(r'name="until" value="([^"]+)"', client.get("/status/").content.decode())[1]
    assert (
        "Dismissed. It counts again"
        in client.post(f"{address}/dismiss/", {"until": until}, follow=True).content.decode()
    )
    page = client.get("/status/").content.decode()
    assert "All failures of the last 30 days are dismissed." in page
    assert "The disk is full." in page.partition("Dismissed failures")[2]
    assert doctor(capsys)[1]
    assert 'wanderers_jobs{kind="archive.ingestrun",state="failed"} 0.0' in exposition().decode()
    alerts.check()
    assert Alert.objects.get().ended_at is not None
    assert [mail.subject for mail in mailoutbox] == ["Wanderers: new problems"], "whoever dismisses knows"
    assert AuditEntry.objects.get().act == "failure-dismiss"

    failed.retry()
    IngestRun.objects.update(state=JobState.FAILED, error="Still full.", finished_at=timezone.now())
    answer = client.post(f"{address}/dismiss/", {"until": until}, follow=True)
    assert "nothing was changed" in answer.content.decode(), "the page showed an earlier failure"
    assert not doctor(capsys)[1]


def test_a_dismissal_is_undone(well, client, boss, failed, capsys):
    client.force_login(boss)
    address = f"/status/archive.ingestrun/{failed.pk}"
    client.post(f"{address}/dismiss/", {"until": timezone.now().isoformat()})
    assert doctor(capsys)[1]
    assert "The failure counts again." in client.post(f"{address}/take-back/", follow=True).content.decode()
    assert not doctor(capsys)[1]
    assert "is not dismissed" in client.post(f"{address}/take-back/", follow=True).content.decode()


def test_all_failures_that_the_page_shows_are_dismissed_at_once(well, client, boss, failed):
    client.force_login(boss)
    load = OrbitLoad.objects.create(state=JobState.FAILED, finished_at=timezone.now() - timedelta(days=1))
    page = client.get("/status/").content.decode()
    until = re.findall(r'name="until" value="([^"]+)"', page.partition("Dismiss all 2")[0])[-1]
    newer = OrbitLoad.objects.create(state=JobState.FAILED, finished_at=timezone.now())
    assert b"Dismissed 2 failures." in client.post("/status/dismiss/", {"until": until}, follow=True).content
    status = client.get("/status/").context["status"]
    assert [each.job for each in status.failed] == [newer]
    assert [each.job for each in status.dismissed] == [failed, load]
    assert b"Dismissed 0 failures." in client.post("/status/dismiss/", {"until": "yesterday"}, follow=True).content


def test_a_job_that_would_be_the_second_in_line_stays_failed(client, boss):
    client.force_login(boss)
    workflow = sky.workflow(sky.survey())
    old = QualityScan.objects.create(workflow=workflow, state=JobState.FAILED, finished_at=timezone.now())
    QualityScan.objects.create(workflow=workflow)
    answer = client.post(f"/status/quality.qualityscan/{old.pk}/retry/", follow=True)
    assert b"already waiting" in answer.content
    assert QualityScan.objects.get(pk=old.pk).state == "failed"


def test_a_failed_training_is_not_tried_again_beside_another_of_its_workflow(client, boss):
    client.force_login(boss)
    workflow = sky.workflow(sky.survey())
    old = start_training(workflow=workflow, by=None)
    TrainingRun.objects.update(state=JobState.FAILED, finished_at=timezone.now())
    new = start_training(workflow=workflow, by=None)
    address = f"/status/learning.trainingrun/{old.pk}/retry/"
    assert b"already waiting" in client.post(address, follow=True).content
    assert TrainingRun.objects.get(pk=old.pk).state == "failed"
    new.request_cancel()
    assert b"queued again" in client.post(address, follow=True).content


def test_only_the_sites_administrators_see_and_act(client, django_user_model, failed):
    assert client.get("/status/").status_code == 302
    assert client.post(f"/status/archive.ingestrun/{failed.pk}/retry/").status_code == 403
    assert client.post(f"/status/archive.ingestrun/{failed.pk}/dismiss/").status_code == 403
    client.force_login(django_user_model.objects.create_user("stranger"))
    assert client.get("/status/").status_code == 403
    assert client.post(f"/status/archive.ingestrun/{failed.pk}/retry/").status_code == 403
    failed.refresh_from_db()
    assert failed.state == "failed"


def test_what_is_no_job_is_not_found(client, boss):
    client.force_login(boss)
    assert client.post("/status/archive.survey/1/retry/").status_code == 404
    assert client.post("/status/archive.ingestrun/999/retry/").status_code == 404


def test_the_doctor_names_what_is_wrong_and_what_to_do(well, failed, capsys):
    with pytest.raises(SystemExit) as left:
        call_command("doctor")
    assert left.value.code == 1
    said = capsys.readouterr().out
    assert "The disk is full." in said
    IngestRun.objects.all().delete()
    call_command("doctor")
    assert "All is well." in capsys.readouterr().out
    Backup.objects.update(finished_at=timezone.now() - timedelta(days=8))
    with pytest.raises(SystemExit):
        call_command("doctor")
    assert "manage.py backup" in capsys.readouterr().out


def test_prometheus_reads_figures_with_the_token_only(well, client, settings, failed):
    assert client.get("/metrics/").status_code == 404
    settings.METRICS_TOKEN = "secret"
    assert client.get("/metrics/").status_code == 401
    assert client.get("/metrics/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    sky.workflow(failed.survey)
    answer = client.get("/metrics/", headers={"Authorization": "Bearer secret"})
    lines = answer.content.decode().splitlines()
    assert 'wanderers_part_healthy{part="database"} 1.0' in lines
    assert 'wanderers_jobs{kind="archive.ingestrun",state="failed"} 1.0' in lines
    assert any(line.startswith('wanderers_disk_free_bytes{disk="data"} ') for line in lines)
    assert any(line.startswith("wanderers_classifications_last_hour{") for line in lines)


def test_prometheus_reads_how_long_jobs_take_and_how_good_the_champions_are(well, client, settings):
    settings.METRICS_TOKEN = "secret"
    champion = sky.checkpoint(sky.workflow(sky.survey()), is_champion=True)
    frozen = models.TestSet.objects.create(survey=champion.survey, kind="stamp", hash="1" * 64, size=12)
    models.Evaluation.objects.create(
        checkpoint=champion, test_set=frozen, metrics={"roc_auc": 0.9, "ece": None}, verdict=""
    )
    ended = timezone.now()
    for seconds in (10, 30):
        begun = ended - timedelta(seconds=seconds)
        IngestRun.objects.create(
            survey=champion.survey, path="a", subject_set="s", state="done", started_at=begun, finished_at=ended
        )
    answer = client.get("/metrics/", headers={"Authorization": "Bearer secret"})
    lines = answer.content.decode().splitlines()
    assert 'wanderers_job_mean_seconds{kind="archive.ingestrun"} 20.0' in lines
    assert 'wanderers_job_longest_seconds{kind="archive.ingestrun"} 30.0' in lines
    scores = [line for line in lines if line.startswith("wanderers_model_score{")]
    of = f'role="{champion.role}",survey="{champion.survey.slug}"'
    assert scores == [f'wanderers_model_score{{metric="roc_auc",{of}}} 0.9']


def test_a_web_node_is_ready_without_workers(client):
    assert client.get("/health/").status_code == 503
    ready = client.get("/health/ready/")
    assert (ready.status_code, ready.json()["parts"]) == (200, {"database": "ok", "cache": "ok"})

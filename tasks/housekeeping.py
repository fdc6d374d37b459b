"""Periodic Celery tasks from CELERY_BEAT_SCHEDULE: sweep, housekeeping, nightly jobs, retraining."""

from collections.abc import Callable
from functools import partial

from celery.exceptions import SoftTimeLimitExceeded

from tasks.base_task import task
from webapp.accounts.invitations import forget_ended_invitations
from webapp.accounts.sessions import forget_ended_sessions
from webapp.archive import stored_rates
from webapp.archive.ingest.remote_files import forget_ended
from webapp.classify.submit import commit_pending
from webapp.community import news_mail
from webapp.consensus import batch_aggregation
from webapp.consensus.recompute import catch_up_all
from webapp.core import dispatch
from webapp.core.jobs import JobState
from webapp.core.models import Heartbeat, Process
from webapp.core.partial_files import delete_left
from webapp.core.rate_limits import forget_ended_rates
from webapp.imports.run_import import forget_uploads
from webapp.known_objects import start_match
from webapp.known_objects.scheduled_orbits import start_load_if_changed
from webapp.learning.drift import start_after_drift
from webapp.learning.first_batch import start_first_batches
from webapp.learning.reordering import order_after_votes
from webapp.learning.retention import delete_left_checkpoints, delete_lost_imports, delete_old_states
from webapp.learning.scoring import score_arrivals
from webapp.learning.triggers import start_due, workflows_to_retrain
from webapp.operations import alerts
from webapp.operations.job_overview import job_models
from webapp.quality import quality_scan
from webapp.queue.leases import release_expired
from webapp.reports.neo_scores import request_scores_of_movers
from webapp.retention import start_run


def run_steps(name: str, *steps: Callable[[], object]) -> None:
    """Call every step, whether or not others fail, and raise an ExceptionGroup of the failures at the end.

    The task's time limit ends it at once.
    """
    failures = []
    for step in steps:
        try:
            step()
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(steps)} steps of {name} failed", failures)


@task("tasks.sweep.run")
def sweep() -> None:
    """Dispatch unowned jobs again: messages get lost, and workers die."""
    Heartbeat.objects.write(Process.WORKER)
    for model in job_models().values():
        jobs = model._default_manager
        jobs.give_up()
        has_messages = jobs.filter(state=JobState.QUEUED).exists() and dispatch.has_messages(model.task)
        for row in jobs.stuck(has_messages=has_messages).order_by("pk")[:1000]:
            row.enqueue()


@task("tasks.housekeeping.run")
def housekeeping() -> None:
    """Release expired leases, commit pending classifications, and recompute evidence after changed skills."""
    run_steps("housekeeping", release_expired, commit_pending, catch_up_all)


@task("tasks.aggregation.nightly")
def nightly_aggregation() -> None:
    for workflow in batch_aggregation.workflows_to_aggregate():
        batch_aggregation.start_aggregation(workflow, by=None)


@task("tasks.quality.nightly")
def nightly_quality_scan() -> None:
    for workflow in quality_scan.workflows_to_scan():
        quality_scan.start_scan(workflow, by=None)


@task("tasks.motions.hourly")
def hourly_motions() -> None:
    """Fit the stored motions of surveys whose position errors changed, or that an older site stored."""
    for survey in stored_rates.surveys_to_fit():
        stored_rates.start_fit(survey)


@task("tasks.known.hourly")
def hourly_match() -> None:
    """Load changed orbits, compare new subjects with the known objects, and score new movers by digest2."""
    matches = (partial(start_match.start_match, survey, by=None) for survey in start_match.surveys_to_match())
    run_steps("known objects", start_load_if_changed, *matches, request_scores_of_movers)


@task("tasks.retention.nightly")
def nightly_retention() -> None:
    """Drop pixels by the surveys' rules, and what killed processes have fetched, saved, or written in part."""
    surveys = start_run.surveys_to_clean()
    runs = (partial(start_run.start_run, survey=survey, by=None, dry_run=False) for survey in surveys)
    swept = (forget_ended, delete_left_checkpoints, delete_lost_imports, forget_uploads)
    run_steps("retention", *swept, *runs, delete_left)


@task("tasks.sessions.hourly")
def hourly_sessions() -> None:
    run_steps("sessions", forget_ended_sessions, forget_ended_invitations, forget_ended_rates)


@task("tasks.retrain.run")
def retrain() -> None:
    """Train where that is due, choose first batches, score new subjects, order queues, delete what trainings left."""
    run_steps(
        "retraining",
        *(partial(start_due, workflow) for workflow in workflows_to_retrain()),
        start_after_drift,
        start_first_batches,
        score_arrivals,
        order_after_votes,
        delete_old_states,
    )


@task("tasks.retrain.arrivals")
def score_new() -> None:
    """Score new subjects as soon as a stream has stored some; what a lost message leaves, `retrain` finds."""
    score_arrivals()


@task("tasks.alerts.run")
def check_alerts() -> None:
    alerts.check()
    Heartbeat.objects.write(Process.ALERTS)


@task("tasks.news.mail")
def mail_news() -> None:
    news_mail.deliver()

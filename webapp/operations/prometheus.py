"""Figures of the site for Prometheus, read from the database at each scrape, so that any web process may answer.

Requests are counted by the processes themselves (`request_metrics`).
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webapp.core.cached_figures import cached_figure
from webapp.core.disks import data_disk, pixel_disk
from webapp.core.models import Backup
from webapp.learning.drift import Night, drift_of
from webapp.learning.label_snapshot import MissingFile
from webapp.learning.models import Checkpoint, Evaluation
from webapp.operations import request_metrics
from webapp.operations.job_overview import job_kinds, job_seconds
from webapp.operations.models import Restart
from webapp.operations.restarts import count_by_part
from webapp.operations.site_status import FRESH_SECONDS, activity, check_health
from webapp.operations.stream_status import all_streams
from webapp.operations.worker_queues import workers_by_queue

PARTS = ("web", "worker", "beat", "database")
SCORES = ("roc_auc", "pr_auc", "mcc", "ece")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def answer_prometheus(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: answer /metrics/, by a node's own address and without HTTPS, as for health; not without a token."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        is_asked = settings.METRICS_TOKEN and request.path_info == "/metrics/"
        return _metrics(request) if is_asked else get_response(request)

    return answer


@require_safe
def _metrics(request: HttpRequest) -> HttpResponse:
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain")
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SiteCollector())
    request_metrics.register(registry)
    return generate_latest(registry)


class SiteCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _parts()
        yield _restarts()
        yield from _jobs()
        yield from _job_times()
        yield _workers()
        yield from _activity()
        yield from _streams()
        yield _drift()
        yield _scores()
        yield from _disk()


def _parts() -> Iterator[Metric]:
    part = GaugeMetricFamily("wanderers_part_healthy", "1 if a part of the site is healthy, else 0.", labels=["part"])
    for name, sentence in check_health().items():
        part.add_metric([name], float(sentence == "ok"))
    yield part


def _restarts() -> Metric:
    """Count the restarts of each part: also of those that had none, since a rate needs a zero before the first."""
    restarts = CounterMetricFamily(
        "wanderers_restarts", "Restarts of a part that had died or hung, on all machines.", labels=["part"]
    )
    for part, number in (dict.fromkeys(PARTS, 0) | count_by_part(Restart.objects.all())).items():
        restarts.add_metric([part], number)
    return restarts


def _jobs() -> Iterator[Metric]:
    jobs = GaugeMetricFamily(
        "wanderers_jobs", "Jobs; failed ones of the last 30 days that nobody has dismissed.", labels=["kind", "state"]
    )
    oldest = GaugeMetricFamily(
        "wanderers_job_oldest_waiting_seconds", "Age of the oldest waiting job.", labels=["kind"]
    )
    for kind in job_kinds():
        for state, count in {"waiting": kind.waiting, "running": kind.running, "failed": kind.failed}.items():
            jobs.add_metric([kind.key, state], count)
        waited = (timezone.now() - kind.oldest).total_seconds() if kind.oldest else 0
        oldest.add_metric([kind.key], waited)
    yield from (jobs, oldest)


def _job_times() -> Iterator[Metric]:
    mean = GaugeMetricFamily("wanderers_job_mean_seconds", "Mean time of the jobs done within a day.", labels=["kind"])
    longest = GaugeMetricFamily("wanderers_job_longest_seconds", "Longest of these times.", labels=["kind"])
    for key, times in cached_figure("job-seconds", job_seconds, FRESH_SECONDS).items():
        mean.add_metric([key], times[0])
        longest.add_metric([key], times[1])
    yield from (mean, longest)


def _workers() -> Metric:
    workers = GaugeMetricFamily("wanderers_queue_workers", "Workers that serve a queue.", labels=["queue"])
    for queue, number in workers_by_queue().items():
        workers.add_metric([queue], number)
    return workers


def _activity() -> Iterator[Metric]:
    labels = ["survey", "workflow"]
    recent = GaugeMetricFamily(
        "wanderers_classifications_last_hour", "Classifications of the last hour.", labels=labels
    )
    now = GaugeMetricFamily(
        "wanderers_classifications_last_minute",
        "Classifications of the last minute, also those that can still be undone.",
        labels=labels,
    )
    newest = GaugeMetricFamily("wanderers_last_classification_time_seconds", "Unix time of the newest.", labels=labels)
    for each in activity():
        names = [each.workflow.survey.slug, each.workflow.slug]
        recent.add_metric(names, each.last_hour)
        now.add_metric(names, each.last_minute)
        if each.newest:
            newest.add_metric(names, each.newest.timestamp())
    yield from (recent, now, newest)


def _streams() -> Iterator[Metric]:
    labels = ["survey", "topic"]
    healthy = GaugeMetricFamily(
        "wanderers_stream_healthy",
        "0 if a stream's listener has died or is in trouble, else 1; none for one that was told to stop.",
        labels=labels,
    )
    lag = GaugeMetricFamily("wanderers_stream_lag_messages", "Messages that wait at the brokers.", labels=labels)
    heard = GaugeMetricFamily("wanderers_stream_heard_time_seconds", "Unix time of its last report.", labels=labels)
    for stream in all_streams():
        names = [stream.survey.slug, stream.topic]
        if stream.should_listen:
            healthy.add_metric(names, float(not stream.is_sick))
        if stream.lag is not None:
            lag.add_metric(names, stream.lag)
        if stream.heard_at:
            heard.add_metric(names, stream.heard_at.timestamp())
    yield from (healthy, lag, heard)


def _drift() -> Metric:
    """Compare the newest night with those before the training, at most every ten minutes: it counts all scores."""
    index = GaugeMetricFamily(
        "wanderers_model_drift_index",
        "Population stability index of a champion's scores on the newest night; above 0.2 they have shifted.",
        labels=["survey", "role"],
    )
    for champion in Checkpoint.objects.filter(is_champion=True).select_related("survey", "run"):
        newest = cached_figure(f"drift-{champion.pk}", partial(_newest_night, champion), FRESH_SECONDS)
        for night in newest:
            index.add_metric([champion.survey.slug, champion.role], night.index)
    return index


def _scores() -> Metric:
    score = GaugeMetricFamily(
        "wanderers_model_score",
        "A champion's figures on the newest frozen test set that it was evaluated on.",
        labels=["survey", "role", "metric"],
    )
    champions = Evaluation.objects.filter(checkpoint__is_champion=True).select_related("checkpoint__survey")
    for each in champions.order_by("checkpoint_id", "-id").distinct("checkpoint_id"):
        for name in SCORES:
            value = each.metrics.get(name)
            if isinstance(value, (int, float)):
                score.add_metric([each.checkpoint.survey.slug, each.checkpoint.role, name], value)
    return score


def _newest_night(champion: Checkpoint) -> list[Night]:
    with suppress(MissingFile):  # the Models page says so
        return drift_of(champion).nights[:1]
    return []


def _disk() -> Iterator[Metric]:
    free = GaugeMetricFamily(
        "wanderers_disk_free_bytes",
        "Free on the data folder's disk, and on that of the pixels if they have one of their own.",
        labels=["disk"],
    )
    total = GaugeMetricFamily("wanderers_disk_total_bytes", "Size of these disks.", labels=["disk"])
    for name, disk in {"data": data_disk(), "pixels": pixel_disk()}.items():
        if disk:
            free.add_metric([name], disk.free)
            total.add_metric([name], disk.total)
    yield from (free, total)
    newest = Backup.objects.newest()
    if newest:
        at = newest.finished_at.timestamp()
        yield GaugeMetricFamily("wanderers_last_backup_time_seconds", "Unix time of the newest backup.", value=at)

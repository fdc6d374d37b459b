"""Health checks: database, broker, worker, beat, storage; each says what is wrong.

The answers are public: they name the part, but no address or folder. The log says more.
"""

import logging
from collections.abc import Callable, Iterable

from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext_noop

from webapp.core.disks import data_disk, pixel_disk
from webapp.core.dispatch import app
from webapp.core.jobs import Job
from webapp.core.models import Heartbeat, Process

log = logging.getLogger(__name__)

SECONDS = 3
"""Timeout of the broker."""


class Ill(Exception):
    """A part is unhealthy; the message says how."""


def check_health(names: Iterable[str] | None = None) -> dict[str, str]:
    """Return the state of each part, or of these: `ok`, or what is wrong."""
    return {name: _asked(name, PARTS[name]) for name in (PARTS if names is None else names)}


def _asked(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Ill as ill:
        return str(ill)
    except Exception as error:  # libraries of databases, brokers and caches may raise anything
        log.warning("The %s does not answer: %r", name, error)
        return f"The {name} does not answer."
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _broker() -> None:
    redis = app.conf.broker_write_url.startswith("redis")
    options = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS} if redis else {}
    with app.connection_for_write(transport_options=options, connect_timeout=SECONDS) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=SECONDS)


def _cache() -> None:
    cache.set("health", "well", 60)
    if cache.get("health") != "well":
        raise Ill(gettext_noop("The cache does not keep values."))


def _disk() -> None:
    if data_disk().is_nearly_full:
        raise Ill(gettext_noop("The disk of the data folder is nearly full."))
    pixels = pixel_disk()
    if pixels and pixels.is_nearly_full:
        raise Ill(gettext_noop("The disk of the pixels is nearly full."))


def _beat() -> None:
    if not Heartbeat.objects.recent().filter(process=Process.BEAT).exists():
        raise Ill(gettext_noop("Beat has not reported lately: scheduled jobs don't start."))


def _worker() -> None:
    if not Heartbeat.objects.recent().filter(process=Process.WORKER).exists() and not somebody_works():
        raise Ill(gettext_noop("No worker has taken a task lately: jobs wait."))


def somebody_works() -> bool:
    """Return whether any job's lease is being renewed: workers may be busy for hours with nothing else."""
    jobs = [model for model in apps.get_models() if issubclass(model, Job)]
    return any(model.objects.held().exists() for model in jobs)


PARTS: dict[str, Callable[[], None]] = {
    "database": _database,
    "broker": _broker,
    "cache": _cache,
    "disk": _disk,
    "beat": _beat,
    "worker": _worker,
}

READY = ("database", "cache")
"""What a web node needs to answer volunteers; workers, beat and the broker may be away meanwhile."""

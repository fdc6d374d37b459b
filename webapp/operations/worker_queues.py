"""The queues of the site's tasks, and how many workers serve each: one that runs may serve others only (`-Q`)."""

from collections import Counter
from collections.abc import Collection
from itertools import chain

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from webapp.core.models import Worker
from webapp.operations.job_overview import job_models, queue_of


def workers_by_queue() -> dict[str, int]:
    """Return the number of workers that serve each queue, of jobs or periodic tasks, by the queue's name."""
    served = Counter(chain.from_iterable(Worker.objects.recent().values_list("queues", flat=True)))
    return {queue: served[queue] for queue in sorted(all_queues())}


def queue_problems(workers: dict[str, int]) -> dict[str, str]:
    """Return each problem's key and sentence.

    Where no worker runs at all, that is the part `worker`'s problem, and no queue's.
    """
    unserved = [queue for queue, number in workers.items() if not number]
    queues = unserved if len(unserved) < len(workers) else []
    return {
        f"queue:{queue}": _("No worker serves the queue %(queue)s: its jobs wait.") % {"queue": queue}
        for queue in queues
    } | _silent_workers(unserved)


def _silent_workers(unserved: Collection[str]) -> dict[str, str]:
    """Return a problem for each worker that finishes nothing, if no other worker serves its queues."""
    newest = {row.node: row for row in Worker.objects.silent().order_by("seen_at")}
    waiting = {row: [queue for queue in row.queues if queue in unserved] for row in newest.values()}
    return {
        f"worker:{row.node}"[:200]: _(
            "The worker %(worker)s has finished nothing since %(time)s, and no other serves %(queues)s: restart it."
        )
        % {"worker": row.node, "time": date_format(row.seen_at, "Y-m-d H:i e"), "queues": ", ".join(queues)}
        for row, queues in waiting.items()
        if queues
    }


def all_queues() -> set[str]:
    """Return the names of all queues, of periodic tasks and of jobs."""
    periodic = {str(entry["task"]).split(".")[1] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    return periodic | {queue_of(model) for model in job_models().values()}

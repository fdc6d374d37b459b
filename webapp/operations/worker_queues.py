"""The queues of the site's tasks, and how many workers serve each: one that runs may serve others only (`-Q`)."""

from collections import Counter
from itertools import chain

from django.conf import settings
from django.utils.translation import gettext as _

from webapp.core.models import Worker
from webapp.operations.job_overview import job_models, queue_of


def workers_by_queue() -> dict[str, int]:
    """Return the number of workers that serve each queue, of jobs or periodic tasks, by the queue's name."""
    served = Counter(chain.from_iterable(Worker.objects.recent().values_list("queues", flat=True)))
    return {queue: served[queue] for queue in sorted(_queues())}


def queue_problems(workers: dict[str, int]) -> dict[str, str]:
    """Return each problem's key and sentence; none where no worker runs at all: that is the part `worker`'s problem."""
    if not any(workers.values()):
        return {}
    return {
        f"queue:{queue}": _("No worker serves the queue %(queue)s: its jobs wait.") % {"queue": queue}
        for queue, number in workers.items()
        if not number
    }


def _queues() -> set[str]:
    periodic = {str(entry["task"]).split(".")[1] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    return periodic | {queue_of(model) for model in job_models().values()}

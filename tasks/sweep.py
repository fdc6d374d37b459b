"""The sweep: messages get lost and workers die, so what nobody works on is announced again."""

from django.apps import apps

from tasks.house import task
from webapp.core.jobs import Job
from webapp.core.models import Heartbeat, Process


def job_models() -> list[type[Job]]:
    return [model for model in apps.get_models() if issubclass(model, Job)]


@task("tasks.sweep.run")
def run() -> None:
    Heartbeat.objects.write(Process.WORKER)
    for model in job_models():
        jobs = model._default_manager
        jobs.give_up()
        for row in jobs.stuck().order_by("pk")[:1000]:
            row.enqueue()

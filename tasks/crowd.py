"""The schedule: give back slots nobody used, count answers whose grace has ended, and spread what skills tell."""

from tasks.house import task
from webapp.consensus.grace import count_overdue
from webapp.consensus.update import catch_up
from webapp.volunteers.models import Method, Workflow
from webapp.volunteers.queue import release_expired


@task("tasks.crowd.run")
def run() -> None:
    release_expired()
    count_overdue()
    for workflow in Workflow.objects.filter(is_active=True).exclude(method=Method.MAJORITY).select_related("survey"):
        catch_up(workflow)

"""The schedule: give back slots nobody used, count answers whose grace has ended, and spread what skills tell."""

from django.db.models import F

from tasks.house import task
from webapp.classify.submit import count_overdue
from webapp.consensus.recompute import catch_up
from webapp.queue.leases import release_expired
from webapp.workflows.models import Workflow


@task("tasks.crowd.run")
def run() -> None:
    release_expired()
    count_overdue()
    for workflow in Workflow.objects.filter(skills__stale__gt=F("skills__weighed")).distinct().select_related("survey"):
        catch_up(workflow)

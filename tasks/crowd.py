"""The schedule: give back slots nobody used, count answers whose grace has ended, and spread what skills tell."""

from django.db.models import F

from tasks.house import task
from webapp.consensus.catch_up import catch_up
from webapp.consensus.grace import count_overdue
from webapp.volunteers.models import Workflow
from webapp.volunteers.queue import release_expired


@task("tasks.crowd.run")
def run() -> None:
    release_expired()
    count_overdue()
    for workflow in Workflow.objects.filter(skills__stale__gt=F("skills__weighed")).distinct().select_related("survey"):
        catch_up(workflow)

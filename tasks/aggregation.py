"""Look back on all votes of a workflow, every night and when somebody asks for it."""

from tasks.house import job, task
from webapp.consensus.batch_aggregation import aggregate, due, start_aggregation
from webapp.consensus.models import Aggregation


@job(Aggregation)
def run(row: Aggregation) -> None:
    aggregate(row)


@task("tasks.aggregation.nightly")
def nightly() -> None:
    for workflow in due():
        start_aggregation(workflow, by=None)

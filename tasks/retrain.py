"""The schedule: train again where enough new labels are in, and score what has arrived."""

from contextlib import suppress

from tasks.house import task
from webapp.learning.rescoring import score_arrivals
from webapp.learning.triggers import AlreadyTraining, due, start_training


@task("tasks.retrain.run")
def run() -> None:
    for workflow in due():
        with suppress(AlreadyTraining):  # somebody was faster
            start_training(workflow=workflow, by=None)
    score_arrivals()

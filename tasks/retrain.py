"""The schedule: train again where enough new labels are in, and score what has arrived."""

from contextlib import suppress

from tasks.house import task
from webapp.learning.arrivals import score_arrivals
from webapp.learning.retraining import due
from webapp.learning.start import AlreadyTraining, start_training


@task("tasks.retrain.run")
def run() -> None:
    for workflow in due():
        with suppress(AlreadyTraining):  # somebody was faster
            start_training(workflow=workflow, by=None)
    score_arrivals()

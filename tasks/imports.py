"""Bring answers that were given elsewhere into a workflow."""

from tasks.house import job
from webapp.review.intake.run import bring_in
from webapp.review.models import ClassificationImport


@job(ClassificationImport)
def run(row: ClassificationImport) -> None:
    bring_in(row)

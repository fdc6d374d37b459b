"""Bring answers that were given elsewhere into a workflow."""

from tasks.house import job
from webapp.imports.models import ClassificationImport
from webapp.imports.run import bring_in


@job(ClassificationImport)
def run(row: ClassificationImport) -> None:
    bring_in(row)

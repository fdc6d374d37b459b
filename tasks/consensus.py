"""Add up a workflow's votes under its rules of now."""

from tasks.house import job
from webapp.consensus.models import Recount
from webapp.consensus.recompute import recount_votes


@job(Recount)
def run(row: Recount) -> None:
    recount_votes(row)

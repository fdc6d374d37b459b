"""Draw training movers into a survey's pixels."""

from tasks.house import job
from webapp.consensus.injecting import inject_movers
from webapp.consensus.models import Injection


@job(Injection)
def run(row: Injection) -> None:
    inject_movers(row)

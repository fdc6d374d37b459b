"""Draw training movers into a survey's pixels."""

from tasks.house import job
from webapp.synthetics.injection import inject_movers
from webapp.synthetics.models import Injection


@job(Injection)
def run(row: Injection) -> None:
    inject_movers(row)

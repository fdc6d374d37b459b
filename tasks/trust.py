"""Look through a workflow's answers for careless ones and bots, every night and when somebody asks for it."""

from tasks.house import job, task
from webapp.quality.models import TrustScan
from webapp.quality.scan import due, scan, start_scan


@job(TrustScan)
def run(row: TrustScan) -> None:
    scan(row)


@task("tasks.trust.nightly")
def nightly() -> None:
    for workflow in due():
        start_scan(workflow, by=None)

"""After the last shard: tell the queue what the champion is unsure about, and drop what nobody needs."""

from tasks.house import job
from webapp.learning.acquisition import workflows_guided_by, write_priorities
from webapp.learning.models import ScoringRun
from webapp.learning.retention import prune


@job(ScoringRun)
def run(row: ScoringRun) -> None:
    checkpoint = row.checkpoint
    changed = 0
    if checkpoint.is_champion:
        for workflow in workflows_guided_by(checkpoint):
            changed += write_priorities(workflow, checkpoint)
            row.renew(done=changed)
    prune(checkpoint)
    row.finish(message=f"{changed} priorities changed.")

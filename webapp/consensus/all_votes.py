"""All votes of a workflow as columns of numbers, streamed out of the database: 32 bytes a vote."""

import numpy as np

from ml.crowd.votes import Votes
from webapp.core.sql import copy_out
from webapp.volunteers.models import Workflow

CLASSES = ("no", "yes")

# Votes that weigh: they count, stand, and are of people who are trusted.
QUERY = """
    SELECT subject_id::bigint, volunteer_id::bigint,
        (CASE answer WHEN 'no' THEN 0 WHEN 'yes' THEN 1 ELSE 2 END)::smallint
    FROM volunteers_classification
    WHERE workflow_id = %(workflow)s AND withdrawn_at IS NULL AND is_counted AND evidence IS NOT NULL
"""
FIELDS = (("subject", ">i8"), ("voter", ">i8"), ("answer", ">i2"))


def all_votes(workflow: Workflow) -> Votes:
    """Return the votes that weigh; items and workers are named by their primary keys, classes are no and yes."""
    rows = copy_out(QUERY, FIELDS, {"workflow": workflow.pk})
    subjects, item = np.unique(rows["subject"], return_inverse=True)
    voters, worker = np.unique(rows["voter"], return_inverse=True)
    names = tuple(map(str, subjects.tolist())), tuple(map(str, voters.tolist()))
    return Votes(item, worker, rows["answer"].astype(np.int64), *names, CLASSES)

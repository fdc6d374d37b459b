"""All votes of a workflow as columns of numbers, streamed out of the database: 32 bytes a vote."""

import io

import numpy as np
from django.db import connection

from ml.crowd.votes import Votes
from webapp.volunteers.models import Workflow

CLASSES = ("no", "yes")

# Votes that weigh: they count, stand, and are of people who are trusted.
COPY = """
    COPY (
        SELECT subject_id::bigint, volunteer_id::bigint,
            (CASE answer WHEN 'no' THEN 0 WHEN 'yes' THEN 1 ELSE 2 END)::smallint
        FROM volunteers_classification
        WHERE workflow_id = {workflow:d} AND withdrawn_at IS NULL AND is_counted AND evidence IS NOT NULL
    ) TO STDOUT (FORMAT binary)
"""
HEADER, TRAILER = 19, 2
FIELDS = (("subject", ">i8"), ("voter", ">i8"), ("answer", ">i2"))  # each after its length
ROW = np.dtype(
    [("fields", ">i2"), *(pair for name, kind in FIELDS for pair in ((f"{name}_length", ">i4"), (name, kind)))]
)


def all_votes(workflow: Workflow) -> Votes:
    """Return the votes that weigh; items and workers are named by their primary keys, classes are no and yes."""
    stream = io.BytesIO()
    connection.ensure_connection()
    with connection.connection.cursor().copy(COPY.format(workflow=workflow.pk)) as copy:
        for part in copy:
            stream.write(part)
    size = stream.getbuffer().nbytes - HEADER - TRAILER
    rows = np.frombuffer(stream.getbuffer(), dtype=ROW, count=size // ROW.itemsize, offset=HEADER)
    subjects, item = np.unique(rows["subject"], return_inverse=True)
    voters, worker = np.unique(rows["voter"], return_inverse=True)
    names = tuple(map(str, subjects.tolist())), tuple(map(str, voters.tolist()))
    return Votes(item, worker, rows["answer"].astype(np.int64), *names, CLASSES)

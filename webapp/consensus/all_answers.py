"""All answers of a workflow as columns, with what tells how they came about: who may be trusted is found in these."""

import numpy as np
from numpy.typing import NDArray

from ml.crowd.trust.answers import Answers
from webapp.core.sql import copy_out
from webapp.volunteers.models import Workflow

# Those of people who are not trusted are among them: that is how these come back.
QUERY = """
    SELECT answer.volunteer_id::bigint, answer.subject_id::bigint,
        (CASE answer.answer WHEN 'no' THEN 0 WHEN 'yes' THEN 1 ELSE 2 END)::smallint,
        (CASE WHEN subject.gold_label = '' THEN -1 WHEN subject.gold_label = 'yes' THEN 1
            WHEN subject.gold_label = ANY(%(positive)s::text[]) THEN 1 ELSE 0 END)::smallint,
        coalesce(extract(epoch FROM answer.finished_at - answer.started_at), 'NaN')::double precision,
        extract(epoch FROM answer.created_at)::double precision
    FROM volunteers_classification AS answer JOIN archive_subject AS subject ON subject.id = answer.subject_id
    WHERE answer.workflow_id = %(workflow)s AND answer.withdrawn_at IS NULL AND answer.is_counted
"""
FIELDS = (
    ("volunteer", ">i8"), ("subject", ">i8"), ("answer", ">i2"), ("gold", ">i2"), ("seconds", ">f8"), ("when", ">f8"),
)  # fmt: skip


def all_answers(workflow: Workflow) -> tuple[Answers, NDArray[np.int64]]:
    """Return the answers that count, and the primary keys of their volunteers by code."""
    rows = copy_out(QUERY, FIELDS, {"workflow": workflow.pk, "positive": workflow.survey.positive})
    volunteers, volunteer = np.unique(rows["volunteer"], return_inverse=True)
    subjects, subject = np.unique(rows["subject"], return_inverse=True)
    answers = Answers(
        volunteer=volunteer,
        item=subject,
        answer=rows["answer"].astype(np.int64),
        seconds=rows["seconds"].astype(float),
        gold=rows["gold"].astype(np.int64),
        when=rows["when"].astype(float),
        n_volunteers=len(volunteers),
        n_items=len(subjects),
    )
    return answers, volunteers.astype(np.int64)

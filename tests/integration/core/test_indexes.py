"""Each index of a table that every answer or subject writes to is one more thing to write, and to keep on disk."""

import pytest
from django.db import connection

from webapp.archive.models import Frame
from webapp.classifications.models import Classification, Mark
from webapp.consensus.models import Consensus, Skill
from webapp.learning.models import Score
from webapp.queue.models import Lease, QueueEntry

REPEATED = """
    SELECT shorter.indexrelid::regclass::text FROM pg_index AS shorter JOIN pg_index AS longer USING (indrelid)
    WHERE indrelid = %s::regclass AND shorter.indexrelid <> longer.indexrelid
        AND NOT shorter.indisunique AND shorter.indexprs IS NULL AND longer.indexprs IS NULL
        AND shorter.indpred IS NULL AND longer.indpred IS NULL
        AND longer.indkey::text LIKE shorter.indkey::text || ' %%'
"""


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Classification, Mark, Consensus, Skill, Lease, QueueEntry, Frame, Score])
def test_no_index_repeats_the_beginning_of_another(model):
    with connection.cursor() as cursor:
        cursor.execute(REPEATED, [model._meta.db_table])
        assert cursor.fetchall() == []

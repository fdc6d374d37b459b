"""After an ingest the database plans for the new subjects, not for the table as it was."""

import pytest
from django.db import connection

from tests.integration.archive.sky import make_sky, make_survey, run_ingest

pytestmark = pytest.mark.django_db


def test_the_planner_knows_what_was_ingested(tmp_path):
    """Planned for an empty table, a join over 20,000 new subjects took minutes."""
    survey = make_survey()
    make_sky(tmp_path / "night", 300)
    run_ingest(survey, tmp_path / "night", kind="stamp")
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'archive_subject'")
        assert cursor.fetchone()[0] >= 300

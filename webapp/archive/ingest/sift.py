"""Sort a batch's subjects out: those that the survey has, and those whose pixels it has.

A thousand values go to the database as one array: as many placeholders would cost more than the look-up itself.
"""

from django.db import connection

from webapp.archive.ingest.candidate import Candidate
from webapp.archive.models import Survey

TAKEN = "SELECT external_id FROM archive_subject WHERE survey_id = %s AND external_id = ANY(%s)"
ORIGINALS = """
    SELECT checksum, min(id) FROM archive_subject
    WHERE survey_id = %s AND checksum = ANY(%s) AND duplicate_of_id IS NULL
    GROUP BY checksum
"""


def unknown(survey: Survey, candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates whose external id is new to the survey; of several with one id, the first."""
    with connection.cursor() as cursor:
        cursor.execute(TAKEN, [survey.pk, [candidate.record.external_id for candidate in candidates]])
        taken = {external_id for (external_id,) in cursor.fetchall()}
    fresh = []
    for candidate in candidates:
        if candidate.record.external_id not in taken:
            taken.add(candidate.record.external_id)
            fresh.append(candidate)
    return fresh


def originals(survey: Survey, candidates: list[Candidate]) -> dict[str, int]:
    """Return, by checksum, the survey's first subject that has the pixels of one of the candidates."""
    with connection.cursor() as cursor:
        cursor.execute(ORIGINALS, [survey.pk, [candidate.checksum for candidate in candidates]])
        return dict(cursor.fetchall())

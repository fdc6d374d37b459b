"""Sort a batch's subjects out: those that the survey has, and those whose pixels it has."""

from django.db.models import Min

from webapp.archive.ingest.candidate import Candidate
from webapp.archive.models import Subject, Survey


def unknown(survey: Survey, candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates whose external id is new to the survey; of several with one id, the first."""
    ids = {candidate.record.external_id for candidate in candidates}
    taken = set(
        Subject.objects.filter(survey=survey, external_id__in=ids).values_list("external_id", flat=True) if ids else ()
    )
    fresh = []
    for candidate in candidates:
        if candidate.record.external_id not in taken:
            taken.add(candidate.record.external_id)
            fresh.append(candidate)
    return fresh


def originals(survey: Survey, candidates: list[Candidate]) -> dict[str, int]:
    """Return, by checksum, the survey's first subject that has the pixels of one of the candidates."""
    sums = {candidate.checksum for candidate in candidates}
    found = Subject.objects.filter(survey=survey, checksum__in=sums, duplicate_of=None)
    return dict(found.values("checksum").annotate(first=Min("id")).values_list("checksum", "first"))

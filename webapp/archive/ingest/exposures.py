"""Which exposure a frame was cut from: one per survey, time and band."""

from django.db import connection

from webapp.archive.ingest.candidate import Candidate, finite
from webapp.archive.models import Exposure, Survey

FOUND = "SELECT external_id, id FROM archive_exposure WHERE survey_id = %s AND external_id = ANY(%s)"


def exposure_name(mjd_mid: float | None, band: str) -> str:
    """Name an exposure by its middle, to a tenth of a second, and its band; empty where the time is not known."""
    return f"{mjd_mid:.6f} {band}".rstrip() if finite(mjd_mid) is not None else ""


def exposures(survey: Survey, candidates: list[Candidate]) -> dict[str, int]:
    """Return the exposures of all frames by name; those that are missing are made."""
    wanted: dict[str, Exposure] = {}
    for candidate in candidates:
        for frame in candidate.record.frames:
            name = exposure_name(frame.mjd_mid, frame.band)
            if name and name not in wanted:
                wanted[name] = Exposure(
                    survey=survey,
                    external_id=name,
                    mjd_mid=frame.mjd_mid,
                    mjd_keyword=frame.mjd_keyword,
                    exptime=finite(frame.exptime),
                    band=frame.band,
                )
    found = _found(survey, list(wanted))
    missing = [name for name in wanted if name not in found]
    if missing:
        made = Exposure.objects.bulk_create([wanted[name] for name in missing])
        found |= {exposure.external_id: exposure.pk for exposure in made}
    return found


def _found(survey: Survey, names: list[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [survey.pk, names])
        return dict(cursor.fetchall())

"""Bulk insert of exposures, subjects and frames by COPY."""

import json
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from django.db import connection, models
from django.utils import timezone

from ml.io.records import SubjectRecord
from webapp.archive.fitted_motions import fit_rates
from webapp.archive.ingest.prepare import MANIFEST_GOLD, Candidate, finite
from webapp.archive.models import Exposure, Frame, Subject, SubjectSet, Survey
from webapp.core.sql import fetch

Row = dict[str, Any]
"""Values by column."""


def write_subjects(
    survey: Survey, candidates: list[Candidate], indexes: list[int], originals: dict[str, int], keys: list[int]
) -> None:
    """Write a subject for each candidate.

    Parameters
    ----------
    indexes
        Position of each one's pixels in its array.
    originals
        First subject of the survey by checksum; those of this batch are added.
    keys
        Primary keys, of `webapp.archive.ingest.pixel_writer`.
    """
    now = timezone.now()
    joined = joined_groups(survey, [own_group(candidate.record) for candidate in candidates])
    rates = fit_rates([candidate.record for candidate in candidates], **survey.usual_errors())

    def rows() -> Iterable[Row]:
        for key, candidate, index, rate in zip(keys, candidates, indexes, rates, strict=True):
            first = originals.setdefault(candidate.checksum, key)
            yield {
                **_subject(key, survey.pk, candidate, index, None if first == key else first, now),
                **_groups(candidate.record, joined),
                "fitted_rate": rate,
            }

    _copy(Subject, rows())


def write_frames(candidates: list[Candidate], keys: list[int], exposures: dict[str, int]) -> None:
    """Write the frames of all candidates, given their subjects' primary keys."""
    each = zip(keys, candidates, strict=True)
    _copy(Frame, (row for key, candidate in each for row in _frames(key, candidate, exposures)))


def put_into_set(subject_set: SubjectSet, keys: list[int]) -> None:
    """Add subjects that are in no set yet to one."""
    through = SubjectSet.subjects.through._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {through} (subjectset_id, subject_id) SELECT %s, unnest(%s::bigint[])",
            [subject_set.pk, keys],
        )


JOIN = """
    INSERT INTO {through} (subjectset_id, subject_id)
    SELECT %s, id FROM archive_subject WHERE survey_id = %s AND external_id = ANY(%s) AND NOT is_synthetic
    ON CONFLICT DO NOTHING
"""


def join_set(subject_set: SubjectSet, external_ids: list[str]) -> int:
    """Add observed subjects of the set's survey to it, by their names; return how many were not in it."""
    with connection.cursor() as cursor:
        query = JOIN.format(through=SubjectSet.subjects.through._meta.db_table)
        cursor.execute(query, [subject_set.pk, subject_set.survey_id, external_ids])
        return int(cursor.rowcount)


def _subject(key: int, survey: int, candidate: Candidate, index: int, duplicate_of: int | None, now: Any) -> Row:
    record, first = candidate.record, candidate.record.frames[0]
    return {
        "id": key,
        "survey_id": survey,
        "external_id": record.external_id,
        "kind": record.kind,
        "checksum": candidate.checksum,
        "duplicate_of_id": duplicate_of,
        "zarr_array": candidate.array,
        "zarr_index": index,
        "ra": finite(record.ra if record.ra is not None else first.ra),
        "dec": finite(record.dec if record.dec is not None else first.dec),
        "mjd": finite(first.mjd_mid),
        "rate": finite(record.rate),
        "mag": _mean_magnitude(record),
        "metadata": candidate.metadata,
        "light_curve": json.dumps(record.light_curve) if record.light_curve else None,
        "gold_label": candidate.gold_label,
        "gold_source": MANIFEST_GOLD if candidate.gold_label else "",
        "created_at": now,
    }


def own_group(record: SubjectRecord) -> str:
    """Return the object of a record, as its survey names it."""
    return record.object_group or record.external_id


JOINED = """
    SELECT DISTINCT own_group, object_group FROM archive_subject
    WHERE survey_id = %s AND own_group = ANY(%s) AND own_group IS NOT NULL
"""
"""A plan prepared for any array takes the index, which has known groups only, if the statement says so too."""


def joined_groups(survey: Survey, own_groups: list[str]) -> dict[str, str]:
    """Return the objects of which confirmed links have made some groups a part, by their own names."""
    return dict(fetch(JOINED, [survey.pk, own_groups]))


def _groups(record: SubjectRecord, joined: Mapping[str, str]) -> Row:
    """Return a record's object: a group that links have joined with others since then stays one with them."""
    own = own_group(record)
    return {"object_group": joined.get(own, own), "own_group": own if own in joined else None}


def _mean_magnitude(record: SubjectRecord) -> float | None:
    magnitudes = [mag for frame in record.frames if (mag := finite(frame.mag)) is not None]
    return fmean(magnitudes) if magnitudes else None


def _frames(key: int, candidate: Candidate, exposures: dict[str, int]) -> Iterable[Row]:
    for position, frame in enumerate(candidate.record.frames):
        yield {
            "subject_id": key,
            "exposure_id": exposures.get(exposure_name(frame.mjd_mid, frame.band)),
            "position": position,
            "mjd_mid": finite(frame.mjd_mid),
            "mjd_keyword": frame.mjd_keyword,
            "exptime": finite(frame.exptime),
            "band": frame.band,
            "ra": finite(frame.ra),
            "dec": finite(frame.dec),
            "mag": finite(frame.mag),
            "snr": finite(frame.snr),
            "rms_ra": finite(frame.rms_ra),
            "rms_dec": finite(frame.rms_dec),
            "rms_corr": finite(frame.rms_corr),
            "wcs": candidate.wcs[position],
            "masked_fraction": candidate.masked[position],
        }


def _copy(model: type[models.Model], rows: Iterable[Row]) -> None:
    """Insert one row or more, all with the columns of the first."""
    first, *others = rows
    names = ", ".join(f'"{column}"' for column in first)
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,  # Django does not know COPY
        cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as copy,
    ):
        for row in (first, *others):
            copy.write_row(tuple(row.values()))


STORED_EXPOSURES = "SELECT external_id, id FROM archive_exposure WHERE survey_id = %s AND external_id = ANY(%s)"


def exposure_name(mjd_mid: float | None, band: str) -> str:
    """Name an exposure by its middle, to a tenth of a second, and its band; empty for an unknown time."""
    return f"{mjd_mid:.6f} {band}".rstrip() if finite(mjd_mid) is not None else ""


def exposures(survey: Survey, candidates: list[Candidate]) -> dict[str, int]:
    """Return the exposures of all frames by name, creating missing ones."""
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
    key_by_name = dict(fetch(STORED_EXPOSURES, [survey.pk, list(wanted)]))
    missing = [name for name in wanted if name not in key_by_name]
    if missing:
        made = Exposure.objects.bulk_create([wanted[name] for name in missing])
        key_by_name |= {exposure.external_id: exposure.pk for exposure in made}
    return key_by_name

"""Deduplication: known external ids (16-byte digests each), and subjects with identical pixels.

A thousand values go to the database as one array: a thousand placeholders would cost more than the query itself.
"""

import hashlib
from collections.abc import Iterable, Mapping
from itertools import islice

import numpy as np
from django.db.models import Exists, OuterRef

from ml.io.records import BadInput
from webapp.archive.ingest.prepare import Candidate
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.archive.models.ingest_run import OTHER_PIXELS
from webapp.core.sql import fetch

PART = 20_000  # ids read and hashed at a time


class Known:
    """A set of external ids, kept as sorted 128-bit digests: small enough for ten million, and exact in practice.

    Parameters
    ----------
    external_ids
        Any order.
    """

    def __init__(self, external_ids: Iterable[str]) -> None:
        ids, parts = iter(external_ids), [np.empty(0, dtype=np.uint64)]
        while packed := b"".join(map(_digest, islice(ids, PART))):
            parts.append(np.frombuffer(packed, dtype=">u8").astype(np.uint64))
        halves = np.concatenate(parts).reshape(-1, 2)
        halves = halves[np.argsort(halves[:, 0], kind="stable")]
        self.high, self.low = np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1])

    @classmethod
    def of(cls, survey: Survey) -> "Known":
        """Load the ids of all observed subjects of a survey."""
        rows = Subject.objects.observed().filter(survey=survey)
        return cls(rows.values_list("external_id", flat=True).iterator(PART))

    def __len__(self) -> int:
        return len(self.high)

    def __contains__(self, external_id: str) -> bool:
        digest = _digest(external_id)
        high, low = (np.uint64(int.from_bytes(half, "big")) for half in (digest[:8], digest[8:]))
        first = int(np.searchsorted(self.high, high))
        while first < len(self) and self.high[first] == high:
            if self.low[first] == low:
                return True
            first += 1
        return False


def _digest(external_id: str) -> bytes:
    return hashlib.blake2b(external_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


TAKEN = """
    SELECT external_id FROM archive_subject
    WHERE survey_id = %s AND external_id = ANY(%s) AND NOT (is_synthetic AND %s)
"""
ORIGINALS = """
    SELECT checksum, min(id) FROM archive_subject
    WHERE survey_id = %s AND checksum = ANY(%s) AND duplicate_of_id IS NULL
    GROUP BY checksum
"""


def unknown(survey: Survey, candidates: list[Candidate], *, observed_only: bool = True) -> list[Candidate]:
    """Return the candidates whose external id is new to the survey; of several with one id, the first.

    A synthetic subject may bear an id by chance, and must not keep an observed one out.
    """
    ids = [one.record.external_id for one in candidates]
    taken = {external_id for (external_id,) in fetch(TAKEN, [survey.pk, ids, observed_only])}
    fresh = []
    for candidate in candidates:
        if candidate.record.external_id not in taken:
            taken.add(candidate.record.external_id)
            fresh.append(candidate)
    return fresh


def stored_checksums(survey: Survey, candidates: list[Candidate]) -> dict[str, str]:
    """Return the checksums of the survey's observed subjects that have these external ids."""
    names = [candidate.record.external_id for candidate in candidates]
    rows = Subject.objects.observed().filter(survey=survey, external_id__in=names)
    return dict(rows.values_list("external_id", "checksum"))


def other_pixels(candidates: list[Candidate], checksums: Mapping[str, str]) -> list[BadInput]:
    """Return a problem for each candidate whose external id has other pixels in `checksums`."""
    return [
        BadInput(OTHER_PIXELS(name=record.external_id)).at(file=record.source, row=record.row)
        for record, checksum in ((one.record, one.checksum) for one in candidates)
        if checksums.get(record.external_id, checksum) != checksum
    ]


def outside_set(survey: Survey, set_name: str, external_ids: list[str]) -> set[str]:
    """Return which of these names are of observed subjects that are not in the survey's set of that name."""
    rows = Subject.objects.observed().filter(survey=survey, external_id__in=external_ids)
    members = SubjectSet.objects.filter(survey=survey, name=set_name, subjects=OuterRef("pk"))
    return set(rows.filter(~Exists(members)).values_list("external_id", flat=True)) if external_ids else set()


def originals(survey: Survey, candidates: list[Candidate]) -> dict[str, int]:
    """Return, by checksum, the survey's first subject with the same pixels as one of the candidates."""
    return dict(fetch(ORIGINALS, [survey.pk, [candidate.checksum for candidate in candidates]]))

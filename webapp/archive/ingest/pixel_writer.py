"""Append pixels to the Zarr store, and choose primary keys for new subjects, in gaps left by ingests if possible.

Keys appear in URLs, and increase with every ingest. Without gaps, synthetic subjects would stand out by keys above all
others.
"""

import random
from collections import defaultdict

import numpy as np
from django.db import connection
from django.db.models import Max, Min

from ml.storage.pixel_store import CHUNK, PixelStore
from webapp.archive.ingest.prepare import Candidate
from webapp.archive.models import Subject, Survey


class PixelWriter:
    """The pixel arrays of one survey during an ingest.

    Call `put` only in a transaction that locks the survey's row, since two writers of one array would overwrite each
    other.
    """

    def __init__(self, store: PixelStore, survey: Survey) -> None:
        self.store, self.survey = store, survey
        self._free: dict[str, int] = {}  # possibly stale, but good enough to choose where a batch ends

    def put(self, candidates: list[Candidate]) -> list[int]:
        """Write the pixels of all candidates; return each one's index in its array."""
        groups: dict[str, list[int]] = defaultdict(list)
        for place, candidate in enumerate(candidates):
            groups[candidate.array].append(place)
        indexes = [0] * len(candidates)
        for array, places in groups.items():
            free = self._first_free(array)
            self.store.append(self.survey.slug, _block([candidates[place] for place in places]), at=free)
            for index, place in enumerate(places, start=free):
                indexes[place] = index
            self._free[array] = free + len(places)
        return indexes

    def ends(self, array: str, more: int) -> bool:
        """Return whether adding `more` subjects to the array would end at a file boundary of the store."""
        if array not in self._free:
            self._free[array] = self._first_free(array)
        return (self._free[array] + more) % self._chunk(array) == 0

    def _first_free(self, array: str) -> int:
        last = (
            Subject.objects.filter(survey=self.survey, zarr_array=array)
            .order_by("-zarr_index")
            .values_list("zarr_index", flat=True)
        )
        return next((index + 1 for index in last[:1]), 0)

    def _chunk(self, array: str) -> int:
        try:
            return self.store.chunk(self.survey.slug, array)
        except FileNotFoundError:  # does not exist yet
            return CHUNK


def _block(candidates: list[Candidate]) -> np.ndarray:
    """Return all pixels of subjects with the same shape, (n, F, C, H, W)."""
    first = candidates[0].record
    pixels = first.frames[0].pixels
    block = np.empty((len(candidates), len(first.frames), *pixels.shape), pixels.dtype)
    for place, candidate in enumerate(candidates):
        for position, frame in enumerate(candidate.record.frames):
            block[place, position] = frame.pixels
    return block


GAPS = 1 / 8  # of an ingest's keys
AROUND = 100  # range of keys around a subject's to search for a gap
LOCK = 6041801  # advisory lock of transactions that take gaps

DRAW = random.SystemRandom()


def new_keys(n: int) -> list[int]:
    """Return n new ascending keys, with random gaps."""
    table = Subject._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, n + round(n * GAPS)]
        )
        keys = [key for (key,) in cursor.fetchall()]
    return sorted(DRAW.sample(keys, n))


def keys_in_gaps(survey: Survey, n: int) -> list[int]:
    """Return n keys from gaps among the survey's own subjects, and new ones if it has too few gaps.

    Call it in the transaction that uses them: it locks out others.
    """
    own = Subject.objects.observed().filter(survey=survey)
    span = own.aggregate(first=Min("pk"), last=Max("pk"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    found: set[int] = set()
    for key in own.order_by("?").values_list("pk", flat=True)[:n]:
        first, last = max(key - AROUND, span["first"]), min(key + AROUND, span["last"])
        used = Subject.objects.filter(pk__range=(first, last)).values_list("pk", flat=True)
        if free := set(range(first, last)) - set(used) - found:
            found.add(DRAW.choice(sorted(free)))
    keys = [*found, *new_keys(n - len(found))]
    DRAW.shuffle(keys)
    return keys

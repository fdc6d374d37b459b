"""Primary keys of subjects: those of an ingest leave gaps, and subjects that this site draws later take some of them.

Keys stand in addresses, and rise with every ingest. Without gaps drawn subjects could be told by keys above all others.
"""

import random

from django.db import connection
from django.db.models import Max, Min

from webapp.archive.models import Subject, Survey

GAPS = 1 / 8  # of an ingest's keys
AROUND = 100  # keys below and above a subject's, among which a gap is looked for
LOCK = 6041801  # for transactions that take gaps: they take turns

DRAW = random.SystemRandom()


def new_keys(n: int) -> list[int]:
    """Return n fresh keys in rising order, with gaps at random places."""
    table = Subject._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, n + round(n * GAPS)]
        )
        keys = [key for (key,) in cursor.fetchall()]
    return sorted(DRAW.sample(keys, n))


def keys_in_gaps(survey: Survey, n: int) -> list[int]:
    """Return n keys from gaps among the survey's own subjects, and fresh ones where it has too few.

    Call it in the transaction that uses them: others wait for its end.
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

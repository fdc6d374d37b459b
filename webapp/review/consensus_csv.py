"""The consensus of many subjects as rows of a table: plain values, since a million model instances take minutes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from webapp.consensus.models import Consensus

CHUNK = 5000
COLUMNS = {
    "external_id": "subject__external_id",
    "subject_id": "subject_id",
    "ra_deg": "subject__ra",
    "dec_deg": "subject__dec",
    "votes_yes": "votes_yes",
    "votes_no": "votes_no",
    "votes_unsure": "votes_unsure",
    "votes": "votes_all",
    "agreement": "agreement",
    "unsure_share": "unsure_share",
    "posterior": "posterior",
    "method": "method",
    "version": "version",
    "is_retired": "is_retired",
    "retired_reason": "retired_reason",
    "retired_at_utc": "retired_at",
    "follow_ups": "follow_ups",
    "gold_label": "subject__gold_label",
    "verdict": "verdict",
    "p_model": "p_real",
    "updated_at_utc": "updated_at",
}
CSV_COLUMNS = tuple(COLUMNS)


def consensus_rows(rows: QuerySet[Consensus]) -> Iterator[list[Any]]:
    """Yield each row's values in the order of `CSV_COLUMNS`; rows need what `with_model` and `with_rulings` add."""
    for row in rows.values_list(*COLUMNS.values()).iterator(chunk_size=CHUNK):
        yield [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return ";".join(f"{name}:{n}" for name, n in value.items())
    return value

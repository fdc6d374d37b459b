"""Independent second opinions: no page tells the first verdict to a scientist who is to judge without it."""

from collections.abc import Iterable
from typing import Any

from webapp.review.models import Ruling


def hidden_verdicts(subjects: Iterable[int], reader: Any) -> set[int]:
    """Return the keys of those of the subjects whose verdict, and the class it gave, is hidden from the reader."""
    return set(Ruling.objects.hidden_from(reader).filter(subject__in=subjects).values_list("subject", flat=True))


def hide_verdicts(rows: Iterable[Any], reader: Any) -> None:
    """Remove `verdict` and gold label from consensus rows where they are hidden from the reader, for the page only."""
    shown = list(rows)
    hidden = hidden_verdicts([row.subject_id for row in shown], reader)
    for row in shown:
        if row.subject_id in hidden:
            row.verdict, row.subject.gold_label = None, ""

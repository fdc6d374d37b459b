"""Detections of a trail model, stored beside its scores."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from ml.inference.detections import Detection
from webapp.learning.models.score import Find as Row


@transaction.atomic
def replace(checkpoint_id: int, finds: Mapping[int, Sequence[Detection]]) -> None:
    """Write one checkpoint's finds by subject, the surest first, in place of any that it had there."""
    Row.objects.filter(checkpoint=checkpoint_id, subject__in=list(finds)).delete()
    Row.objects.bulk_create(
        (
            Row(checkpoint_id=checkpoint_id, subject_id=subject, position=position, **_fields(find))
            for subject, found in finds.items()
            for position, find in enumerate(found)
        ),
        batch_size=2000,
    )


def _fields(find: Detection) -> dict[str, float]:
    return {"frame": find.frame, **dict(zip(("x1", "y1", "x2", "y2"), find.line, strict=True)), "score": find.score}

"""What an export says of subjects, read a page at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from webapp.archive.models import Subject
from webapp.archive.pixels import shape_of
from webapp.consensus.models import Consensus
from webapp.core.csv_writer import instant
from webapp.volunteers.models import Workflow


@dataclass(frozen=True, slots=True)
class Facts:
    """A subject, and what the votes on it come to, if there are any."""

    subject: Subject
    consensus: Consensus | None

    @property
    def size(self) -> tuple[int, int, int]:
        """Frames, width and height in pixels."""
        frames, _channels, height, width = shape_of(self.subject)
        return frames, width, height

    def metadata(self) -> dict[str, Any]:
        """Return the subject's metadata, with the id that its survey gave it."""
        drawn = {"#synthetic": True} if self.subject.is_synthetic else {}
        return {**self.subject.metadata, "external_id": self.subject.external_id, **drawn}

    def retired(self) -> dict[str, Any] | None:
        """Return how the subject was retired, in Panoptes' words; None while it is open."""
        row = self.consensus
        if row is None or not row.is_retired:
            return None
        return {
            "id": row.pk,
            "workflow_id": row.workflow_id,
            "classifications_count": row.votes,
            "created_at": instant(self.subject.created_at),
            "updated_at": instant(row.updated_at),
            "retired_at": instant(row.retired_at),
            "subject_id": row.subject_id,
            "retirement_reason": row.retired_reason,
        }

    def pictures(self, address: str) -> list[str]:
        """Return the address of each frame's picture; `address` is the site's, without a slash at its end."""
        path = reverse("picture", args=[self.subject.pk, self.subject.checksum])
        return [f"{address}{path}?frame={frame}" for frame in range(self.size[0])]


def facts_of(workflow: Workflow, subjects: Collection[int]) -> dict[int, Facts]:
    """Return the facts of some subjects, in two queries."""
    summed = {row.subject_id: row for row in Consensus.objects.filter(workflow=workflow, subject__in=subjects)}
    return {pk: Facts(subject, summed.get(pk)) for pk, subject in Subject.objects.in_bulk(list(subjects)).items()}

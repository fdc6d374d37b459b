"""Doubts about verdicts: what scientists have to settle among themselves before a verdict leaves the site."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.review.models import Case, Ruling


class Doubt(models.TextChoices):
    """What stands against a verdict; named as the desk's queue that has the subject."""

    HELD = "held", _("On hold")
    CONFLICT = "conflicts", _("Scientists disagree")
    SECOND = "second", _("Second opinion wanted")


def doubts_about(subjects: Collection[int]) -> Mapping[int, list[Doubt]]:
    """Return the doubts about some subjects, by their keys, in three queries; none for a subject that is not in it."""
    standing = Ruling.objects.filter(subject__in=subjects, withdrawn_at=None)
    rows: dict[Doubt, models.QuerySet[Any]] = {
        Doubt.HELD: Case.objects.filter(subject__in=subjects, is_on_hold=True),
        Doubt.CONFLICT: standing.disputed(),
        Doubt.SECOND: standing.awaiting_opinion(),
    }
    doubts: dict[int, list[Doubt]] = defaultdict(list)
    for doubt, found in rows.items():
        for subject in set(found.values_list("subject", flat=True)):
            doubts[subject].append(doubt)
    return doubts

"""Subjects that sit on a known object's orbit become gold, in the workflows that ask for it; and back."""

from collections.abc import Collection

from django.db.models import Exists, F, OuterRef, Q

from webapp.archive.models import Subject
from webapp.archive.models.subject import KNOWN_ORBIT
from webapp.consensus.skills import truth_changed
from webapp.known_objects.models import KnownMatch
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

SURE = 2.0  # arcsec: farther, or on a more uncertain orbit, it may be another object


def make_gold(subjects: Collection[int]) -> None:
    """Make the sure matches among some subjects gold, and take gold back from those that no longer are.

    A match is sure if all detections lie near the object, within `SURE` of it on average, and its orbit is at least
    as good. Subjects of known class, such as ruled ones, stay as they are. Call it in a transaction.
    """
    matches = KnownMatch.objects.filter(Q(orbit_error=None) | Q(orbit_error__lte=SURE), subject=OuterRef("pk"))
    sure = matches.filter(separation__lte=SURE, detections=F("subject__identity_check__detections"))
    rows = Subject.objects.observed().with_pixels().filter(pk__in=subjects).select_for_update(no_key=True, of=("self",))
    asked = QueueEntry.objects.filter(subject=OuterRef("pk"), workflow__known_objects_are_gold=True)
    new = rows.filter(Exists(sure), Exists(asked), gold_label="").order_by("pk")
    over = rows.filter(~Exists(sure) | ~Exists(asked), gold_source=KNOWN_ORBIT).order_by("pk")
    _set(list(new.values_list("pk", flat=True)), "yes", KNOWN_ORBIT)
    _set(list(over.values_list("pk", flat=True)), "", "")


def _set(keys: list[int], label: str, source: str) -> None:
    if not keys:
        return
    Subject.objects.filter(pk__in=keys).set_gold(label, source)
    entries = QueueEntry.objects.filter(subject__in=keys)
    if label:
        entries = entries.filter(workflow__known_objects_are_gold=True)
    locked = list(entries.order_by("pk").select_for_update().values_list("pk", flat=True))
    QueueEntry.objects.filter(pk__in=locked).update(is_gold=bool(label))
    for workflow in Workflow.objects.filter(classifications__subject__in=keys).distinct():
        truth_changed(workflow, keys)

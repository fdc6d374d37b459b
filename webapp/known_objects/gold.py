"""Subjects that sit on a known object's orbit become gold, in the workflows that ask for it; and back."""

from collections.abc import Collection

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Abs, Coalesce, Greatest

from webapp.archive.models import Subject
from webapp.archive.models.subject import KNOWN_ORBIT, SubjectQuerySet
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.skills import truth_changed
from webapp.known_objects.models import KnownMatch
from webapp.queue.entries import lock_in_all_workflows
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

SURE = 2.0  # arcsec: farther, or on a more uncertain orbit, it may be another object
MAGNITUDES = 2.0  # from V: bands, rotation and uncertain H leave this much to the same object
RATES = (10.0, 0.25)  # arcsec/h, or a fraction of the predicted rate if that is more: short tracklets are uncertain
IS_STRAY = Q(subject__gold_source=KNOWN_ORBIT, is_public=False) & ~Q(is_gold=F("workflow__known_objects_are_gold"))
"""Entries of subjects on known orbits in workflows that have begun, or ceased, to ask for them since."""


def make_gold(subjects: Collection[int]) -> None:
    """Make the sure matches among some subjects gold where a workflow asks for it, and take back what no longer is.

    A match is sure if all detections lie near the object, within `SURE` of it on average, its orbit is known to be at
    least as good, magnitude and rate agree with the prediction as far as they are known, and no scientist ruled it
    out. Subjects of known class, such as ruled ones, stay as they are. Call it in a transaction.

    It locks the subjects, as rulings do.
    """
    rows = Subject.objects.filter(pk__in=subjects)
    rows.lock()
    new, over = becoming_gold(rows), _no_longer_gold(rows)
    stray = QueueEntry.objects.filter(IS_STRAY, subject__in=subjects).exclude(subject__in=over)
    columns = ((new, "pk"), (over, "pk"), (stray, "subject"))
    known, unknown, elsewhere = ({*changed.values_list(column, flat=True)} for changed, column in columns)
    changed = known | unknown | elsewhere
    if not changed:
        return
    lock_in_all_workflows(changed)
    truth_changed(changed)
    Subject.objects.filter(pk__in=known).set_gold("yes", KNOWN_ORBIT)
    Subject.objects.filter(pk__in=unknown).set_gold("", "")
    entries = QueueEntry.objects.filter(subject__in=changed)
    entries.update(is_gold=False)
    trained = entries.filter(subject__gold_source=KNOWN_ORBIT, workflow__known_objects_are_gold=True)
    trained.update(is_gold=Q(is_public=False))
    _recompute(changed)


def becoming_gold(rows: SubjectQuerySet) -> SubjectQuerySet:
    """Return the subjects among some that a sure match makes gold, once `make_gold` is called for them."""
    return rows.observed().with_pixels().filter(Exists(_sure()), Exists(_asked()), gold_label="")


def _no_longer_gold(rows: SubjectQuerySet) -> SubjectQuerySet:
    return rows.observed().with_pixels().filter(~Exists(_sure()) | ~Exists(_asked()), gold_source=KNOWN_ORBIT)


def _sure() -> QuerySet[KnownMatch]:
    return _sure_matches().filter(subject=OuterRef("pk"))


def _asked() -> QuerySet[QueueEntry]:
    return QueueEntry.objects.filter(subject=OuterRef("pk"), workflow__known_objects_are_gold=True)


def _sure_matches() -> QuerySet[KnownMatch]:
    near = KnownMatch.objects.filter(
        orbit_error__lte=SURE,
        separation__lte=SURE,
        detections=F("subject__identity_check__detections"),
        is_ruled_out=False,
    )
    off = near.annotate(
        mag_off=Abs(F("magnitude") - F("subject__mag")),
        rate_off=Abs(F("rate") - Coalesce("subject__fitted_rate", "subject__rate")),
    )
    least, fraction = RATES
    return off.filter(
        Q(mag_off=None) | Q(mag_off__lte=MAGNITUDES),
        Q(rate_off=None) | Q(rate_off__lte=Greatest(least, fraction * F("rate"))),
    )


def _recompute(keys: Collection[int]) -> None:
    """Let gold reopen, which never retires, and count the open slots of what is gold no longer."""
    for workflow in Workflow.objects.filter(queue__subject__in=keys).distinct().select_related("survey"):
        recompute_subjects(workflow, keys)

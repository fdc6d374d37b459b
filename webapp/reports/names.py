"""Names of objects in reports (`trkSub`), under which the Minor Planet Center sees the nights of one as one."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ml.sky.ades_record import LONGEST_NAME
from webapp.archive.models import Kind, Subject
from webapp.reports.models import ReportedTracklet, ReportSettings

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def names_of(settings: ReportSettings, tracklets: Sequence[Subject]) -> dict[int, str]:
    """Return a name for each tracklet, by its key.

    Tracklets that a scientist has linked as one object share a name: that of an earlier report, if one of them is in
    any. ValidationError if a name does not fit, or is that of another object.
    """
    linked = Subject.objects.filter(survey=settings.survey, kind=Kind.TRACKLET, own_group__isnull=False)
    linked = linked.filter(object_group__in=[row.object_group for row in tracklets])
    group_of = dict(linked.order_by("-pk").values_list("pk", "object_group"))
    first = {group: key for key, group in group_of.items()}
    before = {group_of[key]: name for key, name in _reported(subject__in=group_of).values_list("subject", "trk_sub")}
    names = {}
    for row in tracklets:
        group = group_of.get(row.pk, "")
        names[row.pk] = before.get(group) or _name(settings, first.get(group, row.pk))
    if _reported(trk_sub__in=names.values()).exclude(subject__in=group_of).exists():
        raise ValidationError(_("Another object has one of these names already. An admin changes the prefix of names."))
    return names


def _reported(**which: object) -> QuerySet[ReportedTracklet]:
    return ReportedTracklet.objects.filter(**which).order_by("-pk")


def _name(settings: ReportSettings, key: int) -> str:
    """Return the prefix and a subject's key in base 36."""
    digits = ""
    while key or not digits:
        key, digit = divmod(key, len(DIGITS))
        digits = DIGITS[digit] + digits
    name = settings.prefix + digits.rjust(LONGEST_NAME - len(settings.prefix), "0")
    if len(name) > LONGEST_NAME:
        raise ValidationError(_("The prefix of names is too long for so many subjects. An admin shortens it."))
    return name

"""Names of objects in reports (`trkSub`), under which the Minor Planet Center sees the nights of one as one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ml.sky.ades_record import LONGEST_NAME
from webapp.archive.ingest.pixel_writer import new_keys
from webapp.archive.models import Kind, Subject
from webapp.reports.models import ReportedTracklet, ReportSettings

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def names_of(settings: ReportSettings, tracklets: Sequence[Subject]) -> dict[int, str]:
    """Return a name for each tracklet, by its key.

    Tracklets that a scientist has linked as one object share a name: that of an earlier report, if one of them is in
    any. A name that another object bears, since it was linked with this one when it was reported, is left to it.
    ValidationError if a name does not fit.
    """
    linked = Subject.objects.filter(survey=settings.survey, kind=Kind.TRACKLET, own_group__isnull=False)
    linked = linked.filter(object_group__in=[row.object_group for row in tracklets])
    objects: dict[str, list[int]] = defaultdict(list)
    for key, group in linked.order_by("pk").values_list("pk", "object_group"):
        objects[group].append(key)
    keys_of = {row.pk: keys if row.pk in (keys := objects[row.object_group]) else [row.pk] for row in tracklets}
    names = {first: _name_of(settings, keys) for first, keys in {keys[0]: keys for keys in keys_of.values()}.items()}
    return {key: names[keys[0]] for key, keys in keys_of.items()}


def _name_of(settings: ReportSettings, keys: list[int]) -> str:
    """Return a name for an object with these subjects that no other has been reported by."""
    others = ReportedTracklet.objects.exclude(subject__in=keys)
    return next(name for name in _names(settings, keys) if not others.filter(trk_sub=name).exists())


def _names(settings: ReportSettings, keys: list[int]) -> Iterator[str]:
    """Yield the name of an earlier report, that of the first subject, and those of keys that no subject has."""
    earlier = ReportedTracklet.objects.filter(subject__in=keys).order_by("pk")
    yield from earlier.values_list("trk_sub", flat=True)[:1]
    yield _name(settings, keys[0])
    while True:
        yield _name(settings, new_keys(1)[0])


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

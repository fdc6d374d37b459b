"""Names of objects in reports (`trkSub`), under which the Minor Planet Center sees the nights of one as one."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

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
    names = _names_of(settings, {keys[0]: keys for keys in keys_of.values()})
    return {key: names[keys[0]] for key, keys in keys_of.items()}


def _names_of(settings: ReportSettings, objects: Mapping[int, list[int]]) -> dict[int, str]:
    """Return for each object, by its first subject, a name that no other has been reported by.

    That of an earlier report, that of the first subject, or that of a key that no subject has.
    """
    earlier = _earlier_names(objects)
    own = {first: _name(settings, first) for first in objects}
    bearers = _bearers({*earlier.values(), *own.values()})
    choices = {first: (earlier.get(first, name), name) for first, name in own.items()}
    return {
        first: next((name for name in names if bearers[name].issubset(objects[first])), "") or _unused(settings)
        for first, names in choices.items()
    }


def _earlier_names(objects: Mapping[int, list[int]]) -> dict[int, str]:
    """Return the first name that each object was reported by, by its first subject."""
    first_of = {key: first for first, keys in objects.items() for key in keys}
    rows = ReportedTracklet.objects.filter(subject__in=first_of).order_by("-pk").values_list("subject", "trk_sub")
    return {first_of[subject]: name for subject, name in rows}


def _bearers(names: Collection[str]) -> dict[str, set[int]]:
    """Return the subjects that were reported by each name."""
    bearers: dict[str, set[int]] = defaultdict(set)
    for name, subject in ReportedTracklet.objects.filter(trk_sub__in=names).values_list("trk_sub", "subject"):
        bearers[name].add(subject)
    return bearers


def _unused(settings: ReportSettings) -> str:
    """Return the name of a key that no subject has, and no report."""
    while True:
        name = _name(settings, new_keys(1)[0])
        if not ReportedTracklet.objects.filter(trk_sub=name).exists():
            return name


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

"""Remarks on a report's tracklets that no known object was found near, perhaps for want of good orbits."""

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext_noop

from ml.sky.ades_rules import Problem
from ml.sky.orbits import OLD_DAYS
from webapp.core.stored_messages import Sentence
from webapp.known_objects.models import IdentityCheck

OLD = Sentence(
    gettext_noop(
        "Known objects may hide here: the orbits compared are more than %(days)s days from %(names)s. Load newer orbits"
        " and compare again."
    )
)
CUT = Sentence(
    gettext_noop(
        "Known objects may hide here: %(names)s were compared with an incomplete file of orbits. Load a whole one and"
        " compare again."
    )
)
MOST_NAMES = 5  # in one sentence


def orbit_remarks(names: Mapping[int, str]) -> Iterator[Problem]:
    """Yield remarks about old and incomplete orbits; `names` are the tracklets' names by the keys of their subjects."""
    checks = list(IdentityCheck.objects.filter(subject__in=names).select_related("catalogue").order_by("subject"))
    old = [names[each.subject_id] for each in checks if each.is_old]
    cut = [names[each.subject_id] for each in checks if each.catalogue.warning]
    if old:
        yield Problem(OLD(days=round(OLD_DAYS), names=_some(old)), blocks=False)
    if cut:
        yield Problem(CUT(names=_some(cut)), blocks=False)


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")

"""Which subjects are movers without a known object near them, and which have one."""

from django.db.models import F, Q, QuerySet

from ml.sky.orbits import OLD_DAYS
from webapp.archive.models import Subject, Survey

HAS_OLD_ELEMENTS = Q(identity_check__orbit_days__gt=OLD_DAYS) | Q(identity_check__orbit_days__lt=-OLD_DAYS)
"""Subjects compared with elements too far from them in time (`IdentityCheck.is_old`)."""


def movers(survey: Survey) -> QuerySet[Subject]:
    """Return the observed subjects that are settled as real: by a ruling, votes that retired them, or a known orbit."""
    return Subject.objects.observed().settled_as_real(survey)


def unidentified(survey: Survey) -> QuerySet[Subject]:
    """Return settled movers that were compared with the known objects and are near none, newest first.

    Of a cutout or cube, one trail or track near none is enough.
    """
    found = movers(survey).filter(identity_check__unmatched__gt=0).select_related("identity_check")
    return found.order_by(F("mjd").desc(nulls_last=True), "-pk")


def identified(survey: Survey) -> QuerySet[Subject]:
    """Return the observed subjects with a known object near them, newest first; settled or not."""
    observed = Subject.objects.observed().filter(survey=survey, identity_check__candidates__gt=0)
    rows = observed.select_related("identity_check").prefetch_related("known_matches")
    return rows.order_by(F("mjd").desc(nulls_last=True), "-pk")

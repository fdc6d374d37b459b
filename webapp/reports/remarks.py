"""Remarks on a report's tracklets: doubtful motions, and known objects that poor orbits may have hidden."""

from collections.abc import Iterator, Mapping

import numpy as np
from django.utils.translation import gettext_noop
from scipy.special import chdtrc

from ml.sky.ades_rules import Problem
from ml.sky.orbits import OLD_DAYS
from webapp.archive.fitted_motions import fit_motions
from webapp.archive.models import Survey
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
UNEVEN = Sentence(
    gettext_noop(
        "%(name)s does not move uniformly: χ² per degree of freedom is %(chi2)s. Are all positions of one object?"
    )
)
UNFITTED = Sentence(
    gettext_noop("%(name)s has positions of one time only, or 90° or more apart. Are all positions of one object?")
)
MOST_NAMES = 5  # in one sentence
LEAST_CHANCE = 1e-4  # of as large a χ²


def remarks_on(survey: Survey, names: Mapping[int, str]) -> Iterator[Problem]:
    """Yield remarks, which block nothing; `names` are the tracklets' names by the keys of their subjects."""
    if names:
        yield from _about_motions(survey, names)
        yield from _about_orbits(names)


def _about_motions(survey: Survey, names: Mapping[int, str]) -> Iterator[Problem]:
    motion = fit_motions(list(names), **survey.usual_errors())
    for name in np.array(list(names.values()))[~np.isfinite(motion.rate)].tolist():
        yield Problem(UNFITTED(name=name), blocks=False)
    chance = np.where(motion.dof > 0, chdtrc(np.maximum(motion.dof, 1), motion.chi2), 1.0)
    for name, chi2, p in zip(names.values(), motion.chi2_dof.tolist(), chance.tolist(), strict=True):
        if p < LEAST_CHANCE:
            yield Problem(UNEVEN(name=name, chi2=f"{chi2:.1f}"), blocks=False)


def _about_orbits(names: Mapping[int, str]) -> Iterator[Problem]:
    checks = list(IdentityCheck.objects.filter(subject__in=names).select_related("catalogue").order_by("subject"))
    old = [names[each.subject_id] for each in checks if each.is_old]
    cut = [names[each.subject_id] for each in checks if each.catalogue.warning]
    if old:
        yield Problem(OLD(days=round(OLD_DAYS), names=_some(old)), blocks=False)
    if cut:
        yield Problem(CUT(names=_some(cut)), blocks=False)


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (f" … ({len(names)})" if len(names) > MOST_NAMES else "")

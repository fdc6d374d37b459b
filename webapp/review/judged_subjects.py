"""Calibration of the consensus: posteriors of subjects of known class."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, OuterRef
from numpy.typing import NDArray

from webapp.classifications.models import Classification, Reason
from webapp.consensus.models import NO_VOTES, Consensus
from webapp.learning.model_roles import classes_of
from webapp.review.models import Ruling, Verdict
from webapp.workflows.models import Workflow

SOURCES = ("rulings", "gold")
MOST = 20_000
"""Maximum judged subjects in a curve: the newest ones."""


@dataclass(frozen=True)
class JudgedSubjects:
    """Columns (N,): whether the subject is a yes, the volunteers' posterior, and its object."""

    is_yes: NDArray[np.bool_]
    posterior: NDArray[np.float64]
    group: NDArray[np.str_]


def judged_subjects(workflow: Workflow, source: str, *, only_random: bool = False) -> JudgedSubjects:
    """Return a workflow's judged subjects with volunteers' answers, at most `MOST`, newest first.

    Parameters
    ----------
    source
        "rulings": scientists' standing verdicts, each with the posterior just before it. "gold": subjects of a class
        known to the survey, with the current posterior, without synthetic ones.
    only_random
        Of the rulings, only those on randomly sampled subjects.
    """
    rows = _rulings(workflow, only_random=only_random) if source == "rulings" else _gold(workflow)
    is_yes, posterior, group = zip(*rows, strict=True) if rows else ((), (), ())
    return JudgedSubjects(np.array(is_yes, dtype=bool), np.array(posterior, dtype=float), np.array(group, dtype=str))


def _rulings(workflow: Workflow, *, only_random: bool) -> list[tuple[bool, float, str]]:
    rulings = Ruling.objects.filter(workflow=workflow, withdrawn_at=None, consensus_posterior__isnull=False)
    if only_random:
        by_chance = Classification.objects.counted().filter(
            workflow=workflow, subject=OuterRef("subject"), reason=Reason.RANDOM
        )
        rulings = rulings.filter(Exists(by_chance))
    rows = rulings.order_by("-pk").values_list("verdict", "consensus_posterior", "subject__object_group")
    return [(verdict == Verdict.YES, float(posterior or 0), group) for verdict, posterior, group in rows[:MOST]]


def _gold(workflow: Workflow) -> list[tuple[bool, float, str]]:
    voted = Consensus.objects.filter(workflow=workflow, subject__gold_source="manifest", subject__is_synthetic=False)
    known = voted.exclude(subject__gold_label="").exclude(**NO_VOTES)
    rows = known.order_by("-pk").values_list("subject__gold_label", "posterior", "subject__object_group")
    classes = classes_of(workflow.survey)
    return [(classes.answer(label) == "yes", posterior, group) for label, posterior, group in rows[:MOST]]

"""Make a checkpoint the champion of its survey and role, or step back to the one before."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.learning.models import Checkpoint, Promotion
from webapp.learning.scoring import start_scoring
from webapp.learning.sentences import STEPPED_BACK


class NoEarlierChampion(ValueError):
    """There is nothing to step back to."""


def champion_of(survey: Survey, role: str) -> Checkpoint | None:
    """Return the model that the survey's scores and priorities come from, if there is one yet."""
    return Checkpoint.objects.filter(survey=survey, role=role, is_champion=True).first()


@transaction.atomic
def promote(*, checkpoint: Checkpoint, by: User | None, reason: str, is_rollback: bool = False) -> Promotion | None:
    """Make the checkpoint champion and score the archive with it; None if it is champion already.

    Parameters
    ----------
    by
        Who asked for it; None for the gate.
    """
    champion = lock_champion(checkpoint.survey_id, checkpoint.role)
    if champion is not None and champion.pk == checkpoint.pk:
        return None
    Checkpoint.objects.filter(survey=checkpoint.survey_id, role=checkpoint.role, is_champion=True).update(
        is_champion=False
    )
    Checkpoint.objects.filter(pk=checkpoint.pk).update(is_champion=True)
    checkpoint.is_champion = True
    promotion = Promotion.objects.create(
        checkpoint=checkpoint, previous=champion, by=by, reason=reason[:200], is_rollback=is_rollback
    )
    start_scoring(checkpoint)
    return promotion


@transaction.atomic
def rollback(*, survey: Survey, role: str, by: User | None, reason: str = "") -> Promotion | None:
    """Make the champion before today's the champion again; asked twice, it goes two steps back.

    Raises
    ------
    NoEarlierChampion
        Today's champion is the first, or there is none. Nothing has changed.
    """
    champion = lock_champion(survey.pk, role)
    before = previous_champion(champion)
    if before is None:
        raise NoEarlierChampion(
            _("%(survey)s has no earlier champion to go back to. Nothing has changed.") % {"survey": survey}
        )
    said = reason or STEPPED_BACK(number=champion.pk if champion else "")
    return promote(checkpoint=before, by=by, reason=said, is_rollback=True)


def previous_champion(champion: Checkpoint | None) -> Checkpoint | None:
    """Return whom today's champion replaced when it was promoted on its merits."""
    if champion is None:
        return None
    won = champion.promotions.filter(is_rollback=False).order_by("-id").first()
    return won.previous if won else None


def lock_champion(survey_id: int, role: str) -> Checkpoint | None:
    """Return the champion; nobody else can change it until the transaction ends."""
    Survey.objects.select_for_update(no_key=True).get(pk=survey_id)
    return Checkpoint.objects.filter(survey=survey_id, role=role, is_champion=True).first()

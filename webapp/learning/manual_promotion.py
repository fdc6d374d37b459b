"""Promotion by hand: what speaks against a checkpoint, and the confirmation and reason that it then takes."""

import math

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from webapp.core.stored_messages import in_words
from webapp.learning.messages import BY_HAND
from webapp.learning.models import Checkpoint, Promotion, TrainingRun
from webapp.learning.promotion import promote

LONGEST_REASON = 200

DIVERGED = 2.0
"""A run has diverged if its last loss is more than this many times its first epoch's."""


class Unconfirmed(ValidationError):
    """Something speaks against the checkpoint, and nobody has said why it should lead all the same."""


def doubts(checkpoint: Checkpoint) -> list[str]:
    """Return what speaks against making the checkpoint champion, in the reader's language."""
    found = []
    evaluation = checkpoint.evaluations.first()
    if evaluation is None:
        found.append(_("It was never evaluated: nobody knows how good it is."))
    elif evaluation.is_of_champion_again:
        found.append(in_words(evaluation.verdict))
    elif not evaluation.passed:
        found.append(_("It didn't pass the gate."))
    if losses := _if_diverged(checkpoint.run):
        found.append(_("Its training diverged: the loss went from %(first)s to %(last)s.") % losses)
    return found


def promote_by_hand(
    *, checkpoint: Checkpoint, by: User, reason: str, is_confirmed: bool, replaces: int | None
) -> Promotion | None:
    """Make the checkpoint champion; None if it is champion already.

    Raises Unconfirmed: something speaks against it, and it was not confirmed with a reason. Raises ChampionChanged: the
    champion is not the model `replaces` (0 for none, None for any). Nothing has changed.
    """
    against = doubts(checkpoint)
    if against and not checkpoint.is_champion and not (is_confirmed and reason.strip()):
        raise Unconfirmed([*against, _("To promote it anyway, confirm and give a reason. Nothing has changed.")])
    why = reason.strip()[:LONGEST_REASON] or BY_HAND(name=by)
    return promote(checkpoint=checkpoint, by=by, reason=why, replaces=replaces)


def _if_diverged(run: TrainingRun) -> dict[str, str] | None:
    losses = list(run.curve().values_list("loss", flat=True))
    if not losses or (math.isfinite(losses[-1]) and losses[-1] <= DIVERGED * losses[0]):
        return None
    return {"first": f"{losses[0]:.3g}", "last": f"{losses[-1]:.3g}"}

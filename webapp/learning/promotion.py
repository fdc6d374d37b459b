"""Promotion: the gate between candidate and champion (docs/decisions/gate.md), promote, and roll back."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from webapp.archive.models import Survey
from webapp.learning.messages import (
    BETTER,
    BETTER_FROM_ELSEWHERE,
    CHAMPION_AGAIN,
    COMPARISON,
    CONTROL,
    FEW_LABELS,
    FEW_NEW_LABELS,
    FIRST_CHAMPION,
    FIRST_FROM_ELSEWHERE,
    LIKELY_BETTER,
    MAY_BE_CHANCE,
    MAY_BE_WORSE,
    NO_BETTER,
    NOT_COMPARED,
    NOT_EVALUATED,
    NOT_PROMOTED,
    STEPPED_BACK,
)
from webapp.learning.models import Checkpoint, Evaluation, Promotion, TestSet, TrainingRun
from webapp.learning.scoring import start_scoring, stop_scoring, supersede_scoring

FEWEST_LABELS = 20
"""Minimum labels of a first champion, and minimum new labels of a later one of the same recipe."""

MARGIN = 0.02
"""Margin: how much worse in ROC AUC a better-looking candidate may be, at the low end of the 95 % interval."""


@dataclass(frozen=True)
class Result:
    """A candidate's metrics on the frozen test set; differences are from the champion's, on the same subjects.

    `auc_low` and the ends of the difference are those of 95 % bootstrap intervals over whole objects. How many labels
    a model from elsewhere has learnt from, and which, is not known here. `is_champion_again` is of the champion's own
    endpoint and version, if it ranks the test set as before.
    """

    labels: int
    auc: float | None
    auc_low: float | None
    same_recipe: bool = False
    new_labels: int = 0
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    is_from_elsewhere: bool = False
    is_champion_again: bool = False


@dataclass(frozen=True)
class GateDecision:
    passed: bool
    sentence: str


def gate_decision(result: Result, *, has_champion: bool) -> GateDecision:
    """Decide whether the candidate passes the gate."""
    if result.auc is None or result.auc_low is None:
        return GateDecision(False, NOT_EVALUATED())
    return _against_champion(result) if has_champion else _as_first(result, result.auc, result.auc_low)


def _as_first(result: Result, auc: float, low: float) -> GateDecision:
    if result.labels < FEWEST_LABELS and not result.is_from_elsewhere:
        return GateDecision(False, FEW_LABELS(labels=result.labels, fewest=FEWEST_LABELS))
    if low <= 0.5:
        return GateDecision(False, MAY_BE_CHANCE(auc=f"{auc:.3f}", low=f"{low:.3f}"))
    if result.is_from_elsewhere:
        return GateDecision(True, FIRST_FROM_ELSEWHERE(auc=f"{auc:.3f}", low=f"{low:.3f}"))
    return GateDecision(True, FIRST_CHAMPION(auc=f"{auc:.3f}", low=f"{low:.3f}", labels=result.labels))


def _against_champion(result: Result) -> GateDecision:
    if result.same_recipe and result.new_labels < FEWEST_LABELS:
        return GateDecision(False, FEW_NEW_LABELS(new=result.new_labels, fewest=FEWEST_LABELS))
    difference, low, high = result.difference, result.difference_low, result.difference_high
    if difference is None or low is None or high is None:
        return GateDecision(False, NOT_COMPARED())
    if result.is_champion_again:
        return GateDecision(False, CHAMPION_AGAIN())
    comparison = COMPARISON(auc=f"{result.auc:.3f}", difference=signed(difference), low=signed(low), high=signed(high))
    if difference <= 0:
        return GateDecision(False, NO_BETTER(comparison=comparison))
    if low < -MARGIN:
        return GateDecision(False, MAY_BE_WORSE(margin=MARGIN, comparison=comparison))
    if result.is_from_elsewhere:
        return GateDecision(True, BETTER_FROM_ELSEWHERE(margin=MARGIN, comparison=comparison))
    if low <= 0:
        return GateDecision(True, LIKELY_BETTER(margin=MARGIN, comparison=comparison, new=result.new_labels))
    return GateDecision(True, BETTER(comparison=comparison, new=result.new_labels))


def signed(difference: float) -> str:
    """Format a difference with its sign, to three decimals; a rounded zero has none."""
    text = f"{difference:+.3f}"
    return text if float(text) else text[1:]


class ChampionChanged(Exception):
    """Another model became champion meanwhile: compare with that one."""


class NoEarlierChampion(ValueError):
    """There is no champion to roll back to, or another one than was asked for."""


def champion_of(survey: Survey, role: str) -> Checkpoint | None:
    """Return the survey's champion, if there is one yet."""
    return Checkpoint.objects.filter(survey=survey, role=role, is_champion=True).first()


def rival_of(checkpoint: Checkpoint, champion: Checkpoint | None) -> Checkpoint | None:
    """Return the model that a candidate is compared with: the champion, or the one before if it leads already.

    An admin may promote a model by hand before its run has evaluated it.
    """
    return previous_champion(champion) if champion == checkpoint else champion


@transaction.atomic
def promote(
    *,
    checkpoint: Checkpoint,
    by: User | None,
    reason: str,
    restores: Promotion | None = None,
    replaces: int | None = None,
) -> Promotion | None:
    """Make the checkpoint champion and score the archive with it; None if it is champion already.

    Raises ChampionChanged: today's champion is not the model `replaces`, since somebody else was quicker. Nothing is
    changed.

    Parameters
    ----------
    by
        The user; None for the gate.
    restores
        Of a rollback: the earlier promotion of the checkpoint that it puts in force again.
    replaces
        The model that is expected to be champion, 0 for none; None for any.
    """
    champion = lock_champion(checkpoint.survey_id, checkpoint.role)
    if champion is not None and champion.pk == checkpoint.pk:
        return None
    if champion is not None and replaces not in (None, champion.pk):
        message = _(
            "The champion has changed meanwhile: it is model %(now)d. Compare this one with it, and promote it again"
            " if it is better. Nothing was done."
        )
        raise ChampionChanged(message % {"now": champion.pk})
    Checkpoint.objects.filter(survey=checkpoint.survey_id, role=checkpoint.role, is_champion=True).update(
        is_champion=False
    )
    Checkpoint.objects.filter(pk=checkpoint.pk).update(is_champion=True)
    checkpoint.is_champion = True
    promotion = Promotion.objects.create(
        checkpoint=checkpoint,
        previous=champion,
        by=by,
        reason=reason,
        is_rollback=restores is not None,
        restores=restores,
    )
    supersede_scoring(checkpoint)
    if champion is not None:
        stop_scoring(champion)
    start_scoring(checkpoint)
    return promotion


@transaction.atomic
def rollback(
    *, survey: Survey, role: str, by: User | None, reason: str = "", to: int | None = None
) -> Promotion | None:
    """Undo the promotion of today's champion, so that the one before leads again; done twice, undo two promotions.

    Raises NoEarlierChampion: today's champion is the first, or there is none, or the previous one is not the model
    `to`, since somebody else was quicker. Nothing is changed.
    """
    champion = lock_champion(survey.pk, role)
    earlier = _promotion_before(champion)
    if earlier is None:
        raise NoEarlierChampion(
            _("%(survey)s has no earlier champion to roll back to. Nothing has changed.") % {"survey": survey}
        )
    if to not in (None, earlier.checkpoint_id):
        message = _(
            "The champion has changed meanwhile: rolling back leads to model %(now)d, not %(to)d. Nothing was done."
        )
        raise NoEarlierChampion(message % {"now": earlier.checkpoint_id, "to": to})
    message = reason or STEPPED_BACK(number=champion.pk if champion else "")
    return promote(checkpoint=earlier.checkpoint, by=by, reason=message, restores=earlier)


def previous_champion(champion: Checkpoint | None) -> Checkpoint | None:
    """Return the champion that today's replaced when it was promoted (not rolled back to): a rollback leads to it."""
    earlier = _promotion_before(champion)
    return earlier.checkpoint if earlier else None


def _promotion_before(champion: Checkpoint | None) -> Promotion | None:
    """Return the promotion that was in force until the one by which the champion leads."""
    newest = champion.promotions.first() if champion else None
    if champion is None or newest is None:
        return None
    log = Promotion.objects.filter(checkpoint__survey=champion.survey_id, checkpoint__role=champion.role)
    replaced = log.filter(pk__lt=newest.in_force.pk).first()
    return replaced.in_force if replaced else None


def lock_champion(survey_id: int, role: str) -> Checkpoint | None:
    """Return the champion, locked until the transaction ends."""
    Survey.objects.select_for_update(no_key=True).get(pk=survey_id)
    return Checkpoint.objects.filter(survey=survey_id, role=role, is_champion=True).first()


@transaction.atomic
def apply_gate(
    *,
    run: TrainingRun,
    checkpoint: Checkpoint,
    champion: Checkpoint | None,
    test_set: TestSet,
    metrics: dict[str, Any],
    result: Result,
) -> GateDecision:
    """Apply the gate to the candidate: promote it, or leave it a shadow; one that leads already stays champion.

    Raises ChampionChanged, without changes, if `champion` is no longer its rival; LeaseLost or Cancelled, too, if the
    run belongs to another worker, or was cancelled before this.
    """
    locked = lock_champion(checkpoint.survey_id, checkpoint.role)
    run.renew()  # locks its row, so that who cancels it from now on reads that it is over
    if rival_of(checkpoint, locked) != champion:
        raise ChampionChanged
    decision = _unless_control(run, gate_decision(result, has_champion=champion is not None))
    Evaluation.objects.update_or_create(
        checkpoint=checkpoint,
        test_set=test_set,
        defaults={
            "metrics": metrics,
            "champion": champion,
            "difference": result.difference,
            "difference_low": result.difference_low,
            "difference_high": result.difference_high,
            "passed": decision.passed,
            "verdict": decision.sentence,
        },
    )
    if decision.passed:
        promote(checkpoint=checkpoint, by=None, reason=decision.sentence)
    else:
        score_shadow(checkpoint, locked)
    run.finish(message=decision.sentence)
    return decision


@transaction.atomic
def finish_unevaluated(*, run: TrainingRun, checkpoint: Checkpoint, why: str, is_sound: bool = True) -> None:
    """End a run whose checkpoint can't be evaluated: it stays a shadow, unless an admin promotes it by hand.

    One that is not sound, since it gives no probabilities, scores nothing. Raises LeaseLost or Cancelled, as
    `apply_gate` does.
    """
    champion = lock_champion(checkpoint.survey_id, checkpoint.role)
    run.renew()
    if is_sound:
        score_shadow(checkpoint, champion)
    run.finish(message=why if champion == checkpoint else NOT_PROMOTED(why=why))


def score_shadow(checkpoint: Checkpoint, champion: Checkpoint | None) -> None:
    """Score the archive with a shadow too if that is cheap: if frozen features, or the champion's, can be used.

    An external scorer has none: it would be sent the archive's pixels. A champion scores it since its promotion.
    """
    if champion == checkpoint:
        return
    key = checkpoint.manifest.get("feature_key")
    if checkpoint.is_frozen_head or (key and champion and champion.manifest.get("feature_key") == key):
        supersede_scoring(checkpoint, besides=previous_champion(champion))
        start_scoring(checkpoint)


def _unless_control(run: TrainingRun, decision: GateDecision) -> GateDecision:
    return GateDecision(False, CONTROL(verdict=decision.sentence)) if run.is_control else decision

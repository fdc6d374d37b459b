"""The end of a training run, in one transaction: evaluation, promotion, scoring to come, and the run is done."""

from typing import Any

from django.db import transaction

from webapp.learning.gate import Result, Verdict, judge
from webapp.learning.models import Checkpoint, Evaluation, TestSet, TrainingRun
from webapp.learning.promote import lock_champion, promote
from webapp.learning.scoring import start_scoring
from webapp.learning.sentences import CONTROL, UNJUDGED


class ChampionChanged(Exception):
    """Another model became champion meanwhile: compare with that one."""


@transaction.atomic
def settle(
    *,
    run: TrainingRun,
    checkpoint: Checkpoint,
    champion: Checkpoint | None,
    test_set: TestSet,
    metrics: dict[str, Any],
    result: Result,
) -> Verdict:
    """Put the candidate through the gate and act on the verdict.

    Raises ChampionChanged, having changed nothing, if `champion` is no longer the one to beat.
    """
    locked = lock_champion(checkpoint.survey_id, checkpoint.role)
    if (locked and locked.pk) != (champion and champion.pk):
        raise ChampionChanged
    verdict = _verdict(run, judge(result, has_champion=champion is not None))
    Evaluation.objects.update_or_create(
        checkpoint=checkpoint,
        test_set=test_set,
        defaults={
            "metrics": metrics,
            "champion": champion,
            "difference": result.difference,
            "difference_low": result.difference_low,
            "difference_high": result.difference_high,
            "passed": verdict.passed,
            "verdict": verdict.sentence[:300],
        },
    )
    if verdict.passed:
        promote(checkpoint=checkpoint, by=None, reason=verdict.sentence)
    else:
        score_shadow(checkpoint, champion)
    run.finish(message=verdict.sentence)
    return verdict


@transaction.atomic
def settle_unjudged(*, run: TrainingRun, checkpoint: Checkpoint, why: str) -> None:
    """End a run whose checkpoint nothing can judge: it stays a shadow, and an admin may promote it by hand."""
    score_shadow(checkpoint, lock_champion(checkpoint.survey_id, checkpoint.role))
    run.finish(message=UNJUDGED(why=why))


def score_shadow(checkpoint: Checkpoint, champion: Checkpoint | None) -> None:
    """Score the archive with a shadow too where that is cheap: over features that are frozen, or the champion's."""
    frozen = checkpoint.manifest.get("preset") == "head"
    if frozen or (champion and champion.manifest.get("feature_key") == checkpoint.manifest.get("feature_key")):
        start_scoring(checkpoint)


def _verdict(run: TrainingRun, verdict: Verdict) -> Verdict:
    if run.may_promote:
        return verdict
    return Verdict(False, CONTROL(verdict=verdict.sentence))

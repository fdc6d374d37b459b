"""The rounds of one survey: both arms get the same number of votes; each round trains as its plan says."""

from webapp.console.demo.arm import Arm
from webapp.console.demo.crowd import Crowd, recruit
from webapp.console.demo.plan import CROWD
from webapp.console.demo.predictions import Predict
from webapp.console.demo.progress import Progress
from webapp.console.demo.report import Outcomes
from webapp.console.demo.stage import Stage
from webapp.volunteers.models import Workflow

RETRAIN_AFTER = 50
GRACE = 30  # seconds; the simulated volunteers of the rounds never undo


def run_rounds(stage: Stage, address: str, seed: int, progress: Progress, predict: Predict) -> Outcomes:
    """Go round the loop with both arms, once a preset; `predict` says what a model is measured by."""
    arms = {
        "rounds": _arm(stage, address, seed, stage.main, predict),
        "control": _arm(stage, address, seed, stage.control, predict),
    }
    outcomes: Outcomes = {name: [] for name in arms}
    for number, preset in enumerate(stage.plan.presets, start=1):
        runs = {}
        for name, arm in arms.items():
            arm.collect(stage.plan.votes_per_round, progress)
            runs[name] = arm.train(preset)
        for name, arm in arms.items():
            outcomes[name].append(arm.finish(number, runs[name], progress))
    hand_over(stage)
    return outcomes


def hand_over(stage: Stage) -> None:
    """Leave the survey to people, who may undo: the control arm rests, and the schedule retrains on what they add."""
    Workflow.objects.filter(pk=stage.control.pk).update(is_active=False)
    Workflow.objects.filter(pk=stage.main.pk).update(retrain_after=RETRAIN_AFTER, grace=GRACE)


def _arm(stage: Stage, address: str, seed: int, workflow: Workflow, predict: Predict) -> Arm:
    """Both arms get the same sort of people: crowds of one seed, with accounts of their own."""
    asked = tuple(name for names in stage.plan.follow_ups.values() for name in names)
    crowd = Crowd(address, workflow.slug, recruit(CROWD, seed), stage.truth, asked)
    return Arm(workflow, crowd, stage.truth, may_promote=workflow == stage.main, seed=seed, predict=predict)

"""The rounds of one survey: both arms get the same number of votes; the last round fine-tunes."""

from webapp.console.demo.arm import Arm
from webapp.console.demo.crowd import Crowd, recruit
from webapp.console.demo.plan import CROWD, ROUNDS
from webapp.console.demo.progress import Progress
from webapp.console.demo.report import Outcomes
from webapp.console.demo.stage import Stage


def run_rounds(stage: Stage, address: str, seed: int, progress: Progress) -> Outcomes:
    """Go round the loop ROUNDS times with both arms."""
    arms = {"rounds": _arm(stage, address, seed, "main"), "control": _arm(stage, address, seed, "control")}
    outcomes: Outcomes = {name: [] for name in arms}
    for number in range(1, ROUNDS + 1):
        last = number == ROUNDS
        preset, minutes = (stage.sky.fine_tune_preset, stage.sky.fine_tune_minutes) if last else ("head", None)
        runs = {}
        for name, arm in arms.items():
            arm.collect(stage.sky.votes_per_round, progress)
            runs[name] = arm.train(preset, minutes)
        for name, arm in arms.items():
            outcomes[name].append(arm.finish(number, runs[name], progress))
    return outcomes


def _arm(stage: Stage, address: str, seed: int, name: str) -> Arm:
    """Both arms get the same sort of people: crowds of one seed, with accounts of their own."""
    workflow = stage.main if name == "main" else stage.control
    members = recruit(CROWD, seed)
    crowd = Crowd(address, workflow.slug, members, stage.truth, stage.sky.classes)
    return Arm(workflow, crowd, stage.truth, may_promote=name == "main", seed=seed)

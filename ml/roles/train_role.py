"""Train a classifier of any role by its name and preset, for the site and the benchmarks."""

from ml.data.dataset import Examples
from ml.inference.checkpoint import Checkpoint
from ml.models.compute import limit_torch
from ml.tracklets import two_stage
from ml.tracklets.train_tracklets import train_tracklets
from ml.training.callbacks import OnEpoch, silent
from ml.training.presets import PRESETS, channels_of, preset_recipe
from ml.training.train_stamps import train_stamps
from ml.training.training_state import StateFile

PRESETS_OF = {"stamp": PRESETS, "tracklet": two_stage.PRESETS}
INITS = ("imagenet", "sky", "random", "scratch")


def train(
    role: str,
    examples: Examples,
    *,
    preset: str = "head",
    init: str = "imagenet",
    base: Checkpoint | None = None,
    seed: int = 0,
    minutes: float | None = None,
    completeness: float = two_stage.COMPLETENESS,
    on_epoch: OnEpoch = silent,
    state: StateFile | None = None,
) -> Checkpoint:
    """Train a checkpoint.

    Raises BadExamples if nothing can be learnt from the examples; the message says why and what to do.

    Parameters
    ----------
    role
        "stamp": class scores of each subject. "tracklet": those of the stamps, and from them real or bogus.
    examples
        Training data, with features, pixels or both; presets other than "head" need pixels.
    preset
        "head": a linear head over a frozen backbone, in seconds. "finetune": the whole backbone. "fixmatch": the whole
        backbone, also on `examples.unlabelled`, of stamps only. "small": a small residual net at native size. For
        tracklets the others say how the stamps are learnt; "set" and "paper" are explained at
        `ml.tracklets.two_stage.tracklet_recipe`.
    init
        "imagenet", "sky", "random" (whose weights stay as they are), "scratch", or the folder of a checkpoint to start
        from.
    base
        A checkpoint to start from; it overrides `init`.
    seed
        Seeds weights and order; the same seed on the same machine gives the same model.
    minutes
        A time limit for presets that train a network; None leaves it to early stopping.
    completeness
        Of the tracklet role: the fraction of real tracklets, 0..1, that the manifest's threshold keeps.
    on_epoch
        Called after every epoch; an exception in it ends the run.
    state
        Where a preset that trains a network keeps its state after every epoch. A run that finds its own state there
        resumes after that epoch, with the result of an uninterrupted one.
    """
    if role not in PRESETS_OF:
        raise ValueError(f"There is no role {role!r}; it is {' or '.join(PRESETS_OF)}.")
    if preset not in PRESETS_OF[role]:
        raise ValueError(f"There is no preset {preset!r}; it is {', '.join(PRESETS_OF[role])}.")
    examples.check()
    limit_torch()
    if base is None and init not in INITS:
        base = Checkpoint.load(init)
    if role == "tracklet":
        return train_tracklets(
            examples,
            preset,
            init,
            base=base,
            seed=seed,
            minutes=minutes,
            completeness=completeness,
            on_epoch=on_epoch,
            state=state,
        )
    start = None if base is None else base.manifest["architecture"]
    recipe = preset_recipe(preset, init, channels_of(examples), start=start)
    return train_stamps(examples, recipe, base=base, seed=seed, minutes=minutes, on_epoch=on_epoch, state=state)

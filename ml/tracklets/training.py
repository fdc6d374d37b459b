"""Train a checkpoint of the tracklet role: the recipe of its chips' network, and the network of whole tracklets."""

from ml.backbone import Backbone
from ml.checkpoint import Checkpoint
from ml.contents import backbone_tensors, head_tensors, manifest_of
from ml.dataset import Examples
from ml.epoch import OnEpoch
from ml.frozen import Heads
from ml.recipe import recipe_of
from ml.schedule import Schedule
from ml.score import Scorer
from ml.tracklets import two_step
from ml.tuned import known_or_made


def train_tracklets(
    examples: Examples,
    preset: str,
    init: str,
    *,
    base: Checkpoint | None,
    seed: int,
    minutes: float | None,
    completeness: float,
    on_epoch: OnEpoch,
) -> Checkpoint:
    """Train a tracklet checkpoint; parameters are those of `ml.train.train`."""
    recipe = two_step.recipe_of(preset, init, base, examples, completeness)
    frozen = recipe.chips in ("head", two_step.GIVEN)
    start = None if base is None else Scorer(base).backbone
    chips = recipe_of("head" if frozen else recipe.chips, init, examples, start)
    begun = chips.begin(seed) if start is None else start
    network, heads = _two_steps(examples, recipe, begun, chips.schedule, base, seed, minutes, on_epoch)
    tensors = backbone_tensors(network, base, frozen=frozen, packaged=chips.packaged) | head_tensors(heads)
    manifest = manifest_of("tracklet", examples, network, heads, preset=preset, init=init, base=base, seed=seed)
    return Checkpoint(manifest, tensors)


def _two_steps(
    examples: Examples,
    recipe: two_step.Recipe,
    start: Backbone,
    schedule: Schedule,
    base: Checkpoint | None,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
) -> tuple[Backbone, Heads]:
    chips = two_step.apart(examples)
    if recipe.chips in ("head", two_step.GIVEN):
        chips.examples.features = known_or_made(chips.examples, start)
        head, learnt = two_step.on_features(examples, chips, recipe, base, seed=seed, on_epoch=on_epoch)
        return start, Heads(head, learnt, learnt.metrics)
    return two_step.on_pixels(examples, chips, recipe, start, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch)

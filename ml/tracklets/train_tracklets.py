"""Train a tracklet checkpoint: the stamp network first, then the tracklet network."""

from ml.data.dataset import Examples
from ml.inference.checkpoint import Checkpoint
from ml.inference.feature_extractor import Backbone
from ml.inference.scorer import Scorer
from ml.tracklets import two_stage
from ml.tracklets.tracklet_stamps import apart
from ml.training.callbacks import OnEpoch
from ml.training.checkpoint_contents import backbone_tensors, classifier_manifest, continued, head_tensors
from ml.training.finetune_then_probe import known_or_made
from ml.training.head_training import Heads
from ml.training.presets import channels_of, preset_recipe
from ml.training.schedule import Schedule
from ml.training.training_state import StateFile


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
    state: StateFile | None = None,
) -> Checkpoint:
    """Train a tracklet checkpoint; parameters are those of `ml.roles.train_role.train`."""
    examples = continued(examples, base)
    recipe = two_stage.tracklet_recipe(preset, init, base, examples, completeness)
    frozen = recipe.stamp_net in ("head", two_stage.GIVEN)
    start = None if base is None else base.manifest["architecture"]
    stamp_recipe = preset_recipe("head" if frozen else recipe.stamp_net, init, channels_of(examples), start=start)
    begun = stamp_recipe.begin(seed) if base is None else Scorer(base).backbone
    network, heads = _two_steps(examples, recipe, begun, stamp_recipe.schedule, base, seed, minutes, on_epoch, state)
    tensors = backbone_tensors(network, base, frozen=frozen, packaged=stamp_recipe.packaged) | head_tensors(heads)
    manifest = classifier_manifest("tracklet", examples, network, heads, preset=preset, init=init, base=base, seed=seed)
    return Checkpoint(manifest, tensors)


def _two_steps(
    examples: Examples,
    recipe: two_stage.TrackletRecipe,
    start: Backbone,
    schedule: Schedule,
    base: Checkpoint | None,
    seed: int,
    minutes: float | None,
    on_epoch: OnEpoch,
    state: StateFile | None,
) -> tuple[Backbone, Heads]:
    stamps = apart(examples)
    if recipe.stamp_net in ("head", two_stage.GIVEN):
        stamps.examples.features = known_or_made(stamps.examples, start)
        head, tracklet_net = two_stage.on_features(examples, stamps, recipe, base, seed=seed, on_epoch=on_epoch)
        return start, Heads(head, tracklet_net, tracklet_net.metrics)
    return two_stage.on_pixels(
        examples, stamps, recipe, start, schedule, seed=seed, minutes=minutes, on_epoch=on_epoch, state=state
    )

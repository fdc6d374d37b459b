"""The stamp options of `python -m ml train`, and the training preset that they select."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ml.cli.role_options import RoleGroup
from ml.data.augmentation import AUGMENTS
from ml.data.dataset import BadExamples
from ml.data.preprocessing import FROZEN, SKY_UNITS, STRETCHES, Preprocessing, native_size
from ml.models.sky_net import SKY
from ml.models.stamp import IMAGENET, PRETRAINED, RESIDUAL
from ml.models.weights import ARCHITECTURE
from ml.training.presets import Recipe
from ml.training.schedule import FRESH, LONG, SKY_TRANSFER, SMALL_AGAIN, THOROUGH, TRANSFER, Schedule

ENOUGH = 150  # labels; with 200 the small net has AUC .967 on simulated stamps where a frozen head has .851
MIDDLE = 96  # center crop of the residual net for several exposures: trails are longer than 64
LEAST_SIDE = 16  # minimum side in pixels
WAYS = 8  # a square stamp has four right angles and two sides
AUTO = "auto"
CHANNELS_AS = ("map", "adapter", "stem")


@dataclass(frozen=True)
class Paper:
    """An architecture as used in its paper: side in pixels, and whether only its last layer was trained."""

    architecture: str
    size: int
    freeze: bool


PAPERS = {
    "mobilenetv1_100": Paper("mobilenetv1_100", 224, freeze=True),
    "inception_v4": Paper("inception_v4", 299, freeze=True),
    "nasnetalarge": Paper("nasnetalarge", 331, freeze=True),
    "resnet18": Paper("resnet18", 100, freeze=False),
}
"""Lieu et al. 2019, table 1, on bottlenecks; Rabeendran & Denneau 2021, section 3.2.1, fine-tuned on 100 pixels."""
PRESETS = ("small", "head", "finetune", *PAPERS)


def add_options(group: RoleGroup) -> None:
    """Declare the options."""
    group.add_argument("--architecture", metavar="NAME", help="residual, sky, or any timm name; default: the preset's")
    group.add_argument("--size", type=int, help="side in pixels to which stamps are resized; default: the preset's")
    group.add_argument("--freeze", action="store_true", help="train only the last layer, on features computed once")
    group.add_argument(
        "--channels-as", choices=CHANNELS_AS, default="map", help="how channels are mapped to those of ImageNet nets"
    )
    group.add_argument("--tta", type=int, help="flips and right angles to average over, 1 to 8; small: 8, others: 1")
    group.add_argument("--stretch", choices=STRETCHES, default="asinh", help="default asinh, in units of the sky noise")
    group.add_argument("--augment", choices=AUGMENTS, help="default: the schedule's, see docs/models.md")
    group.add_argument(
        "--center-crop", type=int, metavar="PIXELS", help="also use the central crop of this width; for frozen networks"
    )
    group.add_argument(
        "--annulus-photometry", action="store_true", help="also use annulus photometry; for frozen networks"
    )
    group.add_argument(
        "--class-weights", choices=("balanced", "none"), default="none", help="weight classes equally, or not"
    )
    group.add_argument("--epochs", type=float, help="maximum number of epochs; default: the schedule's")
    group.add_argument("--tabular-features", metavar="snr,mag,…", help="columns to use besides the pixels")
    group.add_argument(
        "--merge", action="append", default=[], metavar="NAME=A,B", help="merge labels A and B into NAME"
    )
    group.add_argument("--velocity-bins", metavar="10,20,…", help="predict the rate's bin (arcsec/h) instead of labels")
    group.add_argument("--monte-carlo", type=int, metavar="K", help="also evaluate on K random splits of 70/20/10")


def recipe_from_options(args: argparse.Namespace, channels: int, n: int, *, base: bool) -> Recipe:
    """Return the training preset for the options, n stamps and their channels.

    Raises
    ------
    BadExamples
        If they contradict each other.
    """
    preset = chosen_preset(args.preset, n, base=base, init=args.init, architecture=args.architecture)
    paper = PAPERS.get(preset)
    architecture = args.architecture or _architecture(preset, args.init)
    if args.size is not None and args.size < LEAST_SIDE:
        raise BadExamples(f"--size is a side in pixels, {LEAST_SIDE} or more, not {args.size}.")
    if args.tta is not None and not 1 <= args.tta <= WAYS:
        raise BadExamples(f"--tta is a number of flips and right angles, 1 to {WAYS}, not {args.tta}.")
    freeze = args.freeze or args.init == "random" or preset == "head" or (paper is not None and paper.freeze)
    freeze = freeze and args.init != "scratch"  # frozen random weights would never be trained
    if freeze and args.channels_as != "adapter" and args.augment not in {None, "none"}:
        raise BadExamples(
            f"--augment {args.augment} changes the input, but frozen features are computed only once."
            " Use --preset finetune, or leave out --augment."
        )
    for word, asked in (
        ("--center-crop", args.center_crop is not None),
        ("--annulus-photometry", args.annulus_photometry),
    ):
        if asked and (not freeze or args.channels_as == "adapter"):
            raise BadExamples(
                f"{word} is for networks that stay frozen. Use --preset head or --freeze, or leave it out."
            )
    if args.center_crop is not None and args.center_crop < LEAST_SIDE:
        raise BadExamples(f"--center-crop is a side in pixels, {LEAST_SIDE} or more, not {args.center_crop}.")
    size = args.size or (paper.size if paper else None)
    preprocessing = _preprocessing(args, architecture, channels, size)
    photometry = args.annulus_photometry or (architecture == SKY and freeze and args.channels_as != "adapter")
    return Recipe(
        preset=preset,
        architecture=architecture,
        init=args.init,
        preprocessing=replace(preprocessing, center_crop=args.center_crop, annulus_photometry=photometry),
        freeze=freeze,
        schedule=_schedule(args, architecture, channels, base=base),
        balanced=args.class_weights == "balanced",
    )


def initial_weights(args: argparse.Namespace, n: int) -> str:
    """Resolve ``--init auto`` for n labels: the sky backbone for a head, ImageNet for a network that is trained."""
    if args.init != AUTO:
        return str(args.init)
    preset = chosen_preset(args.preset, n, base=False, init=IMAGENET, architecture=args.architecture)
    return SKY if args.architecture == SKY or (preset == "head" and args.architecture is None) else IMAGENET


def chosen_preset(preset: str, n: int, *, base: bool, init: str, architecture: str | None) -> str:
    """Resolve "auto": fine-tune a base; else choose by the number of labels."""
    if preset != "auto":
        return preset
    if init == SKY and not base and architecture in {None, SKY}:
        return "finetune" if n >= ENOUGH else "head"
    if base or init != IMAGENET or architecture not in {None, RESIDUAL}:
        return "finetune"
    return "small" if n >= ENOUGH or architecture == RESIDUAL else "head"


def _architecture(preset: str, init: str) -> str:
    if preset in PAPERS:
        return PAPERS[preset].architecture
    if init == SKY and preset != "small":
        return SKY
    return RESIDUAL if preset == "small" else ARCHITECTURE


def _preprocessing(args: argparse.Namespace, architecture: str, channels: int, size: int | None) -> Preprocessing:
    stretch = STRETCHES[args.stretch]
    if architecture == RESIDUAL:
        whole = replace(native_size(channels), stretch=stretch, tta=args.tta or WAYS)
        whole = replace(whole, crop=MIDDLE) if channels > 1 else whole
        return whole if size is None else replace(whole, size_single=size, size_multi=size, crop=None)
    started = SKY_UNITS if architecture == SKY else FROZEN
    adapter = args.channels_as == "adapter"
    if adapter and channels < 2:
        raise BadExamples("--channels-as adapter joins several channels, and these stamps have one. Leave it out.")
    read = 0 if args.channels_as == "map" else channels
    fitted = replace(started, stretch=stretch, channels=read, adapter=adapter, tta=args.tta or started.tta)
    return fitted if size is None else replace(fitted, size_single=size, size_multi=size, crop=None)


def _schedule(args: argparse.Namespace, architecture: str, channels: int, *, base: bool) -> Schedule:
    if architecture == RESIDUAL:
        schedule = SMALL_AGAIN if base else THOROUGH if channels > 1 else LONG
    else:
        schedule = (SKY_TRANSFER if architecture == SKY else TRANSFER) if base or args.init in PRETRAINED else FRESH
    if args.augment is not None:
        schedule = replace(schedule, augment=args.augment)
    if args.batch is not None:
        if args.batch < 2:
            raise BadExamples(f"--batch is 2 or more, not {args.batch}: batch normalisation needs two.")
        schedule = replace(schedule, batch=args.batch)
    if args.epochs is not None:
        if args.epochs <= 0:
            raise BadExamples(f"--epochs is above 0, not {args.epochs:g}.")
        schedule = replace(schedule, repeats=args.epochs, fewest=0, views=10**9)
    return schedule


def merged_classes(options: Sequence[str]) -> dict[str, str]:
    """Return the new class of each merged label, from "NAME=A,B".

    Raises
    ------
    BadExamples
        If a word has another form, or a label is named twice.
    """
    found: dict[str, str] = {}
    for option in options:
        name, _, labels = option.partition("=")
        names = [label.strip() for label in labels.split(",") if label.strip()]
        if not name.strip() or not names:
            raise BadExamples(f"--merge is NAME=A,B, such as bogus=CR,STAR, not {option!r}.")
        for label in names:
            if label in found:
                raise BadExamples(f"--merge puts {label} into two classes, {found[label]} and {name}.")
            found[label] = name.strip()
    return found

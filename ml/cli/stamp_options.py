"""The stamp options of `python -m ml train`, and the recipe that they select or change."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ml.cli.role_options import RoleGroup
from ml.data.augmentation import AUGMENTS
from ml.data.dataset import BadExamples
from ml.data.preprocessing import STRETCHES, WAYS, Preprocessing
from ml.models.sky_net import SKY
from ml.models.stamp import IMAGENET, RESIDUAL
from ml.training.presets import FIXMATCH, PAPERS, Recipe, preset_recipe
from ml.training.schedule import Schedule

ENOUGH = 1000  # labels; with fewer, a head on the sky backbone is better than a net that is trained: docs/models.md
LEAST_SIDE = 16  # minimum side in pixels
AUTO = "auto"
CHANNELS_AS = ("map", "adapter", "stem")
PRESETS = ("small", "head", "finetune", FIXMATCH, *PAPERS)


def add_options(group: RoleGroup) -> None:
    """Declare the options."""
    group.add_argument("--architecture", metavar="NAME", help="residual, sky, or any timm name; default: the preset's")
    group.add_argument("--size", type=int, help="side in pixels to which stamps are resized; default: the preset's")
    group.add_argument("--freeze", action="store_true", help="train only the last layer, on features computed once")
    group.add_argument(
        "--channels-as", choices=CHANNELS_AS, default="map", help="how channels are mapped to those of ImageNet nets"
    )
    group.add_argument("--tta", type=int, help="flips and right angles to average over, 1 to 8; ours: 8, timm's: 1")
    group.add_argument("--stretch", choices=STRETCHES, default="asinh", help="default asinh, in units of the sky noise")
    group.add_argument("--augment", choices=AUGMENTS, help="default: the preset's, see docs/models.md")
    group.add_argument(
        "--center-crop", type=int, metavar="PIXELS", help="also use the central crop of this width; for frozen networks"
    )
    group.add_argument(
        "--annulus-photometry", action="store_true", help="also use annulus photometry; for frozen networks"
    )
    group.add_argument(
        "--class-weights", choices=("balanced", "none"), default="none", help="weight classes equally, or not"
    )
    group.add_argument(
        "--unlabelled",
        type=Path,
        metavar="POOL.csv",
        help="manifest of other stamps to learn from, for preset fixmatch",
    )
    group.add_argument("--epochs", type=float, help="maximum number of epochs; default: the preset's")
    group.add_argument("--tabular-features", metavar="snr,mag,…", help="columns to use besides the pixels")
    group.add_argument(
        "--merge", action="append", default=[], metavar="NAME=A,B", help="merge labels A and B into NAME"
    )
    group.add_argument("--velocity-bins", metavar="10,20,…", help="predict the rate's bin (arcsec/h) instead of labels")
    group.add_argument("--monte-carlo", type=int, metavar="K", help="also evaluate on K random splits of 70/20/10")


def recipe_from_options(args: argparse.Namespace, channels: int, n: int, *, start: str | None) -> Recipe:
    """Return the preset's recipe for n stamps and their channels, with single values replaced by options.

    `start` is the architecture of the checkpoint to start from.

    Raises BadExamples if they contradict each other.
    """
    preset = chosen_preset(args.preset, n, base=start is not None, init=args.init, architecture=args.architecture)
    recipe = preset_recipe(preset, args.init, channels, start=start, architecture=args.architecture, freeze=args.freeze)
    _check(args, channels, freeze=recipe.freeze)
    return replace(
        recipe,
        preprocessing=_preprocessing(args, recipe, channels),
        schedule=_schedule(args, recipe.schedule),
        balanced=args.class_weights == "balanced",
    )


def check_unlabelled(args: argparse.Namespace) -> None:
    """Raise BadExamples for preset fixmatch without unlabelled stamps, the reverse, or both with --monte-carlo."""
    if args.preset != FIXMATCH:
        args.foreign.unread(args, ("unlabelled",), f"preset {args.preset}")
    elif args.unlabelled is None:
        raise BadExamples(
            "Preset fixmatch learns from unlabelled stamps too. Name their manifest with --unlabelled POOL.csv, or use"
            " --preset finetune."
        )
    elif args.monte_carlo is not None:
        raise BadExamples("--monte-carlo is not for preset fixmatch, whose unlabelled stamps may be of test objects.")


def _check(args: argparse.Namespace, channels: int, *, freeze: bool) -> None:
    """Raise BadExamples for options out of range, or that contradict each other."""
    if args.size is not None and args.size < LEAST_SIDE:
        raise BadExamples(f"--size is a side in pixels, {LEAST_SIDE} or more, not {args.size}.")
    if args.tta is not None and not 1 <= args.tta <= WAYS:
        raise BadExamples(f"--tta is a number of flips and right angles, 1 to {WAYS}, not {args.tta}.")
    adapter = args.channels_as == "adapter"
    if freeze and not adapter and args.augment not in {None, "none"}:
        raise BadExamples(
            f"--augment {args.augment} changes the input, but frozen features are computed only once."
            " Use --preset finetune, or leave out --augment."
        )
    views = {"--center-crop": args.center_crop is not None, "--annulus-photometry": args.annulus_photometry}
    for word, asked in views.items():
        if asked and (not freeze or adapter):
            raise BadExamples(
                f"{word} is for networks that stay frozen. Use --preset head or --freeze, or leave it out."
            )
    if args.center_crop is not None and args.center_crop < LEAST_SIDE:
        raise BadExamples(f"--center-crop is a side in pixels, {LEAST_SIDE} or more, not {args.center_crop}.")
    if adapter and channels < 2:
        raise BadExamples("--channels-as adapter joins several channels, and these stamps have one. Leave it out.")


def initial_weights(args: argparse.Namespace, n: int) -> str:
    """Resolve ``--init auto`` for n labels: heads and fine-tuning start from the sky backbone, unless one is named."""
    if args.init != AUTO:
        return str(args.init)
    preset = chosen_preset(args.preset, n, base=False, init=IMAGENET, architecture=args.architecture)
    is_ours = preset in {"head", "finetune", FIXMATCH} and args.architecture is None
    return SKY if is_ours or args.architecture == SKY else IMAGENET


def chosen_preset(preset: str, n: int, *, base: bool, init: str, architecture: str | None) -> str:
    """Resolve "auto": fine-tune a base; else choose by the number of labels."""
    if preset != "auto":
        return preset
    if init == SKY and not base and architecture in {None, SKY}:
        return "finetune" if n >= ENOUGH else "head"
    if base or init != IMAGENET or architecture not in {None, RESIDUAL}:
        return "finetune"
    return "small" if n >= ENOUGH or architecture == RESIDUAL else "head"


def _preprocessing(args: argparse.Namespace, recipe: Recipe, channels: int) -> Preprocessing:
    """Return the recipe's preprocessing with the options that are given."""
    known, adapter = recipe.preprocessing, args.channels_as == "adapter"
    result = replace(
        known,
        stretch=STRETCHES[args.stretch],
        tta=args.tta or known.tta,
        center_crop=args.center_crop,
        annulus_photometry=(known.annulus_photometry and not adapter) or args.annulus_photometry,
    )
    if recipe.architecture != RESIDUAL and args.channels_as != "map":
        result = replace(result, channels=channels, adapter=adapter)
    return result if args.size is None else replace(result, size_single=args.size, size_multi=args.size, crop=None)


def _schedule(args: argparse.Namespace, schedule: Schedule) -> Schedule:
    """Return the recipe's schedule with the options that are given."""
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

    Raises BadExamples if a word has another form, or a label is named twice.
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

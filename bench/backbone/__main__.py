"""Figures of frozen backbones: a simulated sky that pretraining left out, and one real ZTF night.

    python -m bench.backbone night ../shared/data/ztf-night-20181128
    python -m bench.backbone unlabelled ../shared/data
    python -m bench.backbone atlas --run RUN    RUN is the folder of: python -m ml pretrain --without atlas --out RUN,
                                                and so for alerts, euclid, ground and hubble
    python -m bench.backbone atlas --run RUN --folds
                                                heads of few labels, calibrated on a held-out fifth or by five folds
    python -m bench.backbone inputs             other crops, sizes and stretches than the default's, on all five skies
    python -m bench.backbone semi atlas --run RUN
                                                a head, and FixMatch on the same labels and all other stamps without
                                                theirs; without --run, from the packaged backbone, which saw the sky

Each line is the figures of one backbone as JSON, means over the seeds; the last one has them all. Of the sky, so many
stamps may have labels (--learn), and others are judged (--judge).
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from bench.backbone.curve import (
    accuracy_of,
    auc_of,
    cross_validated,
    draw_labels,
    label_curve,
    probabilities,
    trained_from_scratch,
    with_features,
)
from bench.backbone.folds import folds_figures
from bench.backbone.inputs import INPUTS, STAMPS, input_curve
from bench.backbone.semi import semi_figures
from bench.backbone.skies import SKIES
from bench.backbone.unlabelled import unlabelled_figures
from bench.interval import interval
from bench.night.examples import night
from ml.data.dataset import Examples
from ml.data.preprocessing import SKY_FROZEN, SKY_UNITS
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference.feature_extractor import Backbone, default_backbone
from ml.models.sky_net import sky_network_from
from ml.simulate.labelled_stamps import KINDS
from ml.training.pretrain import HEADS, WEIGHTS

LABELS = (50, 200, 1000)
Figures = dict[str, Any]
Answer = Callable[[Examples, Examples, int], NDArray[np.float32]]
"""From labelled examples, others and a seed to the class probabilities of the others."""


def imagenet() -> Backbone:
    return default_backbone()


def imagenet_rings() -> Backbone:
    plain = default_backbone()
    return Backbone(plain.network, replace(plain.preprocessing, center_crop=24, annulus_photometry=True))


def sky() -> Backbone:
    return default_backbone("sky")


def sky_alone() -> Backbone:
    return Backbone(sky().network, SKY_UNITS)


BACKBONES: dict[str, Callable[[], Backbone]] = {
    "imagenet": imagenet, "imagenet, middle and rings": imagenet_rings, "sky": sky, "sky without rings": sky_alone,
}  # fmt: skip


def of_run(folder: Path) -> Backbone:
    """Return the backbone of a pretraining run."""
    return Backbone(sky_network_from(folder / WEIGHTS), SKY_FROZEN)


def night_figures(examples: Examples, backbone: Backbone, seeds: range) -> Figures:
    known = with_features(examples, backbone)
    crops = backbone.parts(known.features.shape[-1])
    by_labels = label_curve(known, crops, (25, 50, 100, 200), seeds)
    return {name: rounded(aucs) for name, aucs in {**by_labels, "folds": cross_validated(known, crops, seeds)}.items()}


def rounded(values: list[float]) -> dict[str, float]:
    return interval(values) | {"scatter": round(float(np.std(values, ddof=1)), 4)}


def frozen_figures(learn: Examples, judge: Examples, backbone: Backbone, seeds: range, heads: Path | None) -> Figures:
    """Return the figures of heads, and the AUC of the pretrained one that has seen no label."""
    learnt, judged = (with_features(examples, backbone) for examples in (learn, judge))
    assert learnt.features is not None
    crops = backbone.parts(learnt.features.shape[-1])
    result: Figures = {} if heads is None else {"0": {"auc": round(unlabelled_auc(judged, heads), 4)}}
    return result | sky_figures(
        learnt, judged, lambda known, asked, seed: probabilities(known, asked, crops, seed), seeds
    )


def sky_figures(learnt: Examples, judged: Examples, answer: Answer, seeds: range) -> Figures:
    """Return AUC and accuracy by number of labels, with intervals over the seeds."""
    result: Figures = {}
    every = len(learnt)
    for labels in (*(few for few in LABELS if few < every), every):
        rows = [draw_labels(learnt, labels, seed) if labels < every else np.ones(every, bool) for seed in seeds]
        ps = [answer(learnt.take(np.flatnonzero(one)), judged, seed) for seed, one in enumerate(rows)]
        scores = {"auc": [auc_of(p, judged) for p in ps], "accuracy": [accuracy_of(p, judged) for p in ps]}
        result[str(labels)] = {score: interval(values) for score, values in scores.items()}
    return result


def unlabelled_auc(judged: Examples, heads: Path) -> float:
    """Return the AUC of the pretrained head for movers."""
    head = load_file(heads)
    features = torch.from_numpy(judged.features[:, 0, : head["weight"].shape[1]]).float()
    mover = features @ head["weight"][len(KINDS)] + head["bias"][len(KINDS)]
    return roc_auc(judged.real() > 0.5, mover.numpy())


def figures(args: argparse.Namespace) -> Iterator[tuple[str, Figures]]:
    seeds = range(args.seeds)
    if args.what == "night":
        examples = night(args.folder)
        for name, made in BACKBONES.items():
            yield name, night_figures(examples, made(), seeds)
        return
    if args.what == "unlabelled":
        yield "sky", unlabelled_figures(args.folder, sky())
        return
    if args.what == "inputs":
        yield from inputs_figures(seeds)
        return
    if args.what == "semi":
        yield from adapted(args, seeds)
        return
    learn, judge = both_parts(args.what, args)
    run = of_run(args.run)
    if args.folds:
        yield f"sky, {args.run.name}", folds_figures(learn, judge, run, seeds)
        return
    yield f"sky, {args.run.name}", frozen_figures(learn, judge, run, seeds, args.run / HEADS)
    for made in (imagenet, imagenet_rings):
        yield made.__name__, frozen_figures(learn, judge, made(), seeds, None)
    yield "none: small, from scratch, one draw", sky_figures(learn, judge, trained_from_scratch, seeds[:1])


def both_parts(name: str, args: argparse.Namespace) -> tuple[Examples, Examples]:
    """Return the stamps of a sky that may have labels, and those that are judged."""
    return SKIES[name](args.learn, 1), SKIES[name](args.judge, 2)


def adapted(args: argparse.Namespace, seeds: range) -> Iterator[tuple[str, Figures]]:
    start, told = sky(), "packaged, which has seen this sky"
    if args.run is not None:
        start, told = of_run(args.run), args.run.name
    for name in ("atlas", "alerts") if args.sky is None else (args.sky,):
        for kind, scores in semi_figures(*both_parts(name, args), start, seeds, args.steps):
            yield f"{name}, {told}, {kind}", {score: interval(values) for score, values in scores.items()}


def inputs_figures(seeds: range) -> Iterator[tuple[str, Figures]]:
    network = sky()
    for name, drawn in SKIES.items():
        examples = drawn(STAMPS, 7)
        curves = {kind: input_curve(examples, network, kind, seeds) for kind in INPUTS}
        for kind, aucs in curves.items():
            yield (
                f"{name}, {kind}",
                {
                    labels: rounded(values)
                    | {"ahead": interval(np.subtract(values, curves["default"][labels]).tolist())}
                    for labels, values in aucs.items()
                },
            )


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--learn", type=int, default=3760, help="stamps that may have labels")
    parser.add_argument("--judge", type=int, default=2000, help="stamps that are judged")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.backbone", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="draws of labels and folds, 2 or more")
    judged = parser.add_subparsers(dest="what", required=True)
    judged.add_parser("night", help="the real night").add_argument("folder", type=Path)
    unlabelled = judged.add_parser("unlabelled", help="real stamps, by heads that saw none of their labels")
    unlabelled.add_argument("folder", type=Path, help="the real data")
    judged.add_parser("inputs", help="crops, sizes and stretches on simulated skies")
    for name in SKIES:
        left_out = judged.add_parser(name, help="a simulated sky")
        left_out.add_argument("--run", type=Path, required=True, help="folder of a run that left this sky out")
        left_out.add_argument("--folds", action="store_true", help="compare how heads of few labels are calibrated")
        _add_sizes(left_out)
    semi = judged.add_parser("semi", help="a head and FixMatch on few labels of a simulated sky")
    semi.add_argument("sky", nargs="?", choices=SKIES, help="the sky; default: atlas, and then alerts")
    semi.add_argument("--run", type=Path, help="folder of a run that left this sky out; default: the packaged backbone")
    semi.add_argument("--steps", type=int, help="steps of FixMatch; default: the preset's")
    _add_sizes(semi)
    every = {}
    for name, found in figures(parser.parse_args()):
        every[name] = found
        sys.stdout.write(json.dumps({"backbone": name, **found}) + "\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps(every) + "\n")


if __name__ == "__main__":
    main()

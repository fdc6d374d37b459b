"""`python -m ml benchmark active`: votes that every acquisition rule needs, compared with asking at random."""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ml.cli.active.rounds import CONTENDERS, Curve, fitted, learning_curve, measured
from ml.cli.active.skies import (
    BANK,
    POOL,
    Sky,
    check_night,
    night_bank,
    night_sky,
    simulated_bank,
    simulated_sky,
    stored,
)
from ml.cli.active.summary import FOUND_AT, LEVEL, summarise, write_charts
from ml.evaluation.classifier import jsonable
from ml.inference.checkpoint import Checkpoint
from ml.inference.feature_extractor import Backbone, default_backbone
from ml.inference.scorer import Scorer
from ml.models.compute import limit_torch

SHARES = "0.01,0.05,0.2,0.5"
DRAWN = ("random", "entropy, first batch at random", "entropy, diverse, 1/10 positives", "confident positives")
BANK_SEED = 303  # the rules were tuned on 202
Curves = dict[str, dict[str, list[Curve]]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark alone."""
    group = parser.add_argument_group("active")
    group.add_argument("--out", type=Path, help="folder for features, results and plots")
    group.add_argument("--seeds", type=int, default=10, help="repetitions, each with its own sky (default 10)")
    group.add_argument("--shares", default=SHARES, help=f"shares of movers (default {SHARES}); empty for none")
    group.add_argument("--checkpoint", type=Path, help="network whose frozen features are used (default: ImageNet)")
    group.add_argument("--night", type=Path, help="folder of a real night's alert packets (ZTF)")
    group.add_argument("--rules", help="rules, separated by semicolons (default: all)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark and return the figures; also write them, the curves and the plots to `args.out`.

    Raises ValueError for a missing folder, an unknown rule, a share of movers that is none, no seed, no sky, a night
    without known asteroids, or a pool too large for the sky.
    """
    if args.out is None:
        raise ValueError("Choose a folder for features, results and plots: --out DIR.")
    rules, shares = _rules(args.rules), _shares(args.shares)
    _check(args, shares)
    limit_torch()
    args.out.mkdir(parents=True, exist_ok=True)
    curves: Curves = defaultdict(lambda: defaultdict(list))
    full: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed in range(args.seed, args.seed + args.seeds):
        for name, sky in _skies(args, shares, seed):
            levels = measured(sky, fitted(sky.pool.features, sky.pool.real.astype(float)))
            full[name].append(levels)
            wanted = (LEVEL * levels[0], LEVEL * levels[1])
            for rule in rules:
                curves[name][rule].append(learning_curve(sky, CONTENDERS[rule], seed, wanted, FOUND_AT))
        _write(args.out / "curves.json", {name: _plain(of_rules) for name, of_rules in curves.items()})
    result = {"skies": {name: summarise(of_rules, full[name]) for name, of_rules in curves.items()}}
    _write(args.out / "active.json", result)
    return result | {"plots": write_charts(curves, DRAWN, args.out)}


def _check(args: argparse.Namespace, shares: list[float]) -> None:
    if args.seeds < 1:
        raise ValueError(f"--seeds is a number of repetitions, 1 or more, not {args.seeds}.")
    if not shares and args.night is None:
        raise ValueError(f"There is no sky to ask about: name shares of movers, such as --shares {SHARES}, or --night.")
    if args.night is not None:
        check_night(args.night)


def _skies(args: argparse.Namespace, shares: list[float], seed: int) -> Iterator[tuple[str, Sky]]:
    """Yield the name and sky of each share of movers, and of the night if there is one."""
    backbone = _backbone(args.checkpoint)
    key = backbone.feature_key
    bank = stored(args.out / f"sky-{key}.npz", partial(simulated_bank, backbone, BANK, BANK_SEED))
    for share in shares:
        yield f"{100 * share:g} % movers", simulated_sky(bank, share, args.n or POOL, seed)
    if args.night is not None:
        alerts = stored(args.out / f"night-{key}.npz", partial(night_bank, backbone, args.night))
        yield "ZTF night", night_sky(alerts, bank, seed)


def _backbone(checkpoint: Path | None) -> Backbone:
    return default_backbone() if checkpoint is None else Scorer(Checkpoint.load(checkpoint)).backbone


def _rules(names: str | None) -> list[str]:
    chosen = list(CONTENDERS) if names is None else [name.strip() for name in names.split(";")]
    unknown = [name for name in chosen if name not in CONTENDERS]
    if unknown:
        raise ValueError(f"There is no rule {unknown[0]!r}. The rules are: {'; '.join(CONTENDERS)}.")
    return chosen if "random" in chosen else ["random", *chosen]


def _shares(text: str) -> list[float]:
    shares = [float(part) for part in text.split(",") if part.strip()]
    if not all(0 < share < 1 for share in shares):
        raise ValueError(f"--shares must be between 0 and 1, such as {SHARES}, not {text!r}.")
    return shares


def _plain(of_rules: dict[str, list[Curve]]) -> dict[str, list[dict[str, Any]]]:
    return {rule: [vars(curve) for curve in some] for rule, some in of_rules.items()}


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(jsonable(content), indent=1) + "\n")

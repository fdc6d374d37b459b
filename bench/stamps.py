"""Score stamps end to end (read, stretch, resize, forward) against torch eager with tensors in memory, same weights.

Torch gets every core, stamps that are stretched and resized already, and the best of several batch sizes: as it comes,
and with its memory by channels last. Rounds of all alternate in one process, and the medians are compared; `load` tells
how much else the machine had to do. The probabilities must be torch's to 1e-4.
"""

import dataclasses
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.cli.subject_slabs import Slab, Tally, slabs
from ml.data.dataset import Examples
from ml.data.preprocessing import FROZEN, native_size
from ml.data.tensors import prefetch
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer
from ml.models.compute import limit_torch
from ml.models.stamp import RESIDUAL, Prepared
from ml.simulate.atlas.difference import REAL
from ml.simulate.atlas.night import atlas
from ml.training.presets import Recipe
from ml.training.schedule import SMALL, TRANSFER
from ml.training.train_stamps import train_stamps

STAMPS, TAUGHT, ROUNDS = 1024, 2048, 3
BATCHES = (8, 16, 32, 64, 128, 512)
FLOOR, CLOSE = 3.0, 1e-4

BRIEF = dataclasses.replace(SMALL, views=20_000)
DEFAULT = Recipe("small", RESIDUAL, "scratch", native_size(1), schedule=BRIEF)
AT_128 = dataclasses.replace(FROZEN, size_multi=128)
RECIPES = {
    "lite0_128": Recipe("head", preprocessing=AT_128, freeze=True),
    "lite0_128_tuned": Recipe("finetune", preprocessing=AT_128, schedule=TRANSFER),
    "default": DEFAULT,
    "default_one_way": dataclasses.replace(DEFAULT, preprocessing=dataclasses.replace(native_size(1), tta=1)),
}
Forward = Callable[[torch.Tensor], torch.Tensor]


def main() -> None:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        shown, unseen = (atlas(n, seed, Path(folder) / f"sky{seed}") for n, seed in ((TAUGHT, 2), (STAMPS, 1)))
        known = examples(shown)
        result = {name: compared(train_stamps(known, recipe), unseen) for name, recipe in RECIPES.items()}
    met = {name: one["ratio"] >= FLOOR and one["right"] for name, one in result.items()}
    asked = met["lite0_128"] and met["lite0_128_tuned"] and met["default"]
    machine = {"cores": len(os.sched_getaffinity(0)), "load": [round(load, 1), round(os.getloadavg()[0], 1)]}
    print(json.dumps({"stamps": STAMPS, **machine, **result, "floor": FLOOR, "met": asked, "met_by": met}))


def compared(model: Checkpoint, data: Path) -> dict[str, Any]:
    """Return stamps per second of ours and of torch, and the largest difference of their answers."""
    ours = Scorer(model)
    works = {"ours": lambda: score(ours, data)}
    tests = examples(data)
    for name, layout in (("torch", torch.contiguous_format), ("torch_channels_last", torch.channels_last)):
        forward, tensors = eager(model, layout), ready(ours, tests.pixels, layout)
        works |= {f"{name}_{n}": lambda f=forward, t=tensors, n=n: in_batches(f, t, n) for n in BATCHES}
    rates: dict[str, list[float]] = {name: [] for name in works}
    answers = {name: work() for name, work in works.items()}
    for _ in range(ROUNDS):
        for name, work in works.items():
            rates[name].append(rate(work))
    median = {name: statistics.median(values) for name, values in rates.items()}
    best = max((name for name in median if name.startswith("torch_") and "last" not in name), key=median.__getitem__)
    tuned = max((name for name in median if "last" in name), key=median.__getitem__)
    difference = float(np.abs(answers["ours"] - answers[best]).max())
    return {
        "compute": model.manifest.get("compute"),
        "per_second": {name: round(value, 1) for name, value in median.items()},
        "best_of_torch": best,
        "ratio": round(median["ours"] / median[best], 2),
        "ratio_to_channels_last": round(median["ours"] / median[tuned], 2),
        "difference": difference,
        "right": difference <= CLOSE,
    }


def examples(data: Path) -> Examples:
    """Return all stamps of a simulated sky, with their classes."""
    found = list(slabs(data, Tally(), labelled=True))

    def every(what: Callable[[Slab], list[str]]) -> list[str]:
        return [one for slab in found for one in what(slab)]

    labels, groups = every(lambda slab: slab.labels), every(lambda slab: slab.groups)
    classes = tuple(sorted(set(labels)))
    targets = np.eye(len(classes), dtype=np.float32)[[classes.index(label) for label in labels]]
    pixels = np.concatenate([slab.pixels for slab in found])
    return Examples(targets, np.ones(len(labels), dtype=np.float32), np.array(groups), classes, REAL, pixels=pixels)


def score(scorer: Scorer, data: Path) -> NDArray[np.float32]:
    """Score as `python -m ml score` does."""
    limit_torch()
    return np.concatenate(
        [scorer.probabilities(slab.pixels) for slab in prefetch(slabs(data, Tally(), labelled=False))]
    )


def eager(model: Checkpoint, layout: torch.memory_format) -> Forward:
    """Return torch's own forward pass, without preprocessing: the network on each view, and its head."""
    backbone = Scorer(model, engine="torch").backbone
    network, head = backbone.network.eval().to(memory_format=layout), model.part("stamp.")

    def forward(stamps: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            ways = [network(turned(stamps, way, layout)) for way in range(backbone.preprocessing.tta)]
            return torch.addmm(head["bias"], torch.stack(ways).mean(0), head["weight"].T).softmax(1)

    return forward


def turned(stamps: torch.Tensor, way: int, layout: torch.memory_format) -> torch.Tensor:
    if not way:
        return stamps
    quarter = stamps.rot90(way // 2, (2, 3))
    return (quarter.flip(3) if way % 2 else quarter).contiguous(memory_format=layout)


def ready(scorer: Scorer, pixels: NDArray[Any], layout: torch.memory_format) -> torch.Tensor:
    """Return stamps as network input: stretched, with its channels and size, in memory."""
    seen = scorer.backbone.preprocessing
    fitted = Prepared(torch.nn.Identity(), size=seen.size(1), three=seen.channels == 0)
    return fitted(torch.from_numpy(seen.stretched(pixels)[:, 0])).contiguous(memory_format=layout)


def in_batches(forward: Forward, tensors: torch.Tensor, batch: int) -> NDArray[np.float32]:
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    return torch.cat([forward(part) for part in tensors.split(batch)]).numpy()


def rate(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return STAMPS / (time.perf_counter() - began)


if __name__ == "__main__":
    main()

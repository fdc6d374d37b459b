"""Score stamps end to end (read, stretch, resize, forward) against torch eager with tensors in memory, same weights.

Torch gets every core, stamps that are stretched and resized already, and the best of several batch sizes; rounds of
both alternate in one process, and the medians are compared. The engine must agree with torch to 1e-4 of probability.
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

from ml.checkpoint import Checkpoint
from ml.commands.subjects import Tally, slabs
from ml.dataset import Examples
from ml.models.stamp import RESIDUAL, Prepared
from ml.preprocessing import FROZEN, native
from ml.recipe import Recipe, train_stamps
from ml.schedule import SMALL
from ml.score import Scorer
from ml.simulate.atlas import atlas
from ml.simulate.difference import REAL

STAMPS, TAUGHT, ROUNDS = 1024, 256, 5
BATCHES = (8, 32, 128, 512)
FLOOR, CLOSE = 3.0, 1e-4

BRIEF = dataclasses.replace(SMALL, views=1000, rounds=1)
RECIPES = {
    "lite0_128": Recipe("head", preprocessing=dataclasses.replace(FROZEN, size_multi=128), freeze=True),
    "default": Recipe("small", RESIDUAL, "scratch", native(1), schedule=BRIEF),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = atlas(STAMPS, 1, Path(folder) / "sky")
        told = {name: compared(recipe, data) for name, recipe in RECIPES.items()}
    met = all(one["ratio"] >= FLOOR and one["difference"] <= CLOSE for one in told.values())
    print(json.dumps({"stamps": STAMPS, "cores": len(os.sched_getaffinity(0)), **told, "floor": FLOOR, "met": met}))


def compared(recipe: Recipe, data: Path) -> dict[str, Any]:
    model = taught(recipe, data)
    pixels = np.concatenate([slab.pixels for slab in slabs(data, Tally(), labelled=False)])
    ours, theirs = Scorer(model), eager(model)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    tensors = ready(recipe, pixels)
    score(ours, data), theirs(tensors[:32])
    rates: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        rates.setdefault("ours", []).append(rate(lambda: score(ours, data)))
        for batch in BATCHES:
            rates.setdefault(f"torch_{batch}", []).append(rate(lambda batch=batch: in_batches(theirs, tensors, batch)))
    median = {name: statistics.median(values) for name, values in rates.items()}
    best = max(value for name, value in median.items() if name != "ours")
    difference = np.abs(score(ours, data) - in_batches(theirs, tensors, 128)).max()
    return {
        "per_second": {name: round(value, 1) for name, value in median.items()},
        "ratio": round(median["ours"] / best, 2),
        "difference": float(difference),
    }


def taught(recipe: Recipe, data: Path) -> Checkpoint:
    """Return a model that has seen a few stamps: its speed does not depend on how good it is."""
    slab = next(slabs(data, Tally(), labelled=True))
    classes = tuple(sorted(set(slab.labels)))
    targets = np.eye(len(classes), dtype=np.float32)[[classes.index(label) for label in slab.labels]]
    weights = np.ones(len(targets), dtype=np.float32)
    examples = Examples(targets, weights, np.array(slab.groups), classes, tuple(REAL), pixels=slab.pixels)
    return train_stamps(examples.take(np.arange(TAUGHT)), recipe)


def score(scorer: Scorer, data: Path) -> np.ndarray:
    return np.concatenate([scorer.probabilities(slab.pixels) for slab in slabs(data, Tally(), labelled=False)])


def eager(model: Checkpoint) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return torch's own forward pass: the network and its head, without fitting, which `ready` has done."""
    network = Scorer(model, engine="torch").backbone.network.eval().to(memory_format=torch.channels_last)
    head = model.part("stamp.")

    def forward(stamps: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return torch.addmm(head["bias"], network(stamps), head["weight"].T).softmax(1)

    return forward


def ready(recipe: Recipe, pixels: np.ndarray) -> torch.Tensor:
    """Return stamps as the network eats them: stretched, of its channels and size, in memory."""
    seen = recipe.preprocessing
    fitted = Prepared(torch.nn.Identity(), size=seen.size(1), three=seen.channels == 0)
    stretched = torch.from_numpy(seen.stretched(pixels)[:, 0])
    return fitted(stretched).contiguous(memory_format=torch.channels_last)


def in_batches(forward: Callable[[torch.Tensor], torch.Tensor], tensors: torch.Tensor, batch: int) -> np.ndarray:
    return torch.cat([forward(part) for part in tensors.split(batch)]).numpy()


def rate(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return STAMPS / (time.perf_counter() - began)


if __name__ == "__main__":
    main()

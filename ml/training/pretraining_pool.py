"""The stamps that pretraining draws from: every simulator's shards, those that are missing written on all cores."""

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ml.models.compute import cores
from ml.simulate.labelled_stamps import LabelledStamps
from ml.simulate.stamp_shards import joined, load_shard, shard_path, write_shard

SHARD = 1024


def read_pool(folder: Path, shards: Mapping[str, int], seed: int) -> dict[str, LabelledStamps]:
    """Return every simulator's shards as one, their pixels float16, writing those that are missing."""
    wanted = {sky: range(n) for sky, n in shards.items() if n}
    missing = [
        (sky, k) for sky, numbers in wanted.items() for k in numbers if not shard_path(folder, sky, k, seed).exists()
    ]
    if missing:
        # New processes, not forked ones, whose copies of this one's threads and connections may do anything.
        with ProcessPoolExecutor(min(cores(), len(missing)), multiprocessing.get_context("spawn")) as writers:
            written = [writers.submit(write_shard, folder, sky, k, seed, SHARD) for sky, k in missing]
            for each in written:
                each.result()
    return {
        sky: joined([load_shard(shard_path(folder, sky, k, seed)) for k in numbers]) for sky, numbers in wanted.items()
    }

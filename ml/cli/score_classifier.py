"""Score stamps or tracklets: class probabilities of every subject, as Parquet."""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ml.acquisition.uncertainty import entropy
from ml.cli.outputs import check_file, check_parquet
from ml.cli.stamp_data import values
from ml.cli.subject_slabs import Slab, Tally, slabs
from ml.data.dataset import BadExamples
from ml.data.tensors import prefetch
from ml.data.tracklet_frames import stacked
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer
from ml.io.whole_file import whole_file

FEWEST = {"stamp": 1, "tracklet": 3}
"""Frames of a subject that each role needs."""
CALLED = {"stamp": "subject", "tracklet": f"tracklet of {FEWEST['tracklet']} or more frames"}


def score(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score in blocks of constant memory."""
    scorer, tally, started = Scorer(checkpoint), Tally(), time.monotonic()
    columns = [pa.field(name, pa.float32()) for name in (*scorer.classes, "entropy")]
    schema = pa.schema([pa.field("external_id", pa.string()), *columns])
    read = prefetch(slabs(args.data, tally, labelled=False, fewest=FEWEST[scorer.role]))
    nothing = f"There is no {CALLED[scorer.role]} with pixels in the data: nothing to score."
    _, n = write_tables(args.out, schema, (score_table(scorer, slab, schema) for slab in read), nothing)
    seconds = time.monotonic() - started
    return {"out": str(args.out), "n": n, "skipped": tally.skipped, "seconds": round(seconds, 1)}


def score_table(scorer: Scorer, slab: Slab, schema: pa.Schema) -> pa.Table:
    """Return the rows of one block; entropy is a fraction of the maximum, 0..1."""
    p = probabilities_of(scorer, slab)
    return pa.table([slab.ids, *p.T, entropy(p).astype("float32")], schema=schema)


def probabilities_of(scorer: Scorer, slab: Slab) -> NDArray[np.float32]:
    """Return the probabilities (n, K) of a slab, by all that the model's role reads of it."""
    tracks = stacked(slab.sightings) if scorer.role == "tracklet" else None
    return scorer.probabilities(slab.pixels, tracks, values(slab, scorer.columns) if scorer.columns else None)


def write_tables(out: Path, schema: pa.Schema, tables: Iterable[pa.Table], nothing: str) -> tuple[int, int]:
    """Write tables as one Parquet file, whole or not at all; return how many there were, and their rows.

    Raises BadExamples with the sentence `nothing`, if there is no table, and ValueError where no file can be.
    """
    check_file("out", out)
    check_parquet(out)
    count = rows = 0
    with whole_file(out) as partial:
        with pq.ParquetWriter(partial, schema) as file:
            for each in tables:
                file.write_table(each)
                count, rows = count + 1, rows + len(each)
        if not count:
            raise BadExamples(nothing)
    return count, rows

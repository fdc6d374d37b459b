"""Score stamps or tracklets: class probabilities of every subject, as Parquet."""

import argparse
import time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ml.acquisition.uncertainty import entropy
from ml.cli.stamp_data import values
from ml.cli.subjects import Slab, Tally, slabs
from ml.data.dataset import BadExamples
from ml.data.tensors import prefetch
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer


def score(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score in blocks of constant memory."""
    scorer, tally = Scorer(checkpoint), Tally()
    started, n = time.monotonic(), 0
    columns = [pa.field(name, pa.float32()) for name in (*scorer.classes, "entropy")]
    schema = pa.schema([pa.field("external_id", pa.string()), *columns])
    partial = args.out.with_name(args.out.name + ".partial")
    with pq.ParquetWriter(partial, schema) as file:
        for slab in prefetch(slabs(args.data, tally, labelled=False)):
            file.write_table(table(scorer, slab, schema))
            n += len(slab.ids)
    if not n:
        partial.unlink()
        raise BadExamples("There is no subject with pixels in the data: nothing to score.")
    partial.replace(args.out)
    seconds = time.monotonic() - started
    return {"out": str(args.out), "n": n, "skipped": tally.skipped, "seconds": round(seconds, 1)}


def table(scorer: Scorer, slab: Slab, schema: pa.Schema) -> pa.Table:
    """Return the rows of one block; entropy is a fraction of the maximum, 0..1."""
    p = scorer.probabilities(slab.pixels, values=values(slab, scorer.columns) if scorer.columns else None)
    columns = [p[:, k] for k in range(p.shape[1])]
    return pa.table([slab.ids, *columns, entropy(p).astype("float32")], schema=schema)

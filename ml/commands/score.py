"""`python -m ml score`: every subject's probabilities, as Parquet."""

import argparse
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ml.acquire import entropy
from ml.checkpoint import Checkpoint
from ml.commands.run import command
from ml.commands.subjects import Slab, Tally, slabs
from ml.dataset import BadExamples
from ml.score import Scorer


def add(subparsers: Any) -> None:
    """Add the command to an argparse parser's subparsers."""
    parser = command(subparsers, "score", "give every subject of a manifest its probabilities", run)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="manifest; labels are not needed")
    parser.add_argument(
        "--out", type=Path, required=True, help="Parquet file: external_id, a column per class, entropy"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Score slab by slab, so that memory does not grow with the data."""
    scorer, tally = Scorer(Checkpoint.load(args.checkpoint)), Tally()
    started, n = time.monotonic(), 0
    columns = [pa.field(name, pa.float32()) for name in (*scorer.classes, "entropy")]
    schema = pa.schema([pa.field("external_id", pa.string()), *columns])
    partial = args.out.with_name(args.out.name + ".partial")
    with pq.ParquetWriter(partial, schema) as file:
        for slab in slabs(args.data, tally, labelled=False):
            file.write_table(table(scorer, slab, schema))
            n += len(slab.ids)
    if not n:
        partial.unlink()
        raise BadExamples("There is no subject with pixels in the data: nothing to score.")
    partial.replace(args.out)
    seconds = time.monotonic() - started
    return {"out": str(args.out), "n": n, "skipped": tally.skipped, "seconds": round(seconds, 1)}


def table(scorer: Scorer, slab: Slab, schema: pa.Schema) -> pa.Table:
    """Return the rows of one slab; entropy is a share of the largest possible, 0..1."""
    p = scorer.probabilities(slab.pixels)
    columns = [p[:, k] for k in range(p.shape[1])]
    return pa.table([slab.ids, *columns, entropy(p).astype("float32")], schema=schema)

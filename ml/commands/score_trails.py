"""Scan an archive for trails: one row a trail, in shards that can be taken up again."""

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml.checkpoint import Checkpoint
from ml.commands.cutouts import Cutout, cutouts
from ml.commands.subjects import Tally
from ml.dataset import BadExamples
from ml.pixels.read import MANIFEST
from ml.trails.candidate import LEAST
from ml.trails.restore import detector_of
from ml.trails.shards import Scan, rows_of
from ml.trails.sweep import sweep

JOINED = "trails.parquet"
MEMORY = (
    "An image does not fit into memory. Cut the images smaller, or let fewer be worked on at once: WANDERERS_THREADS=1."
    " What was finished is kept; the same command goes on from there."
)


def score_trails(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Scan what no finished shard holds, and join all shards into one file."""
    started, tally = time.monotonic(), Tally()
    if not args.data.exists():
        raise BadExamples(f"{args.data} is not there. Check the path.")
    least = LEAST if args.least is None else args.least
    if not 0 < least < 1:
        raise BadExamples(f"--least must lie between 0 and 1, not {least}.")
    joined = args.out if args.out.suffix == ".parquet" else args.out / JOINED
    folder = args.out.with_name(args.out.name + ".shards") if joined == args.out else args.out / "shards"
    said = {"checkpoint": checkpoint.manifest["sha256"], "data": digest_of(args.data), "least": least}
    scan = Scan(folder, said, args.shard)
    before = len(scan.done)
    detector = detector_of(checkpoint, threads=1, least=least)
    images = 0
    try:
        images = _scan(scan, _numbered(scan, args.data, tally), lambda item: detector.trails(item[1].pixels))
    except MemoryError as error:
        raise BadExamples(MEMORY) from error
    if not scan.done:
        raise BadExamples(f"There is no image in {args.data} that can be used: nothing to score.")
    trails = scan.join(joined)
    seconds = time.monotonic() - started
    return {
        "out": str(joined), "shards": str(folder), "n": trails, "images": images, "subjects": scan.rows,
        "finished_before": before, "skipped": tally.skipped, "seconds": round(seconds, 1),
        "cutouts_per_second": round(images / seconds, 2),
    }  # fmt: skip


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a manifest; of anything else, its name: such a scan is taken up by name alone."""
    path = path / MANIFEST if (path / MANIFEST).is_file() else path
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.suffix == ".csv" else str(path)


def _numbered(scan: Scan, path: Path, tally: Tally) -> Iterator[tuple[int, Cutout]]:
    """Yield images with their shard."""
    for cutout in cutouts(path, tally, skip=scan.skip):
        yield scan.current, cutout


def _scan(scan: Scan, images: Iterator[tuple[int, Cutout]], work: Any) -> int:
    """Write each shard once its last image is done, also those without any trail; return how many images there were."""
    rows: list[dict[str, Any]] = []
    shard, count = -1, 0
    for (number, cutout), found in sweep(work, images):
        if number != shard and shard >= 0:
            _finish(scan, shard, rows)
        shard = number
        rows += rows_of(cutout.external_id, cutout.frame, found)
        count += 1
    if shard >= 0:
        _finish(scan, shard, rows)
    return count


def _finish(scan: Scan, shard: int, rows: list[dict[str, Any]]) -> None:
    scan.write(shard, rows)
    sys.stderr.write(f"shard {shard}: {len(rows)} trails\n")
    rows.clear()

"""Scan an archive in resumable shards, each written completely or not at all, on every core."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from ml.data.dataset import BadExamples
from ml.io.whole_file import whole_file
from ml.models.compute import cores
from ml.trails.annotation import CLASSES
from ml.trails.detected_trail import Trail

SHARD = 64  # subjects
SCAN = "scan.json"
OTHERS = {
    "checkpoint": "by another checkpoint",
    "data": "of another manifest",
    "least": "with another --min-foreground ({}, not {})",
    "shard": "with another --shard ({}, not {})",
}
"""How a scan differs from one with another identity."""
POINTS = pa.list_(pa.list_(pa.float32()))
SCHEMA = pa.schema(
    [
        pa.field("external_id", pa.string()),
        pa.field("frame", pa.int16()),
        pa.field("number", pa.int16()),
        pa.field("score", pa.float32()),
        pa.field("class", pa.string()),
        pa.field("box", pa.list_(pa.float32())),
        pa.field("line", POINTS),
        pa.field("curve", POINTS),
        *(pa.field(name, pa.float32()) for name in ("length", "bend", "width", "snr")),
        *(pa.field(f"p_{name}", pa.float32()) for name in CLASSES),
    ]
)


class Scan:
    """A folder of shards, and the identity of its scan.

    Raises BadExamples if the folder has finished shards of another scan.

    Parameters
    ----------
    folder
        Made if missing.
    scan_of
        Identity of the scan: checkpoint, manifest, and the least foreground probability of a cell.
    size
        Subjects per shard, by their position in the manifest.
    """

    def __init__(self, folder: Path, scan_of: dict[str, Any], size: int = SHARD) -> None:
        if size < 1:
            raise BadExamples(f"--shard is a number of subjects, 1 or more, not {size}.")
        self.folder, self.size, self.rows = folder, size, 0
        folder.mkdir(parents=True, exist_ok=True)
        scan_of = {**scan_of, "shard": size}
        path = folder / SCAN
        self.done = {int(shard.stem) for shard in folder.glob("[0-9]*.parquet")}
        if self.done and path.exists():
            _check(folder, json.loads(path.read_text()), scan_of)
        else:
            with whole_file(path) as partial:
                partial.write_text(json.dumps(scan_of, indent=2) + "\n")
        for left in folder.glob("*.partial"):
            left.unlink()

    def skip(self, _external_id: str) -> bool:
        """Return whether the next row is in a finished shard; the reader calls it for every row in turn."""
        shard = self.rows // self.size
        self.rows += 1
        return shard in self.done

    @property
    def current(self) -> int:
        """Return the shard of the row last asked about."""
        return max(self.rows - 1, 0) // self.size

    def write(self, shard: int, rows: Sequence[dict[str, Any]]) -> None:
        """Write one shard atomically."""
        table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
        with whole_file(self.folder / f"{shard:06d}.parquet") as partial:
            pq.write_table(table, partial)
        self.done.add(shard)

    def join(self, out: Path) -> int:
        """Join all shards, in order, into one file atomically, and return its number of trails."""
        count = 0
        with whole_file(out) as partial, pq.ParquetWriter(partial, SCHEMA) as file:
            for shard in sorted(self.done):
                table = pq.read_table(self.folder / f"{shard:06d}.parquet", schema=SCHEMA)
                file.write_table(table)
                count += len(table)
        return count


def trail_rows(external_id: str, frame: int, found: Sequence[Trail]) -> Iterator[dict[str, Any]]:
    """Yield one row per trail, numbered from the highest score."""
    for number, trail in enumerate(found):
        yield {"external_id": external_id, "frame": frame, "number": number, **trail.as_json()}


def _check(folder: Path, there: dict[str, Any], scan_of: dict[str, Any]) -> None:
    for name, value in scan_of.items():
        if there.get(name) != value:
            other = OTHERS[name].format(there.get(name), value)
            raise BadExamples(
                f"{folder} holds a scan {other}. Choose another --out, or delete that folder to start again."
            )


Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # images waiting for each worker


def sweep(
    work: Callable[[Item], Result], items: Iterable[Item], count: int | None = None
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with the result of `work`, in order; items are read in the caller's thread.

    Up to `count` are processed at once, by default one per core.

    Raises MemoryError with a message, if an image does not fit into memory; earlier results remain valid.
    """
    count = count or cores()
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(count) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > AHEAD * count:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        finally:
            for _, future in waiting:
                future.cancel()


def _next(waiting: "deque[tuple[Item, Future[Result]]]") -> tuple[Item, Result]:
    item, future = waiting.popleft()
    return item, future.result()

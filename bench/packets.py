"""Read alert packets: how many per second of one core, and in how much memory.

Packets like ZTF's, with simulated pixels: three gzipped 63×63 stamps, 100 values, 20 earlier detections; in one file
for each codec. Rates are by processor time, so that other programs on the machine do not count. Memory is that of the
process after the small and after the large file.
"""

import gzip
import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
from astropy.io import fits

from ml.io.read_subjects import read_subjects
from ml.io.records import SubjectRecord

SMALL, LARGE = 500, 4_000
FLOOR = 1_000  # packets a second
STAMPS = 32  # different ones
EXTRA = {f"value{n}": float(n) for n in range(85)}
CANDIDATE = {"jd": 2460381.0, "fid": 2, "ra": 262.5, "dec": 7.25, "magpsf": 17.0, "sigmapsf": 0.1, "exptime": 30.0}
CANDIDATE |= {"rb": 0.9, "ssdistnr": 2.25, "ssnamenr": "433", "xpos": 500.0, "ypos": 500.0}
KINDS = {int: "long", float: "double", str: "string"}


def schema() -> dict[str, Any]:
    def record(name: str, values: dict[str, Any]) -> dict[str, Any]:
        fields = [{"name": key, "type": ["null", KINDS[type(value)]]} for key, value in values.items()]
        return {"type": "record", "name": name, "fields": fields}

    data = {"type": "record", "name": "cutout", "fields": [{"name": "stampData", "type": "bytes"}]}
    cutouts = [{"name": f"cutout{name}", "type": data if name == "Science" else "cutout"} for name in NAMES]
    fields = [
        {"name": "objectId", "type": "string"},
        {"name": "candid", "type": "long"},
        {"name": "candidate", "type": record("candidate", CANDIDATE | EXTRA)},
        {"name": "prv_candidates", "type": {"type": "array", "items": record("prv", CANDIDATE)}},
        *cutouts,
    ]
    return {"type": "record", "name": "alert", "fields": fields}


NAMES = ("Science", "Template", "Difference")


def packets(count: int) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(1)
    stamps = [_stamp(rng) for _ in range(STAMPS)]
    for number in range(count):
        cutouts = {f"cutout{name}": {"stampData": stamps[(number + at) % STAMPS]} for at, name in enumerate(NAMES)}
        before = [CANDIDATE | {"jd": 2460350.0 + night} for night in range(20)]
        yield {
            "objectId": "ZTF18a",
            "candid": number,
            "candidate": CANDIDATE | EXTRA,
            "prv_candidates": before,
        } | cutouts


def _stamp(rng: np.random.Generator) -> bytes:
    out = io.BytesIO()
    fits.PrimaryHDU(rng.normal(200, 10, (63, 63)).astype(">f4")).writeto(out)
    return gzip.compress(out.getvalue())


def read(path: Path) -> float:
    """Return packets per second of processor time."""
    begun = time.process_time()
    count = sum(isinstance(item, SubjectRecord) for item in read_subjects(path))
    return count / (time.process_time() - begun)


def peak() -> int:
    """Return the most memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "alerts.avro")
        for codec in ("null", "deflate"):
            for count in (SMALL, LARGE):
                with path.open("wb") as out:
                    fastavro.writer(out, schema(), packets(count), codec=codec)
                rate = read(path)
                found[f"{codec} {count}"] = {
                    "packets_per_second": round(rate), "peak_mb": peak(), "met": codec != "null" or rate >= FLOOR
                }  # fmt: skip
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

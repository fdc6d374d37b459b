"""Ten million votes through the command line, in bounded memory."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

ROWS, ITEMS, WORKERS = 10_000_000, 500_000, 20_000
MEASURED = """
import sys
from pathlib import Path
from ml.__main__ import main
status = main(sys.argv[1:])
print(next(line for line in Path("/proc/self/status").open() if line.startswith("VmHWM")).split()[1])
sys.exit(status)
"""


@pytest.fixture
def labels(tmp_path):
    """500,000 items with 20 votes each; 7 of 10 votes are right, and items with odd numbers are a yes."""
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(ITEMS), ROWS // ITEMS)
    answer = np.where(rng.random(ROWS) < 0.7, item % 2, 1 - item % 2)
    names = pa.array(["no", "yes"]).take(pa.array(answer))
    path = tmp_path / "labels.csv"
    csv.write_csv(pa.table({"item": item, "worker": rng.integers(0, WORKERS, ROWS), "label": names}), path)
    yield path
    path.unlink()


@pytest.mark.timeout(600)
def test_ten_million_votes_take_little_more_than_their_numbers(labels):
    command = [sys.executable, "-c", MEASURED, "crowd", "--labels", str(labels), "--method", "majority"]
    said, kibibytes = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    told = json.loads(said)
    assert (told["n_votes"], told["n_items"], told["n_workers"]) == (ROWS, ITEMS, WORKERS)
    assert int(kibibytes) < 2 * 2**20

"""Distances of simulated asteroids from their curved trails against the true ones: `python -m bench.trail_distance`."""

import argparse
import csv
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from ml.__main__ import main as ml
from ml.cli.trail_distance_command import distance_table

ROUNDED = 0.01 / np.sqrt(12)  # au: true distances are written with two decimals
ENDS_OFF = 3.0  # pixels: how well a volunteer meets the ends of a trail


def main() -> None:
    """Print, for trails whose ends a simulated volunteer marked, how far measured distances are from the true ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300, help="simulated cutouts")
    parser.add_argument("--seed", type=int, default=34, help="34 was used for no decision; 5 and 21 were")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, marks = Path(folder) / "manifest.csv", Path(folder) / "marks.csv"
        ml(["simulate", "hubble", "--n", str(args.n), "--seed", str(args.seed), "--share", "1", "--out", folder])
        true = _mark(data, marks, np.random.default_rng(args.seed))
        header, rows = distance_table(argparse.Namespace(data=data, trails=marks, observatory="", min_score=0.5))
        found = [dict(zip(header, row, strict=True)) for row in rows]
    _print(found, true)


def _mark(data: Path, marks: Path, rng: np.random.Generator) -> dict[str, float]:
    """Write a volunteer's line for the one trail of each cutout, and return the distances by cutout."""
    true = {}
    with data.open(newline="") as rows, marks.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["external_id", "volunteer", "x1", "y1", "x2", "y2"])
        for row in csv.DictReader(rows):
            trails = [each for each in json.loads(row["#objects"]) if each["class"] == "ASTEROID"]
            if len(trails) == 1:
                true[row["external_id"]] = trails[0]["distance"]
                ends = np.ravel(trails[0]["ends"]) + rng.normal(0, ENDS_OFF, 4)
                table.writerow([row["external_id"], "simulated", *ends.round(1)])
    return true


def _print(found: list[dict[str, str]], true: dict[str, float]) -> None:
    good = [row for row in found if row["distance"] and not row["problem"]]
    pulls, errors = np.array([_pull(row, true[row["external_id"]]) for row in good]).T
    print(f"{len(found)} trails; {len(good)} distances")
    print(f"median error {np.median(errors):.1%} of the distance")
    print(f"within 1 sigma {np.mean(pulls < 1):.2f}, within 3 sigma {np.mean(pulls < 3):.2f}")
    for problem, count in Counter(row["problem"] for row in found if row not in good).most_common():
        print(f"{count:4d}  {problem}")


def _pull(row: dict[str, Any], true: float) -> tuple[float, float]:
    """Return how many of its errors a parallax is off the true one, for the nearer fit, and its relative error."""
    parallax, error = float(row["parallax"]), float(row["parallax_error"])
    either = [parallax, 1 / float(row["reversed_distance"])] if row["reversed_distance"] else [parallax]
    return min(abs(each - 1 / true) for each in either) / np.hypot(error, ROUNDED / true**2), error / parallax


if __name__ == "__main__":
    main()

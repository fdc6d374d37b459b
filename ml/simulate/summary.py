"""Summary of a simulated sky: magnitudes, S/N and rates, class by class."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = ("snr", "mag", "rate")
PERCENTILES = (5, 25, 50, 75, 95)


def sky_summary(manifest: Path) -> dict[str, dict[str, Any]]:
    """Summarise the distributions of a written sky.

    Parameters
    ----------
    manifest : Path
        The manifest of any simulated sky. If its rows have objects (cutouts, cubes), those are counted; else the
        subjects.

    Returns
    -------
    dict
        By class: `n`, and of `snr`, `mag` and `rate` the 5, 25, 50, 75 and 95 % points, where a class has them.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with manifest.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for obj in json.loads(row["#objects"]) if "#objects" in row else [whole_subject(row)]:
                found[obj.get("class", "MOVER")].append(obj)
    return {name: distribution(found[name]) for name in sorted(found)}


def whole_subject(row: dict[str, str]) -> dict[str, Any]:
    known = {"snr": row["#snr"], "mag": row["mag"], "rate": row["rate"]}
    return {"class": row["label"]} | {name: float(text) for name, text in known.items() if text}


def distribution(objects: list[dict[str, Any]]) -> dict[str, Any]:
    percentiles: dict[str, Any] = {"n": len(objects)}
    for name in NUMBERS:
        values = [obj[name] for obj in objects if name in obj]
        if values:
            percentiles[name] = np.percentile(values, PERCENTILES).round(2).tolist()
    return percentiles

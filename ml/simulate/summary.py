"""Summary of a simulated sky: magnitudes, S/N and rates, class by class."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = ("snr", "mag", "rate")
PERCENTILES = (5, 25, 50, 75, 95)


def summary(manifest: Path) -> dict[str, dict[str, Any]]:
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
            for thing in json.loads(row["#objects"]) if "#objects" in row else [whole(row)]:
                found[thing.get("class", "MOVER")].append(thing)
    return {name: described(found[name]) for name in sorted(found)}


def whole(row: dict[str, str]) -> dict[str, Any]:
    known = {"snr": row["#snr"], "mag": row["mag"], "rate": row["rate"]}
    return {"class": row["label"]} | {name: float(text) for name, text in known.items() if text}


def described(things: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"n": len(things)}
    for name in NUMBERS:
        values = [thing[name] for thing in things if name in thing]
        if values:
            told[name] = np.percentile(values, PERCENTILES).round(2).tolist()
    return told

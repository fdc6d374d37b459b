"""Run the commands of a row and store their output."""

import datetime
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.interval import interval
from bench.papers.row import Figure, Paper, Row
from ml.inference.checkpoint import code_version

ROOT = Path(__file__).resolve().parents[2]
WORK = Path("var/papers")
RESULTS = Path(__file__).parent / "results"


class Failed(RuntimeError):
    """A command of a row failed."""


def run_row(paper: Paper, row: Row) -> dict[str, Any]:
    """Run every step of a row, write results/ROW.json and return it."""
    places = {name: str(_sky(name, words)) for name, words in paper.skies.items() if _names(row, name)}
    places["out"] = str(WORK / "rows" / row.key)
    (ROOT / places["out"]).mkdir(parents=True, exist_ok=True)
    said, commands, minutes, peak = {}, [], {}, 0.0
    for step in row.steps:
        words = ["-m", step.module, *shlex.split(step.words.format(**places))]
        commands.append(shlex.join(["python", *words]))
        said[step.key], seconds, megabytes = command(words)
        minutes[step.key], peak = round(seconds / 60, 2), max(peak, megabytes)
    result = {
        "skies": [
            f"python -m ml simulate {paper.skies[name]} --out {places[name]}" for name in places if name != "out"
        ],
        "commands": commands,
        "figures": {figure.name: value_of(figure, said) for figure in row.figures},
        "minutes": minutes,
        "peak_mb": round(peak),
        "cores": len(os.sched_getaffinity(0)),
        "made": datetime.datetime.fromtimestamp(time.time(), datetime.UTC).date().isoformat(),
        "code_version": code_version(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{row.key}.json").write_text(json.dumps(result, indent=2) + "\n")
    return result


def value_of(figure: Figure, said: dict[str, Any]) -> dict[str, float | None]:
    """Return a figure's value, and the ends of its interval where it has one.

    Raises
    ------
    Failed
        If no step printed it.
    """
    step, *keys = figure.at.split("/")
    if step.endswith("*"):
        value: Any = _mean([_at(found, keys) for name, found in said.items() if name.startswith(step[:-1])])
    else:
        value = _at(said.get(step), keys)
    if isinstance(value, dict) and "mean" in value:
        mean, half = value["mean"], value.get("half_width")
        if not half:  # one draw, or all draws the same
            return {"value": mean, "low": None, "high": None}
        return {"value": mean, "low": round(mean - half, 4), "high": round(mean + half, 4)}
    if not isinstance(value, int | float):
        raise Failed(f"No step of this row printed {figure.at}.")
    low, high = said[step].get("intervals", {}).get(keys[-1]) or (None, None)
    return {"value": value, "low": low, "high": high}


def _at(value: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _mean(values: list[Any]) -> dict[str, float] | None:
    return interval(values) if values and all(isinstance(value, int | float) for value in values) else None


def _names(row: Row, sky: str) -> bool:
    return any(f"{{{sky}}}" in step.words for step in row.steps)


def _sky(name: str, words: str) -> Path:
    """Return the folder of a simulated sky, simulating it if it is missing or was made with other options."""
    folder = WORK / "skies" / name
    made = ROOT / folder / "made-by.txt"
    if not made.is_file() or made.read_text() != words:
        command(["-m", "ml", "simulate", *shlex.split(words), "--out", str(folder)])
        made.write_text(words)
    return folder


def command(words: list[str]) -> tuple[dict[str, Any], float, float]:
    """Return what the command printed, its seconds and its peak memory in MB.

    Raises
    ------
    Failed
        If it ended with an error.
    """
    sys.stderr.write(f"$ python {shlex.join(words)}\n")
    began = time.monotonic()
    with subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        out = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(f"python {shlex.join(words)} exited with status {process.returncode}; see its message above.")
    return json.loads(out.splitlines()[-1]), time.monotonic() - began, usage.ru_maxrss / 1024

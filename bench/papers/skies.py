"""Measure S/N, magnitudes and rates of the papers' skies, and store them beside the rows' results."""

import datetime
import json
import shlex
import subprocess
import tempfile
import time
from collections import defaultdict
from typing import Any

from bench.papers.row import Paper
from bench.papers.run import RESULTS, ROOT, command
from ml.inference.checkpoint import code_version

SKIES = RESULTS / "skies"
OTHERWISE_ALIKE = ("--n", "--seed")


def kinds(paper: Paper) -> list[list[str]]:
    """Return a paper's skies by name, grouped if they differ only in size and seed, test skies first."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in sorted(paper.skies, key=lambda name: not _judges(paper, name)):
        alike[_kind(paper.skies[name])].append(name)
    order = list(paper.skies)
    return sorted(alike.values(), key=lambda names: min(order.index(name) for name in names))


def measured(paper: Paper, name: str) -> dict[str, Any] | None:
    """Return the stored measurement of a sky; None if it is missing or was made with other options."""
    path = SKIES / f"{name}.json"
    kept: dict[str, Any] | None = json.loads(path.read_text()) if path.is_file() else None
    return kept if kept and kept["command"] == _shown(paper.skies[name]) else None


def measure(paper: Paper, name: str) -> None:
    """Simulate a sky into a temporary folder, and write its statistics to results/skies/NAME.json.

    Raises
    ------
    Failed
        If the sky cannot be simulated.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "ml", "simulate", *shlex.split(paper.skies[name]), "--summary", "--out", folder]
        said, _, _ = command(words)
    kept = {
        "command": _shown(paper.skies[name]),
        "classes": said["classes"],
        "made": datetime.datetime.fromtimestamp(time.time(), datetime.UTC).date().isoformat(),
        "commit": _commit(),
        "code_version": code_version(),
    }
    SKIES.mkdir(parents=True, exist_ok=True)
    (SKIES / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n")


def _judges(paper: Paper, name: str) -> bool:
    steps = [step for row in paper.rows for step in row.steps]
    return any(step.words.startswith("evaluate") and f"{{{name}}}" in step.words for step in steps)


def _kind(words: str) -> tuple[str, ...]:
    """Return a sky's options without its size and seed."""
    said = shlex.split(words)
    return tuple(
        word
        for before, word in zip(["", *said], said, strict=False)
        if word not in OTHERWISE_ALIKE and before not in OTHERWISE_ALIKE
    )


def _shown(words: str) -> str:
    return f"python -m ml simulate {words} --summary --out DIR"


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()

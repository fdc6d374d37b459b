"""docs/papers.md, from the results alone."""

import json
from collections.abc import Iterable
from typing import Any

from bench.papers.row import Figure, Paper, Row
from bench.papers.run import RESULTS
from bench.papers.skies import kinds, measured

HEAD = """# The papers and ours

Made by `make papers`; do not edit. Every figure is measured on **simulated** skies, [made](simulations.md) as hard as
each paper's, on the number of cores that the row names; brackets are 95 % intervals by object. The papers' own figures
stand beside them; they were measured on the papers' data, so compare their order, not their last digit.
`python -m bench.papers --list` names the rows, and `python -m bench.papers ROW` runs one again.

How hard the skies are is measured too, class by class: the 5, 50 and 95 % points of S/N, magnitude and rate, of the
first of the skies named, which the others are like but for number and seed. `python -m bench.papers --skies --again`
measures them again.
"""
COLUMNS = ("model", "figure", "paper", "ours", "asked", "minutes")
SKY_COLUMNS = ("sky", "class", "n", "S/N 5 … 50 … 95 %", "magnitude", "rate (″/h)")
UNMEASURED = "not measured yet: `python -m bench.papers --skies`"
TOLD = ("snr", "mag", "rate")


def page(papers: Iterable[Paper]) -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *(_paper(paper) for paper in papers)])


def _paper(paper: Paper) -> str:
    results = {row.key: _result(row) for row in paper.rows}
    lines = [f"## {paper.title}", "", paper.source, "", paper.difficulty, "", *_skies(paper), ""]
    lines += [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
    lines += [line for row in paper.rows for line in _row(row, results[row.key])]
    notes = [f"- **{row.says}**: {row.note}" for row in paper.rows if row.note]
    lines += ["", *notes, ""] if notes else [""]
    commands = {command: None for result in results.values() if result for command in _commands(result)}
    commands |= {sky["command"]: None for names in kinds(paper) if (sky := measured(paper, names[0]))}
    lines += ["<details><summary>Commands</summary>", "", "```", *commands, "```", "", "</details>", ""]
    return "\n".join(lines)


def _skies(paper: Paper) -> list[str]:
    """Return the table of how hard a paper's skies are; classes without S/N, magnitude and rate are left out."""
    lines = [_line(SKY_COLUMNS), _line(["---"] * len(SKY_COLUMNS))]
    for names in kinds(paper):
        found = measured(paper, names[0])
        if found is None:
            lines.append(_line([", ".join(names), UNMEASURED, *[""] * 4]))
            continue
        told = {name: numbers for name, numbers in found["classes"].items() if any(key in numbers for key in TOLD)}
        for first, (name, numbers) in enumerate(told.items()):
            spans = [_span(numbers.get(key)) for key in TOLD]
            lines.append(_line(["" if first else ", ".join(names), name, str(numbers["n"]), *spans]))
    return lines


def _span(points: list[float] | None) -> str:
    """Return the 5, 50 and 95 % points of the five that a summary of a sky has."""
    return " … ".join(f"{value:.0f}" if value >= 100 else f"{value:#.3g}" for value in points[::2]) if points else ""


def _result(row: Row) -> dict[str, Any] | None:
    path = RESULTS / f"{row.key}.json"
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.is_file() else None
    return found


def _commands(result: dict[str, Any]) -> list[str]:
    return [*result["skies"], *result["commands"]]


def _row(row: Row, result: dict[str, Any] | None) -> list[str]:
    if result is None:
        return [_line([row.says, "", "", f"not run yet: `python -m bench.papers {row.key}`", "", ""])]
    minutes = f"{sum(result['minutes'].values()):.1f} ({result['cores']} cores, {result['peak_mb']} MB)"
    lines = []
    for first, figure in enumerate(row.figures):
        ours, asked = _ours(result["figures"].get(figure.name)), _asked(figure, result["figures"].get(figure.name))
        head, tail = (row.says, minutes) if first == 0 else ("", "")
        lines.append(_line([head, figure.name, _number(figure.paper), ours, asked, tail]))
    return lines


def _ours(found: dict[str, float | None] | None) -> str:
    if found is None:
        return "not measured"
    span = "" if found["low"] is None else f" ({_number(found['low'])}–{_number(found['high'])})"
    return _number(found["value"]) + span


def _asked(figure: Figure, found: dict[str, float | None] | None) -> str:
    if figure.least is None:
        return ""
    met = found is not None and found["value"] is not None and found["value"] >= figure.least
    return f"≥ {_number(figure.least)}: {'met' if met else '**not met**'}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if abs(value) < 1 else f"{value:.4g}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"

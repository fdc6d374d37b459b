"""Report of a demonstration: a table in the terminal, a JSON file, and a plot."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from bokeh.embed import file_html
from bokeh.layouts import column, row
from bokeh.models.formatters import NumeralTickFormatter
from bokeh.models.widgets import Div
from bokeh.plotting import figure
from bokeh.resources import INLINE
from rich.box import SIMPLE_HEAD
from rich.table import Table

from webapp.console.demo.experiment_arm import Outcome

ARMS = {"rounds": "uncertain", "control": "at random"}
CAPTION = (
    "Simulated volunteers. movers: real and retired as real; crowd: accuracy of what is retired; AP, AUC: the model,"
    " average precision and area under the ROC curve with its 95 % interval, on what it has not seen; *: champion."
)
MEASURES = {
    "movers_found": "movers found",
    "movers_per_100_votes": "movers found per 100 votes",
    "model_auc": "model, ROC AUC",
    "model_precision": "model, average precision",
}
COLOURS = {"rounds": "#0072b2", "control": "#d55e00"}
DASHES = {"rounds": "solid", "control": "dashed"}
FORMATS = {"movers_found": "0", "movers_per_100_votes": "0.0"}
TABLE_STYLE = """<style>
div { overflow-x: auto; max-width: calc(100vw - 1rem) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: 2px 10px; white-space: nowrap }
</style>"""
TOOLS = "pan,wheel_zoom,hover,reset,save"
Outcomes = dict[str, list[Outcome]]


def as_json(seed: int, seconds: float, surveys: dict[str, Outcomes]) -> dict[str, Any]:
    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "simulated": "The volunteers are simulated, and so are the skies unless a survey's name says otherwise.",
        "surveys": {
            name: {
                **{arm: [_rounded(outcome) for outcome in outcomes] for arm, outcomes in arms.items()},
                "votes_to_match_control": votes_to_match_control(arms),
            }
            for name, arms in surveys.items()
        },
    }


def votes_to_match_control(arms: Outcomes) -> int | None:
    """Return the votes after which the guided arm's AUC first reaches the last one of the control arm, by round.

    None if it never does, or if there is no control arm.
    """
    if "control" not in arms:
        return None
    wanted = arms["control"][-1].model_auc
    return next((outcome.votes for outcome in arms["rounds"] if outcome.model_auc >= wanted), None)


def _rounded(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome with four decimals, and null for what could not be measured."""
    return {name: _number(value) for name, value in asdict(outcome).items()}


def _number(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_number(each) for each in value]
    if not isinstance(value, float):
        return value
    return round(value, 4) if value == value else None


def table(name: str, arms: Outcomes) -> Table:
    """Return one survey's rounds, the control arm's under the main one's; a star marks a new champion."""
    result = Table(title=name, caption=CAPTION, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits 80 columns
    for heading in ("round", "asked", "votes", "movers", "labels", "crowd", "AP", "AUC"):
        result.add_column(heading, justify="left" if heading == "asked" else "right", no_wrap=True)
    for outcomes in zip(*arms.values(), strict=True):
        for arm, outcome in zip(arms, outcomes, strict=True):
            result.add_row(*_cells(ARMS[arm], outcome))
    return result


def _cells(arm: str, outcome: Outcome) -> list[str]:
    star = "*" if outcome.is_champion else " "
    low, high = outcome.model_auc_interval
    return [
        str(outcome.round),
        arm,
        str(outcome.votes),
        str(outcome.movers_found),
        str(outcome.labels),
        _accuracy(outcome),
        f"{outcome.model_precision:.3f}",
        f"{outcome.model_auc:.3f} {low:.3f}–{high:.3f}{star}",
    ]


def _accuracy(outcome: Outcome) -> str:
    """Return the accuracy of the consensus, or a dash while nothing is retired."""
    return "–" if math.isnan(outcome.consensus_accuracy) else f"{outcome.consensus_accuracy:.3f}"


def save(folder: Path, name: str, result: dict[str, Any], surveys: dict[str, Outcomes]) -> list[Path]:
    """Write `name`.json and `name`.html to `folder`; return their paths."""
    paths = [folder / f"{name}.json", folder / f"{name}.html"]
    paths[0].write_text(json.dumps(result, indent=2) + "\n")
    paths[1].write_text(file_html(_page(surveys), INLINE, "Wanderers: the loop, round by round"))
    return paths


def _page(surveys: dict[str, Outcomes]) -> Any:
    intro = Div(
        text="<h1>The loop, round by round</h1><p>Simulated volunteers. Both arms start from the same gold labels "
        "(round 0) and get equal votes. The model is measured on subjects that it has not seen. Intervals (bands in "
        "the plots) are of 95 %, by a bootstrap over subjects.</p>",
        sizing_mode="stretch_width",
    )
    parts = [part for name, arms in surveys.items() for part in _survey(name, arms)]
    return column(intro, *parts, sizing_mode="stretch_width")


def _survey(name: str, arms: Outcomes) -> list[Any]:
    plots = (_plot(arms, measure) for measure in MEASURES)
    return [
        Div(text=f"<h2>{name}</h2>"),
        row(*plots, styles={"flex-wrap": "wrap"}, sizing_mode="stretch_width"),
        Div(text=_html_table(arms), sizing_mode="stretch_width"),
    ]


def _html_table(arms: Outcomes) -> str:
    """Return the survey's figures, with intervals of 95 %, as a table."""
    rows = [
        {
            "round": outcome.round,
            "asked": ARMS[arm],
            "votes": outcome.votes,
            "movers found": _with_interval(outcome, "movers_found", ".0f"),
            "per 100 votes": _with_interval(outcome, "movers_per_100_votes", ".1f"),
            "labels": outcome.labels,
            "consensus, accuracy": _accuracy(outcome),
            "average precision": _with_interval(outcome, "model_precision", ".3f"),
            "ROC AUC": _with_interval(outcome, "model_auc", ".3f"),
            "AUC ahead of random": "" if ahead is None else f"{ahead[0]:+.3f} ({_span(ahead[1:], '+.3f')})",
        }
        for outcomes in zip(*arms.values(), strict=True)
        for arm, outcome in zip(arms, outcomes, strict=True)
        for ahead in [outcome.ahead]
    ]
    return f"{TABLE_STYLE}<div>{pd.DataFrame(rows).to_html(index=False, border=0)}</div>"


def _with_interval(outcome: Outcome, measure: str, form: str) -> str:
    return f"{getattr(outcome, measure):{form}} ({_span(_interval(outcome, measure), form)})"


def _interval(outcome: Outcome, measure: str) -> tuple[float, float]:
    low, high = getattr(outcome, f"{measure}_interval")
    return low, high


def _span(ends: Sequence[float], form: str) -> str:
    return f"{ends[0]:{form}} to {ends[1]:{form}}"


def _plot(arms: Outcomes, measure: str) -> Any:
    plot = figure(
        title=MEASURES[measure],
        x_axis_label="votes",
        width=350,
        height=320,
        tools=TOOLS,
    )
    plot.yaxis[0].formatter = NumeralTickFormatter(format=FORMATS.get(measure, "0.000"))
    for arm, outcomes in arms.items():
        votes, values = [outcome.votes for outcome in outcomes], [getattr(outcome, measure) for outcome in outcomes]
        legend, colour = f"asked: {ARMS[arm]}", COLOURS[arm]
        lows, highs = zip(*(_interval(outcome, measure) for outcome in outcomes), strict=True)
        plot.varea(votes, lows, highs, legend_label=legend, color=colour, fill_alpha=0.15)
        plot.line(votes, values, legend_label=legend, color=colour, line_dash=DASHES[arm], line_width=2)
        plot.scatter(votes, values, legend_label=legend, color=colour, size=7)
    plot.add_layout(plot.legend[0], "below")
    plot.legend.orientation, plot.legend.spacing = "horizontal", 12
    plot.legend.label_text_font_size = "11px"
    return plot

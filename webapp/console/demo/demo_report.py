"""Report of a demonstration: a table in the terminal, a JSON file, and a plot."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
    "Simulated volunteers. movers: real and retired as real; crowd, model: accuracy; AUC: model, real against bogus, on"
    " what it has not seen."
)
MEASURES = {
    "movers_found": "movers found",
    "model_auc": "model, ROC AUC",
    "model_accuracy": "model, accuracy",
    "consensus_accuracy": "consensus, accuracy",
}
COLOURS = {"rounds": "#0072b2", "control": "#d55e00"}
DASHES = {"rounds": "solid", "control": "dashed"}
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
    fields = asdict(outcome).items()
    return {
        name: (round(value, 4) if value == value else None) if isinstance(value, float) else value
        for name, value in fields
    }


def table(name: str, arms: Outcomes) -> Table:
    """Return one survey's rounds, the control arm's under the main one's; a star marks a new champion."""
    result = Table(title=name, caption=CAPTION, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits 80 columns
    for heading in ("round", "asked", "training", "votes", "movers", "labels", "crowd", "model", "AUC"):
        result.add_column(heading, justify="left" if heading in ("asked", "training") else "right", no_wrap=True)
    for outcomes in zip(*arms.values(), strict=True):
        for arm, outcome in zip(arms, outcomes, strict=True):
            result.add_row(*_cells(ARMS[arm], outcome))
    return result


def _cells(arm: str, outcome: Outcome) -> list[str]:
    star = "*" if outcome.is_champion else " "
    accuracies = [f"{value:.3f}" for value in (outcome.consensus_accuracy, outcome.model_accuracy)]
    counts = [str(outcome.votes), str(outcome.movers_found), str(outcome.labels)]
    return [str(outcome.round), arm, outcome.preset, *counts, *accuracies, f"{outcome.model_auc:.3f}{star}"]


def save(folder: Path, name: str, result: dict[str, Any], surveys: dict[str, Outcomes]) -> list[Path]:
    """Write `name`.json and `name`.html to `folder`; return their paths."""
    paths = [folder / f"{name}.json", folder / f"{name}.html"]
    paths[0].write_text(json.dumps(result, indent=2) + "\n")
    paths[1].write_text(file_html(_page(surveys), INLINE, "Wanderers: the loop, round by round"))
    return paths


def _page(surveys: dict[str, Outcomes]) -> Any:
    intro = Div(
        text="<h1>The loop, round by round</h1><p>Simulated volunteers. The model is measured on subjects that "
        "it has not seen. Equal votes in both arms.</p>"
    )
    plots = [row(*(_plot(name, arms, measure) for measure in MEASURES)) for name, arms in surveys.items()]
    return column(intro, *plots)


def _plot(name: str, arms: Outcomes, measure: str) -> Any:
    plot = figure(
        title=f"{name}: {MEASURES[measure]}",
        x_axis_label="votes",
        width=440,
        height=320,
        tools=TOOLS,
    )
    plot.yaxis[0].formatter = NumeralTickFormatter(format="0" if measure == "movers_found" else "0.000")
    for arm, outcomes in arms.items():
        votes, values = [outcome.votes for outcome in outcomes], [getattr(outcome, measure) for outcome in outcomes]
        plot.line(
            votes, values, legend_label=f"asked: {ARMS[arm]}", color=COLOURS[arm], line_dash=DASHES[arm], line_width=2
        )
        plot.scatter(votes, values, legend_label=f"asked: {ARMS[arm]}", color=COLOURS[arm], size=7)
    plot.legend.location = "bottom_right"
    return plot

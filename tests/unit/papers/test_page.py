import json
from dataclasses import replace

import pytest

from bench.papers import page as pages
from bench.papers import run
from bench.papers.__main__ import PAGE, papers
from bench.papers.row import Figure, Paper, Row, Step

ROW = Row(
    "stamps", "Ours", (Step("train --data {sky}"),), (Figure("AUC", "evaluate/roc_auc", 0.99, 0.98),), "with a note"
)
PAPER = Paper("A paper", "Somebody (2020)", "S/N 5 to 20", {"sky": "atlas --n 10"}, (ROW,))


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "RESULTS", tmp_path)
    return tmp_path


def kept(results, value):
    found = {"AUC": {"value": value, "low": value - 0.01, "high": value + 0.005}}
    made = {"minutes": {"train": 1.5}, "peak_mb": 900, "cores": 2, "made": "2026-11-20"}
    said = {"figures": found, "skies": ["A"], "commands": ["B"], **made}
    (results / "stamps.json").write_text(json.dumps(said))


def test_the_page_is_what_the_results_say():
    """Fails after editing docs/papers.md by hand, or running a row without rewriting the page."""
    assert PAGE.read_text() == pages.page(papers())


def test_a_row_shows_paper_and_ours_side_by_side(results):
    kept(results, 0.985)
    line = next(line for line in pages.page([PAPER]).splitlines() if line.startswith("| Ours"))
    figures = "0.9900 | 0.9850 (0.9750–0.9900) | ≥ 0.9800: met"
    assert line == f"| Ours | AUC | {figures} | 1.5 (2 cores, 900 MB) | 2026-11-20 |"


def test_what_is_not_reached_is_said(results):
    kept(results, 0.97)
    assert "≥ 0.9800: **not met**" in pages.page([PAPER])


def test_a_row_without_result_says_how_to_run_it(results):
    assert "not run yet: `python -m bench.papers stamps`" in pages.page([PAPER])


def test_a_figure_is_read_with_its_interval():
    said = {"evaluate": {"operating": {"rejected_at_0.996": 0.9}, "intervals": {"rejected_at_0.996": [0.8, 0.95]}}}
    figure = Figure("rejected", "evaluate/operating/rejected_at_0.996")
    assert run.value_of(figure, said) == {"value": 0.9, "low": 0.8, "high": 0.95}


def test_a_mean_has_its_interval_beside_it():
    few, every = {"mean": 0.98, "half_width": 0.01}, {"mean": 0.99, "half_width": 0.0}
    said = {"judge": {"sky": {"200": {"auc": few}, "3760": {"auc": every}}}}
    assert run.value_of(Figure("AUC", "judge/sky/200/auc"), said) == {"value": 0.98, "low": 0.97, "high": 0.99}
    assert run.value_of(Figure("AUC", "judge/sky/3760/auc"), said) == {"value": 0.99, "low": None, "high": None}


def test_repeated_steps_give_their_mean_and_its_interval():
    said = {f"evaluate {seed}": {"accuracy": value} for seed, value in enumerate((0.94, 0.95, 0.96))}
    found = run.value_of(Figure("accuracy", "evaluate */accuracy"), said)
    assert found == {"value": 0.95, "low": 0.9252, "high": 0.9748}


def test_a_repeated_step_without_the_figure_is_an_error():
    with pytest.raises(run.Failed, match="accuracy"):
        run.value_of(Figure("accuracy", "evaluate */accuracy"), {"evaluate 0": {"accuracy": 0.9}, "evaluate 1": {}})


def test_a_part_without_skies_has_no_table_of_them(results):
    assert "| sky |" not in pages.page([replace(PAPER, skies={})])
    assert "| sky |" in pages.page([PAPER])


def test_a_figure_that_no_step_printed_is_an_error():
    with pytest.raises(run.Failed, match="evaluate/kappa"):
        run.value_of(Figure("kappa", "evaluate/kappa"), {"evaluate": {}})


def test_keys_name_files_and_are_unique():
    keys = [row.key for paper in papers() for row in paper.rows]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("key", ["euclid_inception", "euclid_nasnet"])
def test_figures_with_imagenet_weights_stand_beside_no_row_without_them(key):
    row = next(row for paper in papers() for row in paper.rows if row.key == key)
    assert [figure.paper for figure in row.figures] == [None] * 3
    assert "With ImageNet weights" in row.note

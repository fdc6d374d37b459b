"""The report of a demonstration."""

import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from webapp.console.demo.demo_report import as_json, save, table, votes_to_match_control
from webapp.console.demo.experiment_arm import Outcome, found_intervals

FIRST = Outcome(
    round=1, labels=90, votes=100, movers_found=3, movers_found_interval=(1.0, 6.0), movers_per_100_votes=3.0,
    movers_per_100_votes_interval=(1.12, 5.61), consensus_accuracy=0.9, model_precision=0.3,
    model_precision_interval=(0.25, 0.36), model_auc=0.7, model_auc_interval=(0.65, 0.75), is_champion=True, verdict="",
)  # fmt: skip


def arm(*aucs):
    return [replace(FIRST, round=n, votes=100 * n, model_auc=auc) for n, auc in enumerate(aucs, start=1)]


def test_the_votes_that_asking_saves_are_counted_by_round():
    assert votes_to_match_control({"rounds": arm(0.7, 0.85, 0.9), "control": arm(0.7, 0.75, 0.8)}) == 200
    assert votes_to_match_control({"rounds": arm(0.7, 0.75), "control": arm(0.7, 0.8)}) is None
    assert votes_to_match_control({"rounds": arm(0.7)}) is None


def test_what_could_not_be_measured_is_null_in_the_file():
    rounds = [replace(FIRST, consensus_accuracy=float("nan"), model_auc=0.123456)]
    survey = as_json(1, 2.345, {"sky": {"rounds": rounds}})["surveys"]["sky"]
    assert (survey["rounds"][0]["consensus_accuracy"], survey["rounds"][0]["model_auc"]) == (None, 0.1235)
    assert (survey["rounds"][0]["movers_found"], survey["votes_to_match_control"]) == (3, None)


def test_the_table_fits_a_terminal_of_80_columns():
    row = replace(FIRST, votes=12_000, labels=1200, movers_found=310, movers_per_100_votes=12.5)
    console = Console(width=80, record=True, file=StringIO())
    console.print(table("sky", {"rounds": [row], "control": [row]}))
    text = console.export_text()
    assert "…" not in text
    assert "uncertain" in text


def test_before_the_first_vote_the_table_has_a_dash():
    start = replace(FIRST, round=0, votes=0, movers_found=0, consensus_accuracy=float("nan"))
    console = Console(width=80, record=True, file=StringIO())
    console.print(table("sky", {"rounds": [start]}))
    text = console.export_text()
    assert " – " in text
    assert "nan" not in text


def test_file_and_page_give_every_figure_with_its_interval(tmp_path):
    surveys = {"sky": {"rounds": [FIRST]}}
    file, page = save(tmp_path, "demo", as_json(1, 2.0, surveys), surveys)
    saved, text = json.loads(file.read_text())["surveys"]["sky"]["rounds"][0], page.read_text()
    assert saved["movers_found_interval"] == [1.0, 6.0]
    assert saved["movers_per_100_votes_interval"] == [1.12, 5.61]
    assert saved["model_precision_interval"] == [0.25, 0.36]
    for cell in ("3 (1 to 6)", "3.0 (1.1 to 5.6)", "0.300 (0.250 to 0.360)"):
        assert f"&gt;{cell}&lt;" in text


def test_the_interval_of_what_was_found_is_that_of_drawing_other_subjects():
    votes = {f"s{number}": 3 for number in range(400)}
    found, rate = found_intervals(votes, {f"s{number}" for number in range(40)})
    error = (400 * 0.1 * 0.9) ** 0.5
    assert found == pytest.approx((40 - 1.96 * error, 40 + 1.96 * error), abs=2)
    assert rate == pytest.approx(tuple(100 * end / 1200 for end in found))
    assert found_intervals({}, set()) == ((0, 0), (0, 0)), "before the first vote"


def test_file_and_page_say_how_far_asking_well_is_ahead(tmp_path):
    arms = {"rounds": [replace(FIRST, ahead=(0.0217, 0.0113, 0.0338))], "control": [FIRST]}
    surveys = {"sky": arms}
    file, page = save(tmp_path, "demo", as_json(1, 2.0, surveys), surveys)
    assert json.loads(file.read_text())["surveys"]["sky"]["rounds"][0]["ahead"] == [0.0217, 0.0113, 0.0338]
    text = page.read_text()
    assert "+0.022 (+0.011 to +0.034)" in text
    assert "0.700 (0.650 to 0.750)" in text

import json

import pytest

from bench.papers import page as pages
from bench.papers import skies
from bench.papers.__main__ import failures, papers, unmeasured
from bench.papers.row import Figure, Paper, Row, Step
from bench.papers.run import Failed

STEPS = (Step("train --data {learn}"), Step("evaluate --data {test}"))
ROW = Row("stamps", "Ours", STEPS, (Figure("AUC", "evaluate/roc_auc"),))
WORDS = {
    "learn": "euclid --n 12 --seed 1",
    "test": "euclid --n 6 --seed 2",
    "fast": "euclid --n 6 --seed 2 --rates 1:2",
}
PAPER = Paper("A paper", "Somebody (2020)", "Faint", WORDS, (ROW,))
POINTS = [5.11, 8.0, 42.26, 99.0, 1234.4]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(skies, "SKIES", tmp_path)
    return tmp_path


def tell(folder, name, command):
    said = {"command": command, "classes": {"SSO": {"n": 3, "snr": POINTS, "mag": POINTS}, "CR": {"n": 2}}}
    (folder / f"{name}.json").write_text(json.dumps(said))


def test_skies_that_differ_in_number_and_seed_are_one_kind_and_the_judging_one_stands_for_them():
    assert skies.kinds(PAPER) == [["test", "learn"], ["fast"]]


def test_a_measured_sky_is_told_class_by_class_with_the_command_that_told_it(kept):
    tell(kept, "test", "python -m ml simulate euclid --n 6 --seed 2 --summary --out DIR")
    lines = pages.page([PAPER]).splitlines()
    assert "| test, learn | SSO | 3 | 5.11 … 42.3 … 1234 | 5.11 … 42.3 … 1234 |  |" in lines
    assert not [line for line in lines if "| CR |" in line]  # nothing is known of its light
    assert "python -m ml simulate euclid --n 6 --seed 2 --summary --out DIR" in lines


def test_a_sky_that_was_never_measured_or_with_other_words_says_how_to(kept):
    tell(kept, "test", "python -m ml simulate euclid --n 5 --seed 2 --summary --out DIR")
    lines = pages.page([PAPER]).splitlines()
    for name in ("test, learn", "fast"):
        assert f"| {name} | not measured yet: `python -m bench.papers --skies` |  |  |  |  |" in lines


def test_measuring_keeps_numbers_command_date_and_code(kept):
    skies.measure(PAPER, "test")
    found = skies.measured(PAPER, "test")
    assert found["classes"]["SSO"]["n"] == 3
    assert len(found["classes"]["SSO"]["snr"]) == 5
    assert {"command", "made", "commit", "code_version"} <= set(found)
    assert [path.name for path in kept.iterdir()] == ["test.json"]


def test_every_paper_says_how_hard_its_skies_are():
    assert unmeasured(again=False) == []
    assert len(unmeasured(again=True)) == sum(len(skies.kinds(paper)) for paper in papers())


def test_what_fails_is_told_and_the_rest_is_done(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("bench.papers.__main__.PAGE", tmp_path / "papers.md")
    done = []

    def fail():
        raise Failed("no such sky")

    assert failures({"first": fail, "second": lambda: done.append("second")}) == 1
    assert (done, capsys.readouterr().err) == (["second"], "no such sky\n")
    assert (tmp_path / "papers.md").is_file()

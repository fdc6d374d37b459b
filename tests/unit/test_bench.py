"""`make bench` fails if a floor was missed, and names it."""

import json
import subprocess
import sys

import pytest

from bench import __main__ as bench

FAST = {"rate": 9, "met": True}
CROWD = {"methods": {"swap": {"met": True}, "glad": {"met": False}}, "met": False}


@pytest.fixture
def run(monkeypatch):
    """Run fake benchmarks that print the given results, or fail; return the exit status."""

    def run_all(told):
        def tell(command, **_):
            words = told[command[-1].removeprefix("bench.")]
            return subprocess.CompletedProcess(command, int(words is None), stdout=json.dumps(words))

        monkeypatch.setattr(sys, "argv", ["bench", *told])
        monkeypatch.setattr(bench.subprocess, "run", tell)
        return bench.main()

    return run_all


def test_floors_that_are_met_or_not_there_end_well(run, capsys):
    assert run({"stamps": FAST, "round": {"seconds": 3}}) == 0
    assert "Missed" not in capsys.readouterr().out


def test_missed_floors_are_named_at_the_end_and_fail(run, capsys):
    assert run({"stamps": FAST, "crowd": CROWD, "round": {"met": False}}) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Missed floors: crowd methods glad, round."


def test_a_benchmark_that_fails_fails_all(run):
    assert run({"stamps": FAST, "round": None}) == 1

"""`make bench` fails if a floor was missed, and names it."""

import json
import subprocess
import sys

import pytest

from bench import __main__ as bench
from bench.chaos.injection import is_ready, was_amid_stream
from bench.chaos.report import is_harmless, table

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


WELL = {
    "fault": "kill -9 of the worker", "under_way": ["ingest"], "waited": 0.3, "ended": 47.6, "lasted": 0.1,
    "hangs": False, "failed": [], "lost": 0, "doubled": 0, "wrong counters": 0, "over-asked": 0, "from nowhere": 0,
    "refused": 3, "injected": True,
}  # fmt: skip


def test_a_fault_that_damages_nothing_is_harmless_and_fills_a_row():
    assert is_harmless(WELL)
    head, _, row = table([WELL]).splitlines()
    assert head.count("|") == row.count("|")
    assert row == "| kill -9 of the worker | ingest | 0.3 | 47.6 | 0 | 0 | 0 | 0 | 0 | 0 |"


@pytest.mark.parametrize(
    "damage",
    [{"lost": 1}, {"doubled": 1}, {"wrong counters": 1}, {"over-asked": 1}, {"from nowhere": 1},
     {"failed": ["Ingest 1"]}, {"ended": None, "left": ["a job"]}, {"ended": 61.0}, {"injected": False},
     {"under_way": []}],
)  # fmt: skip
def test_a_fault_that_damages_anything_fails_the_run_and_is_in_the_table(damage):
    assert not is_harmless(WELL | damage)
    assert table([WELL | damage]) != table([WELL])


class Packets:
    """A stream whose listener stores some packets at each look."""

    def __init__(self, at_once):
        self.at_once, self.sent, self.read = at_once, 600, 0

    def send(self, count):
        self.sent += count

    def stored(self):
        self.read = min(self.sent, self.read + self.at_once)
        return self.read

    def unread(self):
        return self.sent - self.read


OF_LISTENER = ("kill -9 of the listener", "SIGSTOP of the listener")


@pytest.mark.parametrize("name", OF_LISTENER)
def test_a_fault_of_the_listener_comes_while_packets_arrive(name):
    stream = Packets(at_once=50)
    assert is_ready(name, stream)
    assert 0 < stream.read < stream.sent
    assert was_amid_stream(name, stream)


@pytest.mark.parametrize("name", OF_LISTENER)
def test_a_listener_that_reads_nothing_is_not_broken_and_the_row_says_so(name):
    assert not is_ready(name, Packets(at_once=0), seconds=0.2)
    row = table([WELL | {"injected": False}]).splitlines()[-1]
    assert "not injected: no packets arrived" in row


@pytest.mark.parametrize("name", OF_LISTENER)
def test_a_listener_that_had_read_everything_when_it_was_broken_proves_nothing(name):
    stream = Packets(at_once=50)
    stream.read = stream.sent
    assert not was_amid_stream(name, stream)


def test_other_faults_come_without_a_stream():
    stream = Packets(at_once=0)
    assert is_ready("kill -9 of the worker", stream)
    stream.read = stream.sent
    assert was_amid_stream("kill -9 of the worker", stream)

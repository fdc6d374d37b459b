"""A round on 1,000,000 stamps with stored features: retrain a head, rescore, requeue, and serve the first volunteer.

Through a real worker and a real web server. Then volunteers who look for a second ask for the next subject, first on an
idle site and then while the archive is scored anew, again and again. Memory is that of worker, web server and database
together (PSS, so that shared pages count once), sampled every second. Their CPU seconds tell what a busy machine's wall
time does not.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Any

import httpx
import psutil

from bench import _site  # first: it sets the environment

# isort: split
import numpy as np
from django.db import connection

from bench._worker import wait_for, worker_of_its_own
from bench.next_submit import cycles, make_volunteers, percentiles
from bench.round import Archive, go_round, make_archive
from webapp.learning.models import Checkpoint, ScoringRun
from webapp.learning.scoring import start_scoring
from webapp.workflows.models import Workflow

MILLION = 1_000_000
PEOPLE, LOOK, WINDOW = 8, 1.0, 60.0
WARM_UP = 8.0  # seconds, in which each volunteer asks for the first time, which takes longer once
FLOORS = {"served_seconds": 180, "memory_gb": 6.0, "next_p95_ratio": 1.2}


class Watch:
    """The most memory that the site's processes have had together, in GB, and their CPU seconds."""

    def __init__(self) -> None:
        self.most, self.cpu, self.over = 0.0, dict[int, float](), threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watch":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def cpu_seconds(self) -> float:
        """Return the CPU seconds since the processes began; a connection that was closed meanwhile counts too."""
        return sum(self.cpu.values())

    def _watch(self) -> None:
        while not self.over.wait(1.0):
            memory = 0
            for process in _processes():
                with suppress(psutil.Error):
                    memory += process.memory_full_info().pss
                    self.cpu[process.pid] = sum(process.cpu_times()[:2])
            self.most = max(self.most, memory / 1e9)


def _processes() -> list[psutil.Process]:
    """Return the site's processes: our children with theirs, and the database, which has no parent."""
    children = psutil.Process().children(recursive=True)
    database = [
        one for one in psutil.process_iter(["cmdline"]) if str(_site.FOLDER) in " ".join(one.info["cmdline"] or ())
    ]
    found = {one.pid: one for each in database for one in [each, *_children(each)]} | {one.pid: one for one in children}
    found.pop(os.getpid(), None)
    return list(found.values())


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def first_served(port: int, workflow: Workflow) -> float:
    """Return the seconds in which a new volunteer gets a first subject."""
    [token] = make_volunteers(1)
    address = f"http://127.0.0.1:{port}/api/workflows/{workflow.slug}/next/?n=1"
    began = time.monotonic()
    reply = httpx.get(address, headers={"Authorization": f"Token {token}"}, timeout=60)
    assert reply.json()["items"], "The queue is empty."
    return time.monotonic() - began


def while_scoring(port: int, workflow: Workflow) -> dict[str, Any]:
    """Measure next on an idle site, and while the archive is scored by its champion again and again."""

    def ask() -> list[float]:
        told = cycles(port, PEOPLE, [workflow.slug], pause=LOOK, window=WINDOW, warm_up=WARM_UP)
        return [each[0] for each in told]

    idle = ask()
    with _scored_again_and_again() as seconds:
        busy = ask()
    idle_ms, busy_ms = (percentiles(np.array(each)) for each in (idle, busy))
    return {
        "idle_ms": idle_ms, "idle_requests": len(idle), "scoring_ms": busy_ms, "scoring_requests": len(busy),
        "scoring_seconds": seconds, "ratio": round(busy_ms["p95"] / idle_ms["p95"], 2),
    }  # fmt: skip


@contextmanager
def _scored_again_and_again() -> Iterator[list[float]]:
    """Score the archive anew, as soon as it is scored, while the block runs; fill a list with the seconds of each."""
    over, seconds = threading.Event(), list[float]()

    def score() -> None:
        with closing(connection):
            while not over.is_set():
                began = time.monotonic()
                run = start_scoring(Checkpoint.objects.get(is_champion=True))
                wait_for(ScoringRun.objects.filter(pk=run.pk).over().exists, run)
                seconds.append(round(time.monotonic() - began, 1))

    with ThreadPoolExecutor(1) as pool:
        scoring = pool.submit(score)
        try:
            yield seconds
        finally:
            over.set()
        scoring.result()


def is_met(result: dict[str, Any]) -> bool:
    is_served = result["served_seconds"] <= FLOORS["served_seconds"] and result["memory_gb"] < FLOORS["memory_gb"]
    return is_served and result["next"]["ratio"] <= FLOORS["next_p95_ratio"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--subjects", type=int, default=MILLION, help="a smaller archive, for a busy machine")
    size = Archive(parser.parse_args().subjects, 1, "stamp", gold_every=1_000, voted_every=200)
    began = time.monotonic()
    workflow = make_archive(size)
    result: dict[str, Any] = {"subjects": size.subjects, "cores": os.cpu_count()}
    result["setup_seconds"] = round(time.monotonic() - began, 1)
    with _site.web_server() as port, worker_of_its_own(), Watch() as watch:
        time.sleep(3)
        before = watch.cpu_seconds()
        result["round"] = go_round(workflow)
        result["served_seconds"] = round(result["round"]["round_seconds"] + first_served(port, workflow), 1)
        result["round_cpu_seconds"] = round(watch.cpu_seconds() - before, 1)
        result["load_average"] = round(os.getloadavg()[0], 1)
        print(json.dumps(result), file=sys.stderr, flush=True)
        result["next"] = while_scoring(port, workflow)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        result["database_gb"] = round(cursor.fetchone()[0] / 1e9, 2)
    result["memory_gb"] = round(watch.most, 2)
    print(json.dumps(result | {"floor": FLOORS, "met": is_met(result)}))


if __name__ == "__main__":
    main()

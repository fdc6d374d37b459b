"""A worker's children report that they work, and the queues that it serves: an idle one when asked, a busy one itself.

Its parent asks, as it would hand over any task, so that what hinders tasks hinders reports. It does so directly, since
a queue may be served by others, or have nothing in it for days. A child on a task reports from a second thread, however
long it takes; a task that hangs is ended by its time limit, or by its job's patience (tasks/heartbeat.py).

A stopped child does neither, while the others report that all is well: its parent kills it, and starts another. A new
worker gives back the jobs of the one before it, whose leases need not run out.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
from celery import bootsteps, current_task
from django.db import DatabaseError, close_old_connections, connection
from django.db.models.functions import Now

from webapp.core.jobs import LEASE, LeaseLost
from webapp.core.models import Worker
from webapp.operations.job_overview import job_models

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two reports."""
LOOK_EVERY = 10.0
"""Seconds between two looks for stopped children."""


class QueueReport(bootsteps.StartStopStep):
    """A step of the worker's start, whose children are asked from its event loop."""

    requires = ("celery.worker.components:Pool",)
    asked = 0
    """How many children were asked, or will be once they are free, and have not answered yet."""
    stopped: frozenset[psutil.Process] = frozenset()
    """The children that were stopped at the last look."""

    def start(self, worker: Any) -> None:
        """Give back the jobs of workers that ran here by this name and have died."""
        _written(lambda: give_back_jobs(worker.hostname))

    def register_with_event_loop(self, worker: Any, hub: Any) -> None:
        """Ask now and again and again; anew at each connection to the broker, where the worker forgets what waits."""
        self.asked = 0
        hub.call_soon(self._ask, worker)
        hub.timer.call_repeatedly(EVERY, self._ask, (worker,))
        hub.timer.call_repeatedly(LOOK_EVERY, self._kill_stopped)

    def stop(self, worker: Any) -> None:
        """Take the report back: the worker finishes what it has, and takes no more."""
        take_back_report(worker.hostname)

    def _ask(self, worker: Any) -> None:
        """Ask a child that is free, or becomes so; one that hangs keeps the question, and the next goes to another."""
        if self.asked < worker.concurrency:
            self.asked += 1
            worker.semaphore.acquire(self._send, worker)

    def _send(self, worker: Any) -> None:
        told = (f"{worker.hostname} {os.getpid()}", [*worker.app.amqp.queues.consume_from])
        worker.pool.apply_async(report, told, callback=self._answered, error_callback=self._answered)

    def _answered(self, answer: Any) -> None:
        self.asked = max(0, self.asked - 1)

    def _kill_stopped(self) -> None:
        """Kill the children that were stopped at the last look, and still are; the pool starts others."""
        stopped = frozenset(filter(_is_stopped, psutil.Process().children()))
        for child in stopped & self.stopped:
            log.warning("A process of the worker was stopped (SIGSTOP), and is killed: %s", child.pid)
            child.kill()
        self.stopped = stopped


class LastReport(bootsteps.StartStopStep):
    """A step of the consumer's end, after all children have: one may have answered since the report was taken back."""

    def shutdown(self, consumer: Any) -> None:
        take_back_report(consumer.hostname)


def take_back_report(node: str) -> None:
    _written(lambda: Worker.objects.filter(name=f"{node} {os.getpid()}").delete())


def _is_stopped(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False


def give_back_jobs(node: str) -> None:
    """Send the jobs again that dead workers of Celery's name `node` left: this one has not begun any."""
    for name in Worker.objects.of(node).recent(2 * LEASE).values_list("name", flat=True):
        if _runs(int(name.rpartition(" ")[2])):
            continue
        for model in job_models().values():
            for row in model._default_manager.left_by(name):
                with suppress(LeaseLost):
                    row.give_back()
                    log.warning("%s goes on: its worker has died.", row)


def _runs(pid: int) -> bool:
    """Return whether another worker has this process id; the number may be somebody else's by now, or our own."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return pid != os.getpid() and "tasks.worker" in psutil.Process(pid).cmdline()
    return False


def report(name: str, queues: list[str]) -> None:
    """Report, in an idle child, that the worker serves these queues."""
    close_old_connections()
    _written(lambda: Worker.objects.write(name, queues))


@contextmanager
def reported_at_work() -> Iterator[None]:
    """Report from a second thread until the block ends; outside a worker, do nothing."""
    name, over = name_of_worker(), threading.Event()
    if name is not None:
        threading.Thread(target=_report_work, args=[name, over], name="report of work", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def name_of_worker() -> str | None:
    """Return the name of the worker that runs the task in one of its children; None in a shell or test."""
    request = current_task.request if current_task else None
    if request is None or request.called_directly or request.is_eager:
        return None
    return f"{request.hostname} {os.getppid()}"


def _report_work(name: str, over: threading.Event) -> None:
    """Report without bringing back the row of a worker that was asked to stop."""
    while not over.wait(EVERY):
        _written(lambda: Worker.objects.filter(name=name).update(seen_at=Now()))


def _written(write: Callable[[], Any]) -> None:
    """Write, in a connection for this once; without a database, log that and continue."""
    try:
        write()
    except DatabaseError:
        log.warning("The worker could not report to the database.", exc_info=True)
    finally:
        connection.close()

"""Several changes at once, each on a connection of its own, and whether the queue is right after them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

from django.db import connection
from django.db.models import Count

from tests.integration.world import standing
from webapp.queue.entries import open_slots
from webapp.queue.models import Lease, QueueEntry


def at_once(function, *arguments):
    """Call `function` with each argument in its own thread, all starting together; return the results."""
    start = Barrier(len(arguments))

    def run(argument):
        try:
            start.wait()
            return function(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as threads:
        return list(threads.map(run, arguments))


def beside(change):
    """Return a thread that makes a change on a connection of its own."""

    def run():
        change()
        connection.close()

    return Thread(target=run)


def queue_is_consistent(workflow):
    leases = dict(Lease.objects.values_list("entry").annotate(Count("pk")))
    votes = dict(standing(workflow).values_list("subject").annotate(Count("pk")))
    for entry in QueueEntry.objects.filter(workflow=workflow, is_gold=False):
        expected = open_slots(workflow, votes.get(entry.subject_id, 0), leases.get(entry.pk, 0))
        assert entry.open_slots == expected, entry
    return True

"""Background jobs: a row with a renewable lease. The row is the truth; the message only points to it.

A message may be lost or repeated, or its worker killed midway. A worker owns a job only as long as a conditional UPDATE
succeeds; the sweep (tasks/housekeeping.py) sends unowned jobs again.
"""

import hashlib
import os
import time
import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest, Least, Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webapp.core import dispatch
from webapp.core.stored_messages import MessageField, Sentence

LEASE = settings.JOB_LEASE
IS_VALID = Q(lease_until__gte=Now(), lease_until__lte=Now() + 2 * LEASE)
"""A lease that reaches further than any can was given by a clock that has been set back since."""
GOT_FURTHER = Q(done__gt=F("furthest"))
RESEND_AFTER = LEASE / 2
WAIT = LEASE / 3
"""How long a job that lacks something is left alone; then the next sweep sends it again."""
RESEND_AT_LEAST_EVERY = timedelta(minutes=10)
MAX_ATTEMPTS = 5
"""Maximum attempts in a row without progress; those that met a full disk don't count."""
DAILY = timedelta(hours=22)
"""How long after a daily job, or one that failed, the next is due: less than a day, or its hour would move."""
MOST_TRACEBACK = 20_000  # characters
GIVEN_UP = Sentence("The worker crashed %(times)s times. See the worker's log, then start again.")
HUNG = Sentence(
    "The last of %(times)s attempts made no progress for %(minutes)s minutes and was ended. See the worker's log, then"
    " start again."
)

NO_ROOM_YET = Sentence("The disk is full. Free some space, and this goes on by itself.")
NO_PIXELS_YET = Sentence("The bucket of pixels does not answer. This goes on by itself when it does.")


class LeaseLost(Exception):
    """Another worker owns the job now; stop without writing."""


class Cancelled(Exception):
    """Cancellation of the job was requested."""


class AnotherOpen(Exception):
    """A failed job is not tried again, since another one that waits or runs does its work."""


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class JobQuerySet(models.QuerySet[Any]):
    def open(self) -> Self:
        """Jobs that wait or run."""
        return self.filter(state__in=(JobState.QUEUED, JobState.RUNNING))

    def over(self) -> Self:
        """Jobs that have ended, well or not."""
        return self.filter(state__in=OVER)

    def held(self) -> Self:
        """Jobs that a worker owns."""
        return self.filter(IS_VALID, state=JobState.RUNNING)

    def claimable(self) -> Self:
        """Unowned jobs: waiting ones, and running ones without a valid lease."""
        return self.filter(Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING) & ~IS_VALID)

    def stuck(self, *, has_messages: bool = True) -> Self:
        """Claimable jobs whose message was probably lost.

        The interval between messages doubles for a waiting job, so that a long queue does not fill with messages; but
        not if the broker has none left.
        """
        doubled = Greatest(F("sent_at") - F("created_at"), RESEND_AFTER) if has_messages else RESEND_AFTER
        waited = Least(doubled, RESEND_AT_LEAST_EVERY)
        left = Q(state=JobState.RUNNING, sent_at__lt=Now() - RESEND_AFTER)
        lost = Q(sent_at=None) | left | Q(sent_at__lt=Now() - waited)
        return self.claimable().filter(lost | Q(sent_at__gt=Now()))  # the clock has been set back since

    def left_by(self, worker: str) -> Self:
        """Return running jobs that this worker has claimed and not ended."""
        first, last = (uuid.UUID(bytes=_mark(worker) + 8 * end) for end in (b"\0", b"\xff"))
        return self.filter(state=JobState.RUNNING, token__range=(first, last))

    def claim(self, pk: int, worker: str = "") -> Any | None:
        """Return the job with a fresh lease, or None if someone else has it or it has ended.

        `worker` is the name by which `left_by` finds it.
        """
        token = uuid.UUID(bytes=_mark(worker) + os.urandom(8)) if worker else uuid.uuid4()
        won = (
            self.claimable()
            .filter(GOT_FURTHER | Q(fruitless__lt=MAX_ATTEMPTS), pk=pk)
            .update(
                state=JobState.RUNNING,
                token=token,
                lease_until=Now() + LEASE,
                attempts=F("attempts") + 1,
                fruitless=Case(When(GOT_FURTHER, then=1), default=F("fruitless") + 1),
                furthest=Greatest("furthest", "done"),
                message="",
                traceback="",
                started_at=Coalesce("started_at", Now()),
            )
        )
        return self.get(pk=pk) if won == 1 else None

    def give_up(self) -> int:
        """Fail claimable jobs that were tried too often; return how many. One that hung has a traceback from then."""
        hung = HUNG(times=MAX_ATTEMPTS, minutes=f"{self.model.patience.total_seconds() / 60:.0f}")
        words = [Value(each, MessageField()) for each in (GIVEN_UP(times=MAX_ATTEMPTS), hung)]
        return (
            self.claimable()
            .filter(~GOT_FURTHER, fruitless__gte=MAX_ATTEMPTS)
            .update(
                state=JobState.FAILED,
                finished_at=Now(),
                error=Case(When(traceback="", then=words[0]), default=words[1]),
            )
        )


def _mark(worker: str) -> bytes:
    """Return the first half of the tokens of a worker's jobs."""
    return hashlib.blake2b(worker.encode(), digest_size=8).digest()


class Job(models.Model):
    """The base of all jobs.

    `task` is the name of the Celery task that runs it, `title` that of its kind on pages. `patience` is how long it may
    go without a progress report before its worker takes it for hung (tasks/heartbeat.py).
    """

    task: ClassVar[str]
    title: ClassVar[Promise]
    patience: ClassVar[timedelta] = timedelta(minutes=30)
    progressed_at = 0.0  # monotonic seconds, in the process that runs it

    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    fruitless = models.PositiveSmallIntegerField(default=0, help_text="attempts since one got further than all before")
    furthest = models.PositiveBigIntegerField(default=0, help_text="the largest `done` that an earlier attempt reached")
    cancel_requested = models.BooleanField(default=False)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    message = MessageField(blank=True, default="")
    error = MessageField(blank=True, default="")
    traceback = models.TextField(blank=True, default="", editable=False, help_text="of the exception that failed it")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def fraction(self) -> float:
        """Progress, 0 to 1: 1 for a done job, whatever it left out; a training may stop before its last epoch."""
        if self.state == JobState.DONE:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def is_hopeless(self) -> bool:
        """Return whether it has failed for a reason that stays, so that another attempt would fail too."""
        return False

    def enqueue(self) -> None:
        """Announce the job once the transaction commits."""
        type(self).objects.filter(pk=self.pk).update(sent_at=Now())
        dispatch.send(self.task, self.pk)

    def renew(self, **fields: Any) -> None:
        """Report progress: renew the lease and store fields (`done`, `total`, `message`).

        Raises LeaseLost if the job belongs to another worker by now, Cancelled if cancellation was requested.
        """
        self.progressed_at = time.monotonic()
        self.extend_lease(**fields)

    def extend_lease(self, **fields: Any) -> None:
        """Renew the lease of a job that is in progress, without a sign of progress; errors as in `renew`."""
        self._write(lease_until=Now() + LEASE, **fields)
        if type(self).objects.filter(pk=self.pk, cancel_requested=True).exists():
            raise Cancelled

    @property
    def is_hung(self) -> bool:
        """Return whether it has reported no progress for longer than its patience."""
        return time.monotonic() - self.progressed_at > self.patience.total_seconds()

    def release(self, traceback: str) -> None:
        """Leave a job that hangs to the next worker, with the place where it hung."""
        self._write(lease_until=Now(), traceback=traceback[-MOST_TRACEBACK:])

    def give_back(self) -> None:
        """Leave a job to the next worker at once, in the caller's transaction."""
        self._write(lease_until=Now())
        self.enqueue()

    def wait(self, message: str) -> None:
        """Leave a job that lacks something to the next worker, after a while; this attempt does not count."""
        self._write(message=message, lease_until=Now() + WAIT, fruitless=F("fruitless") - 1)

    def finish(self, **fields: Any) -> None:
        self._write(state=JobState.DONE, finished_at=Now(), **fields)

    def fail(self, error: str, traceback: str = "") -> None:
        """End the job with a sentence for people, and for an unforeseen error its traceback, the end of a long one."""
        ended = {"state": JobState.FAILED, "finished_at": Now()}
        self._write(**ended, error=error, traceback=traceback[-MOST_TRACEBACK:])

    def end_cancelled(self) -> None:
        self._write(state=JobState.CANCELLED, finished_at=Now())

    def request_cancel(self) -> None:
        """Cancel a waiting job now, a running one at its next progress report."""
        jobs = type(self).objects.filter(pk=self.pk)
        jobs.update(cancel_requested=True)
        jobs.claimable().update(state=JobState.CANCELLED, finished_at=Now())

    def retry(self) -> bool:
        """Queue a failed job again; return False, and change nothing, if it has not failed, or is hopeless.

        Jobs that were given up get one more attempt. Kinds of which one may be open raise AnotherOpen, or the
        database's IntegrityError, beside another.
        """
        if self.is_hopeless:
            return False
        clean = {"error": "", "traceback": "", "token": None, "lease_until": None, "finished_at": None}
        again = (
            type(self)
            .objects.filter(pk=self.pk, state=JobState.FAILED)
            .update(
                state=JobState.QUEUED, fruitless=Least("fruitless", MAX_ATTEMPTS - 1), cancel_requested=False, **clean
            )
        )
        if again:
            self.enqueue()
        return bool(again)

    def _write(self, **fields: Any) -> None:
        owned = type(self).objects.filter(pk=self.pk, token=self.token, state=JobState.RUNNING)
        if owned.update(**fields) != 1:
            raise LeaseLost(f"{self._meta.label} {self.pk} belongs to another worker, or has ended.")
        for name, value in fields.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self, name, value)

"""Queue entries (a subject in a workflow's queue) and leases (its assignment to a volunteer)."""

import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from webapp.archive.models import Subject
from webapp.classifications.models import Reason
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

UNKNOWN = 1.0
"""Priority of a subject that neither a model nor a volunteer knows: a model gives none a higher one.

Only a first batch, chosen before there is a model, comes before (`webapp.learning.first_batch`)."""


def random_position() -> float:
    return random.random()


class QueueEntry(models.Model):
    """A subject in a workflow's queue. `open_slots` is how many more people it may be assigned to now."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="queue", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="queue_entries")
    priority = models.FloatField(default=UNKNOWN, help_text="the larger, the sooner")
    reason = models.CharField(max_length=10, choices=Reason, default=Reason.NEW)
    open_slots = models.SmallIntegerField(help_text="votes still wanted, less the leases that are out")
    random_key = models.FloatField(default=random_position, editable=False, help_text="where a random draw finds it")
    is_gold = models.BooleanField(default=False, help_text="served as training, also when a ruling retired it")
    is_retired = models.BooleanField(default=False)
    is_public = models.BooleanField(
        default=False, db_default=False, help_text="its class was published, so no verdict makes it train anybody"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "subject"], name="one_entry_per_subject")]
        indexes = [
            models.Index(
                "workflow",
                models.F("priority").desc(),
                "id",
                name="queue_by_priority",
                condition=Q(is_retired=False, is_gold=False, open_slots__gt=0),
            ),
            models.Index(
                "workflow",
                "random_key",
                name="queue_at_random",
                condition=Q(is_retired=False, is_gold=False, open_slots__gt=0),
            ),
            models.Index("workflow", "random_key", name="queue_of_gold", condition=Q(is_gold=True)),
        ]

    def __str__(self) -> str:
        return f"{self.subject} in {self.workflow}"


class LeaseQuerySet(models.QuerySet["Lease"]):
    def held_by(self, volunteer: Volunteer) -> models.QuerySet["Lease"]:
        """Leases of the volunteer, or of an unsaved newcomer."""
        return self.filter(newcomer=volunteer.key) if volunteer.pk is None else self.filter(volunteer=volunteer)

    def expired(self) -> models.QuerySet["Lease"]:
        """Leases that are over, or that were given by a clock which has been set back since."""
        now = timezone.now()
        return self.filter(Q(expires_at__lte=now) | Q(expires_at__gt=now + 2 * settings.LEASE_FOR))


class Lease(models.Model):
    """The assignment of a subject to one volunteer until `expires_at`; it occupies a slot meanwhile.

    A visitor who has answered nothing yet has no volunteer, and is identified by the key in their cookie.
    """

    entry = models.ForeignKey(QueueEntry, on_delete=models.CASCADE, related_name="leases")
    volunteer = models.ForeignKey(Volunteer, null=True, on_delete=models.CASCADE, related_name="leases", db_index=False)
    newcomer = models.UUIDField(null=True)
    reason = models.CharField(max_length=10, choices=Reason)
    expires_at = models.DateTimeField()

    objects = LeaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["volunteer", "entry"], name="one_lease_per_volunteer_and_entry"),
            models.UniqueConstraint(fields=["newcomer", "entry"], name="one_lease_per_newcomer_and_entry"),
            models.CheckConstraint(
                condition=Q(volunteer=None) ^ Q(newcomer=None), name="lent_to_a_volunteer_or_a_newcomer"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return f"{self.entry} lent to {self.volunteer or self.newcomer}"

    @property
    def is_valid(self) -> bool:
        """Whether it is not among `expired`."""
        return timedelta() < self.expires_at - timezone.now() <= 2 * settings.LEASE_FOR

    @property
    def holder(self) -> Any:
        """The primary key of the volunteer, or the key of the newcomer."""
        return self.volunteer_id or self.newcomer

from django.db import models

from webapp.archive.models import Subject
from webapp.consensus.models.shares import AGREEMENT, VOTES
from webapp.volunteers.models import Method, Workflow


class RetiredReason(models.TextChoices):
    """Panoptes' reasons."""

    CLASSIFICATION_COUNT = "classification_count"
    CONSENSUS = "consensus"
    FLAGGED = "flagged"
    NOTHING_HERE = "nothing_here"
    HUMAN = "human"
    OTHER = "other"


class Consensus(models.Model):
    """What the votes on one subject add up to, always recomputable from them."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="consensus")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="consensus")
    votes_yes = models.PositiveIntegerField(default=0)
    votes_no = models.PositiveIntegerField(default=0)
    votes_unsure = models.PositiveIntegerField(default=0)
    follow_ups = models.JSONField(default=dict, help_text="votes by follow-up answer")
    evidence = models.BigIntegerField(default=0, db_default=0, help_text="of all votes, millionths of a nat for yes")
    posterior = models.FloatField(help_text="probability of yes")
    method = models.CharField(max_length=20, choices=Method)
    version = models.PositiveIntegerField(default=1, help_text="counts the updates")
    is_retired = models.BooleanField(default=False)
    retired_reason = models.CharField(max_length=20, choices=RetiredReason, blank=True, default="")
    retired_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workflow", "subject"], name="one_consensus_per_subject")]
        indexes = [
            models.Index(fields=["workflow", "posterior"]),
            models.Index(fields=["workflow", "retired_at"]),
            models.Index("workflow", VOTES, "id", name="consensus_by_votes"),
            models.Index("workflow", AGREEMENT, "id", name="consensus_by_agreement"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.posterior:.2f}"

    @property
    def votes(self) -> int:
        return self.votes_yes + self.votes_no + self.votes_unsure

    @property
    def label(self) -> str:
        return "yes" if self.posterior >= 0.5 else "no"

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from webapp.archive.models import Subject, Survey
from webapp.jobs import Job
from webapp.learning.models.checkpoint import Checkpoint


class Score(models.Model):
    """What one checkpoint says of one subject."""

    pk = models.CompositePrimaryKey("checkpoint_id", "subject_id")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="scores", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="scores")
    probabilities = ArrayField(models.FloatField(), help_text="by class, in the checkpoint's order")
    p_real = models.FloatField(help_text="probability of a real mover")
    entropy = models.FloatField(help_text="nats, of real against bogus")

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.p_real:.3f}"


class ScoringRun(models.Model):
    """The archive of a survey, scored with one checkpoint, in shards; then priorities are written back."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="scoring_runs")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="scoring_runs")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, help_text="when the priorities were written")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Scoring {self.pk} with {self.checkpoint}"


class ScoringShard(Job):
    """A range of one pixel array. Idempotent: it replaces the scores of its range."""

    task: ClassVar[str] = "tasks.scoring.shard"

    run = models.ForeignKey(ScoringRun, on_delete=models.CASCADE, related_name="shards")
    array = models.CharField(max_length=80)
    start = models.PositiveBigIntegerField()
    stop = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "array", "start"], name="one_shard_per_range")]

    def __str__(self) -> str:
        return f"{self.run}: {self.array}[{self.start}:{self.stop}]"

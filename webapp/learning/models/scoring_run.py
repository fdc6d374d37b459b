"""Scores, detections and explanations of a checkpoint, and the jobs that write them."""

from datetime import timedelta
from string import ascii_uppercase
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Subject, Survey
from webapp.core.jobs import Job, JobQuerySet, JobState
from webapp.learning.models.checkpoints import Checkpoint


class Score(models.Model):
    """One checkpoint's score of one subject."""

    pk = models.CompositePrimaryKey("checkpoint_id", "subject_id")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="scores", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="scores")
    probabilities = ArrayField(models.FloatField(), help_text="by class, in the checkpoint's order")
    p_real = models.FloatField(help_text="probability of a real mover")
    entropy = models.FloatField(help_text="nats, of real against bogus")

    class Meta:
        indexes = [
            models.Index("checkpoint", "p_real", "subject", name="score_by_p_real"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.p_real:.3f}"


class ScoringRunQuerySet(JobQuerySet):
    def claimable(self) -> Self:
        """Exclude runs with open shards: their own job starts after the last one."""
        still_scoring = ScoringShard.objects.open().filter(run=OuterRef("pk"))
        return super().claimable().exclude(Exists(still_scoring))

    def of_archive(self) -> Self:
        """Exclude runs that score nothing, but only order the queues."""
        return self.filter(Exists(ScoringShard.objects.filter(run=OuterRef("pk"))))


class ScoringRun(Job):
    """The scoring of a survey's archive with one checkpoint, in shards; its own job runs after the last of them.

    That job writes the priorities, if the checkpoint is champion, and deletes old scores. Since it can be claimed only
    when no shard is open, the sweep recovers from a crash in between. A run without shards only does that job, after
    votes.
    """

    task: ClassVar[str] = "tasks.acquisition.run"
    title = _("Priorities of subjects")
    patience: ClassVar[timedelta] = timedelta(hours=2)  # a report for each workflow, of any size

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="scoring_runs")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="scoring_runs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="who asked for the scores of this very model; it need not lead",
    )

    objects: ClassVar[Any] = ScoringRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Scoring {self.pk} with {self.checkpoint}"

    @transaction.atomic
    def end(self, message: str) -> None:
        """Finish; if a shard was retried meanwhile, leave it to the next worker, which comes after that shard."""
        self.renew()  # locks the run against such retries
        if self.shards.open().exists():
            self.give_back()
        else:
            self.finish(message=message)

    def reopen(self) -> None:
        """Let the job of a finished run follow more shards, as it followed those before."""
        fresh = {"attempts": 0, "fruitless": 0, "token": None, "lease_until": None}
        fresh |= {"started_at": None, "finished_at": None}
        ScoringRun.objects.filter(pk=self.pk, state=JobState.DONE).update(state=JobState.QUEUED, **fresh)


class ScoringShard(Job):
    """A range of one pixel array. Idempotent: it replaces the scores in its range."""

    task: ClassVar[str] = "tasks.scoring.shard"
    title = _("Scoring")

    run = models.ForeignKey(ScoringRun, on_delete=models.CASCADE, related_name="shards")
    zarr_array = models.CharField(max_length=80)
    start = models.PositiveBigIntegerField()
    stop = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "zarr_array", "start"], name="one_shard_per_range")]

    def __str__(self) -> str:
        return f"{self.run}: {self.zarr_array}[{self.start}:{self.stop}]"

    @transaction.atomic
    def retry(self) -> bool:
        """Queue a failed shard again, and a run that has finished without it, so that its scores order the queues.

        The run is locked, so that its job ends before or sees this shard.
        """
        ScoringRun.objects.select_for_update(no_key=True).get(pk=self.run_id)
        again = super().retry()
        if again:
            self.run.reopen()
        return again


class Detection(models.Model):
    """A line that a detector of trails, or of movers in cubes, found in a subject; only the best few are stored.

    Pixels count as in a volunteer's `Mark`: (0, 0) is the centre of the first, drawn at the lower left.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="detections", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="detections")
    position = models.PositiveSmallIntegerField(help_text="0 for the surest in its subject")
    frame = models.PositiveSmallIntegerField(help_text="0 for the first")
    x1 = models.FloatField(help_text="pixels; the centre of the first is 0")
    y1 = models.FloatField()
    x2 = models.FloatField()
    y2 = models.FloatField()
    score = models.FloatField(help_text="how sure the model is, 0 to 1")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "subject", "position"], name="one_find_per_position")
        ]

    def __str__(self) -> str:
        return f"({self.x1:.1f}, {self.y1:.1f}) to ({self.x2:.1f}, {self.y2:.1f}): {self.score:.3f}"

    @property
    def letter(self) -> str:
        """Return its name on the pages: A for the surest in its subject."""
        return ascii_uppercase[self.position]


class Explanation(Job):
    """Why a checkpoint scores a subject as it does, computed on request; `done` counts frames.

    Lists hold a value for each frame: class probabilities of single detections, the probability of being real without
    that frame (null for stamps), and the occlusion map as rows of changes of the probability
    (`ml.inference.explanation`).
    """

    task: ClassVar[str] = "tasks.explain.run"
    title = _("Explanation of a score")

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="+", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    p_real = models.FloatField(null=True)
    detections = models.JSONField(default=list)
    without = models.JSONField(default=list)
    occlusion = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "subject"], name="one_explanation_per_model_and_subject")
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint} on {self.subject}"

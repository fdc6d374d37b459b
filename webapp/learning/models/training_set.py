from django.db import models

from webapp.archive.models import Survey
from webapp.volunteers.models import Workflow


class TrainingSet(models.Model):
    """An immutable snapshot of labels: a Parquet file in the data folder, named by its hash."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="training_sets")
    hash = models.CharField(max_length=64, help_text="blake2b of the labels; also the file's name")
    size = models.PositiveIntegerField()
    new_labels = models.PositiveIntegerField(default=0, help_text="more than the set before")
    sources = models.JSONField(default=dict, help_text="labels by source: ruling, gold, consensus")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["workflow", "hash"], name="one_row_per_training_set")]

    def __str__(self) -> str:
        return f"{self.size} labels, {self.hash[:10]}"


class TestSet(models.Model):
    """Gold subjects that no model ever trains on. Frozen: a newer one replaces it only when an admin asks."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="test_sets")
    kind = models.CharField(max_length=10)
    hash = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    nights = models.JSONField(default=list, help_text="UTC days (whole MJD) that are kept out of training altogether")
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "kind"], condition=models.Q(is_current=True), name="one_current_test_set"
            )
        ]

    def __str__(self) -> str:
        return f"{self.size} gold subjects, {self.hash[:10]}"

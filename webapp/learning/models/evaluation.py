from django.db import models

from webapp.learning.models.checkpoint import Checkpoint
from webapp.learning.models.training_set import TestSet


class Evaluation(models.Model):
    """A checkpoint's metrics on a frozen test set, and how it compares with the champion of that moment."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="evaluations")
    test_set = models.ForeignKey(TestSet, on_delete=models.PROTECT, related_name="evaluations")
    metrics = models.JSONField()
    champion = models.ForeignKey(Checkpoint, null=True, on_delete=models.SET_NULL, related_name="+")
    difference = models.FloatField(null=True, help_text="ROC AUC, less the champion's")
    difference_low = models.FloatField(null=True, help_text="2.5 % of the bootstrap")
    difference_high = models.FloatField(null=True, help_text="97.5 % of the bootstrap")
    passed = models.BooleanField(default=False)
    verdict = models.CharField(max_length=300, help_text="why it passed the gate, or did not")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["checkpoint", "test_set"], name="one_evaluation_per_test_set")]

    def __str__(self) -> str:
        return f"{self.checkpoint}: {self.verdict}"

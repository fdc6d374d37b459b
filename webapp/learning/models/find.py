from django.db import models

from webapp.archive.models import Subject
from webapp.learning.models.checkpoint import Checkpoint


class Find(models.Model):
    """A line that a trail model found in a subject; of each subject the surest few.

    Pixels count as a volunteer's `Mark` does: (0, 0) is the centre of the first, drawn at the lower left.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="finds", db_index=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="finds")
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

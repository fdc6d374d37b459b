from django.db import models

from webapp.volunteers.models.classification import Classification

MOST_MARKS = 20


class MarkQuerySet(models.QuerySet["Mark"]):
    def standing(self) -> models.QuerySet["Mark"]:
        """Leave out the marks of classifications that have been undone."""
        return self.filter(classification__withdrawn_at=None)


class Mark(models.Model):
    """A line that a volunteer drew along a trail, part of their classification.

    Pixels count from 0: the centre of the first pixel of the first row in the file, drawn at the lower left, is
    x = 0, y = 0 (FITS calls it 1, 1). x grows to the right and y upwards.
    """

    classification = models.ForeignKey(Classification, on_delete=models.CASCADE, related_name="marks")
    position = models.PositiveSmallIntegerField(help_text="0 for the first that was drawn")
    frame = models.PositiveSmallIntegerField(default=0, help_text="the frame it was drawn on, 0 for the first")
    x1 = models.FloatField(help_text="pixels; the centre of the first is 0")
    y1 = models.FloatField()
    x2 = models.FloatField()
    y2 = models.FloatField()
    ra1 = models.FloatField(null=True, help_text="deg, ICRS, by the frame's WCS")
    dec1 = models.FloatField(null=True)
    ra2 = models.FloatField(null=True)
    dec2 = models.FloatField(null=True)

    objects = MarkQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["classification", "position"], name="one_mark_per_position")]

    def __str__(self) -> str:
        return f"({self.x1:.1f}, {self.y1:.1f}) to ({self.x2:.1f}, {self.y2:.1f})"

from django.db import models


class Survey(models.Model):
    """A sky survey: the owner of subjects, workflows and models."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    is_simulated = models.BooleanField(default=False, help_text="Its sky is simulated, and every page says so.")
    classes = models.JSONField(default=list, blank=True, help_text="Fine classes, in the models' order.")
    positive = models.JSONField(default=list, blank=True, help_text="The classes that are real movers.")
    channels = models.JSONField(default=list, blank=True, help_text="What the channels of a frame show.")
    pixel_scale = models.FloatField(null=True, blank=True, help_text="arcsec per pixel")
    observatory = models.CharField(max_length=4, blank=True, help_text="MPC observatory code")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

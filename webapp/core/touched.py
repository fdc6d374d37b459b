"""Rows that know when they last changed: by a trigger, so that no way of writing them can forget it."""

from django.db import models
from django.db.models.functions import Now


class Touched(models.Model):
    """The base of rows with `updated_at`; a migration gives the table the trigger (`touch_updated_at`)."""

    updated_at = models.DateTimeField(db_default=Now(), editable=False, help_text="set by a trigger")

    class Meta:
        abstract = True

"""Streams, how far they were read, and the messages that could not be used."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from ml.io.alerts.filters import Filter
from ml.io.records import BadInput
from webapp.archive.models import SET_NAME_LENGTH, Survey
from webapp.core.stored_messages import MessageField

NAME_LENGTH = 200

SILENT = timedelta(seconds=30)
"""A listener that was not heard of for so long has stopped, unless it polls its broker less often."""
SILENT_POLLS = 5
"""A listener that polls reports once its answers are there; it has stopped if it missed so many polls."""


class Stream(models.Model):
    """A topic, or a list of a polled API, whose alerts become subjects of a survey.

    The counters count messages and the alerts in them, each once, however often a broker sends them.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="streams")
    topic = models.CharField(max_length=249)
    brokers = models.TextField()
    group = models.CharField(max_length=200, help_text="consumer group")
    subject_set = models.CharField(max_length=SET_NAME_LENGTH)
    condition = models.TextField(blank=True, default="", max_length=1000, help_text="which alerts are stored")
    messages_read = models.PositiveBigIntegerField(default=0)
    stored = models.PositiveBigIntegerField(default=0)
    known = models.PositiveBigIntegerField(default=0, help_text="alerts that were in the survey already")
    filtered = models.PositiveBigIntegerField(default=0, help_text="alerts that the condition left out")
    refused = models.PositiveBigIntegerField(default=0)
    lag = models.PositiveBigIntegerField(null=True, blank=True, help_text="messages that are not read yet")
    rate = models.FloatField(null=True, blank=True, help_text="messages per second")
    poll_seconds = models.FloatField(null=True, blank=True, help_text="interval of a polled API; none for Kafka")
    cursor = models.FloatField(null=True, blank=True, help_text="MJD up to which a polled API's alerts are stored")
    heard_at = models.DateTimeField(null=True, blank=True, help_text="the listener's last sign of life")
    should_listen = models.BooleanField(default=False, help_text="a listener began, and was not told to stop")
    trouble = MessageField(blank=True, default="", help_text="what the brokers complain about")

    class Meta:
        ordering = ["topic"]
        constraints = [models.UniqueConstraint(fields=["survey", "topic"], name="one_stream_per_topic")]

    def __str__(self) -> str:
        return self.topic

    @property
    def silent_after(self) -> timedelta:
        return max(SILENT, timedelta(seconds=SILENT_POLLS * (self.poll_seconds or 0)))

    @property
    def is_listening(self) -> bool:
        return self.heard_at is not None and timezone.now() - self.heard_at < self.silent_after

    @property
    def is_silent(self) -> bool:
        """Return whether the listener has died: it was not told to stop."""
        return self.should_listen and not self.is_listening

    @property
    def is_sick(self) -> bool:
        return self.should_listen and (self.is_silent or bool(self.trouble))

    def clean(self) -> None:
        """Check the condition."""
        try:
            Filter(self.condition)
        except BadInput as bad:
            raise ValidationError({"condition": str(bad.reason)}) from bad


class PositionManager(models.Manager["Position"]):
    def of(self, stream: Stream) -> dict[int, int]:
        """Return the next offset by partition."""
        return dict(self.filter(stream=stream).values_list("partition", "next_offset"))


class Position(models.Model):
    """The next message to read in a partition; written in one transaction with the rows of all earlier ones."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="positions")
    partition = models.PositiveIntegerField()
    next_offset = models.PositiveBigIntegerField()

    objects = PositionManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "partition"], name="one_position_per_partition")]

    def __str__(self) -> str:
        return f"{self.stream} {self.partition}: {self.next_offset}"


class DeadLetter(models.Model):
    """A message, or an alert in it, that could not be used, and why."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="dead_letters")
    partition = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField(null=True, blank=True)
    name = models.CharField(max_length=NAME_LENGTH, blank=True, default="", help_text="the alert's, of a polled API")
    reason = MessageField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.stream} {self.name or f'{self.partition}:{self.offset}'}"

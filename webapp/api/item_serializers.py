"""Serializers of queue items. They do not reveal whether a subject is gold, or why it is shown."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from webapp.archive.blinding import until_answered
from webapp.archive.drawable import drawable, frames_of
from webapp.archive.models import Kind
from webapp.queue.assignment_token import assignment_token
from webapp.queue.models import Lease
from webapp.workflows.models import Workflow


class TangentPlane(serializers.Serializer[Any]):
    """A gnomonic projection: pixel (x, y), counted from 0, is at (ra, dec); cd converts pixels to degrees."""

    ra = serializers.FloatField(help_text="deg, ICRS")
    dec = serializers.FloatField(help_text="deg, ICRS")
    x = serializers.FloatField(help_text="the centre of the first pixel is 0")
    y = serializers.FloatField(help_text="upwards; the centre of the lowest pixel is 0")
    cd = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2),
        min_length=2,
        max_length=2,
        help_text="deg per pixel: [[east by x, east by y], [north by x, north by y]]",
    )


class ItemSubject(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    frames = serializers.IntegerField()
    channels = serializers.IntegerField()
    height = serializers.IntegerField(help_text="pixels")
    width = serializers.IntegerField(help_text="pixels")
    pixels = serializers.CharField(help_text="where the raw numbers are")
    png = serializers.CharField(help_text="where a picture is")
    mjds = serializers.ListField(child=serializers.FloatField(allow_null=True), help_text="UTC, mid-exposure, by frame")
    bands = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="by frame")
    positions = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), allow_null=True, min_length=2, max_length=2),
        help_text="right ascension and declination of the object, by frame; deg, ICRS",
    )
    sky = serializers.ListField(child=TangentPlane(allow_null=True), help_text="where pixels lie on the sky, by frame")
    pixel_scale = serializers.FloatField(allow_null=True, help_text="arcsec, for frames without a place on the sky")
    rate = serializers.FloatField(allow_null=True, help_text="arcsec/h; none before the answer")
    ra = serializers.FloatField(allow_null=True, help_text="deg, ICRS")
    dec = serializers.FloatField(allow_null=True, help_text="deg, ICRS")
    metadata = serializers.DictField(help_text="those that the survey opens to whoever classifies")


class ItemSerializer(serializers.Serializer[Any]):
    lease = serializers.CharField(help_text="the proof that it was handed to you; send it with the answer")
    expires_at = serializers.DateTimeField()
    workflow = serializers.SlugField()
    subject = ItemSubject()


class Progress(serializers.Serializer[Any]):
    answered = serializers.IntegerField(help_text="by this volunteer")
    retired = serializers.IntegerField(help_text="subjects that are settled")
    total = serializers.IntegerField(help_text="subjects in the queue; training ones left out")


class NextSerializer(serializers.Serializer[Any]):
    items = ItemSerializer(many=True)
    progress = Progress()
    message = serializers.CharField(allow_blank=True, help_text="why there are fewer items than asked for")


def represent_item(leases: Sequence[Lease], workflow: Workflow) -> list[dict[str, Any]]:
    """Return the items of leases with loaded entries and subjects, with one query for all frames."""
    frames = frames_of([lease.entry.subject_id for lease in leases])
    survey = workflow.survey
    return [
        {
            "lease": assignment_token(lease.holder, workflow.pk, lease.entry.subject_id),
            "expires_at": lease.expires_at,
            "workflow": workflow.slug,
            "subject": until_answered(drawable(lease.entry.subject, frames[lease.entry.subject_id], survey), survey),
        }
        for lease in leases
    ]

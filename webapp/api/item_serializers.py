"""Serializers of queue items. They do not reveal whether a subject is gold, or why it is shown."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.urls import reverse
from rest_framework import serializers

from ml.imaging.wcs import tangent_plane
from webapp.archive.blinding import until_answered
from webapp.archive.models import Kind, Subject, Survey
from webapp.archive.pixels import shape_of
from webapp.core.sql import fetch
from webapp.queue.assignment_token import assignment_token
from webapp.queue.models import Lease
from webapp.workflows.models import Workflow

FRAMES = (
    "SELECT subject_id, mjd_mid, band, ra, dec, wcs FROM archive_frame WHERE subject_id = ANY(%s) ORDER BY position"
)


class FrameRow(NamedTuple):
    """A frame: its time, band, object position, and WCS cards as JSON."""

    mjd: float | None
    band: str
    ra: float | None
    dec: float | None
    wcs: str | None


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
    frames: dict[int, list[FrameRow]] = defaultdict(list)
    for subject, *row in fetch(FRAMES, [[lease.entry.subject_id for lease in leases]]):
        frames[subject].append(FrameRow(*row))
    return [
        {
            "lease": assignment_token(lease.holder, workflow.pk, lease.entry.subject_id),
            "expires_at": lease.expires_at,
            "workflow": workflow.slug,
            "subject": _subject(lease.entry.subject, frames[lease.entry.subject_id], workflow.survey),
        }
        for lease in leases
    ]


def _subject(subject: Subject, frames: list[FrameRow], survey: Survey) -> dict[str, Any]:
    sides = dict(zip(("frames", "channels", "height", "width"), shape_of(subject), strict=True))
    address = {"subject": subject.pk, "checksum": subject.checksum}
    facts = {
        "id": subject.pk,
        "external_id": subject.external_id,
        "kind": subject.kind,
        **sides,
        "pixels": reverse("pixels", kwargs=address),
        "png": reverse("picture", kwargs=address),
        "mjds": [frame.mjd for frame in frames],
        "bands": [frame.band for frame in frames],
        "positions": [None if None in (frame.ra, frame.dec) else [frame.ra, frame.dec] for frame in frames],
        "sky": [
            frame.wcs and tangent_plane(json.loads(frame.wcs), sides["width"], sides["height"]) for frame in frames
        ],
        "pixel_scale": survey.pixel_scale,
        "rate": subject.rate,
        "ra": subject.ra,
        "dec": subject.dec,
        "metadata": subject.metadata,
    }
    return until_answered(facts, survey)

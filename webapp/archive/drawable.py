"""What a browser needs to draw subjects: where their pixels are, and each frame's time, band and place on the sky."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.urls import reverse

from ml.imaging.wcs import tangent_plane
from webapp.archive.models import Subject, Survey
from webapp.archive.pixels import shape_of
from webapp.core.sql import fetch

FRAMES = """
    SELECT subject_id, mjd_mid, band, ra, dec, wcs FROM archive_frame
    WHERE subject_id = ANY((SELECT %s::bigint[])::bigint[]) ORDER BY position
"""


class FrameRow(NamedTuple):
    """A frame: its time, band, object position, and WCS cards as JSON."""

    mjd: float | None
    band: str
    ra: float | None
    dec: float | None
    wcs: str | None


def frames_of(subjects: Sequence[int]) -> dict[int, list[FrameRow]]:
    """Return the frames of subjects, in order, in one query; an empty list for others."""
    frames: dict[int, list[FrameRow]] = defaultdict(list)
    for subject, *row in fetch(FRAMES, [list(subjects)]):
        frames[subject].append(FrameRow(*row))
    return frames


def drawable(subject: Subject, frames: list[FrameRow], survey: Survey) -> dict[str, Any]:
    """Return everything about a subject; `webapp.archive.blinding` removes what its reader may not know."""
    sides = dict(zip(("frames", "channels", "height", "width"), shape_of(subject), strict=True))
    address = {"subject": subject.pk, "checksum": subject.checksum}
    return {
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

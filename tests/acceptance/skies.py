"""Subjects with sky coordinates, for tests of the picture."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from django.conf import settings

from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from webapp.archive.models import Frame, Subject, SubjectSet
from webapp.queue.membership import enqueue_subjects

STEP = 4  # pixels to the right, from frame to frame
SIDE = 63
CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 20.0, "CRPIX1": 30.0, "CRPIX2": 30.0,
    "CD1_1": -4e-4, "CD1_2": 3e-4, "CD2_1": 3e-4, "CD2_2": 4e-4,
}  # fmt: skip


def source(height, width, x, y, brightness):
    """Return a source at pixel x, y, counted from 0 at the lower left."""
    rows, columns = np.mgrid[:height, :width]
    return brightness * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 5)


def mover(frames=4, channels=1, seed=1):
    """Return a tracklet: a fixed star, and a source that moves to the right through the centre."""
    block = np.random.default_rng(seed).normal(100, 3, (frames, channels, SIDE, SIDE)).astype(np.float32)
    for frame in range(frames):
        block[frame] += source(SIDE, SIDE, *place_in(frame, frames), 300)
        block[frame] += source(SIDE, SIDE, 12, 50, 200)
    return block


def place_in(frame, frames=4):
    return SIDE // 2 + round((frame - (frames - 1) / 2) * STEP), SIDE // 2


def one_subject(
    block, kind="stamp", *, cards=None, places=None, channels=(), name="a", known=None, opened=(), **fields
):
    """Queue one subject with these pixels (F, C, H, W).

    `places` are its object's pixels by frame, given WCS `cards`; `known` is its other row data, of which volunteers see
    what is `opened` before they answer.
    """
    survey = sky.survey("night", channels=list(channels), open_metadata=list(opened))
    array, index = PixelStore(settings.PIXELS).append("night", block[None])
    row = Subject.objects.create(
        survey=survey,
        external_id=name,
        kind=kind,
        array=array,
        index=index,
        checksum=name,
        object_group=name,
        **(known or {}),
    )
    for frame in range(len(block)):
        position = WCS(fits.Header(cards)).pixel_to_world(*places[frame]) if places else None
        where = {"ra": position.ra.deg, "dec": position.dec.deg} if position else {}
        Frame.objects.create(subject=row, position=frame, mjd_mid=60000 + frame / 100, wcs=cards, **where)
    rules = {"random_fraction": 0.0, "training_schedule": [[0, 0.0]], **fields}
    workflow = sky.workflow(survey, kind, **rules)
    workflow.subject_sets.add(SubjectSet.objects.create(survey=survey, name="all"))
    row.sets.add(workflow.subject_sets.get())
    enqueue_subjects(workflow)
    return row

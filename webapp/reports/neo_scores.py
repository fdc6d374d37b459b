"""digest2 scores of tracklets: asked for on the motion page or hourly for settled movers, computed by a worker."""

import hashlib
from collections.abc import Sequence

import numpy as np
from django.db import transaction

from ml.io.message import message_of
from ml.sky.neo_scores import NotInstalled, can_score, neo_scores
from webapp.archive.models import Frame, Kind, Subject, Survey
from webapp.core.jobs import JobState
from webapp.known_objects.unidentified import movers
from webapp.reports.models import NeoScore, ReportSettings

MOST_AN_HOUR = 1000
"""Movers scored at a time; each takes about half a second."""


def fingerprint(survey: Survey, frames: Sequence[Frame]) -> str:
    """Return a hash of all that the scores of these detections depend on."""
    rows = [(frame.mjd_mid, frame.ra, frame.dec, frame.mag, frame.band) for frame in frames]
    told = (survey.observatory, _bands(survey), rows)
    return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()


def request_score(subject: Subject) -> NeoScore:
    """Return the subject's scores, asking a worker for them where there are none, or others, or the last try failed."""
    now = fingerprint(subject.survey, list(subject.frames.all()))
    with transaction.atomic():
        ended = NeoScore.objects.filter(subject=subject, state__in=(JobState.DONE, JobState.FAILED, JobState.CANCELLED))
        ended.exclude(state=JobState.DONE, fingerprint=now).delete()
        row, is_new = NeoScore.objects.get_or_create(subject=subject, defaults={"fingerprint": now})
        if is_new:
            row.enqueue()
    return row


def request_scores_of_movers() -> None:
    """Ask for the scores of tracklets that are settled as real and have none, where digest2 can score them."""
    for survey in Survey.objects.all():
        if not can_score(survey.observatory):
            continue
        waiting = movers(survey).filter(kind=Kind.TRACKLET, neo_score=None).select_related("survey").order_by("-pk")
        for subject in waiting[:MOST_AN_HOUR]:
            request_score(subject)


def score_tracklet(row: NeoScore) -> None:
    """Run the job; it fails with a sentence where digest2 is missing, or has no score for such detections."""
    survey, frames = row.subject.survey, list(row.subject.frames.all())
    mjd, ra, dec, mag = (
        np.array([getattr(frame, name) for frame in frames], dtype=float) for name in ("mjd_mid", "ra", "dec", "mag")
    )
    bands = _bands(survey)
    names = [bands.get(frame.band, frame.band) for frame in frames]
    try:
        found = neo_scores(mjd, ra, dec, mag, names, survey.observatory)
    except (NotInstalled, ValueError) as error:
        row.fail(message_of(error))
        return
    row.finish(raw=found.raw, noid=found.noid, rms=found.rms, fingerprint=fingerprint(survey, frames))


def _bands(survey: Survey) -> dict[str, str]:
    settings = ReportSettings.objects.filter(survey=survey).first()
    return settings.bands if settings else {}

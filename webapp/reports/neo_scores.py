"""digest2 scores of tracklets: asked for on the motion page or hourly for settled movers, computed by a worker."""

import hashlib
from collections.abc import Sequence

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ml.io.message import message_of
from ml.sky.neo_scores import NotInstalled, can_score, neo_scores
from webapp.archive.models import Frame, Kind, Subject, Survey
from webapp.core.jobs import DAILY, JobState
from webapp.known_objects.unidentified import movers
from webapp.reports.models import NeoScore, ReportSettings

MOST_AN_HOUR = 1000
"""Movers scored at a time; each takes about half a second."""


def fingerprint(survey: Survey, frames: Sequence[Frame]) -> str:
    """Return a hash of all that the scores of these detections depend on."""
    rows = [(frame.mjd_mid, frame.ra, frame.dec, frame.mag, frame.band) for frame in frames]
    return _hash(survey.observatory, _bands(survey), rows)


def setup_of(survey: Survey) -> str:
    """Return a hash of what an admin can change about the survey's scores: its observatory and bands."""
    return _hash(survey.observatory, _bands(survey))


def _hash(*values: object) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()


def request_score(subject: Subject) -> NeoScore:
    """Return the subject's scores; ask a worker for them if they are missing or outdated, or the last try failed."""
    now, setup = fingerprint(subject.survey, list(subject.frames.all())), setup_of(subject.survey)
    with transaction.atomic():
        ended = NeoScore.objects.over().filter(subject=subject)
        ended.exclude(state=JobState.DONE, fingerprint=now).delete()
        ended.update(setup=setup)  # which an older site did not store
        values = {"fingerprint": now, "setup": setup}
        row, is_new = NeoScore.objects.get_or_create(subject=subject, defaults=values)
        if is_new:
            row.enqueue()
    return row


def request_scores_of_movers() -> None:
    """Ask for the scores that are due, where digest2 can compute them."""
    for survey in Survey.objects.all():
        if not can_score(survey.observatory):
            continue
        for subject in _due(survey).select_related("survey").order_by("-pk")[:MOST_AN_HOUR]:
            request_score(subject)


def _due(survey: Survey) -> QuerySet[Subject]:
    """Return settled tracklets without scores of today's observatory and bands, and a day after a failure."""
    failed = Q(state=JobState.FAILED, created_at__lt=timezone.now() - DAILY)
    asked = NeoScore.objects.open() | NeoScore.objects.filter(~failed, setup=setup_of(survey))
    return movers(survey).filter(~Exists(asked.filter(subject=OuterRef("pk"))), kind=Kind.TRACKLET)


def score_tracklet(row: NeoScore) -> None:
    """Run the job; it says where digest2 has no score for such detections, and fails where digest2 is missing."""
    survey, frames = row.subject.survey, list(row.subject.frames.all())
    mjd, ra, dec, mag = (
        np.array([getattr(frame, name) for frame in frames], dtype=float) for name in ("mjd_mid", "ra", "dec", "mag")
    )
    bands = _bands(survey)
    names = [bands.get(frame.band, frame.band) for frame in frames]
    inputs = {"fingerprint": fingerprint(survey, frames), "setup": setup_of(survey)}
    try:
        found = neo_scores(mjd, ra, dec, mag, names, survey.observatory)
    except NotInstalled as error:
        row.fail(message_of(error))
        return
    except ValueError as error:
        row.finish(message=message_of(error), raw=None, noid=None, rms=None, **inputs)
        return
    row.finish(message="", raw=found.raw, noid=found.noid, rms=found.rms, **inputs)


def _bands(survey: Survey) -> dict[str, str]:
    settings = ReportSettings.objects.filter(survey=survey).first()
    return settings.bands if settings else {}

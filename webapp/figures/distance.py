"""A mover's distance from its parallax: how its track bends because the observer moved between the detections."""

from dataclasses import dataclass

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ml.io.observer_place import observer_place
from ml.sky.observatories import read_observatories
from ml.sky.observers import observers_at
from ml.sky.parallax_distance import LONGEST_ARC, ParallaxDistance, fit_parallax
from webapp.archive.models import Subject
from webapp.figures.track import Track

FEW = _("A distance needs three detections within a day.")
NOWHERE = _(
    "The observer’s place is unknown. Set the survey’s observatory code, or give a spacecraft’s place in the manifest: "
    "obs_x1, obs_y1, obs_z1, … in km from the Earth’s centre."
)
STRAIGHT = _("The observer moved too straight between the detections: every distance fits.")


@dataclass(frozen=True)
class Distance:
    """A fit with parallax, or why there is none."""

    fit: ParallaxDistance | None = None
    problem: str | Promise = ""


def measure_distance(subject: Subject, track: Track) -> Distance:
    """Fit the distance of a subject, given with its survey, to its track; see `fit_parallax`."""
    rows = np.flatnonzero(track.is_known)
    if len(rows) < 3 or np.ptp(track.mjd[rows]) > LONGEST_ARC:
        return Distance(problem=FEW)
    frames, mjd = [track.frames[row] for row in rows.tolist()], track.mjd[rows]
    given = np.array([observer_place(subject.metadata, each.position) for each in frames])
    codes = np.full(len(rows), subject.survey.observatory)
    observers, _problems = observers_at(mjd, codes, given, read_observatories(), default="")
    if not np.isfinite(observers.position).all():
        return Distance(problem=NOWHERE)
    try:
        rms_ra, rms_dec, corr = (each[rows] for each in track.errors)
        return Distance(fit_parallax(mjd, track.directions[rows], (rms_ra, rms_dec, corr), observers.position))
    except ValueError:  # the other reasons are ruled out
        return Distance(problem=STRAIGHT)

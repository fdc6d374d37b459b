"""Earlier and later tracklets that may be the same mover: their motion and this one's agree halfway between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from ml.sky.great_circle import TOLERANCE, move_on
from ml.sky.night_linking import SIGMAS, WIDEST, Motions, pair_misfits
from ml.sky.tangent_plane import ARCSEC, east_north, positions
from ml.sky.weighted_motion import WeightedMotion
from webapp.archive.fitted_motions import fit_motions
from webapp.archive.models import Subject
from webapp.archive.observing_nights import night_begins
from webapp.archive.sky_region import in_cone
from webapp.figures.track import Track
from webapp.linking.decisions import tracklets
from webapp.linking.models import Links, Proposal

Array = NDArray[np.float64]
DAYS = 7
"""How far to look back and ahead."""
MOST = 300
"""Tracklets that are compared, so that a crowded field keeps the page fast."""


@dataclass(frozen=True)
class PossibleLink:
    """A tracklet of another night.

    Attributes
    ----------
    subject
        The other tracklet.
    days
        From this one to it; negative if it is earlier.
    offset, error
        Arcsec, from where this one's motion leads to where the other is, and its standard error.
    misfit
        Distance halfway, in units of what may differ: 0 to 1.
    proposal
        The proposal of the linking page that has both, if any.
    """

    subject: Subject
    days: float
    offset: float
    error: float
    misfit: float
    proposal: Proposal | None


def possible_links(subject: Subject, track: Track) -> tuple[list[PossibleLink], bool]:
    """Return the tracklets of other nights that agree, the best first; whether too many are near to compare all."""
    if not track.is_fitted:
        return [], False
    near = {row.pk: row for row in _near(subject, track)[: MOST + 1]}
    compared = list(near)[:MOST]
    others = _of_other_nights(subject, track, compared, fit_motions(compared, seeing=track.seeing, floor=track.floor))
    found = _agreeing(track.motion, *others)
    proposals = _proposals(subject, [key for key, *_ in found])
    rows = [
        PossibleLink(near[key], days, offset, error, misfit, proposals.get(key))
        for key, days, offset, error, misfit in found
    ]
    return sorted(rows, key=lambda row: row.misfit), len(near) > MOST


def _near(subject: Subject, track: Track) -> Any:
    """Return tracklets near the places to which the motion leads, a day at a time."""
    mjd = float(track.motion.mjd[0])
    cones = [_cone(track.motion, mjd, days) for days in range(-DAYS, DAYS + 1) if days]
    rows = tracklets(subject.survey, mjd - DAYS - 0.5, mjd + DAYS + 0.5).exclude(pk=subject.pk)
    return rows.filter(reduce(or_, cones))


def _cone(motion: WeightedMotion, mjd: float, days: int) -> Q:
    """Return a filter around the predicted place: what half a day, the tolerance and errors can add to it."""
    place, _ = move_on(motion.position, motion.velocity, np.array([days], float))
    ra, dec = positions(place)
    may_differ = np.hypot(TOLERANCE, 2 * min(SIGMAS * motion.rate_error[0], WIDEST * TOLERANCE))
    radius = 12 * motion.rate[0] + 24 * (abs(days) + 0.5) * may_differ
    at = Q(mjd__gte=mjd + days - 0.5, mjd__lt=mjd + days + 0.5)
    return at & in_cone(float(ra[0]), float(dec[0]), float(min(radius / 3600, 180)))


def _of_other_nights(
    subject: Subject, track: Track, keys: list[int], motion: WeightedMotion
) -> tuple[NDArray[np.int64], WeightedMotion, NDArray[np.bool_]]:
    """Return keys, motions, and which of them are known and of another night."""
    begins = night_begins(subject.survey_id)
    is_other = np.floor(motion.mjd - begins) != np.floor(track.motion.mjd[0] - begins)
    return np.array(keys, np.int64), motion, np.isfinite(motion.rate) & is_other


def _agreeing(
    one: WeightedMotion, keys: NDArray[np.int64], many: WeightedMotion, chosen: NDArray[np.bool_]
) -> list[tuple[int, float, float, float, float]]:
    """Return key, days, offset, error and misfit of those that agree in place and velocity halfway."""
    days = many.mjd[chosen] - one.mjd[0]
    others = Motions(many.mjd[chosen], many.position[chosen], many.velocity[chosen], many.covariance[chosen])
    misfit = pair_misfits(_repeated(one, len(days)), others, TOLERANCE)
    offset, error = _offsets(one, days, many.position[chosen], many.covariance[chosen])
    columns = zip(keys[chosen].tolist(), *(each.tolist() for each in (days, offset, error, misfit)), strict=True)
    return [row for row in columns if row[-1] <= 1]


def _repeated(one: WeightedMotion, n: int) -> Motions:
    """Return one motion n times."""
    return Motions(*(np.repeat(each, n, axis=0) for each in (one.mjd, one.position, one.velocity, one.covariance)))


def _offsets(one: WeightedMotion, days: Array, places: Array, covariance: Array) -> tuple[Array, Array]:
    """Return the angles (N,) from the predicted places to the others, and their standard errors, arcsec."""
    start = _repeated(one, len(days))
    predicted, _ = move_on(start.directions, start.velocity, days)
    axes = np.stack(east_north(predicted), axis=1)
    offset = np.einsum("nij,nj->ni", axes, places - predicted) * ARCSEC
    reach = np.concatenate([np.tile(np.eye(2), (len(days), 1, 1)), 24 * days[:, None, None] * np.eye(2)], axis=2)
    spread = reach @ start.covariance @ np.swapaxes(reach, 1, 2) + covariance[:, :2, :2]
    size = np.linalg.norm(offset, axis=1)
    toward = offset / np.maximum(size, 1e-9)[:, None]
    return size, np.sqrt(np.einsum("ni,nij,nj->n", toward, spread, toward))


def _proposals(subject: Subject, keys: Sequence[int]) -> dict[int, Proposal]:
    """Return the proposals that link the subject, by the key of the other tracklet; the newest of several."""
    both = Proposal.members.through.objects.filter(
        subject_id__in=keys, proposal__members=subject, proposal__run__links=Links.TRACKLETS
    )
    rows = both.select_related("proposal").order_by("proposal_id") if keys else []
    return {row.subject_id: row.proposal for row in rows}

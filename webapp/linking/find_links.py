"""Find links between detections of a night, or between tracklets of several nights, and propose them."""

from collections.abc import Sequence

import numpy as np
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import FilteredRelation, Q
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from ml.io.message import message_of
from ml.sky.linking import LinkLimits, link
from ml.sky.motion import position_errors
from ml.sky.night_linking import link_nights
from ml.sky.tangent_plane import positions, unit_vectors
from ml.sky.weighted_motion import WeightedMotion, fit_weighted_motion
from webapp.archive.models import Frame, Subject
from webapp.core.stored_messages import Sentence
from webapp.linking.decisions import detections, tracklets
from webapp.linking.models import LinkRun, Links, Proposal

Array = NDArray[np.float64]
MOST = 500_000  # detections of a run
MOST_PROPOSALS = 5_000
FEWEST_TIMES = 2
MEASURED = ("rms_ra", "rms_dec", "rms_corr", "snr")  # of a frame, from which the error of its position follows

TOO_FEW = Sentence(
    gettext_noop("Detections there with a time and a position: %(count)s. A link needs at least %(least)s.")
)
TOO_MANY = Sentence(gettext_noop("%(count)s are too many for one search; at most %(most)s."))
PROPOSED = {
    Links.DETECTIONS: Sentence(gettext_noop("New links among %(all)s detections: %(links)s.")),
    Links.TRACKLETS: Sentence(gettext_noop("New links among %(all)s tracklets: %(links)s.")),
}
CUT = Sentence(
    gettext_noop("%(links)s new links among %(all)s; the %(most)s best are proposed. Ask for more detections.")
)


Candidates = list[tuple[Proposal, list[int]]]
"""Proposals with the keys of their members, the best first."""


class CannotLink(ValueError):
    """There are too many rows; the message says so."""


class TooFew(ValueError):
    """There are too few rows for a link; the message says so."""


def find_links(job: LinkRun) -> None:
    """Run the job. What it proposes and its end are one transaction, so a repeated job proposes nothing twice."""
    search = _within_a_night if job.links == Links.DETECTIONS else _across_nights
    try:
        found, among = search(job)
    except TooFew as error:
        job.finish(message=message_of(error))
        return
    except CannotLink as error:
        job.fail(message_of(error))
        return
    found = _new(job, found)
    rows, best = {"links": f"{len(found):,}", "all": f"{among:,}"}, found[:MOST_PROPOSALS]
    message = PROPOSED[Links(job.links)](**rows) if len(best) == len(found) else CUT(**rows, most=f"{MOST_PROPOSALS:,}")
    with transaction.atomic():
        made = Proposal.objects.bulk_create(proposal for proposal, _ in best)
        through = Proposal.members.through
        through.objects.bulk_create(
            through(proposal_id=row.pk, subject_id=key)
            for row, (_, members) in zip(made, best, strict=True)
            for key in members
        )
        job.finish(done=len(best), message=message)


def _new(job: LinkRun, found: Candidates) -> Candidates:
    """Leave out what an earlier search proposed, whatever was decided, and tracklets that are one object already."""
    earlier = Proposal.objects.filter(run__survey=job.survey, run__links=job.links).annotate(keys=ArrayAgg("members"))
    proposed = {frozenset(keys) for keys in earlier.values_list("keys", flat=True)}
    new = [each for each in found if frozenset(each[1]) not in proposed]
    if job.links == Links.DETECTIONS:
        return new
    tracklets_of = Subject.objects.filter(pk__in={key for _, members in new for key in members})
    groups = dict(tracklets_of.values_list("pk", "object_group"))
    return [each for each in new if len({groups[key] for key in each[1]}) > 1]


def _within_a_night(job: LinkRun) -> tuple[Candidates, int]:
    """Return links between detections, and how many detections were searched."""
    first_frame = FilteredRelation("frames", condition=Q(frames__position=0))
    stamps = detections(job.survey, job.first_mjd, job.last_mjd).annotate(frame=first_frame)
    rows = stamps.values_list("pk", "mjd", "ra", "dec", *(f"frame__{name}" for name in MEASURED))
    table = _table(job, list(rows[: MOST + 1]), job.min_detections)
    keys, (mjd, ra, dec, rms_ra, rms_dec, corr) = table[:, 0].astype(np.int64), table.T[1:]
    limits = LinkLimits(job.min_rate, job.max_rate, job.min_detections)
    proposals = []
    for chain in link(mjd, unit_vectors(ra, dec), rms_ra, rms_dec, corr, limits):
        motion = _motion([table[chain]])
        proposals.append((_proposal(job, motion, 0, float(motion.chi2[0] / motion.dof[0])), keys[chain].tolist()))
    return sorted(proposals, key=lambda each: each[0].misfit), len(keys)


def _across_nights(job: LinkRun) -> tuple[Candidates, int]:
    """Return links between tracklets, and how many tracklets were searched."""
    keys = list(tracklets(job.survey, job.first_mjd, job.last_mjd).values_list("pk", flat=True)[: MOST + 1])
    frames = Frame.objects.filter(subject__in=keys, mjd_mid__isnull=False, ra__isnull=False, dec__isnull=False)
    table = _table(job, list(frames.values_list("subject", "mjd_mid", "ra", "dec", *MEASURED)), 2 * FEWEST_TIMES)
    table = table[np.argsort(table[:, 0], kind="stable")]
    owners, starts = np.unique(table[:, 0].astype(np.int64), return_index=True)
    motion = _motion(np.split(table, starts[1:]))
    known = np.flatnonzero(np.isfinite(motion.velocity).all(1))
    nights = np.floor(motion.mjd[known] - job.first_mjd).astype(np.int64)  # the span begins with a night
    days = int(np.ceil(job.last_mjd - job.first_mjd))
    mjd, position, velocity, covariance = (
        column[known] for column in (motion.mjd, motion.position, motion.velocity, motion.covariance)
    )
    pairs = link_nights(mjd, position, velocity, covariance, nights, job.tolerance, days)
    return [
        (_proposal(job, motion, known[one], distance), owners[known[[one, other]]].tolist())
        for one, other, distance in pairs
    ], len(owners)


def _table(job: LinkRun, rows: Sequence[tuple[float | None, ...]], least: int) -> Array:
    """Return rows of key, MJD, RA, Dec, the errors toward east and north and their correlation, if possible ones.

    Parameters
    ----------
    rows
        Key, MJD, RA, Dec, and what was measured of each detection's position.

    Raises
    ------
    CannotLink
    TooFew
    """
    if len(rows) > MOST:
        raise CannotLink(TOO_MANY(count=f"{len(rows):,}", most=f"{MOST:,}"))
    table = np.array(rows, float).reshape(-1, 4 + len(MEASURED))
    table = table[np.isfinite(table[:, :4]).all(1) & (np.abs(table[:, 3]) <= 90)]
    if len(table) < least:
        raise TooFew(TOO_FEW(count=len(table), least=least))
    return np.column_stack([table[:, :4], *_errors(job, table[:, 4:])])


def _errors(job: LinkRun, measured: Array) -> tuple[Array, Array, Array]:
    """Return the search's one error, or else each detection's own."""
    if job.position_error is not None:
        even = np.full(len(measured), job.position_error)
        return even, even, np.zeros_like(even)
    rms_ra, rms_dec, corr, snr = measured.T
    return position_errors(rms_ra, rms_dec, corr, snr, **job.survey.usual_errors())


def _motion(tracks: list[Array]) -> WeightedMotion:
    """Fit tracks of any length, each of rows of the table."""
    widest = max(map(len, tracks))
    padded = [np.pad(rows, ((0, widest - len(rows)), (0, 0)), constant_values=np.nan) for rows in tracks]
    mjd, ra, dec, rms_ra, rms_dec, corr = np.moveaxis(np.array(padded)[..., 1:], -1, 0)
    return fit_weighted_motion(mjd, ra, dec, rms_ra, rms_dec, corr)


def _proposal(job: LinkRun, motion: WeightedMotion, at: int, misfit: float) -> Proposal:
    ra, dec = positions(motion.position[at])
    return Proposal(
        run=job,
        mjd=motion.mjd[at],
        ra=float(ra),
        dec=float(dec),
        rate=motion.rate[at],
        position_angle=motion.position_angle[at],
        misfit=misfit,
    )

"""Match a survey's subjects with the orbits of known objects."""

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from ml.sky.error_ellipse import measurement_noise, semi_axes
from ml.sky.known_objects import Matches, match
from ml.sky.motion import position_errors
from ml.sky.observatories import read_observatories
from ml.sky.observers import observers_of
from ml.sky.orbits import Orbits
from ml.sky.packed import unpack_designation
from ml.sky.sweep import Sweep
from ml.sky.tangent_plane import unit_vectors
from webapp.archive.ingest.prepare import finite
from webapp.archive.models import Subject, Survey
from webapp.classifications.models import Mark
from webapp.core.stored_messages import Sentence
from webapp.known_objects.load_orbits import read_orbits
from webapp.known_objects.models import (
    GEOCENTRE,
    SEARCHED,
    IdentityCheck,
    KnownMatch,
    MatchRun,
    NearbyObject,
    OrbitCatalogue,
    measured_with,
)
from webapp.known_objects.rule_out import apply_ruled_out
from webapp.known_objects.start_match import unchecked
from webapp.known_objects.subject_detections import detections_of

READING = Sentence(gettext_noop("Reading %(count)s orbits."))
MATCHED = Sentence(gettext_noop("%(known)s of %(all)s newly compared subjects have a known object near them."))
UNPLACED = Sentence(
    gettext_noop(
        "%(known)s of %(all)s newly compared subjects have a known object near them. %(unplaced)s detections were left"
        " out: nobody knows where observatory %(code)s was. Set the survey’s code, or give a spacecraft’s place in the"
        " manifest."
    )
)
BATCH = 5_000
RADIUS = 5.0  # arcsec, for orbits whose error is small
WIDEST = 60.0  # arcsec, for all others
AROUND = 120.0  # arcsec, for objects that are told though a subject can't be them
MOST_AROUND = 20  # of a subject, the nearest


class Near(NamedTuple):
    """One detection near an object; units and signs as in `Matches`, `rms` is the detection's own error, arcsec."""

    separation: float
    along: float
    across: float
    orbit_error: float
    rms: float
    days: float
    magnitude: float
    rate: float
    position_angle: float
    is_candidate: bool


@dataclass
class Candidate:
    """What the matches of one subject with one object add up to."""

    rows: list[Near]

    def possible(self) -> "Candidate":
        """Return it with the detections that can be the object."""
        return Candidate([row for row in self.rows if row.is_candidate])

    def mean(self, name: str) -> float:
        return float(np.mean([getattr(row, name) for row in self.rows]))

    @property
    def rms(self) -> float:
        """The error of the mean position, arcsec."""
        return math.hypot(*(row.rms for row in self.rows)) / len(self.rows)


def match_subjects(job: MatchRun) -> None:
    """Run the job, batch by batch; a batch is written in one transaction, and a job that is repeated goes on."""
    catalogue, survey = job.catalogue, job.survey
    job.renew(message=READING(count=f"{catalogue.orbits:,}"))
    sweep = Sweep(read_orbits(catalogue))
    waiting = list(unchecked(survey, catalogue).order_by("mjd", "pk").values_list("pk", flat=True))
    job.renew(total=len(waiting), done=0)
    known = 0
    unplaced = 0
    for start in range(0, len(waiting), BATCH):
        found, lost = _match_batch(waiting[start : start + BATCH], survey, catalogue, sweep)
        known, unplaced = known + found, unplaced + lost
        job.renew(done=min(start + BATCH, len(waiting)))
    counts = {"known": f"{known:,}", "all": f"{len(waiting):,}"}
    code = survey.observatory or GEOCENTRE
    job.finish(message=UNPLACED(**counts, unplaced=f"{unplaced:,}", code=code) if unplaced else MATCHED(**counts))


def _match_batch(keys: list[int], survey: Survey, catalogue: OrbitCatalogue, sweep: Sweep) -> tuple[int, int]:
    """Compare and store some subjects; return how many have a candidate, and how many detections have no observer.

    A detection without an observer matches nothing, and a subject's others decide. Raises ValueError if none has one.
    """
    began = timezone.now()  # lines that are drawn meanwhile count as newer
    compared = lines_before(keys, began)
    detections, owner = detections_of(keys, survey.observatory or GEOCENTRE)
    observers, problems = observers_of(detections, read_observatories())
    is_placed = np.isfinite(observers.position).all(axis=1)
    if problems and not is_placed.any():
        raise ValueError(problems[0])
    directions = unit_vectors(detections.ra, detections.dec)
    errors = survey.usual_errors()
    rms_ra, rms_dec, _ = position_errors(
        detections.rms_ra, detections.rms_dec, detections.rms_corr, detections.snr, **errors
    )
    rms = np.fmax(rms_ra, rms_dec)
    around = match(sweep, observers, directions, rms, RADIUS, WIDEST, AROUND)
    found = [each.take(each.is_candidate) for each in around]
    used = {int(key): int(count) for key, count in zip(*np.unique(owner[is_placed], return_counts=True), strict=True)}
    searched = set(Subject.objects.filter(pk__in=used, kind__in=SEARCHED).values_list("pk", flat=True))
    needed = {key: 1 if key in searched else (count + 1) // 2 for key, count in used.items()}
    near = _near(around, owner, rms, sweep.orbits)
    candidates = _near_enough({key: each.possible() for key, each in near.items()}, needed)
    nearby = _nearby(_near_enough(near, needed), candidates, searched)
    unmatched = _unmatched(found, owner, used, searched, {subject for subject, _ in candidates})
    days = {int(key): float(mjd - catalogue.epoch) for key, mjd in zip(owner, detections.mjd, strict=True)}
    counts = Counter(subject for subject, _ in candidates)
    alike = {"catalogue": catalogue, "measured_with": measured_with(survey), "checked_at": began}
    checks = [
        IdentityCheck(
            subject_id=key,
            detections=used.get(key, 0),
            candidates=counts[key],
            unmatched=unmatched.get(key, 0),
            orbit_days=days.get(key),
            **alike,
        )
        for key in keys
    ]
    _store(keys, candidates, nearby, checks, compared)
    return len(counts), int(np.count_nonzero(~is_placed))


def lines_before(keys: list[int], when: datetime) -> dict[int, int]:
    """Return how many lines were drawn before then on each of some subjects that have any."""
    drawn = Mark.objects.filter(classification__subject__in=keys, classification__created_at__lt=when).order_by()
    return dict(drawn.values_list("classification__subject").annotate(Count("pk")))


@transaction.atomic
def _store(
    keys: list[int],
    candidates: dict[tuple[int, str], Candidate],
    nearby: dict[tuple[int, str], Candidate],
    checks: list[IdentityCheck],
    compared: dict[int, int],
) -> None:
    """Replace what was stored of some subjects, except for what scientists ruled out.

    Subjects that have gained lines from before the comparison, since it `compared` so many, are left to the next run:
    nothing says that imported lines are newer.
    """
    locked = Subject.objects.filter(pk__in=keys).lock()
    lines = lines_before(keys, checks[0].checked_at) if checks else {}
    keys = [key for key in locked if lines.get(key) == compared.get(key)]
    same = set(keys)
    KnownMatch.objects.filter(subject__in=keys).delete()
    KnownMatch.objects.bulk_create(KnownMatch(**_values(*at, each)) for at, each in candidates.items() if at[0] in same)
    NearbyObject.objects.filter(subject__in=keys).delete()
    NearbyObject.objects.bulk_create(NearbyObject(**_values(*at, each)) for at, each in nearby.items() if at[0] in same)
    IdentityCheck.objects.bulk_create(
        [check for check in checks if check.subject_id in same], update_conflicts=True, unique_fields=["subject"],
        update_fields=[
            "catalogue", "detections", "candidates", "unmatched", "orbit_days", "measured_with", "checked_at"
        ],
    )  # fmt: skip
    apply_ruled_out(keys)


def _near(
    around: list[Matches], owner: NDArray[np.int64], rms: NDArray[np.float64], orbits: Orbits
) -> dict[tuple[int, str], Candidate]:
    """Return all objects around each subject's detections."""
    candidates: dict[tuple[int, str], Candidate] = {}
    for matches in around:
        rate = np.hypot(*matches.seen.motion.T)
        angle = np.degrees(np.arctan2(*matches.seen.motion.T)) % 360
        columns = (
            matches.separation,
            matches.along,
            matches.across,
            matches.orbit_error,
            rms[matches.detection],
            matches.days,
            matches.magnitude,
            rate,
            angle,
        )
        for at, (row, orbit) in enumerate(zip(matches.detection, matches.orbit, strict=True)):
            name = unpack_designation(orbits.name[orbit].decode("ascii", "replace"))
            near = Near._make([*(float(column[at]) for column in columns), bool(matches.is_candidate[at])])
            candidates.setdefault((int(owner[row]), name), Candidate([])).rows.append(near)
    return candidates


def _near_enough(near: dict[tuple[int, str], Candidate], needed: dict[int, int]) -> dict[tuple[int, str], Candidate]:
    """Return the objects that lie near as many of a subject's detections as it needs: half, or one trail or track."""
    return {key: each for key, each in near.items() if len(each.rows) >= needed[key[0]]}


def _nearby(
    around: dict[tuple[int, str], Candidate], candidates: Collection[tuple[int, str]], searched: set[int]
) -> dict[tuple[int, str], Candidate]:
    """Return the nearest objects that are no candidates; none of what shows a whole field."""
    others = {key: each for key, each in around.items() if key not in candidates and key[0] not in searched}
    kept: dict[tuple[int, str], Candidate] = {}
    of_subject = Counter[int]()
    for key, each in sorted(others.items(), key=lambda item: item[1].mean("separation")):
        if of_subject[key[0]] < MOST_AROUND:
            of_subject[key[0]] += 1
            kept[key] = each
    return kept


def _unmatched(
    found: list[Matches], owner: NDArray[np.int64], used: dict[int, int], searched: set[int], known: set[int]
) -> dict[int, int]:
    """Return how many detections are near no candidate: each trail or track by itself, others all or none."""
    near = {row for matches in found for row in matches.detection.tolist()}
    alone = Counter(key for row in near if (key := int(owner[row])) in searched)
    return {key: count - (alone[key] if key in searched else count * (key in known)) for key, count in used.items()}


def _values(subject: int, designation: str, candidate: Candidate) -> dict[str, Any]:
    """Return the columns of a `Prediction`."""
    error = np.array(candidate.mean("orbit_error"))
    sigma_along, sigma_across = semi_axes(error, measurement_noise(np.array(candidate.rms)))
    return {
        "subject_id": subject,
        "designation": designation,
        "detections": len(candidate.rows),
        "separation": candidate.mean("separation"),
        "along": candidate.mean("along"),
        "across": candidate.mean("across"),
        "orbit_error": finite(float(error)),
        "sigma_along": finite(float(sigma_along)),
        "sigma_across": float(sigma_across),
        "orbit_days": candidate.mean("days"),
        "magnitude": finite(candidate.mean("magnitude")),
        "rate": candidate.mean("rate"),
        "position_angle": candidate.rows[0].position_angle,
    }

"""A survey's candidates, a page at a time: where and how they move, who says that they are real, and what is known."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.sky.tangent_plane import positions
from webapp.archive.fitted_motions import fit_motions
from webapp.archive.models import Frame, Subject, Survey
from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.core.csv_writer import instant
from webapp.exports.classification_rows import PAGE
from webapp.known_objects.models import IdentityCheck, KnownMatch
from webapp.known_objects.unidentified import movers
from webapp.learning.models import Score
from webapp.reports.models import NeoScore, ReportedTracklet
from webapp.reports.neo_scores import setup_of
from webapp.review.models import Ruling

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of the catalogue: its type (str, int or float), unit, and UCD as the Virtual Observatory has it.

    Attributes
    ----------
    places
        Decimals of a value that was computed here, more than its error leaves; None to keep all.
    """

    name: str
    kind: type
    unit: str
    ucd: str
    meaning: str
    places: int | None = None

    def rounded(self, value: Any) -> Any:
        """Return a value of the column with as many decimals as matter; None for None."""
        return value if value is None or self.places is None else round(value, self.places)


COLUMNS = (
    Column("external_id", str, "", "meta.id;meta.main", "name of the subject in its survey"),
    Column("subject_id", int, "", "meta.id", "key of the subject on this site"),
    Column("kind", str, "", "meta.code.class", "stamp, tracklet, cutout or cube"),
    Column("mjd", float, "d", "time.epoch", "middle of the first exposure, MJD in UTC"),
    Column("ra", float, "deg", "pos.eq.ra;meta.main", "right ascension, ICRS: the survey's, or else of that exposure"),
    Column("dec", float, "deg", "pos.eq.dec;meta.main", "declination, ICRS, likewise"),
    Column("fitted_mjd", float, "d", "time.epoch", "weighted mean time of its frames, MJD in UTC", 9),
    Column("fitted_ra", float, "deg", "pos.eq.ra", "right ascension at that time by the fitted motion, ICRS", 9),
    Column("fitted_dec", float, "deg", "pos.eq.dec", "declination at that time, ICRS", 9),
    Column("fitted_ra_error", float, "arcsec", "stat.error;pos.eq.ra", "its formal error, times cos(dec)", 5),
    Column("fitted_dec_error", float, "arcsec", "stat.error;pos.eq.dec", "its formal error", 5),
    Column("rate", float, "arcsec / h", "pos.pm", "rate of motion on the sky, as the survey gives it"),
    Column("fitted_rate", float, "arcsec / h", "pos.pm", "rate of uniform motion fitted to its frames", 5),
    Column("fitted_rate_error", float, "arcsec / h", "stat.error;pos.pm", "formal error of the fitted rate", 5),
    Column(
        "position_angle", float, "deg", "pos.posAng;pos.pm", "fitted direction of motion, from north through east", 5
    ),
    Column("position_angle_error", float, "deg", "stat.error;pos.posAng", "its formal error", 5),
    Column(
        "chi2_dof", float, "", "stat.fit.chi2", "chi-square per degree of freedom of the fit, from three frames on", 5
    ),
    Column("frames", int, "", "meta.number", "images of the subject"),
    Column("mag", float, "mag", "phot.mag;stat.mean", "mean magnitude of its frames", 4),
    Column("mag_scatter", float, "mag", "stat.stdev;phot.mag", "standard deviation of the magnitudes, from two on", 4),
    Column("bands", str, "", "meta.id;instr.filter", "bands of the magnitudes, separated by semicolons"),
    Column("snr", float, "", "stat.snr", "median signal-to-noise ratio of its frames", 3),
    Column("label", str, "", "meta.code.class", "class given by a scientist; empty if volunteers settled it"),
    Column("workflow", str, "", "meta.id", "workflow of the votes below"),
    Column("posterior", float, "", "stat.probability", "probability of a real mover, from the votes"),
    *(Column(name, int, "", "meta.number", f"votes for {answer}") for answer, name in VOTE_COLUMNS.items()),
    Column("method", str, "", "meta.id", "method of the posterior"),
    Column("consensus_version", int, "", "meta.version", "how often the consensus has been updated"),
    Column("model", str, "", "meta.id;meta.software", "champion that scored it"),
    Column("model_score", float, "", "stat.probability", "the champion's probability of a real mover"),
    Column("verdict", str, "", "meta.code.status", "the standing verdict, yes or no"),
    Column("verdict_by", str, "", "meta.id;meta.curation", "scientist who gave it"),
    Column("verdict_at", str, "", "time.creation", "when, UTC, ISO 8601"),
    Column("known_candidates", int, "", "meta.number", "known objects near it; empty if it was not compared"),
    Column("known_object", str, "", "meta.id.assoc", "the nearest of them"),
    Column("known_separation", float, "arcsec", "pos.angDistance", "mean distance from it", 4),
    Column("known_along", float, "arcsec", "pos.angDistance", "mean residual along its predicted motion", 4),
    Column(
        "known_sigma_along", float, "arcsec", "stat.error;pos.angDistance", "its standard error, with the orbit's", 4
    ),
    Column("known_across", float, "arcsec", "pos.angDistance", "mean residual to the left of that motion", 4),
    Column("known_sigma_across", float, "arcsec", "stat.error;pos.angDistance", "its standard error", 4),
    Column(
        "orbits_age",
        float,
        "d",
        "time.duration",
        "from the epoch of its elements, or else of all orbits, to the detections",
    ),
    Column("digest2_neo_raw", float, "", "stat.probability", "digest2 score of a near-Earth orbit, 0 to 100"),
    Column("digest2_neo_noid", float, "", "stat.probability", "the same against orbits that are not known yet"),
    Column("report", int, "", "meta.id", "report to the Minor Planet Center that contains it"),
    Column("trk_sub", str, "", "meta.id", "its name there"),
)
RESIDUALS = ("separation", "along", "sigma_along", "across", "sigma_across")


def candidate_pages(survey: Survey) -> Iterator[list[Row]]:
    """Yield the movers that are settled as real, in pages; None where something is unknown."""
    return (rows_of(survey, page) for page in candidate_subjects(survey))


def candidate_subjects(survey: Survey) -> Iterator[list[Subject]]:
    after = 0
    while page := list(movers(survey).filter(pk__gt=after).order_by("pk")[:PAGE]):
        yield page
        after = page[-1].pk


def rows_of(survey: Survey, page: list[Subject]) -> list[Row]:
    keys = [row.pk for row in page]
    looked_up = (_frames, _consensus, _scores, _verdicts, _known, _reported)
    facts = [_motions(survey, keys), _digest2(survey, keys), *(look_up(keys) for look_up in looked_up)]
    rows = []
    for row in page:
        merged: Row = {
            "external_id": row.external_id,
            "subject_id": row.pk,
            "kind": row.kind,
            "label": row.gold_label,
            **{name: getattr(row, name) for name in ("mjd", "ra", "dec", "rate")},
        }
        for fact in facts:
            merged |= fact.get(row.pk, {})
        rows.append({column.name: column.rounded(merged.get(column.name)) for column in COLUMNS})
    return rows


def _frames(keys: Collection[int]) -> Mapping[int, Row]:
    frames: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for key, *values in Frame.objects.filter(subject__in=keys).values_list("subject", "mag", "snr", "band"):
        frames[key].append(tuple(values))
    return {key: {"frames": len(rows), **_photometry(rows)} for key, rows in frames.items()}


def _photometry(rows: list[tuple[Any, ...]]) -> Row:
    mags, snrs = (np.array([row[at] for row in rows], float) for at in (0, 1))
    mags, snrs = mags[np.isfinite(mags)], snrs[np.isfinite(snrs)]
    return {
        "mag": float(mags.mean()) if len(mags) else None,
        "mag_scatter": float(mags.std(ddof=1)) if len(mags) > 1 else None,
        "bands": ";".join(sorted({row[2] for row in rows if row[0] is not None and row[2]})),
        "snr": float(np.median(snrs)) if len(snrs) else None,
    }


def _motions(survey: Survey, keys: Sequence[int]) -> Mapping[int, Row]:
    """Return the fitted motions by subject, as its motion page has them with the survey's usual errors."""
    fit = fit_motions(keys, **survey.usual_errors())
    ra, dec = positions(fit.position)
    columns: dict[str, NDArray[np.float64]] = {
        "fitted_mjd": fit.mjd,
        "fitted_ra": np.round(ra, 9) % 360,
        "fitted_dec": dec,
        "fitted_ra_error": np.sqrt(fit.covariance[:, 0, 0]),
        "fitted_dec_error": np.sqrt(fit.covariance[:, 1, 1]),
        "fitted_rate": fit.rate,
        "fitted_rate_error": fit.rate_error,
        "position_angle": fit.position_angle,
        "position_angle_error": fit.position_angle_error,
        "chi2_dof": fit.chi2_dof,
    }
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return {
        key: {name: value for name, value in zip(columns, row, strict=True) if math.isfinite(value)}
        for key, row, rate in zip(keys, rows, fit.rate, strict=True)
        if math.isfinite(rate)
    }


def _consensus(keys: Collection[int]) -> Mapping[int, Row]:
    """Return the consensus by subject; of several workflows, the one with most votes."""
    rows = Consensus.objects.filter(subject__in=keys).select_related("workflow").order_by("-pk")
    return {
        row.subject_id: {
            "workflow": row.workflow.slug,
            "posterior": row.posterior,
            "method": row.method,
            "consensus_version": row.version,
            **{VOTE_COLUMNS[answer]: number for answer, number in row.votes_by_answer.items()},
        }
        for row in sorted(rows, key=lambda row: row.votes)
    }


def _scores(keys: Collection[int]) -> Mapping[int, Row]:
    rows = Score.objects.filter(subject__in=keys, checkpoint__is_champion=True).select_related("checkpoint")
    return {row.subject_id: {"model": str(row.checkpoint), "model_score": row.p_real} for row in rows}


def _verdicts(keys: Collection[int]) -> Mapping[int, Row]:
    rows = Ruling.objects.filter(subject__in=keys, withdrawn_at=None).select_related("scientist").order_by("pk")
    return {
        row.subject_id: {
            "verdict": row.verdict,
            "verdict_by": row.scientist.get_username(),
            "verdict_at": instant(row.created_at),
        }
        for row in rows
    }


def _known(keys: Collection[int]) -> Mapping[int, Row]:
    checks = IdentityCheck.objects.filter(subject__in=keys, detections__gt=0)
    facts: dict[int, Row] = {
        row.subject_id: {"known_candidates": row.candidates, "orbits_age": row.orbit_days} for row in checks
    }
    for row in KnownMatch.objects.filter(subject__in=keys, is_ruled_out=False).order_by("-separation"):
        nearest: Row = {"known_object": row.designation}
        nearest |= {f"known_{name}": getattr(row, name) for name in RESIDUALS}
        if row.orbit_days is not None:
            nearest["orbits_age"] = row.orbit_days
        facts[row.subject_id] = facts.get(row.subject_id, {}) | nearest
    return facts


def _digest2(survey: Survey, keys: Collection[int]) -> Mapping[int, Row]:
    """Return the scores, except those of another observatory code or other bands, which a worker computes again."""
    rows = NeoScore.objects.filter(subject__in=keys, noid__isnull=False, setup=setup_of(survey))
    named = rows.values_list("subject", "raw__NEO", "noid__NEO")
    return {key: {"digest2_neo_raw": raw, "digest2_neo_noid": noid} for key, raw, noid in named}


def _reported(keys: Collection[int]) -> Mapping[int, Row]:
    rows = ReportedTracklet.objects.filter(subject__in=keys)
    return {row.subject_id: {"report": row.report_id, "trk_sub": row.trk_sub} for row in rows}

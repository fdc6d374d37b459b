"""Motion page of a subject with several detections: the fit, its residuals, known objects, and what was said of it."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from ml.sky.neo_scores import CLASSES
from ml.sky.orbits import OLD_DAYS
from webapp.archive.access import subject_of, survey_page
from webapp.archive.light_curve import Plot, measurements, plot
from webapp.archive.models import Frame, Role, Subject, Survey
from webapp.archive.pixels import may_show_motion
from webapp.consensus.models import AggregatedPosterior, Consensus
from webapp.core.csv_writer import csv_response
from webapp.figures.distance import measure_distance
from webapp.figures.doubts import doubts
from webapp.figures.possible_links import DAYS, MOST, possible_links
from webapp.figures.sky_links import links, sexagesimal, shown_ra
from webapp.figures.track import Nearby, Track
from webapp.figures.trail_distances import trail_distances
from webapp.figures.trailing import MeasuredTrail, measure_trails
from webapp.known_objects.models import SEARCHED
from webapp.learning.models import Score
from webapp.reports.models import NeoScore
from webapp.reports.neo_scores import fingerprint, request_score

CSV_COLUMNS = (
    "frame", "mjd", "ra", "dec", "error_arcsec", "along_arcsec", "error_along_arcsec", "left_arcsec",
    "error_left_arcsec", "trail_arcsec", "measured_trail_arcsec", "measured_trail_low", "measured_trail_high",
    "band", "mag", "snr",
)  # fmt: skip
DISTANCE_COLUMNS = (
    "line", "frame", "distance_au", "distance_error_au", "nearest_au", "parallax", "parallax_error",
    "reversed_distance_au", "is_either", "straight_chi2", "chi2", "dof", "points", "problem",
)  # fmt: skip


class ErrorsForm(forms.Form):
    """What the errors of positions come from."""

    seeing = forms.FloatField(min_value=0.01, max_value=60, label=_("Seeing, FWHM in ″"))
    floor = forms.FloatField(min_value=0.001, max_value=60, label=_("Minimum position error, ″"))


@require_safe
@survey_page(Role.SCIENTIST)
def motion(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    subject = subject_of(survey, pk)
    frames = list(subject.frames.all())
    form, track = _track(request, survey, frames)
    known = list(subject.known_matches.all())
    nearby = track.nearby([match for match in known if not match.is_ruled_out])
    words = {word.designation: word for word in subject.ruled_out_matches.filter(taken_back_at=None)}
    check = getattr(subject, "identity_check", None)
    trailing = measure_trails(subject, track, _seeing(form, survey))
    others, is_crowded = possible_links(subject, track)
    context: dict[str, Any] = {
        "survey": survey,
        "subject": subject,
        "may_move": may_show_motion(subject),
        "form": form,
        "track": track,
        "n_known": int(track.is_known.sum()),
        "fit": track.numbers(),
        "doubts": list(doubts(track)),
        "detections": [(each, trailing.trails.get(each.frame.position)) for each in track.detections()],
        "filled": Frame.measured(frames),
        "trailing": trailing,
        "distance": measure_distance(subject, track),
        "trail_distances": (measured := trail_distances(subject, frames)),
        "measured_lines": [each.drawn() for each in measured if each.found],
        "known": [(match, words.get(match.designation)) for match in known],
        "nearby": subject.nearby_objects.all(),
        "may_rule_out": subject.kind not in SEARCHED,
        "others": others,
        "others_within": DAYS,
        "most_compared": MOST if is_crowded else None,
        "check": check,
        "has_old": any(match.is_old for match in known) or (check is not None and check.is_old),
        "old_days": round(OLD_DAYS),
        "light_curve": _light_curve(subject, frames),
        **_digest2(subject, frames),
        **_place(subject, track),
        **_opinions(subject),
    }
    if track.is_fitted:
        context["plot"] = _plot(track, nearby)
    return render(request, "figures/motion.html", context, status=400 if form.errors else 200)


@require_POST
@survey_page(Role.SCIENTIST)
def neo_score_start(request: HttpRequest, survey: Survey, pk: int) -> HttpResponse:
    request_score(subject_of(survey, pk))
    return redirect(f"{reverse('motion', args=[survey.slug, pk])}#digest2")


@require_safe
@survey_page(Role.SCIENTIST)
def motion_csv(request: HttpRequest, survey: Survey, pk: int) -> HttpResponseBase:
    subject = subject_of(survey, pk)
    form, track = _track(request, survey, list(subject.frames.all()))
    trails = measure_trails(subject, track, _seeing(form, survey)).trails
    rows = [
        (
            each.frame.position + 1, each.frame.mjd_mid, each.frame.ra, each.frame.dec, each.error, each.along,
            each.error_along, each.left, each.error_left, each.trail, *_of_trail(trails.get(each.frame.position)),
            each.frame.band, each.frame.mag, each.frame.snr,
        )
        for each in track.detections()
    ]  # fmt: skip
    return csv_response(f"motion-{subject.pk}.csv", CSV_COLUMNS, rows)


@require_safe
@survey_page(Role.SCIENTIST)
def trail_distances_csv(request: HttpRequest, survey: Survey, pk: int) -> HttpResponseBase:
    subject = subject_of(survey, pk)
    rows = [
        (
            each.name, each.frame + 1, fit.distance, fit.distance_error, fit.nearest, fit.parallax,
            fit.parallax_error, each.found.parallax.reversed.distance, each.found.is_either, fit.straight_chi2,
            fit.chi2, fit.dof, each.points, each.problem,
        )
        for each in trail_distances(subject, subject.frames.all())
        if each.found and (fit := each.found.parallax.fit)
    ]  # fmt: skip
    return csv_response(f"distances-{subject.pk}.csv", DISTANCE_COLUMNS, rows)


def _track(request: HttpRequest, survey: Survey, frames: list[Frame]) -> tuple[ErrorsForm, Track]:
    """Fit with the errors that the reader chose, or else the survey's."""
    usual = survey.usual_errors()
    form = ErrorsForm({name: request.GET.get(name) or value for name, value in usual.items()})
    return form, Track(frames, **(form.cleaned_data if form.is_valid() else usual))


def _seeing(form: ErrorsForm, survey: Survey) -> float:
    seeing: float = form.cleaned_data["seeing"] if form.is_valid() else survey.usual_errors()["seeing"]
    return seeing


def _of_trail(trail: MeasuredTrail | None) -> tuple[float | None, ...]:
    return (trail.length, trail.low, trail.high) if trail else (None, None, None)


def _light_curve(subject: Subject, frames: list[Frame]) -> Plot | None:
    """Return the drawing of a light curve; None without measurements, or for the one of a subject's only frame."""
    points = measurements(subject, frames)
    least = 1 if may_show_motion(subject) else 2
    return plot(points) if len(points) >= least else None


def _place(subject: Subject, track: Track) -> dict[str, Any]:
    """Return the position at the mean time, or the subject's own if no time is known, and links to look it up."""
    mjd = float(track.motion.mjd[0]) if track.is_known.any() else None
    ra, dec = (subject.ra, subject.dec) if mjd is None else track.position
    if ra is None or dec is None:
        return {}
    found = {"ra": shown_ra(ra), "dec": dec, "sexagesimal": sexagesimal(ra, dec)}
    return found | {"links": links(ra, dec, mjd, subject.survey.observatory)}


def _digest2(subject: Subject, frames: list[Frame]) -> dict[str, Any]:
    """Return the digest2 scores by class, and whether they are of these very detections."""
    row = NeoScore.objects.filter(subject=subject).first()
    if row is None or not row.is_over:
        return {"neo": row}
    raw, noid = row.raw or {}, row.noid or {}
    classes = [(name, raw[name], noid[name]) for name in CLASSES if name in noid]
    return {"neo": row, "neo_classes": classes, "neo_is_old": row.fingerprint != fingerprint(subject.survey, frames)}


def _opinions(subject: Subject) -> dict[str, Any]:
    """Return what models and volunteers say of the subject, with versions: newest models, and all consensus rows."""
    scores = subject.scores.select_related("checkpoint__run").order_by("-checkpoint_id")
    named = [(score, dict(zip(_classes(score), score.probabilities, strict=False))) for score in scores]
    classes = list(dict.fromkeys(chain.from_iterable(by_class for _, by_class in named)))
    crowd = Consensus.objects.filter(subject=subject).select_related("workflow").order_by("workflow__name")
    again = AggregatedPosterior.objects.filter(subject=subject).select_related("aggregation__workflow")
    return {
        "classes": classes,
        "scores": [(score, [by_class.get(name) for name in classes]) for score, by_class in named],
        "crowd": crowd,
        "reanalyses": again.order_by("-aggregation_id"),
    }


def _classes(score: Score) -> tuple[str, ...]:
    """Return the names of a score's probabilities."""
    return score.checkpoint.scored_classes or ("bogus", "real")


def _plot(track: Track, nearby: Sequence[Nearby]) -> dict[str, Any]:
    """Return the columns of the page's plots: places in arcsec, times in hours since the first detection."""
    keep = track.is_known
    fitted, residual, error = track.fitted()[keep], track.motion.residual[0][keep], track.motion.residual_error[0][keep]
    on_sky = np.sqrt(np.diagonal(track.motion.noise[0][keep], axis1=1, axis2=2))
    order = np.argsort(track.mjd[keep])
    return {
        "label": [str(row + 1) for row in np.flatnonzero(keep)],
        "hours": ((track.mjd[keep] - track.mjd[keep].min()) * 24).tolist(),
        "east": track.offsets[keep, 0].tolist(),
        "north": track.offsets[keep, 1].tolist(),
        "error_east": on_sky[:, 0].tolist(),
        "error_north": on_sky[:, 1].tolist(),
        "along": residual[:, 0].tolist(),
        "left": residual[:, 1].tolist(),
        "error_along": error[:, 0].tolist(),
        "error_left": error[:, 1].tolist(),
        "fit_east": fitted[order, 0].tolist(),
        "fit_north": fitted[order, 1].tolist(),
        "known": [
            {
                "name": each.match.designation,
                "east": each.east,
                "north": each.north,
                "outline": each.outline.T.tolist() if each.outline is not None else None,
            }
            for each in nearby
        ],
    }

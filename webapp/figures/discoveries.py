"""What was found: places, magnitudes and motions of a bounded sample of a workflow's subjects."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, QuerySet, Value
from numpy.typing import NDArray

from ml.evaluation.metrics.binned_completeness import bin_edges
from ml.sky.all_sky_maps import from_ecliptic, mollweide, to_ecliptic
from webapp.archive.fitted_motions import fit_motions
from webapp.archive.models import Subject
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.known_objects.models import IdentityCheck
from webapp.known_objects.unidentified import movers
from webapp.learning.models import Checkpoint, Score
from webapp.workflows.models import Workflow

Array = NDArray[np.float64]
MOST = 10_000
"""Points that are drawn; of more subjects, a random sample."""

BINS = 24
COLUMNS = ("ra", "dec", "lon", "lat", "mjd", "mag", "rate", "pa", "p_real")
DIGITS = {"ra": 5, "dec": 5, "lon": 4, "lat": 4, "mjd": 5, "mag": 2, "rate": 3, "pa": 1, "p_real": 4}
POPULATIONS = ("movers", "candidates", "all")


@dataclass(frozen=True)
class Discoveries:
    """A sample of n of `total` subjects.

    Attributes
    ----------
    keys, names, known
        Primary keys, names, and whether a known object is near (None: not compared).
    columns
        (n,) by name, NaN if unknown: `COLUMNS`, in degrees, MJD, magnitudes, arcsec/h and degrees from north through
        east. Rates and angles are fitted to the detections; without two of them, the rate is the survey's.
    filters
        The archive's filter for magnitudes and for rates: the fitted or the given one, none where both are mixed.
    """

    total: int
    keys: list[int]
    names: list[str]
    known: list[bool | None]
    columns: dict[str, Array]
    filters: dict[str, str]

    @property
    def has_motions(self) -> bool:
        return bool(np.isfinite(self.columns["pa"]).any())

    def plotted(self) -> dict[str, Any]:
        """Return the points' columns for a browser, with places on both maps; None where unknown."""
        columns = {name: values.round(DIGITS[name]) for name, values in self.columns.items()}
        for name, lon, lat in (("equatorial", "ra", "dec"), ("ecliptic", "lon", "lat")):
            x, y = mollweide(self.columns[lon], self.columns[lat])
            columns |= {f"{name}_x": x.round(4), f"{name}_y": y.round(4)}
        plain = {name: [None if np.isnan(v) else v for v in values.tolist()] for name, values in columns.items()}
        return {"pk": self.keys, "name": self.names, "known": self.known, **plain}

    def histogram(self, name: str) -> list[tuple[float, float, int, int, int]]:
        """Return bins of a column: from, to, subjects without and with a known object near, and not compared.

        None if the column is unknown.
        """
        values, known = self.columns[name], np.array(self.known, object)
        finite = np.isfinite(values)
        if not finite.any():
            return []
        edges = bin_edges(values, min(BINS, max(4, int(np.sqrt(finite.sum())))))
        sides = (known == side for side in (False, True, None))
        counts = [np.histogram(values[finite & side], edges)[0].tolist() for side in sides]
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), *counts, strict=True))


def discoveries(workflow: Workflow, population: str, champion: Checkpoint | None, threshold: float) -> Discoveries:
    """Return the subjects of a population, at most `MOST`; figures may be a minute old.

    Parameters
    ----------
    population
        "movers": settled as real; "candidates": the champion's p_real is at the threshold or above; "all".
    """
    key = f"discoveries-{workflow.pk}-{population}-{champion.pk if champion else 0}"
    key += f"-{threshold:g}" if population == "candidates" else ""
    return cached_figure(key, partial(_sample, workflow, _RULES[population], champion, threshold), MINUTE)


Rule = Callable[[Workflow, Checkpoint | None, float], QuerySet[Subject]]


def _all(workflow: Workflow, champion: Checkpoint | None, threshold: float) -> QuerySet[Subject]:
    return Subject.objects.originals().observed().filter(survey=workflow.survey_id)


def _movers(workflow: Workflow, champion: Checkpoint | None, threshold: float) -> QuerySet[Subject]:
    return movers(workflow.survey)


def _candidates(workflow: Workflow, champion: Checkpoint | None, threshold: float) -> QuerySet[Subject]:
    scores = Score.objects.filter(checkpoint=champion, subject=OuterRef("pk"), p_real__gte=threshold)
    return _all(workflow, champion, threshold).filter(Exists(scores))


_RULES: dict[str, Rule] = {"movers": _movers, "candidates": _candidates, "all": _all}


def _sample(workflow: Workflow, rule: Rule, champion: Checkpoint | None, threshold: float) -> Discoveries:
    rows = rule(workflow, champion, threshold).filter(kind=workflow.kind)
    total = rows.count()
    if total > MOST:  # the same sample each time
        hashed = Func(F("pk"), Value(0), function="hashint8extended", output_field=BigIntegerField())
        rows = rows.order_by(hashed, "pk")
    stored = ("ra", "dec", "mjd", "rate", "mag")
    shown = list(rows.values_list("pk", "external_id", *stored)[:MOST])
    keys = [row[0] for row in shown]
    values = np.array([row[2:] for row in shown], float).reshape(-1, len(stored))
    columns = dict(zip(stored, values.T, strict=True))
    motion = fit_motions(keys, **workflow.survey.usual_errors())
    columns["lon"], columns["lat"] = to_ecliptic(columns["ra"], columns["dec"])
    is_fitted = np.isfinite(motion.rate)
    filters = {"mag": "mean_mag", "rate": _rate_filter(is_fitted, np.isfinite(columns["rate"]))}
    columns |= {"rate": np.where(is_fitted, motion.rate, columns["rate"]), "pa": motion.position_angle}
    columns["p_real"] = _by_key(keys, _scores(keys, champion))
    checked = IdentityCheck.objects.filter(subject__in=keys, detections__gt=0)
    known = dict(checked.values_list("subject", "candidates"))
    is_known = [known[key] > 0 if key in known else None for key in keys]
    return Discoveries(total, keys, [row[1] for row in shown], is_known, columns, filters)


def _rate_filter(is_fitted: NDArray[np.bool_], is_given: NDArray[np.bool_]) -> str:
    if not (is_given & ~is_fitted).any():
        return "fitted_rate"
    return "" if is_fitted.any() else "rate"


def _scores(keys: list[int], champion: Checkpoint | None) -> dict[int, float]:
    return dict(Score.objects.filter(checkpoint=champion, subject__in=keys).values_list("subject", "p_real"))


def _by_key(keys: list[int], values: dict[int, float]) -> Array:
    return np.array([values.get(key, np.nan) for key in keys], dtype=np.float64)


def graticule() -> dict[str, Any]:
    """Return the maps' lines: meridians and parallels every 30°, the ecliptic, and the celestial equator."""
    along, up = np.linspace(0, 360, 121), np.linspace(-90, 90, 61)
    meridians = [mollweide(np.full_like(up, lon), up) for lon in range(0, 361, 30)]
    parallels = [mollweide(along, np.full_like(along, lat)) for lat in range(-60, 61, 30)]
    flat = np.zeros_like(along)
    planes = {"equatorial": from_ecliptic(along, flat), "ecliptic": to_ecliptic(along, flat)}
    return {
        "grid": _lines([*meridians, *parallels]),
        **{name: _lines([mollweide(lon[order], lat[order])]) for name, (lon, lat) in planes.items()
           for order in [np.argsort(lon)]},
    }  # fmt: skip


def _lines(lines: list[tuple[Array, Array]]) -> dict[str, list[list[float]]]:
    return {"x": [x.round(3).tolist() for x, _ in lines], "y": [y.round(3).tolist() for _, y in lines]}

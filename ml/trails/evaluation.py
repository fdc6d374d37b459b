"""Evaluate a trail detector: completeness at fixed precision, by S/N, with intervals by image."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics import (
    bootstrap_weights,
    completeness_by_snr,
    detection_curve,
    interval,
    match_boxes,
    match_curves,
)
from ml.evaluation.metrics.detection import Matched, Trails
from ml.evaluation.metrics.overlap import line_distance
from ml.evaluation.observing_conditions import Conditions
from ml.trails.annotation import TRAIL, Annotation
from ml.trails.detection import Trail
from ml.trails.polyline import POINTS, even

PRECISION = 0.9
CLEAR = 3.0  # minimum S/N per pixel of clear trails
DRAWS = 1000
SNR_EDGES = (1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 30.0)
NEAR = 8.0  # pixels within which a false detection is attributed to an object
Array = NDArray[Any]


@dataclass(frozen=True)
class Outcome:
    """The detected and the true trails of one image."""

    found: Sequence[Trail]
    things: Sequence[Annotation]


@dataclass(frozen=True)
class Sides:
    """The detected and the true trails of all images, as curves and as boxes, with each one's image.

    `seen` has the observing conditions of the true ones: their own S/N, where `true.value` has 3 for an unknown one.
    """

    found: Trails
    true: Trails
    found_boxes: Trails
    true_boxes: Trails
    seen: Conditions


def judge(outcomes: Sequence[Outcome], seed: int = 0, draws: int = DRAWS) -> dict[str, Any]:
    """Return the metrics of a detector on images with known trails.

    Returns
    -------
    images, trails, clear_trails (S/N ≥ 3); completeness_at_precision_0.9 of all and of the clear ones, threshold (the
    lowest score with that precision for clear ones), average_precision, the same by overlapping boxes; intervals (95 %,
    by bootstrap over images); by_snr (found, out of all); false (objects under the false detections above the
    threshold).

    A detection is true if its curve stays within 5 pixels of a true one and covers half of it (`match_curves`).
    """
    sides = sides_of(outcomes)
    matched = match_curves(sides.found, sides.true)
    every, clear = detection_curve(matched), detection_curve(matched, CLEAR)
    at, threshold = clear.at_precision(PRECISION)
    boxes = match_boxes(sides.found_boxes, sides.true_boxes, 0.5)
    names = ("completeness_at_precision_0.9", "completeness_clear_at_precision_0.9")
    spans = (intervals(matched, sides, -np.inf, seed, draws), intervals(matched, sides, CLEAR, seed, draws))
    return {
        "images": len(outcomes),
        "trails": len(matched.snr),
        "clear_trails": int((matched.snr >= CLEAR).sum()),
        names[0]: every.at_precision(PRECISION)[0],
        names[1]: at,
        "threshold": threshold,
        "average_precision": every.average_precision(),
        "average_precision_clear": clear.average_precision(),
        "completeness_clear_by_boxes": detection_curve(boxes, CLEAR).at_precision(PRECISION)[0],
        "intervals": dict(zip(names, spans, strict=True)),
        "by_snr": _by_snr(matched, threshold),
        "false": _blamed(outcomes, sides, matched, threshold),
    }


def sides_of(outcomes: Sequence[Outcome]) -> Sides:
    """Return detected and true trails of all images; those without known S/N count as clear."""
    found = [(n, trail) for n, outcome in enumerate(outcomes) for trail in outcome.found]
    true = [(n, thing) for n, outcome in enumerate(outcomes) for thing in outcome.things if thing.label == TRAIL]
    scores = np.array([trail.score for _, trail in found])
    snr = np.array([CLEAR if np.isnan(thing.snr) else thing.snr for _, thing in true])
    images, true_images = np.array([n for n, _ in found], int), np.array([n for n, _ in true], int)
    return Sides(
        Trails(images, _curves([trail.curve for _, trail in found]), scores),
        Trails(true_images, _curves([thing.curve for _, thing in true]), snr),
        Trails(images, _rows([trail.box for _, trail in found]), scores),
        Trails(true_images, _rows([_box(thing) for _, thing in true]), snr),
        Conditions.of([thing.seen for _, thing in true]),
    )


def intervals(matched: Matched, sides: Sides, snr_from: float, seed: int, draws: int) -> tuple[float, float]:
    """Return the 95 % interval of the completeness at 90 % precision, by bootstrap over whole images."""
    hit = matched.truth >= 0
    counted = matched.snr >= snr_from
    fine = hit.copy()
    fine[hit] = counted[matched.truth[hit]]
    used = np.flatnonzero(fine | ~hit)
    order = used[np.argsort(-matched.score[used], kind="stable")]
    last = np.flatnonzero(np.r_[np.diff(matched.score[order]) != 0, True]) if len(order) else order
    together = np.concatenate([sides.found.image[order], sides.true.image[counted]])
    if not counted.any():
        return np.nan, np.nan
    got = []
    for weights in bootstrap_weights(together, draws, seed):
        of_found, of_true = weights[:, : len(order)], weights[:, len(order) :].sum(1)
        hits = np.cumsum(of_found * fine[order], axis=1)[:, last]
        precise = hits >= (PRECISION - 1e-9) * np.cumsum(of_found, axis=1)[:, last]
        best = np.where(precise, hits, 0).max(1, initial=0)
        got.append(np.divide(best, of_true, out=np.full(len(best), np.nan), where=of_true > 0))
    low, high = interval(np.concatenate(got))
    return low, high


def _by_snr(matched: Matched, threshold: float) -> list[dict[str, float]]:
    bins = completeness_by_snr(matched, threshold, np.array(SNR_EDGES))
    return [
        {"from": SNR_EDGES[k], "to": SNR_EDGES[k + 1], "found": int(bins.hits[k]), "of": int(bins.n[k])}
        for k in range(len(SNR_EDGES) - 1)
    ]


def _blamed(outcomes: Sequence[Outcome], sides: Sides, matched: Matched, threshold: float) -> dict[str, int]:
    """Count false detections at or above the threshold by the class of the object they lie on; "nothing" for none."""
    blame: Counter[str] = Counter()
    for row in np.flatnonzero((matched.truth < 0) & (matched.score >= threshold)):
        things = outcomes[int(sides.found.image[row])].things
        if not things:
            blame["nothing"] += 1
            continue
        distance = np.array([_strays(sides.found.shape[row][[0, 1, -2, -1]], thing.curve) for thing in things])
        blame[things[int(distance.argmin())].label if distance.min() <= NEAR else "nothing"] += 1
    return dict(blame)


def _strays(line: Array, curve: Array) -> float:
    """Return a line's distance from a curve: the larger distance of its ends from the curve."""
    segments = np.concatenate([curve[:-1], curve[1:]], axis=1)
    ends = line.reshape(2, 2)
    return float(max(line_distance(np.tile(end, 2)[None], segments).min() for end in ends))


def _box(thing: Annotation) -> NDArray[np.float64]:
    half = max(thing.width, 6.0) / 2
    return np.concatenate([thing.curve.min(0) - half, thing.curve.max(0) + half])


def _curves(curves: Sequence[Array]) -> NDArray[np.float64]:
    """Return curves as rows of x0, y0, x1, y1 …, 17 points each."""
    return np.array([even(curve, POINTS).ravel() for curve in curves], dtype=np.float64).reshape(-1, 2 * POINTS)


def _rows(quads: Sequence[Array]) -> NDArray[np.float64]:
    return np.array(quads, dtype=np.float64).reshape(-1, 4)

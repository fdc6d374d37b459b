"""How many injected movers volunteers and the champion find, by magnitude, S/N and rate."""

import json
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics.binned_completeness import Bins, bin_edges, completeness_by, completeness_plane
from webapp.archive.models import Frame, Subject
from webapp.classifications.models import Classification
from webapp.consensus.models import VOTE_COLUMNS, Consensus
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.core.sql import copy_out
from webapp.figures.page_options import PageOptions
from webapp.learning.models import Checkpoint, Score
from webapp.synthetics.mover import SYNTHETIC
from webapp.workflows.models import Workflow

MOST = 20_000
"""Newest movers that are counted."""

BINS = 6
QUANTITIES = ("mag", "snr", "rate")
FINDERS = ("volunteer", "crowd", "model")

VOTED = " + ".join(VOTE_COLUMNS.values())

# A mover's magnitude follows from the zero point of the detection that it was drawn beside. NaN is unknown.
MOVERS = f"""
    SELECT coalesce((subject.metadata->'{SYNTHETIC}'->>'snr')::float8, 'NaN'),
        coalesce((subject.metadata->'{SYNTHETIC}'->>'rate')::float8, 'NaN'),
        coalesce((SELECT avg(mag + 2.5 * log(snr)) FROM {Frame._meta.db_table}
            WHERE subject_id = subject.id AND snr > 0 AND snr < 'Infinity' AND abs(mag) < 'Infinity'), 'NaN'),
        coalesce(score.p_real, 'NaN'),
        coalesce((SELECT posterior FROM {Consensus._meta.db_table}
            WHERE workflow_id = %(workflow)s AND subject_id = subject.id AND {VOTED} > 0), 'NaN'),
        coalesce(answers.yes, 0), coalesce(answers.n, 0), subject.id
    FROM {Subject._meta.db_table} AS subject
    LEFT JOIN {Score._meta.db_table} AS score
        ON score.subject_id = subject.id AND score.checkpoint_id = %(checkpoint)s::bigint
    LEFT JOIN LATERAL (
        SELECT count(*) AS n, count(*) FILTER (WHERE answer = 'yes') AS yes FROM {Classification._meta.db_table}
        WHERE workflow_id = %(workflow)s AND subject_id = subject.id AND withdrawn_at IS NULL AND is_counted
    ) AS answers ON true
    WHERE subject.survey_id = %(survey)s AND subject.is_synthetic AND subject.metadata @> %(made)s::jsonb
    ORDER BY subject.id DESC LIMIT {MOST}
"""  # noqa: S608  # our own tables
NUMBERS = ("snr", "rate", "zero_point", "p_real", "posterior")
FIELDS = dict.fromkeys(NUMBERS, "float8") | {"yes": "int8", "answers": "int8", "subject": "int8"}


@dataclass(frozen=True)
class Row:
    """One bin of one quantity, and who found what fraction of it."""

    low: float
    high: float
    fractions: dict[str, tuple[int, float, float, float]]


class Movers:
    """N injected movers of a workflow: their magnitude, S/N and rate (NaN if unknown), and who found them.

    Parameters
    ----------
    rows
        (N,) structured, with `FIELDS`.
    threshold
        From which p_real on the model finds one.
    """

    def __init__(self, rows: NDArray[np.void], threshold: float) -> None:
        self.rows, self.threshold = rows, threshold

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, quantity: str) -> NDArray[np.float64]:
        """Return one of `QUANTITIES` (N,): estimated magnitude, S/N in each frame, or rate in arcsec/h."""
        if quantity != "mag":
            return np.asarray(self.rows[quantity], dtype=np.float64)
        return np.asarray(self.rows["zero_point"] - 2.5 * np.log10(np.maximum(self.rows["snr"], 1e-3)))

    def trials(self, finder: str) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the movers that a finder looked at, one row a trial, and whether each was found.

        One of `FINDERS`: single volunteers' answers (yes finds it), the consensus of their votes (from a posterior of
        0.5 on), the champion (from the threshold on). What nobody looked at or scored is left out.
        """
        if finder == "volunteer":
            times = np.stack([self.rows["yes"], self.rows["answers"] - self.rows["yes"]], axis=1).ravel()
            return (
                np.repeat(np.repeat(np.arange(len(self)), 2), times),
                np.repeat(np.tile([True, False], len(self)), times),
            )
        column, least = ("posterior", 0.5) if finder == "crowd" else ("p_real", self.threshold)
        known = np.flatnonzero(np.isfinite(self.rows[column]))
        return known, self.rows[column][known] >= least

    def by(self, quantity: str) -> list[Row]:
        """Return the fraction found by bins of a quantity; empty where no mover has it."""
        values = self.values(quantity)
        if not np.isfinite(values).any():
            return []
        edges = bin_edges(values, BINS)
        found = {finder: self._binned(finder, values, edges) for finder in FINDERS}
        return [
            Row(float(low), float(high), {finder: _cell(bins, at) for finder, bins in found.items()})
            for at, (low, high) in enumerate(pairwise(edges))
        ]

    def plane(self, finder: str) -> Bins | None:
        """Return the fraction found over magnitude (or S/N, where magnitudes are unknown) and rate; None if unknown."""
        x, y = self.values(self.brightness), self.values("rate")
        if not np.isfinite(x + y).any():
            return None
        at, is_found = self.trials(finder)
        return completeness_plane(x[at], y[at], is_found, bin_edges(x, BINS), bin_edges(y, BINS))

    @property
    def brightness(self) -> str:
        """Return "mag" if any magnitude is known, else "snr"."""
        return "mag" if np.isfinite(self.values("mag")).any() else "snr"

    def _binned(self, finder: str, values: NDArray[np.float64], edges: NDArray[np.float64]) -> Bins:
        at, is_found = self.trials(finder)
        return completeness_by(values[at], is_found, edges)


def movers_of(asked: PageOptions) -> Movers:
    """Return the newest movers injected into a workflow's queue, at most `MOST`; figures may be a minute old."""
    workflow, champion = asked.workflow, asked.champion
    key = f"synthetics-{workflow.pk}-{champion.pk if champion else 0}"
    return Movers(cached_figure(key, partial(_rows, workflow, champion), MINUTE), asked.threshold)


def _rows(workflow: Workflow, champion: Checkpoint | None) -> NDArray[np.void]:
    asked: dict[str, Any] = {
        "survey": workflow.survey_id,
        "workflow": workflow.pk,
        "checkpoint": champion.pk if champion else None,
        "made": json.dumps({SYNTHETIC: {"workflow": workflow.slug}}),
    }
    return copy_out(MOVERS, FIELDS, asked)


def _cell(bins: Bins, at: int) -> tuple[int, float, float, float]:
    low, high = bins.interval
    return int(bins.n[at]), float(bins.proportion[at]), float(low[at]), float(high[at])

"""Night report: subjects, judgements and the champion's mistakes by night (Rabeendran & Denneau 2021, Table 5)."""

from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np

from ml.evaluation.metrics.binomial import jeffreys
from webapp.archive.models import Frame, Subject
from webapp.archive.observing_nights import date_of, newest_nights, night_of
from webapp.consensus.models import SETTLED, Consensus
from webapp.core.cached_figures import MINUTE, cached_figure
from webapp.core.sql import fetch
from webapp.known_objects.models import IdentityCheck
from webapp.learning.model_roles import classes_of
from webapp.learning.models import Checkpoint, Score
from webapp.workflows.models import Workflow

NIGHTS = 60
"""Nights on a page of a report."""

LIMIT_SNR = 5.0
POPULATIONS = ("all", "unknown")

# A subject is judged by its known class (a verdict, or the survey's gold), or else by its settled consensus.
COUNT = f"""
    SELECT floor(mjd - %(begins)s::float8)::int,
        count(*), count(*) FILTER (WHERE candidates = 0), count(*) FILTER (WHERE candidates > 0),
        count(*) FILTER (WHERE is_real), count(*) FILTER (WHERE NOT is_real),
        count(*) FILTER (WHERE is_real AND p_real IS NOT NULL),
        count(*) FILTER (WHERE NOT is_real AND p_real IS NOT NULL),
        count(*) FILTER (WHERE NOT is_real AND p_real >= %(threshold)s::float8),
        count(*) FILTER (WHERE is_real AND p_real < %(threshold)s::float8),
        count(p_real), count(*) FILTER (WHERE p_real < %(threshold)s::float8)
    FROM (
        SELECT subject.mjd, identity.candidates, score.p_real,
            CASE WHEN subject.gold_label <> '' THEN subject.gold_label = ANY(%(real)s::text[])
                WHEN crowd.is_retired AND crowd.retired_reason = ANY(%(settled)s::text[]) THEN crowd.posterior >= 0.5
            END AS is_real
        FROM {Subject._meta.db_table} AS subject
        LEFT JOIN {IdentityCheck._meta.db_table} AS identity
            ON identity.subject_id = subject.id AND identity.detections > 0
        LEFT JOIN {Consensus._meta.db_table} AS crowd
            ON crowd.subject_id = subject.id AND crowd.workflow_id = %(workflow)s
        LEFT JOIN {Score._meta.db_table} AS score
            ON score.subject_id = subject.id AND score.checkpoint_id = %(checkpoint)s::bigint
        WHERE subject.survey_id = %(survey)s AND subject.kind = %(kind)s AND subject.mjd >= %(since)s::float8
            AND subject.mjd < %(until)s::float8 AND NOT subject.is_synthetic AND subject.duplicate_of_id IS NULL
            AND (%(population)s::text = 'all' OR identity.candidates = 0)
    ) AS judged
    GROUP BY 1 ORDER BY 1 DESC
"""  # noqa: S608  # our own tables

# The limit is where a detection's magnitude, carried to S/N 5, would be.
EXPOSURES = f"""
    SELECT floor(frame.mjd_mid - %(begins)s::float8)::int, count(DISTINCT frame.mjd_mid),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY frame.mag + 2.5 * log(frame.snr / %(limit)s::float8))
            FILTER (WHERE frame.snr > 0 AND frame.snr < 'Infinity' AND abs(frame.mag) < 'Infinity')
    FROM {Frame._meta.db_table} AS frame JOIN {Subject._meta.db_table} AS subject ON subject.id = frame.subject_id
    WHERE subject.survey_id = %(survey)s AND subject.kind = %(kind)s AND subject.mjd >= %(since)s::float8
        AND subject.mjd < %(until)s::float8 AND NOT subject.is_synthetic
    GROUP BY 1
"""  # noqa: S608  # our own tables


@dataclass(frozen=True)
class Night:
    """One night's counts.

    Attributes
    ----------
    mjd, begins
        UT day in which the night began, and the time at which this survey's nights begin (MJD).
    unknown, known
        Subjects that were compared with the known objects, without and with one near them.
    real, bogus
        Judged subjects; `scored_real` and `scored_bogus` are those with the champion's score.
    false_positive, false_negative
        Bogus ones at or above the threshold, and real ones below it.
    scored, below
        Subjects with the champion's score, judged or not, and those below the threshold.
    exposures, limit
        Times at which the subjects' frames were taken, and the median 5σ magnitude of their detections, if known.
    """

    mjd: int
    subjects: int
    unknown: int
    known: int
    real: int
    bogus: int
    scored_real: int
    scored_bogus: int
    false_positive: int
    false_negative: int
    scored: int
    below: int
    exposures: int
    limit: float | None
    begins: float

    @property
    def date(self) -> date:
        return date_of(self.mjd)

    @property
    def is_compared(self) -> bool:
        """Return whether any subject was compared with the known objects."""
        return self.unknown + self.known > 0

    @property
    def false_positive_rate(self) -> float | None:
        """Return false positives over scored bogus subjects."""
        return _proportion(self.false_positive, self.scored_bogus)

    @property
    def false_negative_rate(self) -> float | None:
        """Return false negatives over scored real subjects."""
        return _proportion(self.false_negative, self.scored_real)

    @property
    def saved(self) -> float | None:
        """Return the fraction of the scored subjects that nobody needs to look at."""
        return _proportion(self.below, self.scored)

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % Jeffreys interval of a rate, "false_positive" or "false_negative"; NaN without subjects."""
        total = self.scored_bogus if name == "false_positive" else self.scored_real
        low, high = jeffreys(np.array(getattr(self, name)), np.array(total))
        return float(low), float(high)


@dataclass(frozen=True)
class NightsPage:
    """Some nights, newest first, and the date of the last one if there are older ones."""

    nights: list[Night]
    older_than: date | None


def nights_of(
    workflow: Workflow,
    champion: Checkpoint | None,
    threshold: float,
    population: str,
    before: date | None = None,
) -> NightsPage:
    """Return the newest nights with subjects of the workflow's kind; figures may be a minute old.

    Parameters
    ----------
    champion
        None if there is no model: then nothing is scored.
    threshold
        From which p_real on a subject is called real.
    population
        "all", or "unknown" for subjects that were compared with the known objects and are near none.
    before
        Only nights that begin before this UTC date.
    """
    key = f"night-report-{workflow.pk}-{champion.pk if champion else 0}-{threshold:g}-{population}-{before or ''}"
    return cached_figure(key, partial(_page, workflow, champion, threshold, population, before), MINUTE)


def _page(
    workflow: Workflow, champion: Checkpoint | None, threshold: float, population: str, before: date | None
) -> NightsPage:
    end = None if before is None else night_of(before)
    found, begins = newest_nights(workflow.survey_id, workflow.kind, NIGHTS + 1, end)
    newest = found[:NIGHTS]
    rows = _count(workflow, champion, threshold, population, (newest[-1], newest[0] + 1, begins)) if newest else []
    return NightsPage(rows, date_of(newest[-1]) if len(found) > NIGHTS else None)


def _count(
    workflow: Workflow,
    champion: Checkpoint | None,
    threshold: float,
    population: str,
    span: tuple[int, int, float],
) -> list[Night]:
    """Count the nights of a span: from a night until before another one, and the time of day at which they begin."""
    first, end, begins = span
    of = {"survey": workflow.survey_id, "kind": workflow.kind, "begins": begins}
    of |= {"since": first + begins, "until": end + begins}
    frames = {night: (exposures, limit) for night, exposures, limit in fetch(EXPOSURES, of | {"limit": LIMIT_SNR})}
    asked = {
        "workflow": workflow.pk,
        "checkpoint": champion.pk if champion else None,
        "threshold": threshold,
        "population": population,
        "real": ["yes", *classes_of(workflow.survey).positive],
        "settled": [str(reason) for reason in SETTLED],
    }
    return [Night(*(*row, *frames.get(row[0], (0, None)), float(row[0] + begins))) for row in fetch(COUNT, of | asked)]


def _proportion(part: int, whole: int) -> float | None:
    return part / whole if whole else None

"""Demonstration on real data: a folder of ZTF alert packets, known asteroids as truth, simulated volunteers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from django.core.management import CommandError
from django.utils.translation import gettext_noop

from ml.evaluation.metrics.ranking import roc_auc
from ml.io.read_subjects import read_subjects
from ml.io.records import BadInput, SubjectRecord
from webapp.archive.models import Subject, Survey
from webapp.console.demo.config import Plan, Source, Truth
from webapp.console.demo.progress import Progress
from webapp.console.demo.setup import POOL, Stage, forget_survey, ingest_demo, open_demo_survey, open_stage

KNOWN_WITHIN = 5.0
GOLD_SHARE = 0.3
VOTES_PER_SUBJECT = 2.0  # in each round
MAGNITUDE_ERROR_TO_SNR = 1.0857
SURVEY_SCORES = ("#rb", "#drb")

PLAN = Plan(
    slug="ztf",
    name="ZTF alerts, simulated volunteers",
    description=gettext_noop("Real alert packets of the Zwicky Transient Facility. The volunteers are simulated."),
    question=gettext_noop("Is this a moving object of our solar system?"),
    kind="stamp",
    rounds=4,
    votes_per_round=0,
    classes=("OTHER", "SSO"),
    positive=("SSO",),
    max_votes=20,
    sure=0.99,
    channels=("difference", "science", "template"),
    pixel_scale=1.01,
    seeing=2.0,
    position_floor=0.1,
    is_simulated=False,
)


@dataclass(frozen=True)
class Packets:
    """The truth and scores in the packets, by external id."""

    truth: Truth
    groups: dict[str, str]
    scores: dict[str, dict[str, float]]

    def auc_of(self, score: str) -> float | None:
        """Return the ROC AUC of one of the survey's own scores, asteroids against the rest; None if it is missing."""
        values = self.scores.get(score, {})
        real = self.truth.is_real(values)
        return roc_auc(np.array(real), np.array(list(values.values()))) if 0 < sum(real) < len(real) else None


def read_packets(folder: Path) -> Packets:
    """Read the packets; known asteroids within 5 arcsec are the truth that volunteers never see.

    Raises CommandError if there is nothing to train on.
    """
    sources, groups, scores = {}, {}, {name: {} for name in SURVEY_SCORES}  # type: ignore[var-annotated]
    for record in _records(folder):
        sources[record.external_id] = _source(record)
        groups[record.external_id] = record.object_group
        for name in SURVEY_SCORES:
            if (value := record.metadata.get(name)) is not None:
                scores[name][record.external_id] = float(value)
    asteroids = sum(source.is_real for source in sources.values())
    if min(asteroids, len(sources) - asteroids) < 20:
        raise CommandError(
            f"{folder} holds {len(sources)} readable packets, {asteroids} of them known asteroids; the demonstration "
            "needs at least 20 asteroids and 20 others."
        )
    return Packets(Truth(sources, PLAN.positive), groups, scores)


def set_ztf_stage(
    folder: Path, packets: Packets, rounds: int, seed: int, progress: Progress, *, with_control: bool
) -> Stage:
    """Ingest the packets, and mark some objects as gold."""
    forget_survey(PLAN.slug)
    plan = replace(PLAN, rounds=rounds, votes_per_round=round(VOTES_PER_SUBJECT * len(packets.groups)))
    survey = open_demo_survey(plan)
    ingest_demo(survey, folder, POOL, progress)
    mark_gold(survey, packets, seed)
    return open_stage(plan, survey, packets.truth, seed, with_control=with_control)


def mark_gold(survey: Survey, packets: Packets, seed: int) -> None:
    """Mark a random fraction of the objects as gold, by the survey's own match with known asteroids."""
    groups = sorted(set(packets.groups.values()))
    chosen = set(np.random.default_rng(seed).choice(groups, round(GOLD_SHARE * len(groups)), replace=False))
    for label in PLAN.classes:
        keys = [key for key, group in packets.groups.items() if group in chosen and packets.truth[key].label == label]
        Subject.objects.filter(survey=survey, external_id__in=keys).update(gold_label=label, gold_source="known object")


def _records(folder: Path) -> Iterator[SubjectRecord]:
    for record in read_subjects(folder):
        if not isinstance(record, BadInput):
            yield record


def _source(record: SubjectRecord) -> Source:
    distance = record.metadata.get("#ssdistnr")
    is_real = distance is not None and 0 <= distance <= KNOWN_WITHIN
    error = record.metadata.get("sigmapsf")
    return Source("SSO" if is_real else "OTHER", is_real, MAGNITUDE_ERROR_TO_SNR / error if error else float("nan"))

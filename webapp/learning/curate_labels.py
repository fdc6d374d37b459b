"""Curate a training set: labels from rulings, gold and retired consensus, frozen as a hashed snapshot."""

from collections import Counter, defaultdict
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import FilteredRelation, Q, QuerySet, Sum
from django.db.models.functions import Abs
from django.utils import timezone

from ml.crowd.answer import CLASSES, Answer
from webapp.archive.models import Subject
from webapp.classifications.models import Classification, Mark
from webapp.consensus.evidence import probability
from webapp.consensus.models import Consensus, Skill
from webapp.consensus.past_retention import past_retention
from webapp.learning import label_snapshot
from webapp.learning.label_changes import new_labels
from webapp.learning.label_snapshot import CONSENSUS, Label, Lines
from webapp.learning.model_roles import Classes, classes_of
from webapp.learning.models import TrainingSet
from webapp.learning.test_sets import TooLittleGold, current, current_held_out, on_test_side
from webapp.learning.training_sets import FOLDER, is_stored, labels_of
from webapp.workflows.models import Workflow

SUBJECT = ("pk", "external_id", "zarr_array", "zarr_index", "object_group", "gold_label", "gold_source")
CROWD = tuple(f"crowd__{name}" for name in ("method", "votes_yes", "votes_no", "log_odds_micronats", "follow_ups"))

SUREST = 0.999
"""No consensus is as certain as gold."""

PLACE = ("frame", "x1", "y1", "x2", "y2")


def counted_lines(workflow: Workflow) -> dict[int, Lines]:
    """Return (volunteer, frame, x1, y1, x2, y2) of every line that counts, by subject.

    Volunteers are numbered from 0 within each subject, so that a training set identifies nobody. Withdrawn answers, and
    those of volunteers without weight, are excluded.
    """
    by_subject: dict[int, list[tuple[float, ...]]] = defaultdict(list)
    numbers: dict[int, dict[int, int]] = defaultdict(dict)
    flagged = Skill.objects.filter(workflow=workflow, is_trusted=False).values("volunteer")
    counted = Mark.objects.standing().filter(classification__workflow=workflow, classification__is_counted=True)
    rows = (
        counted.exclude(classification__volunteer__in=flagged)
        .order_by("classification__subject", "classification__created_at", "classification", "position")
        .values_list("classification__subject", "classification__volunteer", *PLACE)
    )
    for subject, volunteer, *place in rows.iterator(chunk_size=5000):
        number = numbers[subject].setdefault(volunteer, len(numbers[subject]))
        by_subject[subject].append((float(number), *map(float, place)))
    return {subject: tuple(lines) for subject, lines in by_subject.items()}


def follow_up_weights(workflow: Workflow) -> dict[int, dict[str, int]]:
    """Return the summed weight of each follow-up answer, by subject: that of the votes that it came with.

    An answer thus counts by the skill of who gave it. Majority votes, and those of volunteers whose skill is not known
    yet, have no weight and are left out; so are those of volunteers whose yes is evidence for no, or the other way
    round.
    """
    weights: dict[int, dict[str, int]] = defaultdict(dict)
    is_perverse = Q(answer=Answer.YES, log_odds_micronats__lt=0) | Q(answer=Answer.NO, log_odds_micronats__gt=0)
    votes = Classification.objects.counted().filter(workflow=workflow, log_odds_micronats__isnull=False)
    votes = votes.exclude(follow_up="").exclude(log_odds_micronats=0).exclude(is_perverse)
    rows = votes.values_list("subject", "follow_up")
    for subject, name, weight in rows.annotate(weight=Sum(Abs("log_odds_micronats"))).iterator(chunk_size=5000):
        weights[subject][name] = weight
    return weights


def labelled(workflow: Workflow) -> QuerySet[Subject]:
    """Return the subjects that a model for the workflow can be trained on now.

    Gold belongs to the survey and serves all its workflows; volunteers' answers belong to the workflow. Duplicates, the
    test side and synthetic subjects are excluded, and bogus ones whose pixels are dropped or about to be.
    """
    gold = Subject.objects.gold().filter(survey=workflow.survey_id)
    crowd = Consensus.objects.labels(workflow)
    return (
        Subject.objects.originals()
        .observed()
        .with_pixels()
        .filter(survey=workflow.survey_id, kind=workflow.kind)
        .filter(pk__in=gold.values("pk").union(crowd.values("subject")))
        .exclude(pk__in=on_test_side(workflow.survey, current_held_out(workflow.survey, workflow.kind)).values("pk"))
        .exclude(gold_label="", pk__in=Consensus.objects.filter(past_retention(workflow)).values("subject"))
    )


def labels(workflow: Workflow) -> list[Label]:
    """Return the labels of `labelled` subjects, by subject id."""
    classes = classes_of(workflow.survey)
    crowd = FilteredRelation("consensus", condition=Q(consensus__workflow=workflow))
    rows = labelled(workflow).annotate(crowd=crowd).order_by("pk").values_list(*SUBJECT, *CROWD)
    lines = counted_lines(workflow) if workflow.line_marking else {}
    weights = follow_up_weights(workflow) if workflow.follow_ups else {}
    return [
        _label(classes, *row, weights=weights.get(row[0], {}), marks=lines.get(row[0], ()))
        for row in rows.iterator(chunk_size=5000)
    ]


def _label(
    classes: Classes,
    subject_id: int,
    external_id: str,
    array: str,
    index: int,
    object_group: str,
    gold: str,
    gold_source: str,
    method: str,
    votes_yes: int,
    votes_no: int,
    log_odds_micronats: int,
    follow_ups: dict[str, Any],
    *,
    weights: dict[str, int],
    marks: Lines,
) -> Label:
    place = (subject_id, external_id, array, index, object_group or external_id)
    if gold:
        return label_snapshot.gold_label(place, gold, gold_source, classes, marks)
    p_yes = round(probability(method, votes_yes, votes_no, log_odds_micronats), 3)
    p_yes = min(max(p_yes, round(1 - SUREST, 3)), SUREST)
    allowed = tuple(name for answer in CLASSES for name in plurality(classes.side(answer), weights or follow_ups))
    return Label(*place, "yes" if p_yes >= 0.5 else "no", allowed, p_yes, CONSENSUS, marks)


def plurality(side: tuple[str, ...], follow_ups: dict[str, Any]) -> tuple[str, ...]:
    """Return the classes of a side with the most votes, or weight of votes, in follow-ups.

    All that tie; the whole side without any.
    """
    votes = {name: int(follow_ups.get(name, 0)) for name in side}
    most = max(votes.values(), default=0)
    return tuple(name for name in side if votes[name] == most)


def curate(workflow: Workflow) -> TrainingSet:
    """Snapshot the labels that a model for the workflow can be trained on. The same labels give the same row.

    If there is enough gold, the test set is frozen first, so that its subjects are never trained on.
    """
    with suppress(TooLittleGold):  # the gate will say so; training itself needs no test set
        current(workflow.survey, workflow.kind)
    read_at = timezone.now()  # what changes from here on is perhaps not among the labels
    curated, classes = labels(workflow), classes_of(workflow.survey)
    name = label_snapshot.digest(curated, classes)
    label_snapshot.write_snapshot(FOLDER, name, curated, classes)
    return _row(workflow, name, curated, read_at)


@transaction.atomic
def _row(workflow: Workflow, name: str, curated: list[Label], read_at: datetime) -> TrainingSet:
    before = workflow.training_sets.exclude(hash=name).order_by("-id").first()
    known = labels_of(before)[0] if before and is_stored(before) else []
    return TrainingSet.objects.get_or_create(
        workflow=workflow,
        hash=name,
        defaults={
            "size": len(curated),
            "new_labels": new_labels(curated, known),
            "sources": dict(Counter(label.source for label in curated)),
            "created_at": read_at,
            "min_votes": workflow.min_votes,
        },
    )[0]

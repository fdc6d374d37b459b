"""The pool of acquisition: what is known about a workflow's open subjects, as `ml.acquisition` asks for it.

Scores and what the votes alone say are read in bulk; features, objects and nights only of the subjects in question.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from ml.acquisition.ensemble import MEMBERS, bootstrap_members
from ml.acquisition.pool import Pool
from ml.acquisition.rules import Plan, Rule
from ml.acquisition.uncertainty import entropy
from ml.data.observing_nights import nights_of
from ml.imaging.annulus import to_width
from ml.storage.pixel_store import PixelStore
from webapp.classifications.models import Reason
from webapp.consensus.evidence import BY_VOTES_ALONE
from webapp.consensus.models import Consensus
from webapp.consensus.skills import mean_skill
from webapp.core.sql import copy_out, fetch
from webapp.learning.label_snapshot import Label
from webapp.learning.models import Checkpoint, ModelRole, Score
from webapp.learning.training_sets import has_stored_labels, trained_labels
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow

MOST_DISPUTED = 20_000
"""Subjects whose features the ensemble reads, the model's most uncertain; of the others its members agree."""
MOST_LABELS = 20_000

_READ = f"""
    SELECT entry.id, entry.subject_id, entry.priority, array_position(%(reasons)s::text[], entry.reason)::int2,
        coalesce(score.p_real, 'NaN'::float8), coalesce({BY_VOTES_ALONE}, 'NaN'::float8) {{probabilities}}
    FROM {QueueEntry._meta.db_table} AS entry
    LEFT JOIN {Score._meta.db_table} AS score
        ON score.subject_id = entry.subject_id AND score.checkpoint_id = %(checkpoint)s
    LEFT JOIN {Consensus._meta.db_table} AS crowd
        ON crowd.subject_id = entry.subject_id AND crowd.workflow_id = entry.workflow_id
    WHERE entry.workflow_id = %(workflow)s AND NOT entry.is_retired AND NOT entry.is_gold
    ORDER BY entry.id
"""  # noqa: S608 - the names are our own tables
_FIELDS = {
    "entry": "int8", "subject": "int8", "priority": "float8", "reason": "int2", "p_real": "float8",
    "p_votes": "float8",
}  # fmt: skip


def read_queue(workflow: Workflow, checkpoint: Checkpoint, plan: Plan) -> NDArray[np.void]:
    """Return the open entries by key, with `class_0` and so on, their class probabilities, if the plan needs them."""
    names = [f"class_{k}" for k in range(len(checkpoint.scored_classes))] if Rule.RARE in plan.weights else []
    columns = "".join(f", coalesce(score.probabilities[{k + 1}], 'NaN'::float8)" for k in range(len(names)))
    asked = {"workflow": workflow.pk, "checkpoint": checkpoint.pk, "reasons": Reason.values}
    return copy_out(_READ.format(probabilities=columns), _FIELDS | dict.fromkeys(names, "float8"), asked)


def pool_of(
    rows: NDArray[np.void], workflow: Workflow, checkpoint: Checkpoint, plan: Plan, rng: np.random.Generator
) -> Pool:
    """Return the pool of the entries that `read_queue` returned, with what the plan's rules need, if it is known."""
    subjects = rows["subject"]
    pool = Pool(
        rows["p_real"],
        rows["p_votes"],
        workflow.prior,
        mean_skill(workflow),
        features=lambda some: features_of(checkpoint, subjects[some]),
        groups=lambda some: object_groups_of(subjects[some]),
        nights=lambda some: _nights_of(subjects[some]),
    )
    if not has_stored_labels(checkpoint):
        return pool
    if Rule.BALD in plan.weights:
        pool = replace(pool, members=_members(checkpoint, subjects, rows["p_real"], rng))
    if Rule.RARE in plan.weights and (classes := checkpoint.scored_classes):
        labels = _labelled(trained_labels(checkpoint), classes, checkpoint.manifest.get("positive", []))
        probabilities = np.stack([rows[f"class_{k}"] for k in range(len(classes))], axis=1)
        pool = replace(pool, probabilities=probabilities, labelled=labels)
    return pool


def _labelled(labels: Sequence[Label], classes: Sequence[str], positive: Sequence[str]) -> NDArray[np.float64]:
    """Return the number of labels of each class (K,); one of several classes counts in equal parts."""
    counts, is_real = np.zeros(len(classes)), np.isin(classes, positive)
    for label in labels:
        allowed = np.isin(classes, label.allowed)
        for side, p in ((allowed & is_real, label.p_yes), (allowed & ~is_real, 1 - label.p_yes)):
            counts[side] += p / max(side.sum(), 1)
    return counts


def _members(
    checkpoint: Checkpoint, subjects: NDArray[np.int64], p_real: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64] | None:
    """Return the members' probabilities (M, N, 2), NaN where not scored; None without features or labels."""
    labels = trained_labels(checkpoint)
    labels = [labels[place] for place in rng.permutation(len(labels))[:MOST_LABELS]]
    disputed = np.flatnonzero(~np.isnan(p_real))
    disputed = disputed[np.argsort(-entropy(p_real[disputed]), kind="stable")[:MOST_DISPUTED]]
    learnt = np.array([label.subject_id for label in labels], dtype=np.int64)
    features = features_of(checkpoint, np.concatenate([learnt, subjects[disputed]]))
    if features is None:
        return None
    known, asked = np.split(features, [len(learnt)])
    has_features = np.isfinite(known).all(axis=1)
    if not has_features.any():
        return None
    members = np.repeat(np.stack([1 - p_real, p_real], axis=1)[None], MEMBERS, axis=0)
    p_yes = np.array([label.p_yes for label in labels])
    members[:, disputed] = bootstrap_members(known[has_features], p_yes[has_features], asked, rng)
    return members


PLACES = """
    SELECT subject.zarr_array, subject.zarr_index, wanted.place
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN archive_subject AS subject USING (id)
    ORDER BY subject.zarr_array, subject.zarr_index
"""
OF_SUBJECTS = """
    SELECT {known_of_subject}
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN archive_subject AS subject USING (id)
    ORDER BY wanted.place
"""


def features_of(checkpoint: Checkpoint, subjects: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """Return the checkpoint's features of subjects (n, D), the mean over their frames; NaN where none are stored.

    D is that of the stamps with the most channels. None if it has no features: a detector stores what it found under
    their name.
    """
    key = checkpoint.manifest.get("feature_key")
    if not key or ModelRole(checkpoint.role).is_detector:
        return None
    store, parts = PixelStore(settings.PIXELS), []
    for array, rows in groupby(fetch(PLACES, [subjects.tolist()]), key=lambda row: row[0]):
        indexes, places = np.array([row[1:] for row in rows], dtype=np.int64).T
        try:
            values = store.features_at(checkpoint.survey.slug, array, key, indexes).astype(np.float32).mean(axis=1)
        except FileNotFoundError:
            continue
        parts.append((places, values))
    if not parts:
        return None
    found = np.full((len(subjects), max(values.shape[1] for _, values in parts)), np.nan, dtype=np.float32)
    for places, values in parts:
        found[places - 1] = to_width(values, found.shape[1])
    return found


def object_groups_of(subjects: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the object groups (n,) of subjects."""
    return np.array(
        [group for (group,) in fetch(OF_SUBJECTS.format(known_of_subject="object_group"), [subjects.tolist()])]
    )


def _nights_of(subjects: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the observing nights (n,) of subjects."""
    mjd = fetch(OF_SUBJECTS.format(known_of_subject="coalesce(mjd, 'NaN'::float8)"), [subjects.tolist()])
    return nights_of(np.array([time for (time,) in mjd], dtype=np.float64))

"""A small sky: stamps with a star in the centre (real) or without one (bogus)."""

import numpy as np
from django.conf import settings
from scipy.special import logit

from ml.storage.pixel_store import PixelStore
from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.consensus.models import Consensus
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint, TrainingRun
from webapp.queue.models import QueueEntry
from webapp.workflows.models import Workflow


def stamps(real, *, frames=1, seed=0, side=21):
    """Return (N, frames, 1, side, side) float32: noise, with a bright source where `real`."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side // 2
    source = 25 * np.exp(-(x**2 + y**2) / 6)
    noise = random.normal(0, 1, (len(real), frames, 1, side, side))
    return (noise + np.asarray(real)[:, None, None, None, None] * source).astype(np.float32)


def survey(slug="sky", **fields):
    return Survey.objects.create(slug=slug, name=slug, **fields)


def workflow(of, kind="stamp", slug="", **fields):
    fields = {"question": "Is it real?", "name": slug or of.slug, **fields}
    return Workflow.objects.create(survey=of, slug=slug or of.slug, kind=kind, **fields)


def subjects(of, real, *, kind="stamp", frames=1, seed=0, prefix="s", side=21, **fields):
    """Store pixels and rows of len(real) subjects; return the rows in order."""
    array, first = PixelStore(settings.PIXELS).append(of.slug, stamps(real, frames=frames, seed=seed, side=side))
    rows = [
        Subject(
            survey=of,
            external_id=f"{prefix}{first + n}",
            kind=kind,
            checksum=f"{prefix}{first + n}",
            object_group=f"{prefix}{first + n}",
            zarr_array=array,
            zarr_index=first + n,
            **fields,
        )
        for n in range(len(real))
    ]
    return Subject.objects.bulk_create(rows)


def make_gold(rows, real):
    for row, is_real in zip(rows, real, strict=True):
        row.gold_label, row.gold_source = ("yes" if is_real else "no"), "manifest"
    Subject.objects.bulk_update(rows, ["gold_label", "gold_source"])


def queue(of, rows, **fields):
    subject_set = SubjectSet.objects.get_or_create(survey=of.survey, name="all")[0]
    of.subject_sets.add(subject_set)
    subject_set.subjects.add(*rows)
    entries = [
        QueueEntry(workflow=of, subject=row, open_slots=3, is_gold=bool(row.gold_label), **fields) for row in rows
    ]
    return QueueEntry.objects.bulk_create(entries)


def votes(of, row, posterior, **fields):
    """Give a subject the consensus of votes that come to this posterior, from the prior .5."""
    evidence = round(1e6 * float(logit(np.clip(posterior, 1e-6, 1 - 1e-6))))
    fields = {"votes_yes": 3, "method": "swap-two-coin", "log_odds_micronats": evidence, **fields}
    return Consensus.objects.create(workflow=of, subject=row, posterior=posterior, **fields)


def checkpoint(of, **fields):
    """Create a checkpoint without files, trained for the workflow."""
    role = role_of(of)
    run = TrainingRun.objects.create(survey=of.survey, workflow=of, role=role, state="done")
    fields = {"folder": "", "sha256": "0", "manifest": {"preset": "head"}, **fields}
    return Checkpoint.objects.create(survey=of.survey, role=role, run=run, **fields)


def gold_workflow(real):
    """Create a workflow whose subjects are all gold."""
    of = workflow(survey())
    make_gold(subjects(of.survey, real), real)
    return of

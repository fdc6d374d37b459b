"""Inject synthetic movers into a survey's own pixels, as gold subjects in a workflow's queue."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.fields import CharField
from django.db.models.functions import MD5, Cast, Concat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml.simulate.injection.stamp_injection import inject, recentre
from webapp.archive.blinding import shown
from webapp.archive.ingest.dedupe import unknown
from webapp.archive.ingest.pixel_writer import PixelWriter, keys_in_gaps
from webapp.archive.ingest.prepare import Candidate, candidate
from webapp.archive.ingest.store import add
from webapp.archive.ingest.synthetic_names import SyntheticNames
from webapp.archive.models import Kind, Subject, SubjectSet, Survey
from webapp.archive.pixels import pixel_store, pixels_of
from webapp.consensus.models import SETTLED_BY_VOTES, Consensus
from webapp.core.stored_messages import Sentence
from webapp.queue.membership import enqueue_subjects
from webapp.synthetics.models import Injection
from webapp.synthetics.mover import SYNTHETIC, Mover, draw_mover, mover_classes
from webapp.workflows.models import Workflow

DRAWN = Sentence("%(count)s training movers are in the queue.")
NO_ROOM = Sentence(
    "%(count)s training movers are in the queue. %(tried)s more backgrounds were tried; those that are left have no "
    "empty place."
)

CENTRED = (Kind.STAMP, Kind.TRACKLET)
"""Kinds whose images have the detection in the middle, where people and models look."""

BATCH = 25
SET = "Training movers of {workflow}"


class CannotInject(ValueError):
    """There is nothing to draw into; the message says what to do."""


@dataclass(frozen=True)
class InjectedMover:
    """A background with a mover in it, ready for the archive."""

    background: Subject
    made: Candidate


def start_injection(*, workflow: Workflow, by: User | None, seed: int | None = None, **parameters: object) -> Injection:
    """Start a job that draws training movers; the same seed gives the same movers, and adds only missing ones.

    Raises ValidationError: by field; nothing is started. Raises CannotInject: the workflow has no bogus or empty
    subjects to draw into.
    """
    with transaction.atomic():
        job = Injection(workflow=workflow, requested_by=by, **parameters)
        job.seed = random.SystemRandom().randrange(2**31) if seed is None else seed
        job.full_clean()
        if job.label not in mover_classes(workflow.survey):
            raise ValidationError({"label": _("“%(label)s” is not a class of real movers.") % {"label": job.label}})
        if not backgrounds(job).exists():
            raise CannotInject(str(NOTHING_TO_DRAW_INTO))
        job.save()
        job.enqueue()
    return job


NOTHING_TO_DRAW_INTO = gettext_lazy(
    "No background subjects yet: movers are drawn into subjects known to be bogus or empty. Mark some as "
    "gold, rule on some, or let volunteers retire some, then try again."
)


def backgrounds(job: Injection) -> QuerySet[Subject]:
    """Return observed subjects without a mover, shuffled by the seed: bogus gold, and those that votes retired as no.

    A majority's posterior is a share of votes, which no threshold bounds.
    """
    survey = job.workflow.survey
    settled = Consensus.objects.filter(workflow=job.workflow, is_retired=True, retired_reason__in=SETTLED_BY_VOTES)
    no = settled.filter(subject=OuterRef("pk"), posterior__lt=0.5)
    bogus = Q(gold_label="no") | Q(gold_label__in=[name for name in survey.classes if name not in survey.positive])
    rows = Subject.objects.originals().observed().with_pixels().filter(survey=survey, kind=job.workflow.kind)
    shuffled = MD5(Concat(Value(f"{job.seed} "), Cast("pk", CharField())))
    return rows.filter(bogus | Q(gold_label="") & Exists(no)).order_by(shuffled, "pk")


def inject_movers(job: Injection) -> None:
    """Run the job, batch by batch, skipping movers made by an earlier worker."""
    job.renew(done=made_by(job).count(), total=job.number)
    writer, names = PixelWriter(pixel_store(), job.workflow.survey), SyntheticNames(job.workflow.survey)
    tried = 0
    for batch in _batches(job):
        if job.done >= job.number:
            break
        tried += len(batch)
        drawn = [each for subject in batch if (each := _inject_one(job, subject, names)) is not None]
        _store(job, drawn, writer)
    job.finish(message=_final_message(job, tried))


def _final_message(job: Injection, tried: int) -> str:
    """Return the job's final message."""
    return DRAWN(count=job.done) if job.done >= job.number else NO_ROOM(count=job.done, tried=tried)


def made_by(job: Injection) -> QuerySet[Subject]:
    """Return the subjects made by jobs of this seed and workflow."""
    of = {SYNTHETIC: {"seed": job.seed, "workflow": job.workflow.slug}}
    return Subject.objects.filter(survey=job.workflow.survey_id, is_synthetic=True, metadata__contains=of)


def is_open(workflow: Workflow) -> bool:
    """Return whether an injection for the workflow is in progress."""
    return Injection.objects.open().filter(workflow=workflow).exists()


def _batches(job: Injection) -> Iterator[list[Subject]]:
    """Yield backgrounds without a mover from this seed, with their frames."""
    keys = list(backgrounds(job).values_list("pk", flat=True))
    used = _used(job)
    keys = [key for key in keys if key not in used]
    for start in range(0, len(keys), BATCH):
        rows = Subject.objects.select_related("survey").prefetch_related("frames").in_bulk(keys[start : start + BATCH])
        yield [rows[key] for key in keys[start : start + BATCH] if key in rows]


def _inject_one(job: Injection, background: Subject, names: SyntheticNames) -> InjectedMover | None:
    """Draw one mover, determined by seed and background; None if the background has no empty place."""
    try:
        pixels = pixels_of(background)
    except (LookupError, IndexError):
        return None
    frames = list(background.frames.all())
    rng = np.random.default_rng([job.seed, background.pk])
    mover = draw_mover(rng, pixels, frames, background, job)
    if mover is None:
        return None
    dx, dy = mover.off_centre(pixels)
    if background.kind in CENTRED and max(abs(dx), abs(dy)) > 1:
        pixels, mover = recentre(pixels, dx, dy, rng), mover.moved(-dx, -dy)
    lit = np.array([not _is_template(background.survey, channel) for channel in range(pixels.shape[1])])
    drawn = inject(
        pixels, mover.x, mover.y, snr=mover.snr, fwhm=job.fwhm, length=mover.length, angle=mover.angle, lit=lit
    )
    name = names.like(background.external_id, job.seed)
    metadata = _metadata(job, background, mover, name)
    return InjectedMover(background, candidate(mover.record(background, frames, drawn, metadata), []))


def _metadata(job: Injection, background: Subject, mover: Mover, name: str) -> dict[str, object]:
    """Return the metadata: like that of neighbouring subjects, plus how it was drawn, hidden while classifying."""
    seen = {
        key: name if str(value) == background.external_id else value
        for key, value in shown(background.metadata).items()
    }
    drawn = {
        "seed": job.seed,
        "workflow": job.workflow.slug,
        "background": background.pk,
        "label": job.label,
        "name": name,
        "turn": np.random.default_rng([background.pk, job.seed]).uniform(0.01, 0.3),
        "radius": round(max(2.5 * job.fwhm, mover.length / 2 + job.fwhm), 1),
        **mover.metadata(),
    }
    return {**seen, SYNTHETIC: drawn}


def _is_template(survey: Survey, channel: int) -> bool:
    name = survey.channels[channel] if channel < len(survey.channels) else ""
    return name.lower().startswith(("template", "reference"))


@transaction.atomic
def _store(job: Injection, drawn: list[InjectedMover], writer: PixelWriter) -> None:
    """Store a batch, no more than needed. The survey's row is locked as by an ingest, which fills the same arrays.

    Another job of the same seed may have made some of them meanwhile.
    """
    survey = Survey.objects.select_for_update(no_key=True).get(pk=job.workflow.survey_id)
    used = _used(job)
    missing = [each.made for each in drawn if each.background.pk not in used]
    fresh = unknown(survey, missing, observed_only=False)[: max(0, job.number - len(used))]
    if fresh:
        name = SET.format(workflow=job.workflow.slug)
        keys = keys_in_gaps(survey, len(fresh))
        add(survey, name, fresh, writer, keys)
        rows = Subject.objects.filter(pk__in=keys)
        rows.update(is_synthetic=True, gold_label=job.label, gold_source="synthetic")
        job.workflow.subject_sets.add(SubjectSet.objects.get(survey=survey, name=name))
        enqueue_subjects(job.workflow)
    job.renew(done=len(used) + len(fresh))


def _used(job: Injection) -> set[int]:
    """Return the backgrounds that have a mover from this seed."""
    return {row[SYNTHETIC]["background"] for row in made_by(job).values_list("metadata", flat=True)}

"""Make subjects of confirmed proposals: a tracklet whose frames are the images of its detections.

It is one object with its detections, since a stamp network that learns from them knows the tracklet.
"""

from itertools import chain, count
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from ml.io.manifest_columns import SHARED_TIME, time_of_frame
from ml.io.message import message_of
from ml.io.observer_place import observers_of_frames
from ml.io.records import FrameRecord, SubjectRecord
from webapp.archive.ingest.pixel_writer import PixelWriter, new_keys
from webapp.archive.ingest.prepare import candidate
from webapp.archive.ingest.store import add
from webapp.archive.models import Kind, Subject, Survey
from webapp.archive.pixels import pixel_store, pixels_of, shape_of
from webapp.core.stored_messages import Sentence
from webapp.linking.linked_objects import merge
from webapp.linking.models import Decision, Links, Proposal, TrackletBuild
from webapp.queue.membership import enqueue_new

SET = "linked"  # the set of subjects that get the tracklets

DIFFERENT = Sentence(gettext_noop("Its images differ in size or channels, so they make no tracklet."))
SEVERAL = Sentence(gettext_noop("%(subject)s has several frames, so it is not a single detection."))
DROPPED = Sentence(gettext_noop("The pixels of %(subject)s are no longer stored, so they make no tracklet."))
BUILT = Sentence(gettext_noop("Confirmed tracklets stored in the set “%(set)s”: %(count)s."))


class NoTracklet(ValueError):
    """The proposal's images make no tracklet; the message says why."""


def build_tracklets(job: TrackletBuild) -> None:
    """Run the job, one proposal a transaction; one that is repeated goes on where it ended."""
    confirmed = Proposal.objects.filter(run__survey=job.survey, run__links=Links.DETECTIONS)
    confirmed = confirmed.filter(decision=Decision.CONFIRMED, problem="")
    waiting = confirmed.filter(Q(subject=None) | Exists(_apart()))
    keys = list(waiting.order_by("pk").values_list("pk", flat=True))
    writer = PixelWriter(pixel_store(), job.survey)
    for done, key in enumerate(keys, 1):
        _build(key, writer)
        job.renew(total=len(keys), done=done)
    enqueue_new(job.survey_id, SET)
    built = Proposal.objects.filter(pk__in=keys, subject__isnull=False).count()
    job.finish(message=BUILT(count=f"{built:,}", set=SET))


def _apart() -> QuerySet[Subject]:
    """Return the detections that are no part of their tracklet's object: it was built when that did not matter yet."""
    members = Subject.objects.filter(proposals=OuterRef("pk"))
    return members.exclude(object_group=OuterRef("subject__object_group"))


@transaction.atomic
def _build(key: int, writer: PixelWriter) -> None:
    """Store a proposal's tracklet; the survey's row is locked, as every writer of its pixels does."""
    survey = Survey.objects.select_for_update(no_key=True).get(pk=writer.survey.pk)
    row = Proposal.objects.select_for_update(of=("self",)).get(pk=key)
    try:
        if row.subject_id is None:
            _store(survey, row, writer)
    except NoTracklet as error:
        Proposal.objects.filter(pk=key).update(problem=message_of(error))
    else:
        merge(survey, row)


def _store(survey: Survey, row: Proposal, writer: PixelWriter) -> None:
    members = list(row.members.order_by("mjd", "pk").select_related("survey"))
    record = _record(_free_name(survey, row), row, members)
    [row.subject_id] = new_keys(1)
    add(survey, SET, [candidate(record, survey.classes)], writer, [row.subject_id])
    row.save(update_fields=["subject"])


def _free_name(survey: Survey, row: Proposal) -> str:
    """Return the tracklet's name; numbered, should the survey have one of that name from elsewhere."""
    names = chain([f"linked-{row.pk}"], (f"linked-{row.pk}-{number}" for number in count(2)))
    return next(name for name in names if not Subject.objects.filter(survey=survey, external_id=name).exists())


def _record(name: str, row: Proposal, members: list[Subject]) -> SubjectRecord:
    if len({member.zarr_array for member in members}) > 1:
        raise NoTracklet(DIFFERENT())
    if several := [member for member in members if shape_of(member)[0] > 1]:
        raise NoTracklet(SEVERAL(subject=several[0]))
    return SubjectRecord(
        external_id=name,
        kind=Kind.TRACKLET,
        frames=[_frame(member, number) for number, member in enumerate(members, 1)],
        rate=row.rate,
        metadata={
            "#detections": ", ".join(member.external_id for member in members),
            **observers_of_frames([member.metadata for member in members]),
        },
    )


def _frame(member: Subject, number: int) -> FrameRecord:
    """Return a detection as a tracklet's frame; a time that its one image had from the manifest is the frame's own."""
    frame = member.frames.first()
    pixels = _pixels(member)
    if frame is None:
        return FrameRecord(pixels, member.mjd, ra=member.ra, dec=member.dec)
    return FrameRecord(
        pixels,
        member.mjd,
        time_of_frame(number) if frame.mjd_keyword == SHARED_TIME else frame.mjd_keyword,
        frame.exptime,
        frame.band,
        frame.wcs,
        member.ra,
        member.dec,
        frame.mag,
        frame.snr,
        frame.rms_ra,
        frame.rms_dec,
        frame.rms_corr,
    )


def _pixels(member: Subject) -> NDArray[Any]:
    """Return a detection's pixels; retention may have dropped them while the search for links ran."""
    try:
        return pixels_of(member)[0]
    except LookupError as error:
        raise NoTracklet(DROPPED(subject=member)) from error

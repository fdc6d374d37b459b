"""A tracklet that is made of detections has what is theirs: times, images, object; and a name of its own."""

import pytest
from django.utils import timezone

from ml.data.tracklet_frames import own_time
from ml.io.manifest_columns import SHARED_TIME
from tests.integration.learning import sky
from tests.integration.linking.searching import NIGHT, build, confirm, search
from webapp.archive.models import Frame, Kind, Subject
from webapp.linking.linked_objects import take_back
from webapp.linking.models import LinkRun, Links, Proposal, TrackletBuild
from webapp.queue.models import QueueEntry

pytestmark = pytest.mark.django_db


def built(survey):
    """Confirm both movers; return their proposals once the tracklets are built."""
    confirm(survey, *search(survey).proposals.all())
    assert build(survey).state == "done"
    return list(Proposal.objects.order_by("dec").select_related("subject"))


def objects(proposal):
    """Return the object groups of a proposal's detections and tracklet."""
    rows = [*proposal.members.all(), Subject.objects.get(pk=proposal.subject_id)]
    return {row.object_group for row in rows}


def test_a_name_that_another_subject_brought_along_is_left_to_it(survey):
    one, other = search(survey).proposals.order_by("dec")
    named = sky.subjects(survey, [True], kind="tracklet", frames=4, prefix="t")[0]
    Subject.objects.filter(pk=named.pk).update(external_id=f"linked-{one.pk}")
    confirm(survey, one, other)
    assert build(survey).state == "done"
    found = Proposal.objects.order_by("dec").values_list("subject__external_id", flat=True)
    assert list(found) == [f"linked-{one.pk}-2", f"linked-{other.pk}"]


def test_a_detection_whose_pixels_were_dropped_meanwhile_holds_up_no_other_tracklet(survey):
    one, other = search(survey).proposals.order_by("dec")
    one.members.filter(external_id="s2").update(pixels_dropped_at=timezone.now())
    confirm(survey, one, other)
    assert build(survey).state == "done"
    one.refresh_from_db()
    other.refresh_from_db()
    assert "The pixels of s2 are no longer stored" in str(one.problem)
    assert (one.subject, other.subject is not None) == (None, True)


def test_a_time_from_a_detections_own_row_is_its_frames_time(survey):
    Frame.objects.update(mjd_keyword=SHARED_TIME)
    one, _ = built(survey)
    frames = list(one.subject.frames.values_list("mjd_mid", "mjd_keyword"))
    assert [keyword for _, keyword in frames] == [f"mjd{number} of the manifest" for number in (1, 2, 3, 4)]
    assert [own_time(*frame) for frame in frames] == [NIGHT + n / 50 for n in range(4)]


def test_a_tracklet_is_one_object_with_its_detections(survey):
    one, other = built(survey)
    assert objects(one) != objects(other)
    assert (len(objects(one)), len(objects(other))) == (1, 1)
    left = Subject.objects.filter(proposals=None, linked_from=None)
    assert left.values("object_group").distinct().count() == len(left) == 20


def test_the_surveys_own_tracklet_of_the_same_images_is_part_of_the_object(survey):
    one, _ = built(survey)
    Subject.objects.filter(pk=one.subject_id).update(external_id="own", object_group="own", own_group=None)
    Proposal.objects.filter(pk=one.pk).update(subject=None)
    TrackletBuild.objects.update(state="queued")
    build(survey)
    again = Proposal.objects.get(pk=one.pk).subject
    assert again.duplicate_of.external_id == "own"
    assert again.duplicate_of.object_group == again.object_group


def test_tracklets_of_earlier_builds_join_their_detections(survey):
    one, other = built(survey)
    for row in Subject.objects.all():
        Subject.objects.filter(pk=row.pk).update(object_group=row.external_id, own_group=None)
    assert len(objects(one)) == 5
    TrackletBuild.objects.update(state="queued")
    build(survey)
    assert (len(objects(one)), len(objects(other))) == (1, 1)
    assert Subject.objects.filter(kind=Kind.TRACKLET).count() == 2
    assert not QueueEntry.objects.exists()


def test_nights_taken_apart_leave_each_tracklet_with_its_detections(survey):
    one, other = built(survey)
    run = LinkRun.objects.create(survey=survey, links=Links.TRACKLETS, first_mjd=NIGHT, last_mjd=NIGHT + 1)
    nights = Proposal.objects.create(run=run, mjd=NIGHT, ra=0, dec=0, rate=30, position_angle=0, misfit=1)
    nights.members.set([one.subject, other.subject])
    confirm(survey, nights)
    assert objects(one) == objects(other)
    take_back(survey=survey, proposal=nights.pk, by=survey.memberships.first().user, reason="A satellite")
    assert not objects(one) & objects(other)
    assert (len(objects(one)), len(objects(other))) == (1, 1)

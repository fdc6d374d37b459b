"""A tracklet that is made of detections has what is theirs: times and images; and a name of its own."""

import pytest
from django.utils import timezone

from ml.data.tracklet_frames import own_time
from ml.io.manifest_columns import SHARED_TIME
from tests.integration.learning import sky
from tests.integration.linking.searching import NIGHT, build, confirm, search
from webapp.archive.models import Frame, Subject
from webapp.linking.models import Proposal


pytestmark = pytest.mark.django_db


def built(survey):
    """Confirm both movers; return their proposals once the tracklets are built."""
    confirm(survey, *search(survey).proposals.all())
    assert build(survey).state == "done"
    return list(Proposal.objects.order_by("dec").select_related("subject"))


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

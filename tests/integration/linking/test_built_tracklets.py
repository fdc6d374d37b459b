"""A tracklet that is made of detections has what is theirs: times and images; and a name of its own."""

import pytest
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.linking.searching import build, confirm, search
from webapp.archive.models import Subject
from webapp.linking.models import Proposal


pytestmark = pytest.mark.django_db


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

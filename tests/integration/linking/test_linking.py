"""Links are proposed by a job, and become subjects only when a scientist confirms them."""

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db.models import F

from tasks.jobs import propose_links, store_linked
from tests.integration.at_once import beside
from tests.integration.learning import sky
from tests.integration.linking.searching import NIGHT, build, confirm, names, search
from tests.integration.locks import wait_until_somebody_waits
from webapp.archive.models import Frame, Kind, Subject, SubjectSet, Survey
from webapp.archive.observing_nights import newest_nights
from webapp.archive.pixels import pixels_of
from webapp.core.jobs import JobState
from webapp.linking.decisions import reopen
from webapp.linking.models import Decision, Links, Proposal, TrackletBuild
from webapp.linking.views import newest_night, span_of
from webapp.queue.models import QueueEntry

pytestmark = pytest.mark.django_db


def test_a_search_proposes_movers_and_makes_no_subject(survey):
    job = search(survey)
    assert (job.state, str(job.message)) == (JobState.DONE, "New links among 28 detections: 2.")
    found = sorted(job.proposals.all(), key=lambda row: row.dec)
    assert [names(row) for row in found] == [["s0", "s1", "s2", "s3"], ["s4", "s5", "s6", "s7"]]
    rate = 0.005 * np.cos(np.radians(20)) * 3600 / (24 / 50)
    assert found[0].rate == pytest.approx(rate, rel=0.01)
    assert found[0].position_angle == pytest.approx(90, abs=0.1)
    assert Subject.objects.filter(kind=Kind.TRACKLET).count() == 0


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (None, ["s0"]),  # the second mover's detections say that they are better than it moves
        (0.3, []),
        (2.0, ["s0", "s4"]),
    ],
)
def test_each_detection_has_its_own_error_or_all_have_the_one_asked_for(survey, error, found):
    survey.subjects.filter(external_id__in=["s1", "s5"]).update(dec=F("dec") + 3 / 3600)
    for first, rms in (("s0", 2.0), ("s4", 0.1)):
        chain = [f"s{int(first[1:]) + at}" for at in range(4)]
        Frame.objects.filter(subject__external_id__in=chain).update(rms_ra=rms, rms_dec=rms)
    job = search(survey, position_error=error)
    assert sorted(names(row)[0] for row in job.proposals.all()) == found


def test_without_errors_of_their_own_faint_detections_may_scatter_more(survey):
    survey.seeing, survey.position_floor = 2.4, 0.1
    survey.save()
    survey.subjects.filter(external_id__in=["s1", "s5"]).update(dec=F("dec") + 1.5 / 3600)
    Frame.objects.filter(subject__external_id__in=["s0", "s1", "s2", "s3"]).update(snr=1.0)
    assert [names(row)[0] for row in search(survey, position_error=None).proposals.all()] == ["s0"]


def test_a_confirmed_link_becomes_a_tracklet_with_its_images(survey):
    workflow = sky.workflow(survey, kind="tracklet")
    workflow.subject_sets.add(SubjectSet.objects.create(survey=survey, name="linked"))
    one, other = search(survey).proposals.order_by("dec")
    assert confirm(survey, one) == 1
    assert build(survey).state == JobState.DONE
    one.refresh_from_db()
    tracklet = Subject.objects.get(kind=Kind.TRACKLET)
    assert one.subject == tracklet
    members = list(one.members.order_by("mjd"))
    assert np.array_equal(pixels_of(tracklet), np.concatenate([pixels_of(row) for row in members]))
    frames = list(tracklet.frames.values_list("mjd_mid", "ra", "dec", "band", "mag"))
    assert frames == [(row.mjd, row.ra, row.dec, "r", row.frames.get().mag) for row in members]
    assert (tracklet.mjd, tracklet.rate) == (members[0].mjd, one.rate)
    assert QueueEntry.objects.get(workflow=workflow).subject == tracklet
    left = names(other)
    other.delete()
    assert [names(row) for row in search(survey).proposals.all()] == [left], "the other's detections are taken"


def test_a_repeated_build_and_a_repeated_search_make_nothing_twice(survey):
    job = search(survey)
    propose_links(job.pk)
    assert Proposal.objects.count() == 2
    confirm(survey, *job.proposals.all())
    build(survey)
    TrackletBuild.objects.update(state=JobState.QUEUED)
    build(survey)
    assert Subject.objects.filter(kind=Kind.TRACKLET).count() == 2


def test_a_rejected_link_becomes_nothing_and_stays_decided(survey):
    one = search(survey).proposals.first()
    assert confirm(survey, one, decision=Decision.REJECTED) == 1
    with pytest.raises(ValidationError, match="Somebody has decided"):
        confirm(survey, one)
    one.refresh_from_db()
    assert (one.decision, one.decided_by) == ("rejected", survey.memberships.first().user)
    assert not TrackletBuild.objects.exists()


def test_a_later_search_proposes_only_what_none_proposed(survey):
    one, other = search(survey).proposals.order_by("dec")
    confirm(survey, one, decision=Decision.REJECTED)
    assert str(search(survey).message) == "New links among 28 detections: 0."
    assert list(Proposal.objects.filter(decision=Decision.OPEN)) == [other]


def test_no_detection_is_in_two_confirmed_tracklets(survey):
    one, _ = search(survey).proposals.order_by("dec")
    rival = Proposal.objects.get(pk=one.pk)
    rival.pk = None
    rival.save()
    rival.members.set(one.members.all()[:3])
    with pytest.raises(ValidationError, match="is in two confirmed tracklets"):
        confirm(survey, one, rival)
    confirm(survey, one)
    rival.refresh_from_db()
    assert rival.decision == Decision.REJECTED
    reopen(survey=survey, proposal=rival.pk, by=survey.memberships.first().user)
    with pytest.raises(ValidationError, match="is in two confirmed tracklets"):
        confirm(survey, rival)
    assert Proposal.objects.filter(decision=Decision.CONFIRMED).count() == 1


def test_images_of_different_sizes_are_said_and_the_rest_works(survey):
    one, other = search(survey).proposals.order_by("dec")
    first = one.members.first()
    first.zarr_array = "1x1x9x9-float32"
    first.save()
    confirm(survey, one, other)
    assert build(survey).state == JobState.DONE
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.subject, "differ in size" in str(one.problem), other.subject is not None) == (None, True, True)


def test_a_confirmed_link_that_makes_no_tracklet_leaves_its_detections_to_others(survey):
    one = search(survey).proposals.order_by("dec").first()
    rest = Proposal.objects.get(pk=one.pk)
    rest.pk = None
    rest.save()
    rest.members.set(one.members.order_by("mjd")[:3])
    one.members.filter(external_id="s3").update(zarr_array="1x1x9x9-float32")
    confirm(survey, one)
    build(survey)
    assert str(search(survey).message).startswith("New links among 28 detections")
    reopen(survey=survey, proposal=rest.pk, by=survey.memberships.first().user)
    confirm(survey, rest)
    build(survey)
    rest.refresh_from_db()
    assert rest.subject is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mjd": NIGHT}, "New links among 28 detections: 0."),  # all at one time
        ({"dec": 90.0}, "New links among 28 detections: 0."),
        ({"mjd": None}, "Detections there with a time and a position: 0. A link needs at least 4."),
        ({"gold_label": "CR"}, "Detections there with a time and a position: 0. A link needs at least 4."),
        ({"ra": float("nan")}, "Detections there with a time and a position: 0. A link needs at least 4."),
    ],
)
def test_what_cannot_be_linked_is_said(survey, change, said):
    survey.subjects.update(**change)
    job = search(survey)
    assert (job.state, job.message, job.error) == (JobState.DONE, said, "")


def test_tracklets_of_two_nights_become_one_object(survey):
    rows = sky.subjects(survey, [True] * 3, kind="tracklet", frames=4, prefix="t")
    for row, (day, ra) in zip(rows, [(0, 10.0), (1, 10.25), (1, 10.5)], strict=True):
        row.mjd, row.ra, row.dec = NIGHT + day, ra, 0.0
        row.save()
        for n in range(4):
            place = {"mjd_mid": NIGHT + day + n / 100, "ra": ra + n / 400, "dec": 0.0}
            Frame.objects.create(subject=row, position=n, **place)
    job = search(survey, links=Links.TRACKLETS, last_mjd=NIGHT + 1.5)
    [proposal] = job.proposals.all()
    assert names(proposal) == [rows[0].external_id, rows[1].external_id]
    assert len({row.object_group for row in Subject.objects.filter(kind=Kind.TRACKLET)}) == 3
    confirm(survey, proposal)
    assert search(survey, links=Links.TRACKLETS, last_mjd=NIGHT + 1.5).proposals.count() == 0
    for row in rows:
        row.refresh_from_db()
    assert rows[0].object_group == rows[1].object_group != rows[2].object_group
    assert not TrackletBuild.objects.exists()


def test_across_nights_a_detections_own_error_says_how_far_its_place_may_pull(survey):
    rows = sky.subjects(survey, [True] * 2, kind="tracklet", frames=4, prefix="t")
    for row, (day, ra) in zip(rows, [(0, 10.0), (1, 10.25)], strict=True):
        row.mjd, row.ra, row.dec = NIGHT + day, ra, 0.0
        row.save()
        for n in range(4):
            place = {"mjd_mid": NIGHT + day + n / 100, "ra": ra + n / 400, "dec": n // 3 * 5 / 3600}
            error = 60.0 if n == 3 else 0.1  # the last place is 5″ off
            Frame.objects.create(subject=row, position=n, rms_ra=error, rms_dec=error, **place)
    span = {"links": Links.TRACKLETS, "last_mjd": NIGHT + 1.5, "tolerance": 0.5}
    assert search(survey, **span, position_error=0.3).proposals.count() == 0
    assert search(survey, **span, position_error=None).proposals.count() == 1


@pytest.mark.parametrize(("error", "found"), [(0.01, 0), (0.5, 1)])
def test_across_nights_velocities_may_differ_by_what_the_detections_errors_make(survey, error, found):
    rows = sky.subjects(survey, [True] * 2, kind="tracklet", frames=4, prefix="t")
    for row, (day, ra, step) in zip(rows, [(0, 10.0, 1 / 400), (1, 10.25, 1.07 / 400)], strict=True):
        row.mjd, row.ra, row.dec = NIGHT + day, ra, 0.0
        row.save()
        for n in range(4):
            place = {"mjd_mid": NIGHT + day + n / 100, "ra": ra + n * step, "dec": 0.0}
            Frame.objects.create(subject=row, position=n, rms_ra=error, rms_dec=error, **place)
    job = search(survey, links=Links.TRACKLETS, last_mjd=NIGHT + 1.5, tolerance=1.0, position_error=None)
    assert job.proposals.count() == found


@pytest.mark.parametrize("observatory", ["", "I41"])
@pytest.mark.parametrize("shift", [0.0, 0.17, 0.65])  # in the morning, across 12h UT, across 0h UT
def test_a_night_is_that_of_the_page_of_nights(survey, observatory, shift):
    survey.subjects.update(mjd=F("mjd") + shift)
    survey.observatory = observatory
    survey.save()
    nights, begins = newest_nights(survey.pk, Kind.STAMP, 5)
    first, last = span_of(survey, newest_night(survey))
    assert (len(nights), first, last) == (1, nights[0] + begins, nights[0] + begins + 1)
    assert first < NIGHT + shift < NIGHT + shift + 3 / 50 < last
    assert newest_night(Survey.objects.create(slug="empty", name="Empty")) is None


@pytest.mark.django_db(transaction=True)
def test_no_worker_begins_a_waiting_build_before_what_was_confirmed_meanwhile_is_stored(survey, monkeypatch):
    first, second = search(survey).proposals.order_by("dec")
    confirm(survey, first)
    waiting, enqueue = TrackletBuild.objects.get(), TrackletBuild.enqueue
    worker = beside(lambda: store_linked(waiting.pk))

    def enqueue_late(job):
        worker.start()
        wait_until_somebody_waits(worker)
        enqueue(job)

    monkeypatch.setattr(TrackletBuild, "enqueue", enqueue_late)
    confirm(survey, second)
    worker.join()
    assert Proposal.objects.filter(subject=None).count() == 0

"""Scientists inject training movers into the survey's own pixels."""

import itertools

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tasks.jobs import inject as run
from tests.integration.learning import sky
from tests.integration.people import HTMX, account, browser, member
from tests.integration.world import client_of, make_volunteer, vote
from webapp.archive.ingest.synthetic_names import SyntheticNames
from webapp.archive.models import Frame, Subject, SubjectSet
from webapp.archive.pixels import pixels_of
from webapp.core.jobs import JobState
from webapp.learning.curate_labels import labels
from webapp.learning.test_sets import HeldOut, on_test_side
from webapp.queue.counts import figures_of
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import QueueEntry
from webapp.synthetics import inject_movers
from webapp.synthetics.inject_movers import start_injection
from webapp.synthetics.models import Injection
from webapp.synthetics.mover import SYNTHETIC

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/training/"
SAID = {"number": "4", "snr_min": "8", "snr_max": "12", "fwhm": "2.4", "shape": "by-motion", "label": "yes"}


@pytest.fixture
def workflow():
    """Six bogus gold tracklets and two open ones, of four frames, with noise only."""
    survey = sky.survey("night", pixel_scale=1.0)
    rows = sky.subjects(survey, [False] * 8, kind="tracklet", frames=4, prefix="ztf-0000", rate=24.0)
    sky.make_gold(rows[:6], [False] * 6)
    Frame.objects.bulk_create(
        Frame(subject=row, position=n, mjd_mid=60000 + n / 100, exptime=30.0, ra=10 + n / 3600, dec=5.0)
        for row in rows
        for n in range(4)
    )
    workflow = sky.workflow(survey, "tracklet", training_schedule=[[0, 1.0]])
    members = SubjectSet.objects.create(survey=survey, name="all")
    members.subjects.add(*rows)
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    return workflow


@pytest.fixture
def scientist(workflow):
    return member(workflow.survey, "scientist")


def synthetic():
    return list(Subject.objects.filter(is_synthetic=True).order_by("pk"))


def inject(workflow, scientist, **changes):
    answer = browser(scientist).post(f"{PAGE}{workflow.slug}/inject/", SAID | changes)
    assert answer.status_code == 302
    job = Injection.objects.first()
    run(job.pk)
    job.refresh_from_db()
    return job


def test_a_scientist_adds_movers_that_look_like_the_surveys_own(workflow, scientist):
    job = inject(workflow, scientist)
    assert (job.state, job.done, job.message) == ("done", 4, "4 training movers are in the queue.")
    for made in synthetic():
        drawn = made.metadata[SYNTHETIC]
        background = Subject.objects.get(pk=drawn["background"])
        assert (made.kind, made.zarr_array, made.rate) == (background.kind, background.zarr_array, 24.0)
        assert (made.gold_label, made.gold_source) == ("yes", "synthetic")
        assert made.external_id != background.external_id
        assert made.external_id.startswith("ztf-")
        assert len(made.external_id) == len(background.external_id)
        assert list(made.frames.values_list("mjd_mid", "dec")) == list(background.frames.values_list("mjd_mid", "dec"))
        turn = [
            a - b
            for a, b in zip(*(each.frames.values_list("ra", flat=True) for each in (made, background)), strict=True)
        ]
        assert turn == pytest.approx([turn[0]] * 4)
        assert 0.01 <= turn[0] <= 0.3, "elsewhere on the sky, so that no place tells"
        light = pixels_of(made) - pixels_of(background)
        for (x, y), frame in zip(drawn["path"], light[:, 0], strict=True):
            assert np.unravel_index(frame.argmax(), frame.shape) == pytest.approx((y, x), abs=0.51)
        assert 8 * 0.7 < drawn["snr"] < 12 * 1.4
        entry = QueueEntry.objects.get(workflow=workflow, subject=made)
        assert entry.is_gold
    page = browser(scientist).get(PAGE).content.decode()
    assert "4 training movers are in the queue." in page
    wanted = "Newcomers are offered to practise first once"
    assert wanted in page
    sky.workflow(workflow.survey, slug="practice", is_training=True)
    assert wanted not in browser(scientist).get(PAGE).content.decode()


def test_two_jobs_of_one_seed_at_once_draw_each_mover_once(workflow, monkeypatch):
    first, second = (
        inject_movers.start_injection(workflow=workflow, by=None, seed=1, number=5, label="yes") for _ in range(2)
    )
    store = inject_movers._store

    def late(job, drawn, writer):
        monkeypatch.setattr(inject_movers, "_store", store)
        run(second.pk)
        store(job, drawn, writer)

    monkeypatch.setattr(inject_movers, "_store", late)
    run(first.pk)
    assert inject_movers.made_by(first).count() == 5
    assert set(Injection.objects.values_list("state", "done")) == {("done", 5)}


def test_movers_are_in_the_middle_of_their_stamps_though_something_else_was_there():
    """Where people and models look: beside an artefact that was detected, nobody could know that it is meant."""
    survey = sky.survey("alerts", pixel_scale=1.0)
    rows = sky.subjects(survey, [True] * 4, prefix="star", side=41)
    sky.make_gold(rows, [False] * 4)
    workflow = sky.workflow(survey, "stamp", slug="alerts")
    sky.queue(workflow, rows)
    job = start_injection(workflow=workflow, by=None, number=3, snr_min=8, snr_max=12, fwhm=2.4, label="yes")
    run(job.pk)
    paths = [made.metadata[SYNTHETIC]["path"][0] for made in synthetic()]
    assert paths == [pytest.approx([20, 20], abs=0.51)] * 3
    for made in synthetic():
        middle = pixels_of(made)[0, 0, 18:23, 18:23]
        assert middle.max() > pixels_of(made)[0, 0].mean() + 2


def test_the_same_seed_adds_only_what_is_missing(workflow, capsys):
    call_command("inject", "night", "--number", "2", "--seed", "7")
    first = [(made.external_id, made.checksum) for made in synthetic()]
    call_command("inject", "night", "--number", "2", "--seed", "7")
    assert [(made.external_id, made.checksum) for made in synthetic()] == first
    call_command("inject", "night", "--number", "3", "--seed", "7")
    assert len(synthetic()) == 3
    call_command("inject", "night", "--number", "50", "--seed", "7")
    assert len(synthetic()) == 6
    with pytest.raises(CommandError, match="no workflow"):
        call_command("inject", "nowhere")


class Killed(BaseException):
    """The end of a worker."""


def killed_at(nth, function):
    calls = itertools.count(1)

    def call(*args, **kwargs):
        if next(calls) == nth:
            raise Killed
        return function(*args, **kwargs)

    return call


@pytest.mark.parametrize(("place", "nth"), [("draw_mover", 3), ("enqueue_subjects", 2)])
def test_movers_whose_worker_is_killed_are_drawn_once(workflow, monkeypatch, place, nth):
    """Between two batches, and in the midst of storing the second, whose pixels are written."""
    monkeypatch.setattr(inject_movers, "BATCH", 2)
    job = inject_movers.start_injection(workflow=workflow, by=None, seed=1, number=5, label="yes")
    with monkeypatch.context() as patched:
        patched.setattr(inject_movers, place, killed_at(nth, getattr(inject_movers, place)))
        with pytest.raises(Killed):
            run(job.pk)
    assert len(synthetic()) == 2
    Injection.objects.update(state=JobState.QUEUED)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.done) == (JobState.DONE, 2, 5)
    assert len({made.metadata[SYNTHETIC]["background"] for made in synthetic()}) == len(synthetic()) == 5
    assert QueueEntry.objects.filter(subject__is_synthetic=True, is_gold=True).count() == 5


def rename(workflow, names):
    for subject, name in zip(Subject.objects.filter(survey=workflow.survey).order_by("pk"), names, strict=False):
        Subject.objects.filter(pk=subject.pk).update(external_id=name)


def test_movers_go_on_where_names_are_numbered_one_by_one(workflow, scientist):
    total = Subject.objects.count()
    rename(workflow, (f"Field_%-{number}" for number in range(95, 95 + total)))
    inject(workflow, scientist, number="3")
    made = sorted((made.external_id for made in synthetic()), key=lambda name: int(name.split("-")[1]))
    assert made == [f"Field_%-{95 + total + each}" for each in range(3)]


def test_a_mover_gets_other_digits_where_names_have_gaps(workflow):
    rename(workflow, (f"night5-{number:012d}" for number in range(0, 10**9, 10**6)))
    names = SyntheticNames(workflow.survey)
    first, second = names.like("night5-000000000000", 1), names.like("night5-000000000000", 1)
    assert first != second
    assert {name[:-4] for name in (first, second)} == {"night5-00000000"}
    assert SyntheticNames(workflow.survey).like("night5-000000000000", 1) == first
    assert SyntheticNames(workflow.survey, coming=[first]).like("night5-000000000000", 1) == second
    assert names.like("no number", 1).startswith("no number-")


def test_nothing_tells_a_volunteer_beforehand_and_everything_afterwards(workflow, scientist):
    QueueEntry.objects.filter(workflow=workflow, is_gold=True).update(is_gold=False, is_retired=True)
    inject(workflow, scientist, number="1")
    (made,) = synthetic()
    volunteer = make_volunteer("v")
    client = client_of(volunteer)
    reply = client.get("/api/workflows/night/next/", {"n": 1})
    (item,) = reply.json()["items"]
    assert item["subject"]["id"] == made.pk
    assert b"ynthetic" not in reply.content
    answer = {"id": "0b0e6ab6-5a3e-4c1e-9f0c-6f5a3f3c2b1a", "workflow": "night", "subject": made.pk, "answer": "no"}
    feedback = client.post("/api/classifications/", answer, format="json").json()["feedback"]
    assert feedback["reason"].startswith("Synthetic mover, S/N ")
    assert " 24 arcsec/h." in feedback["reason"]
    assert (feedback["correct"], feedback["circle"]) == (False, made.metadata[SYNTHETIC]["path"])


def test_synthetics_enter_no_catalogue_training_or_test_set_or_figure(workflow, scientist):
    before = figures_of(workflow.survey)["subjects"]
    inject(workflow, scientist)
    made = {subject.pk for subject in synthetic()}
    for subject in made:
        vote(make_volunteer(), workflow, subject)
    assert not made & {label.subject_id for label in labels(workflow)}
    assert not on_test_side(workflow.survey, HeldOut(nights=[60000])).filter(pk__in=made).exists()
    assert figures_of(workflow.survey)["subjects"] == before
    names = {subject.external_id for subject in synthetic()}
    scientists = browser(scientist)
    listed = {row["external_id"] for row in scientists.get("/api/subjects/").json()["results"]}
    assert not names & listed
    assert scientists.get("/api/consensus/?workflow=night").json()["results"] == []
    page = scientists.get("/surveys/night/").content.decode()
    assert not any(name in page for name in names)
    assert not QueueEntry.objects.filter(subject__in=made, is_retired=True).exists()


def test_who_is_no_scientist_draws_nothing(workflow):
    for person in (browser(account("stranger")), browser(member(workflow.survey, "moderator")), browser()):
        assert person.post(f"{PAGE}night/inject/", SAID).status_code == 403
        assert person.get(PAGE).status_code in (302, 403)
        assert person.get(f"{PAGE}night/injection/").status_code in (302, 403)
    assert not Injection.objects.exists()
    assert not synthetic()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"number": "0"}, "greater than or equal to 1"),
        ({"number": "5000"}, "less than or equal to 1000"),
        ({"snr_max": "2"}, "must not be fainter than the faintest"),
        ({"fwhm": "0"}, "greater than or equal to 0.8"),
        ({"label": "GALAXY"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_drawn_is_refused(workflow, scientist, changes, sentence):
    answer = browser(scientist).post(f"{PAGE}night/inject/", SAID | changes)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert not Injection.objects.exists()


def test_without_anything_bogus_there_is_nothing_to_draw_into(workflow, scientist):
    Subject.objects.update(gold_label="yes")
    answer = browser(scientist).post(f"{PAGE}night/inject/", SAID)
    assert answer.status_code == 400
    assert "No background subjects yet" in answer.content.decode()


def test_one_drawing_at_a_time(workflow, scientist):
    page = browser(scientist)
    assert page.post(f"{PAGE}night/inject/", SAID).status_code == 302
    assert page.post(f"{PAGE}night/inject/", SAID).status_code == 400
    job = Injection.objects.get()
    assert "Waiting for a worker" in page.get(f"{PAGE}night/injection/", headers=HTMX).content.decode()
    assert page.post(f"{PAGE}night/injection/{job.pk}/cancel/").status_code == 302
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_movers_are_drawn_into_what_a_majority_settled_as_bogus(workflow, scientist):
    """Its posterior is a share of votes, far from the threshold for evidence."""
    Subject.objects.update(gold_label="", gold_source="")
    one, other, third, *_ = Subject.objects.order_by("pk")
    no = {"votes_yes": 1, "votes_no": 4, "method": "majority", "is_retired": True}
    for row, posterior, reason in ((one, 0.21, "consensus"), (other, 0.79, "consensus"), (third, 0.21, "flagged")):
        sky.votes(workflow, row, posterior, retired_reason=reason, **no)
    assert inject(workflow, scientist).done == 1
    assert synthetic()[0].metadata[SYNTHETIC]["background"] == one.pk

"""The scientists' home: what came in, what waits, what failed and what changed."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from types import SimpleNamespace

import numpy as np
import pytest
from django.apps import apps
from django.utils import timezone

from tests.integration.learning import sky
from tests.integration.people import others
from tests.integration.world import make_volunteer
from webapp.archive.models import IngestRun, Membership, Subject
from webapp.community.models import Comment
from webapp.consensus.models import Aggregation
from webapp.core.bounded_count import MOST_COUNTED
from webapp.core.jobs import Job
from webapp.known_objects.models import OrbitLoad
from webapp.learning.models import Checkpoint, Promotion, TrainingRun
from webapp.learning.scores import write_scores
from webapp.operations.dismissals import dismiss
from webapp.operations.survey_failures import FOR_ADMINS, PAGES
from webapp.reports.models import NeoScore
from webapp.review import overview
from webapp.review.cases import change_case
from webapp.review.models import OverviewVisit
from webapp.review.opinions import give_verdict
from webapp.review.overview import waiting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_cached_figures")]

PAGE = "/surveys/night/overview/"
ARCHIVE = "/surveys/night/"


def test_an_empty_survey_says_what_will_appear(survey, scientist, client):
    page = client.get(PAGE).content.decode()
    assert "has no workflow yet" in page
    assert "No model scores this survey yet." in page
    assert "every score is up to date" not in page


def test_what_waits_is_counted_until_the_reader_has_ruled(workflow, subjects, scientist, vote):
    model = sky.checkpoint(workflow, is_champion=True)
    for subject in subjects[:3]:
        vote(subject, *["yes"] * 4)
    write_scores(model.pk, np.array([row.pk for row in subjects[:3]]), np.full((3, 1), 0.9), np.full(3, 0.9))
    change_case(subject=subjects[0], by=scientist, action="assign")
    assert {each.query.split("queue=")[1]: each.n for each in waiting(workflow, scientist)} == {
        "agreed": 3, "all&assigned=me": 1
    }  # fmt: skip
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    assert [each.n for each in waiting(workflow, scientist)] == [2]


def test_what_people_list_waits_once_however_many_workflows_there_are(workflow, subjects, scientist, client):
    sky.workflow(workflow.survey, slug="a", name="Another, closed", is_active=False)
    sky.workflow(workflow.survey, slug="b", name="Shape")
    Comment.objects.create(survey=workflow.survey, subject=subjects[0], author=make_volunteer(), text="Odd!")
    change_case(subject=subjects[1], by=scientist, action="hold")
    change_case(subject=subjects[1], by=scientist, action="assign")
    page = client.get(PAGE).content.decode()
    assert re.findall(r"\?workflow=(\w+)&amp;queue=(talk|held|all&amp;assigned)", page) == [
        ("night", "talk"), ("night", "held"), ("night", "all&amp;assigned")
    ]  # fmt: skip


def test_a_conflict_waits_for_both_scientists_until_one_settles_it(workflow, subjects, scientist, colleague, client):
    give_verdict(subject=subjects[0], workflow=workflow, scientist=colleague, verdict="yes")
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no")
    for reader in (scientist, colleague):
        assert [(each.query.split("queue=")[1], each.n) for each in waiting(workflow, reader)] == [("conflicts", 1)]
        client.force_login(reader)
        assert str(subjects[0]) in client.get("/surveys/night/review/?queue=conflicts").content.decode()
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no", overrules=True)
    assert waiting(workflow, scientist) == waiting(workflow, colleague) == []
    client.force_login(scientist)
    assert "This queue is empty." in client.get("/surveys/night/review/?queue=conflicts").content.decode()


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ("talk", "comments on them in Talk"),
        ("second", "asks for a second opinion"),
        ("conflicts", "give different verdicts"),
        ("held", "puts them on hold"),
        ("split", "as classifications and scores come in"),
    ],
)
def test_an_empty_queue_says_what_would_fill_it(workflow, scientist, client, queue, words):
    client.force_login(scientist)
    [shown] = re.findall(
        r"This queue is empty[^<]*", client.get(f"/surveys/night/review/?queue={queue}").content.decode()
    )
    assert words in shown


def test_the_page_names_failures_promotions_missing_scores_and_new_subjects(
    survey, workflow, subjects, scientist, vote, client
):
    vote(subjects[0], "yes", "yes", ago=timedelta(0))
    model = sky.checkpoint(workflow, is_champion=True)
    Promotion.objects.create(checkpoint=model, reason="It is better.")
    failed = {"state": "failed", "error": "The disk is full.", "finished_at": timezone.now()}
    TrainingRun.objects.create(survey=survey, workflow=workflow, role="stamp", **failed)
    other = sky.survey("other")
    IngestRun.objects.create(survey=other, path="y.csv", subject_set="s", state="failed", error="Not ours.")
    page = client.get(PAGE).content.decode()
    for words in (
        "6 new subjects",
        "2 classifications",
        "It is better.",
        "6 subjects have no score",
        "disk is full",
    ):
        assert words in page
    assert "Not ours." not in page


def test_subjects_whose_pixels_were_dropped_wait_for_no_score(workflow, subjects, scientist, client):
    model = sky.checkpoint(workflow, is_champion=True)
    Subject.objects.filter(pk=subjects[0].pk).update(pixels_dropped_at=timezone.now())
    assert "5 subjects have no score" in client.get(PAGE).content.decode()
    write_scores(model.pk, np.array([row.pk for row in subjects[1:]]), np.full((5, 1), 0.9), np.full(5, 0.9))
    assert client.get(PAGE).context["stale"] == []


def test_new_subjects_are_counted_however_they_came_in(survey, workflow, subjects, scientist, client):
    """A stream makes no ingest run, and movers drawn by the site are not new."""
    Subject.objects.filter(pk=subjects[0].pk).update(created_at=timezone.now() - timedelta(hours=25))
    sky.subjects(survey, [True], prefix="m", is_synthetic=True)
    sky.subjects(survey, [True], kind="tracklet", frames=4, prefix="t")
    sky.subjects(sky.survey("other"), [True])
    page = client.get(PAGE).content.decode()
    assert "6 new subjects</a>" in page
    address = re.search(rf'href="({ARCHIVE}\?created_since=[^"]+)">6 new subjects', page)[1]
    listed = [row.external_id for row in client.get(unescape(address)).context["subjects"]]
    assert listed == ["t0", "s5", "s4", "s3", "s2", "s1"]
    sky.subjects(survey, [True] * (MOST_COUNTED - 5), prefix="n", side=5)
    assert "more than 1,000 new subjects</a>" in client.get(PAGE).content.decode()


def test_tonight_is_the_surveys_observing_night_and_is_named(
    survey, workflow, subjects, scientist, client, monkeypatch
):
    """It begins at 13:48 UTC, midway between the latest and the earliest time of day at which the survey observes."""
    monkeypatch.setattr(overview, "timezone", SimpleNamespace(now=lambda: datetime(2026, 11, 27, 10, tzinfo=UTC)))
    for row, mjd in zip(subjects, (61369.9503, 61370.05, 61370.2003), strict=False):
        Subject.objects.filter(pk=row.pk).update(mjd=mjd)
    begins = datetime(2026, 11, 26, 13, 48, tzinfo=UTC)
    for place, row in enumerate(subjects):
        Subject.objects.filter(pk=row.pk).update(created_at=begins + timedelta(minutes=place - 2.5))
    page = client.get(PAGE).content.decode()
    assert "Tonight: the night of 2026-11-26" in page
    assert "since 2026-11-26 13:48 UTC" in page
    assert "3 new subjects</a>" in page
    newest = re.search(r'href="([^"]+)">Newest images for Real or bogus: night of 2026-11-25', page)[1]
    assert {each["row"].subject for each in client.get(unescape(newest)).context["rows"]} == set(subjects[:3])


def test_workflows_that_ask_about_the_same_images_share_a_line_about_the_newest(
    survey, workflow, subjects, scientist, client
):
    sky.workflow(survey, slug="a", name="Another, closed", is_active=False)
    sky.workflow(survey, slug="b", name="Shape")
    sky.workflow(survey, kind="tracklet", slug="moving", name="Moving")
    Subject.objects.filter(pk=subjects[0].pk).update(mjd=61369.95)
    page = client.get(PAGE).content.decode()
    assert re.findall(r'workflow=(\w+)[^"]*">Newest images for ([^:]+):', page) == [
        ("night", "Another, closed, Real or bogus, Shape")
    ]


def test_practice_has_no_line_about_what_was_retired(survey, workflow, scientist, client):
    sky.workflow(survey, slug="practice", name="Practice", is_training=True)
    page = client.get(PAGE).content.decode()
    assert "0 subjects retired in Real or bogus" in page
    assert "retired in Practice" not in page


def test_a_failed_load_of_orbits_concerns_every_survey(survey, scientist, client):
    OrbitLoad.objects.create(state="failed", error="The orbits cannot be read.", finished_at=timezone.now())
    page = client.get(PAGE).content.decode()
    assert "Load of new orbits" in page
    assert "The orbits cannot be read." in page


FAILED = {"state": "failed", "error": "The disk is full."}


def failed(client):
    """Return the link of each failed job on the page, None for one without, newest first."""
    page = client.get(PAGE).content.decode()
    part = unescape(page.split('<h2 id="failed">')[1].split("</section>")[0])
    return re.findall(r'<strong>(?:<a href="([^"]+)">)?([^<]+) \d+<', part), "Try failed jobs again" in part


def test_each_failed_job_leads_to_its_page(survey, workflow, subjects, scientist, client):
    now = timezone.now()
    run = TrainingRun.objects.create(survey=survey, workflow=workflow, role="stamp", finished_at=now, **FAILED)
    first = now - timedelta(hours=1)
    Aggregation.objects.create(workflow=workflow, finished_at=first, **FAILED)
    NeoScore.objects.create(subject=subjects[0], finished_at=now - timedelta(hours=2), **FAILED)
    ingest = IngestRun.objects.create(
        survey=survey, path="y.csv", subject_set="s", finished_at=now - timedelta(hours=3), **FAILED
    )
    assert failed(client) == (
        [
            (f"/surveys/night/learning/runs/{run.pk}/", "Training"),
            ("/surveys/night/consensus/night/reanalysis/", "Reanalysis of votes"),
            (f"/surveys/night/subjects/{subjects[0].pk}/motion/", "digest2 scores"),
            ("", "Ingest"),
        ],
        False,
    )
    Membership.objects.filter(user=scientist).update(role="admin")
    assert failed(client)[0][3] == (f"/surveys/night/ingest/{ingest.pk}/", "Ingest")
    for address, _ in failed(client)[0]:
        assert client.get(address).status_code == 200
    scientist.is_superuser = True
    scientist.save()
    assert failed(client)[1]
    dismiss(run, until=now, by=scientist)
    assert [title for _, title in failed(client)[0]] == ["Reanalysis of votes", "digest2 scores", "Ingest"]
    TrainingRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())  # tried again
    assert failed(client)[0][0][1] == "Training"


def test_every_kind_of_job_that_has_a_page_is_linked(survey, workflow, subjects):
    kinds = {model._meta.label_lower for model in apps.get_models() if issubclass(model, Job)}
    assert set(PAGES) | set(FOR_ADMINS) <= kinds


def test_a_job_counts_from_when_it_failed(survey, workflow, scientist, client):
    now = timezone.now()
    runs = {}
    for name, begun, ended in (("long", 8, 0), ("old", 9, 8)):
        of = {"survey": survey, "workflow": workflow, "role": "stamp"}
        runs[name] = TrainingRun.objects.create(**of, **FAILED, finished_at=now - timedelta(days=ended))
        TrainingRun.objects.filter(pk=runs[name].pk).update(created_at=now - timedelta(days=begun))
    assert [address for address, _ in failed(client)[0]] == [f"/surveys/night/learning/runs/{runs['long'].pk}/"]


def test_only_the_surveys_scientists_see_it(survey):
    colleague, *strangers = others(survey)
    assert colleague.get(PAGE).status_code == 200
    assert [client.get(PAGE).status_code for client in strangers] == [403, 403, 302]


def visit(client):
    return client.get(PAGE).context["changes"]


def an_hour_passes():
    for row in OverviewVisit.objects.all():
        OverviewVisit.objects.filter(pk=row.pk).update(seen_at=row.seen_at - timedelta(minutes=61))


def test_figures_that_changed_since_the_last_visit_are_shown_until_the_next(
    survey, workflow, subjects, scientist, vote, client
):
    assert visit(client) is None
    vote(subjects[0], "yes", "yes")
    give_verdict(subject=subjects[1], workflow=workflow, scientist=scientist, verdict="yes")
    assert visit(client) is None, "still the first visit"
    an_hour_passes()
    assert visit(client).rows == []
    vote(subjects[2], "no")
    model = sky.checkpoint(workflow, is_champion=True)
    an_hour_passes()
    for _ in range(2):  # a reload keeps what changed
        rows = {str(row.name): (row.before, row.now) for row in visit(client).rows}
        assert rows == {"Classifications": (2, 3), "Stamp": ("–", f"model {model.pk}")}
    page = client.get(PAGE).content.decode()
    assert "Since your last visit" in page
    assert f"model {model.pk}" in page
    an_hour_passes()
    assert "No figure changed since your last visit" in client.get(PAGE).content.decode()
    assert OverviewVisit.objects.get().user == scientist


def test_a_champion_that_is_gone_is_told_and_a_figure_that_is_new_is_not(survey, workflow, scientist, client):
    model = sky.checkpoint(workflow, is_champion=True)
    visit(client)
    Checkpoint.objects.filter(pk=model.pk).update(is_champion=False)
    an_hour_passes()
    seen = OverviewVisit.objects.get()
    del seen.figures["verdicts"]  # as after an upgrade
    seen.save()
    assert {str(row.name): (row.before, row.now) for row in visit(client).rows} == {"Stamp": (f"model {model.pk}", "–")}


def test_a_visit_is_recorded_of_scientists_only(survey):
    for reader in others(survey)[1:]:
        assert reader.get(PAGE).status_code in (302, 403)
    assert not OverviewVisit.objects.exists()

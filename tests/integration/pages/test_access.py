"""Users without the required role get no page and change nothing.

Here the highest role that does not suffice is refused by 403; test_routes.py refuses all others.
"""

import pytest
from django.urls import reverse

from tests.integration.learning import sky
from tests.integration.people import HTMX
from webapp.archive.models import Footprint, IngestRun, Membership
from webapp.consensus.models import Consensus
from webapp.known_objects.models import MatchRun, OrbitCatalogue
from webapp.learning.models import Checkpoint, Explanation, ExternalScorer, Promotion, TrainingRun
from webapp.linking.models import LinkRun
from webapp.reports.models import NeoScore, Report, ReportedTracklet, ReportSettings
from webapp.retention.models import RetentionRun
from webapp.review.models import Case, Ruling
from webapp.streams.models import Stream

pytestmark = pytest.mark.django_db

ADMIN_PAGES = ["ingest", "ingest-runs", "ingest-run", "ingest-progress", "ingest-problems", "scorers"]
ADMIN_PAGES += ["retention", "retention-runs", "streams", "streams-now", "dead-letters", "report-settings"]
ADMIN_WRITES = ["training-start", "training-cancel", "promote", "rollback", "score-again"]
ADMIN_WRITES += ["ingest-start", "ingest-cancel", "scorer-register", "scorer-evaluate", "retention-start"]
CONSENSUS_PAGES = ["consensus-browser", "consensus-csv", "posterior-csv", "agreement-csv", "subject-votes", "votes-csv"]
CONSENSUS_PAGES += [
    "lines-csv",
    "verdict-history",
    "histograms",
    "calibration",
    "calibration-csv",
    "reanalysis",
    "reanalysis-csv",
    "reanalysis-versions",
    "throughput",
    "throughput-csv",
]
LEARNING_PAGES = ["learning", "training-runs", "training-run", "training-progress", "training-epochs"]
LEARNING_PAGES += ["training-epochs-csv", "compare", "explanation"]
FIGURES = ["motion", "motion-csv", "nights", "nights-csv", "completeness-csv", "figures", "figures-data"]
FIGURES += ["figure-csv", "injected-movers", "injected-movers-csv"]
SCIENTIST_PAGES = ["overview", "review", "known-objects", "known-objects-csv", *CONSENSUS_PAGES, *LEARNING_PAGES]
SCIENTIST_PAGES += ["reports", "report", "linking", "class-from-tag", *FIGURES]
SCIENTIST_WRITES = ["rule", "withdraw", "second-opinion", "case", "bulk", "known-objects-match"]
SCIENTIST_WRITES += ["report-draft", "report-sign", "report-remove", "report-delete"]
SCIENTIST_WRITES += ["linking-start", "linking-decide", "explanation-start", "neo-score", "moc-upload"]


@pytest.fixture
def world(django_user_model):
    """A survey with one of everything, and people with the URLs of all of it."""
    survey, elsewhere = sky.survey("night"), sky.survey("elsewhere")
    workflow = sky.workflow(survey)
    [subject] = sky.subjects(survey, [True])
    Consensus.objects.create(workflow=workflow, subject=subject, posterior=0.9, votes_yes=3, method="majority")
    run = TrainingRun.objects.create(survey=survey, workflow=workflow, role="stamp")
    checkpoint = Checkpoint.objects.create(survey=survey, role="stamp", run=run, manifest={})
    scorer = ExternalScorer.objects.create(workflow=workflow, name="x", address="https://x.org", secret="s" * 16)
    OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=61000.0)
    ingest = IngestRun.objects.create(survey=survey, path="/nowhere", subject_set="all")
    stream = Stream.objects.create(survey=survey, topic="alerts", brokers="b:1", group="g", subject_set="live")
    for name, where in [("volunteer", survey), ("moderator", survey), ("scientist", survey), ("admin", survey)]:
        user = django_user_model.objects.create_user(name)
        Membership.objects.create(user=user, survey=where, role=name)
    ReportSettings.objects.create(
        survey=survey, submitter="A", measurers=["A"], design="R", aperture=1, catalogue="UNK"
    )
    report = Report.objects.create(survey=survey, created_by=user)
    reported = ReportedTracklet.objects.create(report=report, subject=subject, trk_sub="W1")
    of_report = {"pk": report.pk}
    stranger = django_user_model.objects.create_user("stranger")
    Membership.objects.create(user=stranger, survey=elsewhere, role="admin")
    of_run, of_ingest = {"pk": run.pk}, {"pk": ingest.pk}
    of_subject = {"workflow": workflow.slug, "pk": subject.pk}
    of_workflow = {"workflow": workflow.slug}
    return {
        **dict.fromkeys([*CONSENSUS_PAGES, *FIGURES], of_workflow),
        "figure-csv": {**of_workflow, "name": "subjects"},
        "known-objects-csv": {"show": "unidentified"},
        "subject-votes": {"pk": subject.pk},
        "motion": {"pk": subject.pk},
        "motion-csv": {"pk": subject.pk},
        "votes-csv": of_subject,
        "lines-csv": of_subject,
        "neo-score": {"pk": subject.pk},
        "explanation": {"pk": subject.pk},
        "explanation-start": {"pk": subject.pk},
        "training-run": of_run,
        "training-progress": of_run,
        "training-epochs": of_run,
        "training-epochs-csv": of_run,
        "training-cancel": of_run,
        "promote": {"pk": checkpoint.pk},
        "scorer-evaluate": {"pk": scorer.pk},
        "rollback": {"role": "stamp"},
        "score-again": {"role": "stamp"},
        "dead-letters": {"pk": stream.pk},
        "ingest-run": of_ingest,
        "ingest-progress": of_ingest,
        "ingest-problems": of_ingest,
        "ingest-cancel": of_ingest,
        "report": of_report,
        "report-sign": of_report,
        "report-delete": of_report,
        "report-remove": of_report | {"tracklet": reported.pk},
        "rule": of_subject,
        "withdraw": of_subject,
        "second-opinion": of_subject,
        "case": of_subject,
        "bulk": of_workflow,
        "verdict-history": of_subject,
        "class-from-tag": {"name": "comet"},
    }


def address(world, name):
    return reverse(name, kwargs={"slug": "night", **world.get(name, {})})


def as_(client, django_user_model, name):
    client.force_login(django_user_model.objects.get(username=name))
    return client


def assert_nothing_changed():
    assert TrainingRun.objects.get().cancel_requested is False
    assert IngestRun.objects.get().cancel_requested is False
    assert Checkpoint.objects.get().is_champion is False
    assert not Promotion.objects.exists()
    assert ExternalScorer.objects.get().secret == "s" * 16
    assert not Ruling.objects.exists()
    assert not Case.objects.exists()
    assert not MatchRun.objects.exists()
    assert ReportedTracklet.objects.get().report.signed_at is None
    assert not LinkRun.objects.exists()
    assert not Explanation.objects.exists()
    assert not NeoScore.objects.exists()
    assert not Footprint.objects.exists()
    assert not RetentionRun.objects.exists()


def statuses(world, ask, names, *sent):
    """Return what each of these addresses answers, to htmx too."""
    return {name: ask(address(world, name), *sent, headers=HTMX).status_code for name in names}


def test_admin_pages_are_for_admins(world, client, django_user_model):
    get = as_(client, django_user_model, "scientist").get
    assert statuses(world, get, ADMIN_PAGES) == dict.fromkeys(ADMIN_PAGES, 403)


def test_only_admins_act(world, client, django_user_model):
    body = {"verdict": "yes", "name": "x", "workflow": "night", "preset": "head"}
    body |= {"address": "https://elsewhere.org", "secret": "another secret of a stranger"}
    post = as_(client, django_user_model, "scientist").post
    assert statuses(world, post, ADMIN_WRITES, body) == dict.fromkeys(ADMIN_WRITES, 403)
    assert_nothing_changed()


def test_only_scientists_review(world, client, django_user_model):
    client = as_(client, django_user_model, "moderator")
    assert statuses(world, client.get, SCIENTIST_PAGES) == dict.fromkeys(SCIENTIST_PAGES, 403)
    assert statuses(world, client.post, SCIENTIST_WRITES, {"verdict": "yes"}) == dict.fromkeys(SCIENTIST_WRITES, 403)
    assert_nothing_changed()


def test_admins_open_everything(world, client, django_user_model):
    pages = [*ADMIN_PAGES, *SCIENTIST_PAGES]
    assert statuses(world, as_(client, django_user_model, "admin").get, pages) == dict.fromkeys(pages, 200)


def test_who_is_not_signed_in_is_asked_to(world, client):
    asked = {name: client.get(address(world, name)) for name in (*ADMIN_PAGES, *SCIENTIST_PAGES)}
    assert {answer.status_code for answer in asked.values()} == {302}
    login = {name: f"/accounts/login/?next={address(world, name)}" for name in asked}
    assert {name: answer.url for name, answer in asked.items()} == login


def test_who_is_not_signed_in_cannot_act(world, client):
    acts = [*ADMIN_WRITES, *SCIENTIST_WRITES]
    assert statuses(world, client.post, acts, {"verdict": "yes"}) == dict.fromkeys(acts, 403)
    assert_nothing_changed()


def test_acts_are_no_links(world, client, django_user_model):
    acts = [*ADMIN_WRITES, *SCIENTIST_WRITES]
    assert statuses(world, as_(client, django_user_model, "admin").get, acts) == dict.fromkeys(acts, 405)
    assert_nothing_changed()


@pytest.mark.parametrize("name", ["training-progress", "ingest-progress"])
def test_a_polling_part_whose_session_ended_reloads_the_page(world, client, name):
    response = client.get(address(world, name), headers=HTMX)
    assert response.headers["HX-Refresh"] == "true"


def test_the_first_consensus_page_is_for_scientists(world, client, django_user_model):
    assert as_(client, django_user_model, "scientist").get("/surveys/night/consensus/").status_code == 200
    assert as_(client, django_user_model, "stranger").get("/surveys/night/consensus/").status_code == 403


def test_another_surveys_admin_sees_no_votes_through_their_own(world, client, django_user_model):
    client = as_(client, django_user_model, "stranger")
    own = {name: reverse(name, kwargs={"slug": "elsewhere", **world[name]}) for name in CONSENSUS_PAGES}
    seen = {name: client.get(own[name], headers=HTMX).status_code for name in own}
    assert seen == dict.fromkeys(CONSENSUS_PAGES, 404)


def test_another_surveys_admin_cannot_reach_in_through_their_own(world, client, django_user_model):
    client = as_(client, django_user_model, "stranger")
    for name in ("training-run", "ingest-run"):
        response = client.get(reverse(name, kwargs={"slug": "elsewhere", **world[name]}))
        assert response.status_code == 404
    response = client.post(reverse("promote", kwargs={"slug": "elsewhere", **world["promote"]}))
    assert response.status_code == 404
    assert_nothing_changed()

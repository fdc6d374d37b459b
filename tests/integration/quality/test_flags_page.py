"""Scientists see flags and evidence, and decide; nobody else can."""

import pytest
from django.db.models import F
from django.utils import timezone

from ml.crowd.quality import flag as signs
from tests.integration.people import account, browser, member
from tests.integration.world import make_volunteer, make_workflow
from webapp.archive.models import Survey
from webapp.consensus.models import Skill
from webapp.quality import views
from webapp.quality.models import FlagState, QualityFlag, QualityScan
from webapp.quality.quality_scan import FLAGGED

pytestmark = pytest.mark.django_db

NUMBERS = {
    "speed": {"n": 212, "median": 0.12, "limit": 0.5},
    "constant": {"n": 212, "same": 212, "answer": "yes", "expected": 41},
    "chance": {"n": 40, "right": 19, "accuracy": 47, "low": 32, "high": 62},
    "copy": {"n": 180, "same": 180, "wrong": 31, "window": 60},
}


@pytest.fixture
def workflow():
    return make_workflow(subjects=2)


@pytest.fixture
def scientist(workflow):
    return member(workflow.survey, "scientist", "sue")


def flag(workflow, kind="speed", name="bot", **fields):
    volunteer = make_volunteer(name)
    Skill.objects.create(volunteer=volunteer, workflow=workflow, is_trusted=False)
    return QualityFlag.objects.create(
        volunteer=volunteer, workflow=workflow, kind=kind, numbers=NUMBERS[kind], p=3e-12, seen_at=timezone.now(),
        **fields,
    )  # fmt: skip


def page_of(user, survey="atlas"):
    return browser(user).get(f"/surveys/{survey}/quality/").content.decode()


def decide(client, row, state):
    return client.post(f"/surveys/atlas/quality/{row.workflow.slug}/{row.pk}/", {"state": state})


def test_every_flag_stands_there_with_its_evidence(workflow, scientist):
    original = make_volunteer("first-of-them")
    for kind in NUMBERS:
        flag(workflow, kind, f"bot-{kind}", original=original if kind == "copy" else None)
    page = page_of(scientist)
    assert "The median of 212 answers took 0.12 seconds; looking takes at least 0.5." in page
    assert "212 of 212 answers are “yes”; others gave it for 41 in 100 of these subjects." in page
    assert "19 of 40 gold subjects answered correctly: 47 in 100 (32 to 62), no better than chance." in page
    assert "within 60 seconds; 31 of them contradict" in page
    assert "Copied from first-of-them, whose own votes still count." in page
    assert "4 open" in page
    assert "Probability for an honest volunteer: 3e-12." in page


def test_the_evidence_is_in_the_readers_language(workflow, scientist):
    flag(workflow)
    message = FLAGGED(new="1,200", over="1")
    QualityScan.objects.create(workflow=workflow, state="done", done=3, finished_at=timezone.now(), message=message)
    page = browser(scientist).get("/surveys/atlas/quality/", headers={"Accept-Language": "de"}).content.decode()
    assert "lag bei 0,12 Sekunden; hinsehen dauert mindestens 0,5." in page
    assert "Neue Hinweise: 1.200, erledigte: 1." in page


def test_each_kind_of_flag_has_a_title_and_a_sentence():
    assert set(views.TITLES) == set(views.WORDS) == {signs.SPEED, signs.CONSTANT, signs.CHANCE, signs.COPY}


def test_confirm_dismiss_and_undo(workflow, scientist):
    row, client = flag(workflow), browser(scientist)
    assert decide(client, row, "dismissed").url == "/surveys/atlas/quality/"
    row.refresh_from_db()
    assert (row.state, row.decided_by) == (FlagState.DISMISSED, scientist)
    assert Skill.objects.get(volunteer=row.volunteer).is_trusted
    page = page_of(scientist)
    assert "Closed flags: 1" in page
    assert "Dismissed · sue" in page
    decide(client, row, "open")
    decide(client, row, "confirmed")
    row.refresh_from_db()
    assert row.state == FlagState.CONFIRMED
    assert not Skill.objects.get(volunteer=row.volunteer).is_trusted
    assert Skill.objects.filter(volunteer=row.volunteer, revision__gt=F("applied_revision")).exists()


def test_strangers_see_nothing_and_change_nothing(workflow):
    row = flag(workflow)
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    people = [account("stranger"), member(workflow.survey, "moderator"), member(elsewhere, "admin"), row.volunteer.user]
    for client in [*map(browser, people), browser()]:
        assert decide(client, row, "dismissed").status_code == 403
        assert client.post(f"/surveys/atlas/quality/{workflow.slug}/scan/").status_code == 403
        assert client.get("/surveys/atlas/quality/").status_code in (302, 403)
    row.refresh_from_db()
    assert (row.state, row.decided_by) == (FlagState.OPEN, None)
    assert not Skill.objects.get(volunteer=row.volunteer).is_trusted
    assert not QualityScan.objects.exists()


def test_flags_of_other_surveys_and_unknown_decisions_are_refused(workflow, scientist):
    row, client = flag(workflow), browser(scientist)
    assert decide(client, row, "expired").status_code == 400
    assert decide(client, row, "").status_code == 400
    other = Survey.objects.create(slug="other", name="Other")
    colleague = browser(member(other, "scientist", "otto"))
    assert (
        colleague.post(f"/surveys/other/quality/{workflow.slug}/{row.pk}/", {"state": "dismissed"}).status_code == 404
    )
    row.refresh_from_db()
    assert row.state == FlagState.OPEN


def test_empty_pages_say_what_will_stand_there(workflow, scientist):
    assert "No open flags." in page_of(scientist)
    assert "No scan yet" in page_of(scientist)
    bare = Survey.objects.create(slug="bare", name="Bare")
    assert "No workflow is open yet" in page_of(member(bare, "scientist", "bo"), "bare")


def test_a_scientist_may_look_now(workflow, scientist):
    client = browser(scientist)
    for _ in range(2):
        assert client.post(f"/surveys/atlas/quality/{workflow.slug}/scan/").status_code == 302
    assert QualityScan.objects.get().requested_by == scientist
    assert "A worker is scanning the classifications" in page_of(scientist)


def test_the_flagged_are_told_nothing(workflow):
    row = flag(workflow)
    client = browser(row.volunteer.user)
    for path in ("/skill/", "/", "/you/"):
        page = client.get(path).content.decode().lower()
        assert "quality control" not in page
        assert "too fast" not in page

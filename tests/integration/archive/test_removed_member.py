"""Whoever is removed from a survey, or given a lower role, has the rights of it no more: at once, on pages and API."""

import pytest
from rest_framework.test import APIClient

from tests.integration.people import account, browser, member
from tests.integration.world import make_workflow, subjects_of
from webapp.accounts.tokens import make_token
from webapp.archive.models import Membership, Survey
from webapp.linking.models import LinkRun
from webapp.queue.models import QueueEntry
from webapp.reports.models import Report
from webapp.review.models import Case, Ruling

pytestmark = pytest.mark.django_db
SURVEY = "/surveys/atlas/"
PAGES = (
    "overview/", "review/", "linking/", "reports/", "known-objects/", "consensus/atlas/", "consensus/atlas/nights/",
    "consensus/atlas/figures/", "learning/", "exchange/", "exchange/candidates.csv",
)  # fmt: skip
OF_ADMINS = ("settings/", "reports/settings/")


@pytest.fixture
def subject():
    return subjects_of(make_workflow(subjects=1))[0]


@pytest.fixture
def boss(subject):
    return browser(member(subject.survey, "admin", "boss"))


class Person:
    """Somebody with an open session and a token for the API, both from when they were a member."""

    def __init__(self, user, subject):
        self.session, self.api, self.subject = browser(user), APIClient(), subject
        self.api.credentials(HTTP_AUTHORIZATION=f"Token {make_token(user)}")
        self.row = f"{SURVEY}settings/members/{Membership.objects.get(user=user).pk}/"

    def reads(self, paths=PAGES):
        return {path: self.session.get(SURVEY + path).status_code for path in paths}

    def acts(self):
        """Try to write, on pages and through the API; return the answers."""
        about, api = f"{SURVEY}review/atlas/{self.subject.pk}/", {"workflow": "atlas", "subject": self.subject.pk}
        many = {"workflow": "atlas", "subjects": [self.subject.pk]}
        pages = {
            f"{about}rule/": {"verdict": "yes"}, f"{about}case/": {"action": "hold"}, f"{about}withdraw/": {},
            f"{SURVEY}review/atlas/bulk/": {"verdict": "yes", "subjects": [self.subject.pk]},
            f"{SURVEY}linking/start/": {}, f"{SURVEY}reports/draft/": {}, f"{SURVEY}known-objects/match/": {},
        }  # fmt: skip
        calls = {
            "rulings/": {**api, "verdict": "yes"}, "cases/": {"subject": self.subject.pk, "action": "hold"},
            "rulings/bulk/": {"workflow": "atlas", "rulings": [{"subject": self.subject.pk, "verdict": "yes"}]},
            "rulings/bulk-withdraw/": many, "rulings/bulk-undo/": many, "cases/bulk/": {**many, "action": "hold"},
            "reports/": {"survey": "atlas", "subjects": [self.subject.pk]},
        }  # fmt: skip
        answers = {path: self.session.post(path, body).status_code for path, body in pages.items()}
        return answers | {path: self.api.post(f"/api/{path}", body, "json").status_code for path, body in calls.items()}


def changed():
    return [row.objects.count() for row in (Ruling, Case, LinkRun, Report)], QueueEntry.objects.get().is_retired


NOTHING = ([0, 0, 0, 0], False)


@pytest.mark.parametrize("change", ["removed", "moderator", "volunteer"])
def test_a_scientist_who_is_none_any_more_reads_and_changes_nothing(subject, boss, change):
    person = Person(member(subject.survey, "scientist", "sue"), subject)
    assert set(person.reads().values()) == {200}
    held = person.api.post("/api/cases/", {"subject": subject.pk, "action": "tag", "text": "lens"}, "json")
    assert (held.status_code, Case.objects.all().delete()[0] > 0) == (200, True)
    if change == "removed":
        assert boss.post(f"{person.row}remove/").status_code == 302
    else:
        assert boss.post(person.row, {"role": change}).status_code == 302
    assert person.reads() == dict.fromkeys(PAGES, 403)
    assert set(person.acts().values()) == {403}
    assert person.api.get("/api/rulings/").status_code == 403
    assert person.api.get(f"/api/subjects/{subject.pk}/").json()["object_group"] is None
    assert changed() == NOTHING


def test_an_admin_who_is_removed_cannot_put_themself_back(subject, boss):
    person = Person(member(subject.survey, "admin", "ada"), subject)
    assert set(person.reads(OF_ADMINS).values()) == {200}
    assert boss.post(f"{person.row}remove/").status_code == 302
    assert person.reads(OF_ADMINS) == dict.fromkeys(OF_ADMINS, 403)
    again = person.session.post(f"{SURVEY}settings/members/", {"username": "ada", "role": "admin"})
    assert (again.status_code, set(person.acts().values())) == (403, {403})
    assert list(Membership.objects.values_list("user__username", flat=True)) == ["boss"]
    assert changed() == NOTHING


@pytest.mark.parametrize("role", [None, "admin"])
def test_a_stranger_and_another_surveys_admin_read_and_change_nothing(subject, boss, role):
    user = account("eve")
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    Membership.objects.create(user=user, survey=elsewhere, role=role or "volunteer")
    person = Person(user, subject)
    assert person.reads() == dict.fromkeys(PAGES, 403)
    assert set(person.acts().values()) == {403}
    assert changed() == NOTHING

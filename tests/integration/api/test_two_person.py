"""Two-person mode by API follows the pages: nothing of a colleague's is replaced or withdrawn unasked."""

import pytest
from rest_framework.test import APIClient

from tests.integration.api.test_lists import client_for
from tests.integration.world import make_workflow
from webapp.archive.models import Role, Survey
from webapp.review.models import Ruling, SecondOpinion

pytestmark = pytest.mark.django_db

RULINGS = "/api/rulings/"


@pytest.fixture
def workflow():
    return make_workflow(subjects=1)


@pytest.fixture
def sue(workflow):
    return client_for(workflow.survey, Role.SCIENTIST, "sue")


@pytest.fixture
def tom(workflow):
    return client_for(workflow.survey, Role.SCIENTIST, "tom")


@pytest.fixture
def verdict(workflow):
    """Give a verdict on the only subject: `verdict(sue, "yes")`."""

    def give(client, said, **fields):
        body = {"workflow": "atlas", "subject": workflow.survey.subjects.get().pk, "verdict": said, **fields}
        reply = client.post(RULINGS, body, format="json")
        assert reply.status_code == 201
        return reply.json()

    return give


def opinions(ruling):
    return [(each["scientist"], each["verdict"]) for each in ruling["second_opinions"]]


def in_force():
    return Ruling.objects.values_list("scientist__username", "verdict").get(withdrawn_at=None)


def test_a_verdict_beside_a_colleagues_is_a_second_opinion_until_it_overrules(sue, tom, verdict):
    first = verdict(tom, "yes")
    answer = verdict(sue, "no", note="a star")
    assert (answer["id"], answer["scientist"], answer["verdict"]) == (first["id"], "tom", "yes")
    assert opinions(answer) == [("sue", "no")]
    assert in_force() == ("tom", "yes")
    assert opinions(verdict(sue, "yes")) == [("sue", "yes")], "a newer opinion replaces one's own"
    assert opinions(verdict(tom, "no")) == [("sue", "yes")], "a changed verdict keeps the opinions on it"
    answer = verdict(sue, "yes", overrules=True)
    assert (answer["scientist"], answer["second_opinions"]) == ("sue", [])
    assert in_force() == ("sue", "yes")


def test_only_ones_own_verdict_or_opinion_is_withdrawn(sue, tom, verdict):
    withdraw = f"{RULINGS}{verdict(tom, 'yes')['id']}/withdraw/"
    refused = sue.post(withdraw)
    assert refused.status_code == 403
    assert "is tom's, so only they can withdraw it. Nothing has changed." in refused.json()["detail"]
    verdict(sue, "no")
    answer = sue.post(withdraw)
    assert (answer.status_code, answer.json()["withdrawn_at"], opinions(answer.json())) == (200, None, [])
    assert sue.post(withdraw).status_code == 403, "pressed twice, the colleague's verdict stays"
    assert in_force() == ("tom", "yes")
    verdict(sue, "no")
    assert tom.post(withdraw).json()["withdrawn_by"] == "tom"
    assert [client.post(withdraw).status_code for client in (tom, sue)] == [409, 403]
    assert not Ruling.objects.filter(withdrawn_at=None).exists()


def test_an_undone_verdict_leaves_what_was_there_before(sue, tom, verdict):
    verdict(sue, "yes", note="first")
    second = verdict(sue, "no")
    undo = f"{RULINGS}{second['id']}/undo/"
    assert tom.post(undo).status_code == 403
    assert in_force() == ("sue", "no")
    assert sue.post(undo).json()["withdrawn_by"] == "sue"
    assert in_force() == ("sue", "yes")
    assert Ruling.objects.get(withdrawn_at=None).note == "first"
    assert sue.post(undo).status_code == 409
    assert in_force() == ("sue", "yes")


def test_an_undone_opinion_leaves_ones_own_before_it(sue, tom, verdict):
    ruling = verdict(tom, "yes")
    verdict(sue, "yes")
    verdict(sue, "no")
    assert opinions(sue.post(f"{RULINGS}{ruling['id']}/undo/").json()) == [("sue", "yes")]
    assert opinions(sue.post(f"{RULINGS}{ruling['id']}/undo/").json()) == []
    assert in_force() == ("tom", "yes")


def test_many_are_undone_at_once_and_colleagues_stay(workflow, sue, tom, verdict):
    for said in ("yes", "no"):
        verdict(sue, said)
    many = {"workflow": "atlas", "subjects": [workflow.survey.subjects.get().pk]}
    assert tom.post(f"{RULINGS}bulk-undo/", many, format="json").json() == {"changed": 0}
    assert in_force() == ("sue", "no")
    assert sue.post(f"{RULINGS}bulk-undo/", many, format="json").json() == {"changed": 1}
    assert in_force() == ("sue", "yes")
    many["subjects"].append(10**9)
    assert sue.post(f"{RULINGS}bulk-undo/", many, format="json").status_code == 400


def test_a_second_opinion_is_asked_for_and_no_longer(sue, tom, verdict):
    ruling = verdict(tom, "yes")
    second = f"{RULINGS}{ruling['id']}/second-opinion/"
    assert ruling["second_asked_at"] is None
    asked = sue.post(second).json()
    assert asked["second_asked_by"] == "sue"
    assert asked["second_asked_at"]
    assert sue.post(second, {"wanted": "perhaps"}).status_code == 400
    cancelled = tom.post(second, {"wanted": False}, format="json").json()
    assert (cancelled["second_asked_by"], cancelled["second_asked_at"]) == (None, None)
    tom.post(f"{RULINGS}{ruling['id']}/withdraw/")
    late = sue.post(second)
    assert late.status_code == 409
    assert "already withdrawn or replaced" in late.json()["detail"]


def test_the_history_says_who_did_what_but_no_verdict_to_whom_it_is_hidden_from(workflow, sue, tom, verdict):
    ruling = verdict(tom, "yes", note="It moves.")
    address = f"/api/subjects/{ruling['subject']}/history/"
    for action, text in (("hold", ""), ("note", "Clouds?"), ("tag", "lens")):
        tom.post("/api/cases/", {"subject": ruling["subject"], "action": action, "text": text}, format="json")
    told = [(each["who"], each["what"], each["detail"], each["note"]) for each in sue.get(address).json()]
    events = [("tom", "tagged", "lens", ""), ("tom", "noted", "", "Clouds?"), ("tom", "put on hold", "", "")]
    assert told == [*events, ("tom", "ruled yes", "", "It moves.")]
    tom.post(f"{RULINGS}{ruling['id']}/second-opinion/")
    assert [each["what"] for each in sue.get(address).json()] == ["tagged", "noted", "put on hold"]
    verdict(sue, "no")
    shown = sue.get(address, {"workflow": "atlas"}).json()
    assert [each["what"] for each in shown][:2] == ["second opinion: no", "asked for a second opinion"]
    assert (len(shown), shown == sorted(shown, key=lambda each: each["created_at"], reverse=True)) == (6, True)
    assert sue.get(address, {"workflow": "atlsa"}).status_code == 400
    assert client_for(workflow.survey, Role.MODERATOR, "mo").get(address).status_code == 403


def test_strangers_ask_for_withdraw_and_replace_nothing(workflow, tom, verdict):
    ruling = verdict(tom, "yes")
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    strangers = [client_for(elsewhere, Role.ADMIN, "eve"), client_for(workflow.survey, Role.MODERATOR, "mo")]
    over = {"workflow": "atlas", "subject": ruling["subject"], "verdict": "no", "overrules": True}
    writes = [(f"{RULINGS}{ruling['id']}/{path}/", {}) for path in ("withdraw", "second-opinion")] + [(RULINGS, over)]
    for address, body in writes:
        assert [client.post(address, body, format="json").status_code for client in strangers] == [403, 403]
        assert APIClient().post(address, body, format="json").status_code == 401
    assert in_force() == ("tom", "yes")
    assert Ruling.objects.get().second_asked_at is None
    assert not SecondOpinion.objects.exists()

"""Lists through the API: unknown filters are refused, orderings, totals, changes since a time; errors are JSON."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from rest_framework.test import APIClient

from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.archive.models import IngestRun, Membership, Role, Survey
from webapp.consensus.models import Consensus
from webapp.review.models import Case, Ruling, SecondOpinion

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    return make_workflow(subjects=5)


def client_for(survey, role, name):
    user = get_user_model().objects.create(username=name)
    Membership.objects.create(user=user, survey=survey, role=role)
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def scientist(workflow):
    return client_for(workflow.survey, Role.SCIENTIST, "sue")


@pytest.mark.parametrize("path", ["subjects", "consensus", "rulings", "scores", "workflows", "cases", "checkpoints"])
def test_an_unknown_filter_is_refused_with_a_sentence(workflow, scientist, path):
    reply = scientist.get(f"/api/{path}/", {"min_posteriro": 1})
    assert reply.status_code == 400
    assert "There is no filter “min_posteriro” here. Filters: " in reply.json()["min_posteriro"][0]


@pytest.mark.parametrize("path", ["subjects", "consensus", "rulings", "scores", "checkpoints"])
def test_a_survey_that_does_not_exist_is_refused_and_anothers_is_empty(workflow, scientist, path):
    Survey.objects.create(slug="elsewhere", name="Elsewhere")
    reply = scientist.get(f"/api/{path}/", {"survey": "atlsa"})
    assert reply.status_code == 400
    assert reply.json() == {"survey": ["“atlsa” is not valid here. Expected: slug of a survey."]}
    assert scientist.get(f"/api/{path}/", {"survey": "elsewhere"}).json()["results"] == []
    assert scientist.get(f"/api/{path}/", {"survey": workflow.survey.slug}).status_code == 200


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("consensus", "min_posterior=2"),
        ("scores", "max_p_real=95"),
        ("detections", "min_score=-1"),
        ("rulings", "verdict=maybe"),
        ("checkpoints", "role=champion"),
        ("training-runs", "state=finished"),
    ],
)
def test_a_value_that_no_row_can_have_is_refused_with_those_that_exist(workflow, scientist, path, asked):
    reply = scientist.get(f"/api/{path}/?{asked}")
    name, _, value = asked.partition("=")
    assert reply.status_code == 400
    assert reply.json()[name][0].startswith(f"“{value}” is not valid here. Expected: ")


def test_an_unknown_filter_is_refused_by_what_is_no_table_too(workflow, scientist):
    run = IngestRun.objects.create(survey=workflow.survey, path="night", subject_set="night")
    paths = ("groups", "appeals/actions", "classifications", f"ingest-runs/{run.pk}/problems", "surveys/atlas/tags",
             "statistics", f"workflows/{workflow.slug}/next")  # fmt: skip
    Membership.objects.update(role=Role.ADMIN)
    replies = {path: scientist.get(f"/api/{path}/", {"surveyy": "atlas"}) for path in paths}
    assert {path: reply.status_code for path, reply in replies.items()} == dict.fromkeys(paths, 400)
    assert all("There is no filter “surveyy” here." in str(reply.json()) for reply in replies.values())
    assert all(scientist.get(f"/api/{path}/").status_code == 200 for path in paths)


@pytest.mark.parametrize(
    ("path", "query", "sentence"),
    [
        ("subjects", {"page_size": "0"}, "“0” is not valid here. Expected: a number from 1 to 1000."),
        ("consensus", {"page_size": "many"}, "Expected: a number from 1 to 1000."),
        ("subjects", {"total": "yes"}, "Expected: true or false."),
        ("subjects", {"kind": "stmap"}, "Expected: one of stamp, tracklet, cutout, cube."),
        ("workflows/atlas/next", {"n": "-1"}, "Expected: a number from 1 to 50."),
        ("statistics", {"zone": "Mars/Olympus"}, "“Mars/Olympus” is no time zone."),
    ],
)
def test_a_value_that_means_nothing_is_refused_with_what_is_expected(workflow, scientist, path, query, sentence):
    reply = scientist.get(f"/api/{path}/", query)
    assert (reply.status_code, [*reply.json()]) == (400, [*query])
    assert sentence in str(reply.json())


def test_more_rows_than_a_page_may_have_are_as_many_as_it_may(workflow, scientist):
    for size in ("1001", "9" * 5000):
        assert scientist.get("/api/consensus/", {"page_size": size}).status_code == 200


def test_every_list_is_ordered_by_id(workflow, scientist):
    for path in ("surveys", "workflows", "training-runs", "checkpoints", "reports", "ingest-runs", "collections"):
        assert scientist.get(f"/api/{path}/", {"ordering": "-id"}).status_code in (200, 403), path
    ids = [row["id"] for row in scientist.get("/api/subjects/", {"ordering": "-id"}).json()["results"]]
    assert ids == sorted(ids, reverse=True) != []


def test_an_ordering_is_followed_over_pages_and_an_unknown_one_refused(workflow, scientist):
    for n, subject in enumerate(subjects_of(workflow)):
        for name in range(n % 3 + 1):
            vote(make_volunteer(f"v{n}-{name}"), workflow, subject)
    page = scientist.get("/api/consensus/", {"ordering": "-posterior", "page_size": 2, "total": "true"}).json()
    found, total = page["results"], page["total"]
    while page["next"]:
        page = scientist.get(page["next"]).json()
        found += page["results"]
    assert total == len(found) == 5
    assert [row["posterior"] for row in found] == sorted((row["posterior"] for row in found), reverse=True)
    assert len({row["id"] for row in found}) == 5
    assert "This list has no ordering “name”" in str(scientist.get("/api/consensus/", {"ordering": "name"}).json())
    assert "total" not in scientist.get("/api/consensus/").json()


@pytest.mark.parametrize(
    ("path", "ordering", "another"), [("subjects", "external_id", "mjd"), ("consensus", "id", "updated_at")]
)
def test_a_cursor_of_another_ordering_is_refused(workflow, scientist, path, ordering, another):
    for subject in subjects_of(workflow):
        subject.mjd = 60000.0
        subject.save()
        vote(make_volunteer(), workflow, subject)
    following = scientist.get(f"/api/{path}/", {"ordering": ordering, "page_size": 1}).json()["next"]
    reply = scientist.get(following.replace(f"ordering={ordering}", f"ordering={another}"))
    assert (reply.status_code, reply.json()) == (404, {"detail": "Invalid cursor"})


def test_changes_since_a_time_are_listed(workflow, scientist):
    subjects = subjects_of(workflow)[:2]
    for n, subject in enumerate(subjects):
        vote(make_volunteer(f"v{n}"), workflow, subject)
    now = timezone.now()
    Consensus.objects.filter(subject=subjects[0]).update(updated_at=now - timedelta(days=2))
    since = (now - timedelta(days=1)).isoformat()
    rows = scientist.get("/api/consensus/", {"updated_since": since}).json()["results"]
    assert [row["subject"] for row in rows] == [subjects[1].pk]
    assert scientist.get("/api/consensus/", {"updated_since": "yesterday"}).status_code == 400
    assert scientist.get("/api/consensus/", {"min_posterior": "nan"}).status_code == 400


def test_errors_below_api_are_json_and_pages_are_html(client):
    reply = client.get("/api/nowhere/")
    assert (reply.status_code, reply["Content-Type"]) == (404, "application/json")
    assert "/api/docs/" in reply.json()["detail"]
    assert client.get("/api/subjects").status_code == client.post("/api/rulings").status_code == 308  # keeps the body
    assert client.get("/nowhere/")["Content-Type"].startswith("text/html")


def body(subjects, **fields):
    return {"workflow": "atlas", "rulings": [{"subject": row.pk, "verdict": "no"} for row in subjects], **fields}


def test_many_rulings_are_sent_at_once_and_stand_beside_a_colleagues(workflow, scientist):
    subjects = subjects_of(workflow)
    colleague = client_for(workflow.survey, Role.SCIENTIST, "tom")
    colleague.post("/api/rulings/", {"workflow": "atlas", "subject": subjects[0].pk, "verdict": "yes"})
    reply = scientist.post("/api/rulings/bulk/", body(subjects), format="json")
    assert (reply.status_code, reply.json()) == (201, {"rulings": 4, "second_opinions": 1})
    (row,) = scientist.get("/api/rulings/", {"scientist": "tom"}).json()["results"]
    assert [(each["scientist"], each["verdict"]) for each in row["second_opinions"]] == [("sue", "no")]
    reply = scientist.post("/api/rulings/bulk/", body(subjects[:1], overrules=True), format="json")
    assert reply.json() == {"rulings": 1, "second_opinions": 0}
    assert Ruling.objects.get(scientist__username="tom").withdrawn_by.username == "sue"


def test_a_bad_ruling_among_many_changes_nothing(workflow, scientist):
    asked = body(subjects_of(workflow))
    asked["rulings"][3] |= {"label": "AST"}
    assert scientist.post("/api/rulings/bulk/", asked, format="json").status_code == 400
    assert scientist.post("/api/rulings/bulk/", body([]), format="json").status_code == 400
    assert not Ruling.objects.exists()


def test_many_cases_are_changed_at_once_and_ones_own_verdicts_withdrawn(workflow, scientist):
    subjects = subjects_of(workflow)
    many = {"workflow": "atlas", "subjects": [row.pk for row in subjects]}
    colleague = client_for(workflow.survey, Role.SCIENTIST, "tom")
    colleague.post("/api/rulings/", {"workflow": "atlas", "subject": subjects[0].pk, "verdict": "yes"})
    scientist.post("/api/cases/", {"subject": subjects[0].pk, "action": "tag", "text": "lens"})
    reply = scientist.post("/api/cases/bulk/", {**many, "action": "tag", "text": "lens"}, format="json")
    assert (reply.status_code, reply.json()) == (200, {"changed": len(subjects) - 1})
    assert scientist.post("/api/cases/bulk/", {**many, "action": "tag", "text": "/"}, format="json").status_code == 400
    scientist.post("/api/rulings/bulk/", body(subjects), format="json")
    reply = scientist.post("/api/rulings/bulk-withdraw/", many, format="json")
    assert reply.json() == {"changed": len(subjects)}
    assert Ruling.objects.get(withdrawn_at=None).scientist.username == "tom"
    assert not SecondOpinion.objects.filter(withdrawn_at=None).exists()


def test_strangers_neither_rule_nor_change_cases(workflow):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    subject = subjects_of(workflow)[0]
    case = {"subject": subject.pk, "action": "hold"}
    strangers = [client_for(elsewhere, Role.ADMIN, "eve"), client_for(workflow.survey, Role.MODERATOR, "mo")]
    for client in strangers:
        assert client.post("/api/rulings/bulk/", body([subject]), format="json").status_code == 403
        assert client.post("/api/cases/", case).status_code == 403
        many = {"workflow": "atlas", "subjects": [subject.pk]}
        for path, more in (
            ("cases/bulk", {"action": "hold"}),
            ("rulings/bulk-withdraw", {}),
            ("rulings/bulk-undo", {}),
        ):
            assert client.post(f"/api/{path}/", many | more, format="json").status_code == 403
            assert APIClient().post(f"/api/{path}/", many | more, format="json").status_code == 401
    assert APIClient().post("/api/rulings/bulk/", body([subject]), format="json").status_code == 401
    assert APIClient().post("/api/cases/", case).status_code == 401
    assert [row.objects.count() for row in (Ruling, Case, SecondOpinion)] == [0, 0, 0]


def test_cases_are_changed_and_listed(workflow, scientist):
    subject = subjects_of(workflow)[0]
    for action, text in (("hold", ""), ("tag", "Lens"), ("assign", "sue")):
        reply = scientist.post("/api/cases/", {"subject": subject.pk, "action": action, "text": text})
        assert reply.status_code == 200
    (row,) = scientist.get("/api/cases/", {"held": "true", "tag": "lens", "assignee": "sue"}).json()["results"]
    assert (row["tags"], row["is_on_hold"], row["assignee"]) == (["lens"], True, "sue")
    assert scientist.post("/api/cases/", {"subject": subject.pk, "action": "assign", "text": "eve"}).status_code == 400

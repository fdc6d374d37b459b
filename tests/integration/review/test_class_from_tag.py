"""A tag becomes a class that volunteers can choose, that models learn, and whose examples the guides show."""

import pytest
from django.db.models import Exists

from tests.integration.people import account, browser, member
from webapp.archive.models import AuditEntry, Subject
from webapp.community.models import SubjectTag
from webapp.guides.field_guide import field_guide, presented_classes
from webapp.queue.entries import waiting_for
from webapp.review.models import Ruling
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
ADDRESS = "/surveys/night/tags/satellite/class/"


@pytest.fixture
def tagged(subjects):
    """Three subjects that a volunteer tagged #satellite."""
    ann = Volunteer.objects.create()
    SubjectTag.objects.bulk_create([SubjectTag(name="satellite", subject=row, volunteer=ann) for row in subjects[:3]])
    return subjects[:3]


def body(*examples, **other):
    rows = {"examples": [row.pk for row in examples]}
    return {"label": "SATELLITE", "workflow": "night", "answer": "no", **rows, **other}


def test_a_tag_becomes_a_class_with_examples(client, scientist, survey, workflow, tagged):
    page = client.get(ADDRESS).content.decode()
    assert 'value="SATELLITE"' in page
    assert page.count('name="examples"') == 3
    said = client.post(ADDRESS, body(*tagged[:2]), follow=True).content.decode()
    assert "SATELLITE is a class now, with 2 examples." in said
    survey.refresh_from_db()
    workflow.refresh_from_db()
    assert (survey.classes, survey.positive) == (["CR", "AST", "SATELLITE"], ["AST"])
    assert workflow.follow_ups == {"no": ["CR", "SATELLITE"], "yes": ["AST"]}
    gold = Subject.objects.filter(gold_label="SATELLITE", gold_source="ruling")
    assert set(gold) == set(tagged[:2])
    assert AuditEntry.objects.get().act == "class-from-tag"
    assert browser(account("vera")).get("/classify/night/").status_code == 200


def test_examples_are_shown_and_never_asked(client, scientist, workflow, tagged):
    client.post(ADDRESS, body(*tagged[:2]))
    workflow.refresh_from_db()
    shown = {entry.section.title: entry.examples for entry in field_guide(workflow, None)}
    assert shown["SATELLITE"] == tagged[:2]
    assert f"/{tagged[0].pk}/" in presented_classes(workflow)["SATELLITE"]["picture"]
    asked = Subject.objects.filter(Exists(waiting_for(None)), pk__in=[row.pk for row in tagged])
    assert list(asked) == tagged[2:]


def test_a_class_that_exists_gains_examples_only(client, scientist, survey, workflow, tagged):
    client.post(ADDRESS, body(tagged[0]))
    client.post(ADDRESS, body(tagged[1]))
    client.post(ADDRESS, body())
    survey.refresh_from_db()
    workflow.refresh_from_db()
    assert survey.classes == ["CR", "AST", "SATELLITE"]
    assert workflow.follow_ups["no"] == ["CR", "SATELLITE"]
    assert Subject.objects.filter(gold_label="SATELLITE").count() == 2


def test_a_real_mover_becomes_a_positive_class(client, scientist, survey, tagged):
    client.post(ADDRESS, body(tagged[0], label="COMET", answer="yes"))
    survey.refresh_from_db()
    assert survey.positive == ["AST", "COMET"]
    assert Ruling.objects.get().verdict == "yes"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"label": "AST"}, "AST already belongs to the other answer."),
        ({"label": "unsure"}, "is an answer, not a class"),
        ({"label": ""}, "This field is required."),
        ({"workflow": "another"}, "Select a valid choice."),
        ({"answer": "unsure"}, "Select a valid choice."),
        ({"examples": [10**9]}, "Select a valid choice."),
        ({"examples": ["x"]}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(client, scientist, survey, workflow, tagged, wrong, reason):
    answer = client.post(ADDRESS, body(tagged[0]) | wrong)
    assert answer.status_code == 400
    assert reason in answer.content.decode()
    assert_nothing_changed(survey, workflow)


def test_a_survey_without_classes_is_told_to_list_them(client, scientist, survey, workflow, tagged):
    survey.classes = survey.positive = []
    survey.save()
    answer = client.post(ADDRESS, body(tagged[0]))
    assert "night has no classes yet." in answer.content.decode()
    assert not Ruling.objects.exists()


@pytest.mark.parametrize("role", [None, "volunteer", "moderator"])
def test_only_scientists_make_classes(survey, workflow, tagged, role):
    user = member(survey, role) if role else account("stranger")
    for who in (browser(user), browser()):
        assert who.post(ADDRESS, body(tagged[0])).status_code == 403
    assert_nothing_changed(survey, workflow)


def assert_nothing_changed(survey, workflow):
    survey.refresh_from_db()
    workflow.refresh_from_db()
    assert survey.classes == ["CR", "AST"]
    assert workflow.follow_ups == {"no": ["CR"], "yes": ["AST"]}
    assert not Ruling.objects.exists()

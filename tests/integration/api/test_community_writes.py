"""Groups, collections, appeals and tags through the API: by owner, member, moderator, stranger and nobody."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.integration import world
from tests.integration.people import account, member
from webapp.community.appeals import appeal
from webapp.community.models import Appeal, Collection, Group, GroupMember, SubjectTag
from webapp.community.moderation import settle
from webapp.community.talk import post_comment
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def workflow():
    return world.make_workflow(subjects=3)


@pytest.fixture
def subjects(workflow):
    """Subjects that nobody is asked about any more."""
    workflow.queue.update(is_retired=True)
    return world.subjects_of(workflow)


@pytest.fixture
def ada():
    return account("ada")


@pytest.fixture
def ben():
    return account("ben")


def caller(user=None):
    client = APIClient()
    if user:
        client.force_authenticate(User.objects.get(pk=user.pk))  # as each request loads it
    return client


def send(user, method, address, body=None):
    """Return the status and the body of the response."""
    answer = getattr(caller(user), method)(f"/api/{address}", body or {}, format="json")
    return answer.status_code, answer.json() if answer.content else None


def statuses(people, *request):
    return [send(each, *request)[0] for each in people]


def test_a_group_is_opened_joined_and_left_and_only_its_owner_changes_it(workflow, ada, ben):
    status, made = send(ada, "post", "groups/", {"name": "7b", "is_class": True})
    assert (status, made["name"]) == (201, "7b")
    place = f"groups/{made['id']}/"
    assert send(ada, "get", "groups/")[1] == [made]
    link = send(ada, "post", f"{place}link/", {"days": 7})[1]["link"]
    token = link.rstrip("/").rpartition("/")[2]
    stranger, moderator = account("eve"), member(workflow.survey, "moderator")
    assert send(ben, "post", "groups/join/", {"token": token})[0] == 200
    opener, joined = send(ada, "get", f"{place}members/")[1]
    assert (opener["name"], joined["name"]) == ("ada", "ben")
    writes = [
        ("patch", place, {"name": "mine"}),
        ("delete", place),
        ("post", f"{place}link/", {"days": 0}),
        ("post", f"{place}remove-member/", {"member": joined["id"]}),
        ("get", f"{place}members/"),
    ]
    for write in writes:
        assert statuses([ben, stranger, moderator, None], *write) == [403, 404, 404, 401]
    assert Group.objects.get().token == token
    assert send(ada, "patch", place, {"name": "8b"})[1]["name"] == "8b"
    assert send(ben, "post", f"{place}leave/")[0] == 204
    assert GroupMember.objects.get(pk=joined["id"]).left_at
    send(ben, "post", "groups/join/", {"token": token})
    send(
        ada,
        "post",
        f"{place}remove-member/",
        {"member": GroupMember.objects.exclude(pk=opener["id"]).get(left_at=None).pk},
    )
    assert [row.pk for row in GroupMember.objects.filter(left_at=None)] == [opener["id"]]
    assert send(ada, "delete", place)[0] == 204
    assert not Group.objects.exists()


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "x" * 81}, {"name": "a\0b"}, {}])
def test_what_the_page_refuses_the_api_refuses(ada, body):
    assert send(ada, "post", "groups/", body)[0] == 400
    assert send(ada, "post", "collections/", {**body, "name": body.get("name", "") * 2})[0] == 400
    assert not Group.objects.exists()
    assert not Collection.objects.exists()


def test_a_link_that_has_ended_lets_nobody_in(ben):
    status, said = send(ben, "post", "groups/join/", {"token": "none"})
    assert (status, said) == (400, {"detail": ["This link has ended. Ask for a new one."]})


def test_a_collection_is_edited_by_its_owner_and_editors_only(workflow, subjects, ada, ben):
    keys = [each.pk for each in subjects]
    place = f"collections/{send(ada, 'post', 'collections/', {'name': 'Odd', 'is_public': True})[1]['id']}/"
    assert send(ada, "post", f"{place}add/", {"subjects": keys})[1] == {"size": 3}
    stranger, scientist = account("eve"), member(workflow.survey, "scientist")
    edits = [
        ("post", f"{place}add/", {"subjects": keys}),
        ("post", f"{place}remove/", {"subjects": keys}),
        ("post", f"{place}move/", {"subject": keys[0], "is_forward": True}),
    ]
    owns = [
        ("patch", place, {"name": "Mine"}),
        ("delete", place),
        ("post", f"{place}add-editor/", {"username": "eve"}),
        ("post", f"{place}remove-editor/", {"username": "ben"}),
    ]
    for write in [*edits, *owns]:
        assert statuses([ben, stranger, scientist, None], *write) == [403, 403, 403, 401]
    assert send(ada, "get", place)[1]["subjects"] == keys[::-1]
    send(ada, "post", f"{place}add-editor/", {"username": "ben"})
    assert [each["name"] for each in send(ben, "get", "collections/")[1]["results"]] == ["Odd"]
    assert statuses([ben], *edits[2]) == [204]
    assert send(ben, "get", place)[1]["subjects"] == [keys[2], keys[0], keys[1]]
    assert send(ben, "post", f"{place}remove/", {"subjects": keys[1:]})[1] == {"size": 1}
    assert [statuses([ben], *write) for write in owns] == [[403]] * 4
    set_of = ("post", f"{place}make-set/", {"survey": "atlas"})
    assert statuses([ada, stranger, scientist], *set_of) == [403, 403, 200]
    send(ada, "post", f"{place}remove-editor/", {"username": "ben"})
    assert statuses([ben], *edits[0]) == [403]
    assert send(ada, "patch", place, {"is_public": False})[1]["is_public"] is False
    assert statuses([ben, None], "get", place) == [404, 401]
    assert send(ada, "delete", place)[0] == 204


def test_an_appeal_is_made_by_the_person_concerned_and_answered_by_another_moderator(workflow, subjects, ada, ben):
    moderator = member(workflow.survey, "moderator")
    comment = post_comment(user=ada, subject=subjects[0], text="You are all fools.")
    done = settle(moderator=moderator, comment=comment, kind="warned", reason="Be kind.")
    assert [each["id"] for each in send(ada, "get", "appeals/actions/")[1]] == [done.pk]
    assert send(ben, "get", "appeals/actions/")[1] == []
    sent = ("post", "appeals/", {"action": done.pk, "text": "It was a quotation."})
    assert statuses([ben, moderator, None], *sent) == [403, 403, 401]
    assert not Appeal.objects.exists()
    status, made = send(ada, *sent)
    assert (status, made["is_granted"]) == (201, None)
    place = f"appeals/{made['id']}/answer/"
    answer = {"is_granted": True, "answer": "You are right."}
    assert statuses([ada, ben, None], "post", place, answer) == [403, 404, 401]
    assert send(moderator, "post", place, {**answer, "answer": " "})[0] == 400
    assert Appeal.objects.get().is_granted is None
    assert [each["id"] for each in send(moderator, "get", "appeals/?survey=atlas&open=true")[1]["results"]] == [
        made["id"]
    ]
    assert send(moderator, "post", place, answer)[1]["is_granted"] is True
    assert send(ben, "get", "appeals/")[1]["results"] == []


def test_a_moderator_does_not_answer_their_own_appeal(workflow, subjects):
    moderator, admin = member(workflow.survey, "moderator"), member(workflow.survey, "admin")
    comment = post_comment(user=moderator, subject=subjects[0], text="You are all fools.")
    done = settle(moderator=admin, comment=comment, kind="removed", reason="Be kind.")
    row = appeal(user=moderator, action=done, text="It was a quotation.")
    assert send(moderator, "post", f"appeals/{row.pk}/answer/", {"is_granted": True, "answer": "Yes."})[0] == 403
    assert Appeal.objects.get().is_granted is None


def test_tags_are_ones_own_and_come_after_the_answer(workflow, ada, ben):
    subject = world.subjects_of(workflow)[0]
    place = f"subjects/{subject.pk}/tags/Comet/"
    assert statuses([ada, None], "put", place) == [403, 401]
    world.vote(account_volunteer(ada), workflow, subject)
    assert statuses([ada, ada], "put", place) == [204, 204]
    assert send(ada, "put", f"subjects/{subject.pk}/tags/99/")[0] == 400
    assert statuses([ben, None], "delete", place) == [204, 401]
    assert SubjectTag.objects.get().name == "comet"
    assert send(None, "get", "surveys/atlas/tags/")[1] == [{"name": "comet", "subjects": 1, "people": 1}]
    scientist, moderator = member(workflow.survey, "scientist"), member(workflow.survey, "moderator")
    make = ("post", "surveys/atlas/tags/", {"name": "comet"})
    assert statuses([ada, moderator, None], *make) == [403, 403, 401]
    assert not workflow.survey.subject_sets.filter(name="#comet").exists()
    assert send(scientist, *make)[1] == {"name": "#comet", "size": 1}
    assert statuses([ada], "delete", f"subjects/{subject.pk}/tags/a%00b/") == [204]
    assert statuses([ada], "delete", place) == [204]
    assert not SubjectTag.objects.exists()

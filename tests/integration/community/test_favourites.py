"""Recents, favourites and collections: ownership and visibility."""

import re
from uuid import uuid4

import pytest
from django.core.signing import get_cookie_signer
from django.test import Client

from tests.integration import world
from webapp.accounts.merge_visitor import merge
from webapp.classifications.models import Classification
from webapp.community.models import Collection, Favourite
from webapp.volunteers.identity import COOKIE, SALT
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db

TAKEN = "Collection with this Owner and Name already exists."


@pytest.fixture
def subject(workflow):
    return world.subjects_of(workflow)[0]


@pytest.fixture
def secret(ada):
    return Collection.objects.create(owner=ada, name="Strange ones")


def visitor_browser():
    visitor, client = Volunteer.objects.create(), Client()
    client.cookies[COOKIE] = get_cookie_signer(salt=COOKIE + SALT).sign(visitor.key.hex)
    return visitor, client


def test_recents_show_own_standing_answers_newest_first(workflow, ada, ben, browser_of):
    first, second, third, *_ = world.subjects_of(workflow)
    world.vote(ada, workflow, first, "yes")
    world.vote(ada, workflow, second, "no")
    world.vote(ben, workflow, third, "no")
    Classification.objects.filter(answer="yes").update(created_at="2026-01-01T00:00:00Z")
    rows = browser_of(ada).get("/you/recent/").context["rows"]
    assert [(row.subject, row.answer) for row in rows] == [(second, "no"), (first, "yes")]


def test_recents_page_on_without_gaps_where_answers_came_at_once(ada, browser_of):
    workflow = world.make_workflow(subjects=30)
    for subject in world.subjects_of(workflow):
        world.vote(ada, workflow, subject)
    first = browser_of(ada).get("/you/recent/").context
    second = browser_of(ada).get("/you/recent/", {"before": first["older"]}).context
    assert len({row.pk for row in [*first["rows"], *second["rows"]]}) == 30
    assert second["older"] == ""


@pytest.mark.parametrize("before", ["nonsense", "7f1e9cf0-4c5e-4a4e-9d2b-0f6f9c1f7a11", "\0"])
def test_any_address_of_recents_has_a_page(ada, browser_of, before):
    assert browser_of(ada).get("/you/recent/", {"before": before}).status_code == 200


def test_passers_by_find_empty_pages_and_store_nothing(client, subject):
    for address in ("/you/recent/", "/you/favourites/", "/you/statistics/", "/you/news/", "/you/data/"):
        assert client.get(address).status_code == 200
    assert client.post(f"/you/favourites/{subject.pk}/", {"favourite": "yes"}).status_code == 403
    assert not Volunteer.objects.exists()


def test_a_heart_is_given_and_taken_away(subject, ada, browser_of):
    client = browser_of(ada)
    for _ in range(2):
        client.post(f"/you/favourites/{subject.pk}/", {"favourite": "yes"})
    assert Favourite.objects.get().volunteer == ada
    assert subject.external_id in client.get("/you/favourites/").content.decode()
    client.post(f"/you/favourites/{subject.pk}/", {"favourite": "no"})
    assert not Favourite.objects.exists()


def test_the_api_gives_hearts_to_visitors_and_they_go_with_them(subject, ada):
    visitor, client = visitor_browser()
    assert client.put(f"/api/favourites/{subject.pk}/").status_code == 204
    assert client.put("/api/favourites/999999/").status_code == 404
    Favourite.objects.create(volunteer=ada, subject=subject)
    merge(visitor, ada)
    assert Favourite.objects.get().volunteer == ada


def test_the_reply_to_an_answer_tells_whether_its_subject_is_a_favourite(workflow, subject, ada, browser_of):
    Favourite.objects.create(volunteer=ada, subject=subject)
    hearts = {}
    for client in (browser_of(ada), visitor_browser()[1]):
        items = client.get(f"/api/workflows/{workflow.slug}/next/?n=50").json()["items"]
        for item in items:
            answer = {"id": str(uuid4()), "workflow": workflow.slug, "answer": "yes"}
            answer |= {"subject": item["subject"]["id"], "lease": item["lease"]}
            reply = client.post("/api/classifications/", answer, content_type="application/json").json()
            hearts.setdefault(reply["subject"] == subject.pk, set()).add(reply["is_favourite"])
    assert hearts == {True: {True, False}, False: {False}}  # of the account, and of the visitor


def test_the_api_gives_no_heart_to_nobody(client, subject):
    assert client.put(f"/api/favourites/{subject.pk}/").status_code == 403
    assert not Favourite.objects.exists()


def test_the_api_stores_nobody_who_has_only_opened_the_classify_page(client, workflow, subject):
    client.get(f"/classify/{workflow.slug}/")
    assert COOKIE in client.cookies
    answer = f"/api/classifications/{uuid4()}"
    asked = [client.put(f"/api/favourites/{subject.pk}/"), client.delete(f"/api/favourites/{subject.pk}/")]
    asked += [client.post(f"{answer}/undo/"), client.post(f"{answer}/follow-up/", {"follow_up": "AST"})]
    assert [reply.status_code for reply in asked] == [403] * 4
    assert not Volunteer.objects.exists()


def test_chosen_subjects_go_into_a_collection(workflow, ada, browser_of):
    subjects = world.subjects_of(workflow)
    client = browser_of(ada)
    client.post("/you/collections/add/", {"subject": [row.pk for row in subjects[:2]], "name": "Mine"})
    mine = Collection.objects.get()
    assert mine.is_public is False
    client.post("/you/collections/add/", {"subject": [subjects[1].pk, subjects[2].pk, 999999], "collection": mine.pk})
    assert set(mine.subjects.all()) == set(subjects[:3])
    client.post(f"/collections/{mine.pk}/remove/{subjects[0].pk}/")
    assert mine.items.count() == 2


def test_a_private_collection_exists_for_its_owner_alone(secret, ada, ben, browser_of):
    address = f"/collections/{secret.pk}/"
    assert browser_of(ada).get(address).status_code == 200
    for other in (browser_of(ben), browser_of()):
        assert other.get(address).status_code == 404
    for act in ("change/", "delete/", "remove/1/"):
        assert browser_of(ben).post(address + act, {"name": "Taken", "is_public": "on"}).status_code == 404
        assert browser_of().post(address + act).status_code == 403
    secret.refresh_from_db()
    assert (secret.name, secret.is_public) == ("Strange ones", False)


def test_a_public_collection_is_seen_by_all_and_changed_by_its_owner(secret, subject, ada, ben, browser_of):
    browser_of(ada).post(f"/collections/{secret.pk}/change/", {"name": "Strange ones", "is_public": "on"})
    address = f"/collections/{secret.pk}/"
    page = browser_of(ben).get(address).content.decode()
    assert "Strange ones" in page
    assert "Delete" not in page
    assert not re.search(r"\bada\b", page), "who has not chosen to be named is not named"
    for act in ("change/", "delete/", f"remove/{subject.pk}/"):
        assert browser_of(ben).post(address + act, {"name": "Taken"}).status_code == 403
    theft = {"subject": subject.pk, "collection": secret.pk}
    assert browser_of(ben).post("/you/collections/add/", theft).status_code == 403
    secret.refresh_from_db()
    assert secret.name == "Strange ones"
    assert not secret.items.exists()


def test_two_of_a_name_are_refused_with_a_sentence(secret, ada, browser_of):
    response = browser_of(ada).post("/you/collections/", {"name": "Strange ones"})
    assert response.status_code == 400
    assert TAKEN in response.content.decode()
    assert Collection.objects.count() == 1


def test_a_collection_keeps_its_name_where_the_new_one_is_taken(secret, ada, ben, browser_of):
    mine = Collection.objects.create(owner=ada, name="Mine")
    Collection.objects.create(owner=ben, name="Plain ones")
    client, address = browser_of(ada), f"/collections/{mine.pk}/change/"
    assert TAKEN in client.post(address, {"name": "Strange ones"}, follow=True).content.decode()
    mine.refresh_from_db()
    assert mine.name == "Mine"
    for name in ("Mine", "Plain ones"):
        page = client.post(address, {"name": name, "description": "All of them"}, follow=True).content.decode()
        assert "Collection saved." in page
    mine.refresh_from_db()
    assert (mine.name, mine.description) == ("Plain ones", "All of them")

"""Collections are ordered by hand, edited by those whom the owner chose, and turned into subject sets by scientists."""

import re

import pytest

from tests.integration import world
from webapp.archive.models import SubjectSet
from webapp.community.collections import add_editor, collect, open_collection
from webapp.community.models import Collection
from webapp.queue.models import QueueEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def subjects(workflow):
    return [row.pk for row in world.subjects_of(workflow)[:3]]


@pytest.fixture
def mine(ada, subjects):
    row = open_collection(owner=ada, name="Strange ones")
    collect(row, subjects)
    return row


def order(collection):
    return list(collection.items.values_list("subject", flat=True))


def test_the_newest_comes_first_until_somebody_moves_it(mine, subjects, ada, browser_of):
    one, two, three = subjects
    assert order(mine) == [three, two, one]
    address = f"/collections/{mine.pk}/move"
    browser_of(ada).post(f"{address}/{one}/", {"way": "forward"})
    assert order(mine) == [three, one, two]
    for _ in range(3):  # at the end nothing changes
        browser_of(ada).post(f"{address}/{three}/", {"way": "back"})
    assert order(mine) == [one, two, three]
    collect(mine, subjects)
    assert order(mine) == [one, two, three]


def test_an_empty_collection_leads_to_what_may_be_added(ada, browser_of):
    page = browser_of(ada).get(f"/collections/{open_collection(owner=ada, name='Odd').pk}/").content.decode()
    note = page.partition("This collection is empty.")[2].partition("</p>")[0]
    assert 'href="/you/recent/"' in note
    assert 'href="/you/favourites/"' in note


def test_the_first_subject_moves_no_further_and_the_last_neither(mine, ada, browser_of):
    page = browser_of(ada).get(f"/collections/{mine.pk}/").content.decode()
    ways = re.findall(r'value="(forward|back)"( disabled)?', page)
    assert [way for way, disabled in ways if disabled] == ["forward", "back"]
    assert ways[0] == ("forward", " disabled")
    assert ways[-1] == ("back", " disabled")


def test_an_editor_changes_the_subjects_and_nothing_else(mine, workflow, subjects, ada, ben, browser_of):
    address, fourth = f"/collections/{mine.pk}", world.subjects_of(workflow)[3].pk
    browser_of(ada).post(f"{address}/editors/", {"username": "ben"})
    page = browser_of(ben).get(f"{address}/").content.decode()
    assert "Stop editing it" in page
    assert "Edit collection" not in page
    browser_of(ben).post("/you/collections/add/", {"subject": fourth, "collection": mine.pk})
    browser_of(ben).post(f"{address}/move/{fourth}/", {"way": "back"})
    browser_of(ben).post(f"{address}/remove/{subjects[0]}/")
    assert order(mine) == [subjects[2], fourth, subjects[1]]
    for act in ("change/", "delete/", "editors/"):
        assert browser_of(ben).post(f"{address}/{act}", {"name": "Mine", "username": "ben"}).status_code == 403
    assert Collection.objects.get().name == "Strange ones"
    assert "shared with you" in browser_of(ben).get("/you/collections/").content.decode()
    browser_of(ben).post(f"{address}/editors/", {"act": "stop"})
    assert browser_of(ben).get(f"{address}/").status_code == 404


@pytest.mark.parametrize("username", ["ada", "nobody", ""])
def test_who_is_no_other_account_edits_nothing(mine, ada, browser_of, username):
    browser_of(ada).post(f"/collections/{mine.pk}/editors/", {"username": username})
    assert not mine.editors.exists()


def test_strangers_change_nothing(mine, subjects, ben, browser_of):
    before = order(mine)
    for is_public, status in ((False, 404), (True, 403)):
        Collection.objects.update(is_public=is_public)
        for act in (f"move/{subjects[0]}/", f"remove/{subjects[0]}/", "editors/"):
            sent = {"way": "forward", "username": "ben", "act": "stop"}
            assert browser_of(ben).post(f"/collections/{mine.pk}/{act}", sent).status_code == status
            assert browser_of().post(f"/collections/{mine.pk}/{act}", sent).status_code == 403
    assert (order(mine), mine.editors.count()) == (before, 0)


def test_the_owner_removes_an_editor(mine, ada, ben, browser_of):
    add_editor(mine, username="ben")
    browser_of(ada).post(f"/collections/{mine.pk}/editors/", {"remove": ben.pk})
    assert browser_of(ben).get(f"/collections/{mine.pk}/").status_code == 404


def test_a_scientist_makes_a_subject_set(mine, workflow, subjects, ada, ben, browser_of):
    Collection.objects.update(is_public=True)
    for person in (ada, ben):
        assert browser_of(person).post(f"/collections/{mine.pk}/set/", {"survey": "atlas"}).status_code == 403
    assert not SubjectSet.objects.filter(name__startswith="Strange").exists()
    workflow.survey.subjects.filter(pk=subjects[0]).update(is_synthetic=True)
    scientist = world.make_volunteer("sue")
    workflow.survey.memberships.create(user=scientist.user, role="scientist")
    assert "Make a subject set of ATLAS" in browser_of(scientist).get(f"/collections/{mine.pk}/").content.decode()
    for _ in range(2):
        browser_of(scientist).post(f"/collections/{mine.pk}/set/", {"survey": "atlas"})
    made = SubjectSet.objects.get(name=f"Strange ones (collection {mine.pk})")
    assert set(made.subjects.values_list("pk", flat=True)) == set(subjects[1:])
    workflow.subject_sets.set([made])
    late = world.subjects_of(workflow)[3].pk
    QueueEntry.objects.all().delete()
    collect(mine, [late])
    browser_of(scientist).post(f"/collections/{mine.pk}/set/", {"survey": "atlas"})
    assert late in QueueEntry.objects.filter(workflow=workflow).values_list("subject", flat=True)


@pytest.mark.parametrize("key", ["9" * 5000, "9" * 30, "-1", "x"])
def test_what_is_no_subject_is_not_added(mine, ada, browser_of, key):
    before = order(mine)
    response = browser_of(ada).post("/you/collections/add/", {"subject": [key, before[0]], "collection": mine.pk})
    assert response.status_code == 302
    assert order(mine) == before


@pytest.mark.parametrize(("name", "problem"), [(" ", "Name the collection."), ("Strange ones", "already exists")])
def test_without_a_good_name_one_returns_with_the_selection(workflow, mine, subjects, ada, browser_of, name, problem):
    for subject in world.subjects_of(workflow)[:3]:
        world.vote(ada, workflow, subject)
    sent = {"subject": subjects[:2], "collection": "", "name": name, "next": "/you/recent/?before="}
    response = browser_of(ada).post("/you/collections/add/", sent, follow=True)
    assert response.request["PATH_INFO"] == "/you/recent/"
    page = response.content.decode()
    assert problem in page
    assert page.count('form="collect" checked') == 2
    assert 'name="next" value="/you/recent/?before="' in page
    assert Collection.objects.count() == 1


def test_a_public_collection_tells_nobody_what_they_may_still_be_asked(mine, workflow, subjects, ada, ben, browser_of):
    Collection.objects.update(is_public=True, name="Real movers")
    world.vote(ben, workflow, subjects[0])
    scientist = world.make_volunteer("sue")
    workflow.survey.memberships.create(user=scientist.user, role="scientist")
    seen = {ada: subjects, ben: subjects[:1], scientist: subjects, None: []}
    for person, expected in seen.items():
        page = browser_of(*([person] if person else [])).get(f"/collections/{mine.pk}/").content.decode()
        assert [pk for pk in subjects if f"/subjects/{pk}/" in page] == expected
        assert ("may still be asked about are not listed" in page) == (expected != subjects)
        if person:
            listed = world.client_of(person).get(f"/api/collections/{mine.pk}/").json()["subjects"]
            assert listed == expected[::-1]

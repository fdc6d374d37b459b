"""Groups: joined by a link that ends, left at any time; a class is seen by its people alone; nobody else's names."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from tests.integration import world
from webapp.classifications.models import Classification
from webapp.community import groups
from webapp.community.groups import answers_of_group, join, leave, open_group, renew_link
from webapp.community.models import Group, GroupMember

pytestmark = pytest.mark.django_db


@pytest.fixture
def club(ada):
    group = open_group(user=ada.user, name="Night owls")
    renew_link(user=ada.user, group=group, days=7)
    return group


def opened_class(ada):
    group = open_group(user=ada.user, name="7b", is_class=True)
    renew_link(user=ada.user, group=group, days=1)
    return group


def test_anyone_with_an_account_opens_one_and_others_join_by_its_link(ada, ben, browser_of):
    browser_of(ada).post("/you/groups/", {"name": "Night owls"})
    group = Group.objects.get()
    browser_of(ada).post(f"/groups/{group.pk}/change/", {"act": "link", "days": "7"})
    group.refresh_from_db()
    address = f"/groups/join/{group.token}/"
    page = browser_of(ben).get(address).content.decode()
    assert "ada, who owns it, sees that ben is a member" in page
    assert [row.volunteer for row in GroupMember.objects.all()] == [ada]
    for _ in range(2):
        assert browser_of(ben).post(address).url == f"/groups/{group.pk}/"
    assert [row.volunteer for row in GroupMember.objects.all()] == [ada, ben]
    assert "a member already" in browser_of(ben).get(address, follow=True).content.decode()
    assert "Night owls" in browser_of(ben).get("/you/groups/").content.decode()


@pytest.mark.parametrize("end", ["expired", "ended", "renewed"])
def test_a_link_ends(club, ada, ben, browser_of, end):
    token = club.token
    if end == "expired":
        Group.objects.update(token_until=timezone.now() - timedelta(seconds=1))
    else:
        renew_link(user=ada.user, group=club, days=0 if end == "ended" else 1)
    refused = browser_of(ben).post(f"/groups/join/{token}/")
    assert refused.status_code == 404
    assert "This link has ended. Ask for a new one." in refused.content.decode()
    with pytest.raises(ValidationError, match="has ended"):
        join(user=ben.user, token=token)
    assert not GroupMember.objects.filter(volunteer=ben).exists()


def test_it_counts_what_members_do_while_they_are_members(workflow, club, ada, ben):
    leave(user=ada.user, group=club)
    GroupMember.objects.update(joined_at=day(1), left_at=day(1))
    join(user=ben.user, token=club.token)
    GroupMember.objects.filter(left_at=None).update(joined_at=day(2), left_at=day(4))
    join(user=ben.user, token=club.token)
    GroupMember.objects.filter(left_at=None).update(joined_at=day(6))
    for row, when in zip(world.subjects_of(workflow), (1, 3, 5, 7), strict=False):
        world.vote(ben, workflow, row)
        Classification.objects.filter(subject=row).update(created_at=day(when))
    world.vote(ada, workflow, world.subjects_of(workflow)[1])  # who owns it, and has left
    Classification.objects.filter(volunteer=ada).update(created_at=day(3))
    assert sorted(answers_of_group(club).values_list("created_at", flat=True)) == [day(3), day(7)]
    Classification.objects.filter(created_at=day(7)).update(withdrawn_at=day(8))
    assert answers_of_group(club).count() == 1


def day(number):
    return datetime(2026, 3, number, tzinfo=UTC)


def test_only_the_owner_sees_names_and_nobody_sees_ranks(workflow, club, ada, ben, browser_of):
    join(user=ben.user, token=club.token)
    cora = world.make_volunteer("cora")
    join(user=cora.user, token=club.token)
    address = f"/groups/{club.pk}/"
    assert "ben" in browser_of(ada).get(address).content.decode()
    for reader in (ben, world.make_volunteer("dora"), None):
        page = browser_of(reader).get(address).content.decode().partition("<main")[2]
        assert "3 members" in page
        assert "cora" not in page
    table = b"".join(browser_of().get(f"{address}statistics.csv?by=week").streaming_content).decode()
    assert table.startswith("beginning,classifications\r\n")
    assert len(table.splitlines()) == 27


def test_of_a_class_nothing_is_public(ada, ben, browser_of):
    group = opened_class(ada)
    join(user=ben.user, token=group.token)
    api, stranger = f"/api/statistics/?group={group.pk}", world.make_volunteer("dora")
    for address in (f"/groups/{group.pk}/", f"/groups/{group.pk}/statistics.csv", api):
        assert [browser_of(each).get(address).status_code for each in (None, stranger)] == [404, 404]
        assert [browser_of(each).get(address).status_code for each in (ada, ben)] == [200, 200]
    leave(user=ben.user, group=group)
    assert browser_of(ben).get(f"/groups/{group.pk}/").status_code == 404
    assert world.client_of(ada).get("/api/groups/").json()[0]["name"] == "7b"
    assert world.client_of(stranger).get("/api/groups/").json() == []


def test_who_deletes_their_account_reads_which_groups_end(ada, ben, browser_of):
    group = opened_class(ada)
    join(user=ben.user, token=group.token)
    assert "ends too, for all of its members: 7b." in browser_of(ada).get("/you/leave/").content.decode()
    assert "ends too" not in browser_of(ben).get("/you/leave/").content.decode()


def test_members_and_strangers_change_nothing(club, ada, ben, browser_of):
    join(user=ben.user, token=club.token)
    member, before = GroupMember.objects.get(volunteer=ben), Group.objects.values().get()
    for reader in (None, ben, world.make_volunteer("dora")):
        for sent in ({"name": "Mine"}, {"act": "link", "days": "30"}, {"act": "remove", "member": member.pk}):
            assert browser_of(reader).post(f"/groups/{club.pk}/change/", sent).status_code == 403
        assert browser_of(reader).post(f"/groups/{club.pk}/delete/").status_code == 403
    for change in (
        lambda: groups.change_group(user=ben.user, group=club, name="x", description="", is_class=False),
        lambda: groups.delete_group(user=ben.user, group=club),
        lambda: groups.renew_link(user=ben.user, group=club, days=1),
        lambda: groups.remove_member(user=ben.user, group=club, member=member.pk),
    ):
        with pytest.raises(PermissionDenied):
            change()
    assert Group.objects.values().get() == before
    assert groups.members_of(club).count() == 2


def test_the_owner_changes_removes_and_deletes(club, ada, ben, browser_of):
    join(user=ben.user, token=club.token)
    client, address = browser_of(ada), f"/groups/{club.pk}/change/"
    client.post(address, {"act": "remove", "member": GroupMember.objects.get(volunteer=ben).pk})
    assert [row.volunteer for row in groups.members_of(club)] == [ada]
    assert client.post(address, {"name": ""}).status_code == 400
    client.post(address, {"name": "Owls", "is_class": "on"})
    assert Group.objects.values_list("name", "is_class").get() == ("Owls", True)
    client.post(f"/groups/{club.pk}/delete/")
    assert not Group.objects.exists()


def test_so_many_groups_and_members_and_no_more(club, ada, ben, monkeypatch):
    monkeypatch.setattr(groups, "MOST_GROUPS", 1)
    monkeypatch.setattr(groups, "MOST_MEMBERS", 0)
    with pytest.raises(ValidationError, match="maximum number of groups"):
        open_group(user=ada.user, name="Another")
    with pytest.raises(ValidationError, match="maximum number of members"):
        join(user=ben.user, token=club.token)

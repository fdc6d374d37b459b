"""Admins manage the roles in their survey, which never loses its last admin."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection

from tests.integration.people import account, browser, member, others
from webapp.archive.access import MembershipRefused, change_role
from webapp.archive.models import AuditEntry, Membership, Role, Survey

pytestmark = pytest.mark.django_db

PASSWORD = "a-long-and-odd-sentence"
MEMBERS = "/surveys/atlas/settings/members/"


def roles(survey):
    return dict(Membership.objects.filter(survey=survey).values_list("user__username", "role"))


def row(user):
    return f"{MEMBERS}{Membership.objects.get(user=user).pk}/"


def test_an_admin_adds_changes_and_removes_members(survey, admin):
    page, bob = browser(admin), account("bob")
    assert page.post(MEMBERS, {"username": "bob", "role": "scientist"}).status_code == 302
    assert roles(survey) == {"ada": "admin", "bob": "scientist"}
    assert "bob has the role “Scientist” in ATLAS now." in page.get("/surveys/atlas/settings/").content.decode()
    assert page.post(row(bob), {"role": "moderator"}).status_code == 302
    assert roles(survey) == {"ada": "admin", "bob": "moderator"}
    assert page.post(f"{row(bob)}remove/").status_code == 302
    assert roles(survey) == {"ada": "admin"}


def test_nobody_else_touches_the_members(survey, admin):
    people = others(survey)
    before = roles(survey)
    for person in people:
        assert person.post(MEMBERS, {"username": "stranger", "role": "admin"}).status_code == 403
        assert person.post(row(admin), {"role": "volunteer"}).status_code == 403
        assert person.post(f"{row(admin)}remove/").status_code == 403
    assert roles(survey) == before


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"username": "nobody", "role": "scientist"}, "There is no account “nobody”"),
        ({"username": "gone", "role": "scientist"}, "There is no account “gone”"),
        ({"username": "ada", "role": "scientist"}, "ada has the role “Admin” already"),
        ({"username": "", "role": "scientist"}, "This field is required"),
        ({"username": "bob", "role": "owner"}, "owner is not one of the available choices"),
        ({}, "This field is required"),
    ],
)
def test_a_member_who_cannot_be_added_is_refused_with_what_to_do(survey, admin, said, sentence):
    account("bob")
    account("gone", is_active=False)
    answer = browser(admin).post(MEMBERS, said)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert roles(survey) == {"ada": "admin"}


def test_whoever_is_not_there_yet_can_be_asked_to_join(survey, admin):
    unknown = {"username": "nobody", "role": "scientist"}
    assert "http://testserver/accounts/signup/" in browser(admin).post(MEMBERS, unknown).content.decode()
    admin.is_superuser = True
    admin.save()
    assert "Invite someone" not in browser(admin).post(MEMBERS, unknown | {"username": "ada"}).content.decode()
    assert '/users/#invite">Invite someone</a>' in browser(admin).post(MEMBERS, unknown).content.decode()


def test_the_last_admin_stays(survey, admin):
    member(survey, "scientist")
    left = member(survey, "admin", "left")
    left.is_active = False
    left.save()
    page = browser(admin)
    for path, said in [(row(admin), {"role": "scientist"}), (f"{row(admin)}remove/", {})]:
        answer = page.post(path, said)
        assert answer.status_code == 400
        assert "ada is the only admin of ATLAS. Make someone else an admin first." in answer.content.decode()
    assert roles(survey)["ada"] == "admin"
    assert page.post(row(admin), {"role": "owner"}).status_code == 400
    assert page.post(row(left), {"role": "scientist"}).status_code == 302


def test_an_admin_may_go_where_another_stays(survey, admin):
    member(survey, "admin", "bob")
    answer = browser(admin).post(f"{row(admin)}remove/")
    assert answer["Location"] == "/surveys/atlas/"
    assert roles(survey) == {"bob": "admin"}


def test_an_administrator_of_the_site_may_remove_the_last_admin(survey, admin):
    root = browser(account("root", is_superuser=True))
    assert root.post(f"{row(admin)}remove/").status_code == 302
    assert roles(survey) == {}
    assert "has no members" in root.get("/surveys/atlas/settings/").content.decode()


def test_members_of_another_survey_cannot_be_reached(survey, admin):
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    stranger = member(elsewhere, "scientist")
    assert browser(admin).post(row(stranger), {"role": "admin"}).status_code == 404
    assert browser(admin).post(f"{row(stranger)}remove/").status_code == 404
    assert roles(elsewhere) == {"scientist-of-elsewhere": "scientist"}
    assert browser(admin).get(row(admin)).status_code == 405


def test_a_session_left_open_gives_no_role_without_the_password_which_is_asked_for_once(survey):
    ada = account("ada", password=make_password(PASSWORD))
    Membership.objects.create(user=ada, survey=survey, role=Role.ADMIN)
    bob, page = account("bob"), browser(ada)
    for address, sent in [(MEMBERS, {"username": "bob", "role": "admin"}), (row(ada), {}), (f"{row(ada)}remove/", {})]:
        assert page.post(address, sent)["Location"].startswith("/accounts/reauthenticate/")
    assert roles(survey) == {"ada": "admin"}
    assert not AuditEntry.objects.exists()
    asked = page.post(MEMBERS, {"username": "bob", "role": "scientist"})
    wrong = page.post(asked["Location"], {"password": "a guess"})
    assert (wrong.status_code, roles(survey)) == (200, {"ada": "admin"})
    done = page.post(asked["Location"], {"password": PASSWORD}, follow=True).content.decode()
    assert "bob has the role “Scientist” in ATLAS now." in done
    assert page.post(row(bob), {"role": "moderator"})["Location"] == "/surveys/atlas/settings/"
    assert roles(survey) == {"ada": "admin", "bob": "moderator"}
    acts = AuditEntry.objects.order_by("pk").values_list("act", "address", "status")
    assert [*acts] == [("member-add", MEMBERS, 302), ("member-change", row(bob), 302)]


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_at_once_leave_one(survey, admin):
    bob, together = member(survey, "admin", "bob"), Barrier(2)

    def demote(by, whom):
        try:
            together.wait()
            change_role(membership=Membership.objects.get(user=whom), role=Role.SCIENTIST, by=by)
        except MembershipRefused:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(demote, [admin, bob], [bob, admin]))
    assert sorted(roles(survey).values()) == ["admin", "scientist"]
    assert outcomes.count("refused") == 1

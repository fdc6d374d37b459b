"""What an admin does is in the audit log, with the site's answer and without secrets.

So are looks at accounts, but no other reads, and no refusals.
"""

import csv
import io

import pytest
from allauth.account.models import EmailAddress
from rest_framework.test import APIClient

from tests.integration.learning import sky
from webapp.accounts.delete_account import delete_account
from webapp.archive.models import AuditEntry, Membership, Role, Survey

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    return sky.survey("night")


@pytest.fixture
def admin(survey, django_user_model):
    user = django_user_model.objects.create_user("ada", "ada@example.org")
    Membership.objects.create(user=user, survey=survey, role=Role.ADMIN)
    return user


@pytest.fixture
def boss(django_user_model):
    return django_user_model.objects.create_superuser("boss", "boss@example.org")


def entry():
    (row,) = AuditEntry.objects.all()
    return row


def test_a_change_of_members_is_recorded_with_who_what_and_the_answer(client, survey, admin, django_user_model):
    django_user_model.objects.create_user("eve")
    client.force_login(admin)
    client.get("/surveys/night/settings/")
    assert not AuditEntry.objects.exists()
    sent = {"username": "eve", "role": "scientist", "password": "hunter2", "csrfmiddlewaretoken": "x" * 64}
    client.post("/surveys/night/settings/members/", sent)
    assert Membership.objects.filter(user__username="eve").exists()
    row = entry()
    assert (row.user, row.survey, row.status) == (admin, survey, 302)
    assert row.fields == {"username": "eve", "role": "scientist", "password": "…"}


def test_the_api_is_recorded_too_by_whatever_sign_in(survey, admin):
    caller = APIClient()
    caller.force_authenticate(admin)
    answer = caller.post("/api/ingest-runs/", {"survey": "night", "path": "x" * 250, "subject_set": "s"}, format="json")
    row = entry()
    assert (row.user, row.survey, row.status) == (admin, survey, answer.status_code)
    assert row.fields["path"] == "x" * 200


def test_several_values_of_a_field_are_listed(client, survey, admin):
    client.force_login(admin)
    client.post("/surveys/night/settings/members/", {"username": ["eve", "ann"], "role": "owner"})
    assert entry().fields == {"username": "eve, ann", "role": "owner"}


def test_what_a_database_cannot_hold_is_recorded_without_it(boss):
    caller = APIClient()
    caller.force_authenticate(boss)
    sent = r'{"name": "a\ud800b", "c\u0000d": "e\u0000"}'
    answer = caller.post("/api/surveys/", sent, content_type="application/json")
    row = entry()
    assert row.status == answer.status_code == 400
    assert row.fields == {"name": "a?b", "cd": "e"}


def test_of_an_address_elsewhere_no_password_or_key_is_recorded(client, survey, admin):
    client.force_login(admin)
    sent = {"name": "theirs", "address": "https://hunter2@scorer.example.org/score?key=hunter2#hunter2"}
    client.post("/surveys/night/learning/scorers/register/", sent)
    assert entry().fields == {"name": "theirs", "address": "https://scorer.example.org/score"}


def test_looking_at_accounts_and_taking_the_log_away_is_recorded_without_what_was_searched(client, boss):
    client.force_login(boss)
    for page in ("/users/?q=eve", f"/users/{boss.pk}/", "/users/0/", "/audit-log/?user=eve", "/audit-log/?csv=1", "/"):
        client.get(page)
    assert [*AuditEntry.objects.order_by("pk").values_list("user__username", "act", "address", "fields", "status")] == [
        ("boss", "site-users", "/users/", {}, 200),
        ("boss", "site-user", f"/users/{boss.pk}/", {}, 200),
        ("boss", "site-user", "/users/0/", {}, 404),
        ("boss", "audit-log", "/audit-log/", {}, 200),
    ]


def test_an_account_that_is_erased_is_named_no_more_and_what_was_done_stays(client, survey, boss, django_user_model):
    eve, evelyn = (django_user_model.objects.create_user(name) for name in ("eve", "evelyn"))
    EmailAddress.objects.create(user=eve, email="Eve@example.org", verified=True)
    EmailAddress.objects.create(user=evelyn, email="eve@example.com", verified=True)
    client.force_login(boss)
    for name in ("eve", "evelyn"):
        client.post("/surveys/night/settings/members/", {"username": name, "role": "scientist"})
    for email in ("eve@example.org", "eve@example.com"):
        client.post("/users/invite/", {"email": email, "survey": "night", "role": "moderator"})
    gone = f"gone:{eve.pk}"
    delete_account(user=eve, keep_answers=True)
    assert [*AuditEntry.objects.order_by("pk").values_list("act", "fields")] == [
        ("member-add", {"username": gone, "role": "scientist"}),
        ("member-add", {"username": "evelyn", "role": "scientist"}),
        ("invitation-new", {"email": gone, "survey": "night", "role": "moderator"}),
        ("invitation-new", {"email": "eve@example.com", "survey": "night", "role": "moderator"}),
    ]


def test_a_stranger_is_refused_and_leaves_no_entry(client, survey, django_user_model):
    client.force_login(django_user_model.objects.create_user("mallory"))
    assert client.post("/surveys/night/settings/members/", {"username": "mallory", "role": "admin"}).status_code == 403
    assert client.get("/audit-log/").status_code == 403
    assert not AuditEntry.objects.exists()


def test_the_log_is_searched_and_exported(client, survey, admin, boss):
    rows = [("member-remove", admin), ("survey-new", boss)]
    AuditEntry.objects.bulk_create(
        AuditEntry(user=user, survey=survey, act=act, address="/x/", fields={"name": "=1+1"}, status=302)
        for act, user in rows
    )
    client.force_login(boss)
    page = client.get("/audit-log/", {"user": "ada"}).content.decode()
    assert "member-remove" in page
    assert "survey-new" not in page
    assert "No entries match." in client.get("/audit-log/", {"survey": "nowhere"}).content.decode()
    lines = b"".join(client.get("/audit-log/", {"act": "remove", "csv": "1"}).streaming_content).decode().splitlines()
    assert lines[0] == "time,user,survey,act,address,fields,status"
    assert len(lines) == 2
    assert ",ada,night,member-remove,/x/,name==1+1,302" in lines[1]


def test_no_spreadsheet_runs_the_names_of_people_and_surveys(client, survey, boss, django_user_model):
    Survey.objects.filter(pk=survey.pk).update(name="=1+1")
    mallory = django_user_model.objects.create_user("@SUM(A1)")
    AuditEntry.objects.create(
        user=mallory, survey_id=survey.pk, act="-x", address="/x/", fields={"=1": "2"}, status=302
    )
    client.force_login(boss)
    sent = b"".join(client.get("/audit-log/", {"act": "-x", "csv": "1"}).streaming_content).decode()
    [row] = csv.DictReader(io.StringIO(sent, newline=""))
    assert (row["user"], row["survey"], row["act"], row["fields"]) == ("'@SUM(A1)", "'=1+1", "'-x", "'=1=2")
    assert (row["address"], row["status"]) == ("/x/", "302")

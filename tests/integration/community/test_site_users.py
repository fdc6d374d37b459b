"""The site's administrators find, invite, suspend and promote accounts; nobody else does, and one always stays."""

import re
import threading
from urllib.parse import quote
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client

from tests.integration.learning import sky
from tests.integration.people import account, browser, is_signed_in, member, others, signed_in
from webapp.accounts.invitations import forget_ended_invitations, invite
from webapp.accounts.models import Invitation
from webapp.accounts.site_users import set_active, set_administrator
from webapp.accounts.tokens import make_token
from webapp.archive.models import AuditEntry, Membership
from webapp.classifications.models import Classification
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-and-odd-sentence"


@pytest.fixture
def boss():
    return account("boss", is_superuser=True)


@pytest.fixture
def ada():
    return account("ada", email="ada@example.org")


@pytest.fixture
def with_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def without_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"


def factor(user):
    user.authenticator_set.create(type="totp", data={"secret": "x"})


def opens_the_api(token):
    return Client(headers={"authorization": f"Token {token}"}).get("/api/training-runs/").status_code != 401


def link_in(text):
    return re.search(r"http://testserver(/[^\s\"]+)", text)[1]


def invited(boss, **sent):
    """Return the path of a new invitation's link, as the page shows it."""
    page = browser(boss).post("/users/invite/", sent, follow=True).content.decode()
    return re.search(r"http://testserver(/invitation/[^\s\"]+)", page)[1]


def test_the_list_is_searched_and_paged(boss, ada):
    User.objects.bulk_create(User(username=f"volunteer-{n:03}") for n in range(60))
    page = browser(boss).get("/users/").content.decode()
    assert "62 accounts" in page
    assert "volunteer-010" in page
    assert "volunteer-059" not in page
    assert "volunteer-059" in browser(boss).get("/users/?page=2").content.decode()
    for words in ("ADA", "example.org", "ad example"):
        found = browser(boss).get("/users/", {"q": words}).content.decode()
        assert f'href="/users/{ada.pk}/"' in found
        assert "volunteer-" not in found
    assert "No account matches" in browser(boss).get("/users/", {"q": "nobody\0"}).content.decode()


def test_only_the_sites_administrators_come_in(boss, ada):
    survey = sky.survey("night")
    row = invite(by=boss)
    admin = member(survey, "admin", "survey-admin")
    people = [*others(survey), browser(admin), browser(member(survey, "moderator")), browser(ada)]
    writes = (
        "invite/",
        f"invitations/{row.pk}/end/",
        *(f"{ada.pk}/{act}/" for act in ("suspend", "promote", "remove-factors", "reset", "role", "erase")),
    )
    writes = (*writes, f"{ada.pk}/data.zip")
    factor(ada)
    for person in people:
        for page in ("", f"{ada.pk}/"):
            assert person.get(f"/users/{page}").status_code in (302, 403)
        for page in writes:
            sent = {"survey": "night", "role": "admin", "email": "x@example.org"}
            assert person.post(f"/users/{page}", sent).status_code == 403
    ada.refresh_from_db()
    assert (ada.is_active, ada.is_superuser, ada.memberships.count()) == (True, False, 0)
    assert ada.authenticator_set.count() == 1
    assert Invitation.objects.get() == row
    assert not AuditEntry.objects.exists()


def test_a_session_left_open_changes_no_account_without_the_password(boss, ada):
    boss.set_password(PASSWORD)
    boss.save()
    sky.survey("night")
    page = browser(boss)
    acts = ("suspend/", "promote/", "remove-factors/", "reset/", "erase/", "data.zip", "role/")
    for address in ("/users/invite/", *(f"/users/{ada.pk}/{act}" for act in acts)):
        asked = page.post(address, {"survey": "night", "role": "admin"})
        assert asked["Location"].startswith("/accounts/reauthenticate/")
    ada.refresh_from_db()
    assert (ada.is_active, ada.is_superuser, ada.memberships.count()) == (True, False, 0)
    assert not Invitation.objects.exists()
    page.post(asked["Location"], {"password": PASSWORD})
    assert ada.memberships.get().role == "admin"
    page.post(f"/users/{ada.pk}/promote/")
    ada.refresh_from_db()
    assert ada.is_superuser


def test_a_suspended_account_is_out_at_once_and_signs_in_anew_when_that_is_lifted(boss, ada):
    ada.set_password(PASSWORD)
    ada.save()
    stolen, token = signed_in("ada", PASSWORD), make_token(ada)
    assert is_signed_in(stolen)
    assert opens_the_api(token)
    browser(boss).post(f"/users/{ada.pk}/suspend/")
    assert not is_signed_in(stolen)
    refused = browser().post("/accounts/login/", {"login": "ada", "password": PASSWORD}, follow=True).content.decode()
    assert "An administrator of this site suspended your account." in refused
    assert not opens_the_api(token)
    browser(boss).post(f"/users/{ada.pk}/lift/")
    assert not is_signed_in(stolen), "lifting a suspension brings no session back"
    assert not opens_the_api(token)
    assert is_signed_in(signed_in("ada", PASSWORD))
    acts = AuditEntry.objects.order_by("pk").values_list("user__username", "act", "address", "status")
    assert [*acts] == [("boss", "site-user-act", f"/users/{ada.pk}/{act}/", 302) for act in ("suspend", "lift")]


def test_an_account_is_erased_at_its_owners_request(boss, ada, caplog):
    survey = sky.survey("night")
    workflow = sky.workflow(survey)
    [subject] = sky.subjects(survey, [True])
    row = Volunteer.objects.create(user=ada)
    answer = {"volunteer": row, "workflow": workflow, "subject": subject, "answer": "yes", "is_counted": True}
    Classification.objects.create(id=uuid4(), **answer)
    ada.set_password(PASSWORD)
    ada.save()
    theirs, page, number = signed_in("ada", PASSWORD), browser(boss), ada.pk
    wrong = page.post(f"/users/{number}/erase/", {"answers": "keep", "username": "boss"})
    assert (wrong.status_code, b"Wrong user name. Nothing was deleted." in wrong.content) == (400, True)
    caplog.set_level("INFO")
    done = page.post(f"/users/{number}/erase/", {"answers": "keep", "username": "ada"}, follow=True)
    assert b"The account is deleted." in done.content
    assert not User.objects.filter(username="ada").exists()
    assert not is_signed_in(theirs)
    assert Classification.objects.get().volunteer.user is None
    assert f"Account {number} was erased (answers: keep)." in caplog.text
    names = [entry.fields["username"] for entry in AuditEntry.objects.filter(act="site-user-erase").order_by("pk")]
    assert names == ["boss", f"gone:{number}"], "what was typed names nobody who is gone"


def test_an_administrators_account_is_not_erased_before_that_ends(boss):
    page = browser(boss).post(f"/users/{boss.pk}/erase/", {"answers": "keep", "username": "boss"}, follow=True)
    assert b"End the administration first." in page.content
    assert User.objects.get() == boss


def test_a_lost_second_factor_is_turned_off_and_its_owner_is_told(boss, ada, with_mail):
    EmailAddress.objects.create(user=ada, email=ada.email, primary=True, verified=True)
    before = make_token(ada)
    factor(ada)
    assert "Turn off two-factor sign-in" in browser(boss).get(f"/users/{ada.pk}/").content.decode()
    browser(boss).post(f"/users/{ada.pk}/remove-factors/")
    assert not ada.authenticator_set.exists()
    assert ("Authenticator app deactivated" in mail.outbox[-1].body, mail.outbox[-1].to) == (True, [ada.email])
    assert AuditEntry.objects.get(act="site-user-act").address == f"/users/{ada.pk}/remove-factors/"
    assert "Turn off two-factor sign-in" not in browser(boss).get(f"/users/{ada.pk}/").content.decode()
    assert not opens_the_api(before)


@pytest.mark.parametrize("act", ["suspend", "demote"])
def test_the_last_administrator_stays(boss, ada, act):
    account("gone", is_superuser=True, is_active=False)
    page = browser(boss).post(f"/users/{boss.pk}/{act}/", follow=True).content.decode()
    assert "only administrator" in page
    browser(boss).post(f"/users/{ada.pk}/promote/")
    browser(boss).post(f"/users/{boss.pk}/{act}/")
    boss.refresh_from_db()
    assert (boss.is_active and boss.is_superuser) is False
    assert User.objects.get(username="ada").is_superuser


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_end_each_other_at_once_one_stays(boss):
    other = account("other", is_superuser=True)
    together, refused = threading.Barrier(2), []

    def end(by, user, write):
        try:
            together.wait()
            write(by=by, user=user)
        except PermissionDenied:
            refused.append(by)
        finally:
            connections.close_all()

    ends = [
        threading.Thread(target=end, args=(boss, other, lambda **of: set_active(is_active=False, **of))),
        threading.Thread(target=end, args=(other, boss, lambda **of: set_administrator(is_administrator=False, **of))),
    ]
    [each.start() for each in ends]
    [each.join() for each in ends]
    assert len(refused) == 1
    assert User.objects.get(is_superuser=True, is_active=True) == next(
        each for each in (boss, other) if each not in refused
    )


def test_a_role_in_a_survey_is_given_changed_and_removed(boss, ada):
    survey = sky.survey("night")
    for role, expected in (("scientist", ["scientist"]), ("moderator", ["moderator"]), ("", [])):
        browser(boss).post(f"/users/{ada.pk}/role/", {"survey": "night", "role": role})
        assert [*Membership.objects.filter(survey=survey, user=ada).values_list("role", flat=True)] == expected
    assert browser(boss).post(f"/users/{ada.pk}/role/", {"survey": "none"}).status_code == 400


def test_an_invitation_brings_a_role_once(boss, ada, without_mail):
    survey = sky.survey("night")
    path = invited(boss, survey="night", role="scientist")
    anonymous = browser()
    page = anonymous.get(path).content.decode()
    assert "boss invites you to night" in page
    assert f"/accounts/signup/?next={quote(path)}" in page
    assert anonymous.post(path).status_code == 403
    browser(ada).post(path)
    browser(account("eve")).post(path)
    assert Membership.objects.get(survey=survey).user == ada
    assert browser(account("mallory")).get(path).status_code == 404


def test_whoever_joins_through_an_invitation_comes_back_to_it(boss, without_mail):
    sky.survey("night")
    path, newcomer = invited(boss, survey="night", role="moderator"), browser()
    sent = {"username": "nina", "password1": PASSWORD, "password2": PASSWORD, "next": path}
    assert newcomer.post("/accounts/signup/", sent)["Location"] == path
    assert "Accept as nina" in newcomer.get(path).content.decode()
    assert newcomer.post(path)["Location"] == "/surveys/night/project/"
    assert Membership.objects.get().role == "moderator"


def test_an_invitation_never_lowers_a_role(boss, without_mail):
    survey = sky.survey("night")
    admin = member(survey, "admin")
    browser(admin).post(invited(boss, survey="night", role="scientist"))
    assert Membership.objects.get(user=admin).role == "admin"


@pytest.mark.parametrize("ends", ["ended", "expired", "demoted", "forged"])
def test_an_ended_invitation_opens_nothing(boss, ada, ends, without_mail):
    sky.survey("night")
    path = invited(boss, survey="night", role="admin")
    row = Invitation.objects.get()
    if ends == "ended":
        browser(boss).post(f"/users/invitations/{row.pk}/end/")
    elif ends == "expired":
        Invitation.objects.update(expires_at="2026-01-01T00:00Z")
    elif ends == "demoted":
        User.objects.filter(pk=boss.pk).update(is_superuser=False)
    else:
        path = f"/invitation/{row.pk}/"
    assert browser(ada).get(path).status_code == 404
    browser(ada).post(path)
    assert not Membership.objects.exists()
    forget_ended_invitations()
    assert Invitation.objects.count() == (ends in ("demoted", "forged"))


def test_an_invitation_is_mailed_where_the_site_sends_mail(boss, ada, with_mail):
    sky.survey("night")
    browser(boss).post("/users/invite/", {"email": "new@example.org", "survey": "night", "role": "scientist"})
    (sent,) = mail.outbox
    assert sent.to == ["new@example.org"]
    browser(ada).post(link_in(sent.body))
    assert Membership.objects.get().user == ada


def test_an_invitation_needs_both_survey_and_role_or_neither(boss):
    sky.survey("night")
    for sent in ({"survey": "night"}, {"role": "admin"}, {"email": "no address"}):
        assert browser(boss).post("/users/invite/", sent).status_code == 400
    assert not Invitation.objects.exists()


def test_a_password_reset_is_mailed_or_else_its_link_is_shown(boss, ada, with_mail, settings):
    page = browser(boss).post(f"/users/{ada.pk}/reset/", follow=True).content.decode()
    assert "/password/reset/key/" not in page
    assert mail.outbox[0].to == ["ada@example.org"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page = browser(boss).post(f"/users/{ada.pk}/reset/").content.decode()
    assert "Make a password reset link" in page
    hers = browser()
    form = hers.get(re.search(r"http://testserver(/accounts/password/reset/key/[^\s\"]+)", page)[1])
    hers.post(form["Location"], {"password1": PASSWORD, "password2": PASSWORD})
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    used = browser().get(re.search(r"http://testserver(/accounts/password/reset/key/[^\s\"]+)", page)[1], follow=True)
    assert "ask an administrator for a new link" in used.content.decode()


def test_a_suspended_account_gets_no_password_reset(boss, ada, without_mail):
    set_active(user=ada, is_active=False, by=boss)
    page = browser(boss).post(f"/users/{ada.pk}/reset/", follow=True).content.decode()
    assert "/password/reset/key/" not in page
    assert "Lift the suspension first" in page

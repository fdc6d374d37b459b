"""Joining keeps history, the subject on the page and favourites; and no page promises mail in vain."""

import uuid

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client

from tests.integration.learning import sky
from tests.integration.world import make_volunteer
from webapp.accounts.delete_account import delete_account
from webapp.accounts.merge_visitor import merge
from webapp.archive.models import SubjectSet
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.community.models import Favourite
from webapp.queue.leases import lease_next
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import Lease
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
CONSOLE = "django.core.mail.backends.console.EmailBackend"


@pytest.fixture
def workflow(db):
    survey = sky.survey("night", channels=["difference"])
    rows = sky.subjects(survey, [True, False] * 10)
    workflow = sky.workflow(survey, random_fraction=0.0, training_schedule=[[0, 0.0]], undo_seconds=0)
    members = SubjectSet.objects.create(survey=survey, name="all")
    members.subjects.add(*rows)
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    return workflow


def asked(browser):
    return browser.get("/api/workflows/night/next/?n=3").json()["items"]


def answered(browser, item, answer="yes"):
    body = {"id": str(uuid.uuid4()), "workflow": "night", "subject": item["subject"]["id"], "lease": item["lease"]}
    return browser.post("/api/classifications/", {**body, "answer": answer}, content_type="application/json").json()


def join(browser, **more):
    form = {"username": "vera", "password1": PASSWORD, "password2": PASSWORD, **more}
    return browser.post("/accounts/signup/?next=/classify/night/", form)


def test_a_page_from_before_joining_takes_no_place_that_leaving_would_not_free(workflow):
    visitor, account = make_volunteer(), make_volunteer("vera")
    merge(visitor, account)
    lease_next(visitor, workflow, 3)
    delete_account(user=account.user, keep_answers=False)
    assert set(workflow.queue.values_list("open_slots", flat=True)) == {workflow.min_votes}


def test_an_answer_that_is_sent_again_after_joining_is_accepted_though_the_accounts_own_counts(workflow):
    subject = workflow.queue.order_by("pk")[0].subject
    visitor, account = make_volunteer(), make_volunteer("vera")
    sent = Item(uuid.uuid4(), subject.pk, "yes")
    submit(visitor, workflow, [sent])
    submit(account, workflow, [own := Item(uuid.uuid4(), subject.pk, "no")])
    merge(visitor, account)
    (again,) = submit(account, workflow, [sent])
    assert again.recorded.classification.pk == own.id
    assert Classification.objects.standing().count() == 1


def test_signing_up_keeps_history_favourites_and_the_subject_on_the_page(workflow):
    browser = Client()
    first, on_page, _third = asked(browser)
    answered(browser, first)
    browser.put(f"/api/favourites/{first['subject']['id']}/")
    assert join(browser)["Location"] == "/classify/night/"
    account = Volunteer.objects.get(user__username="vera")
    assert Classification.objects.get().volunteer == account
    assert Favourite.objects.get().volunteer == account
    assert "1" in browser.get("/you/statistics/").content.decode()
    assert asked(browser)[0]["subject"]["id"] == on_page["subject"]["id"]
    assert not Lease.objects.exclude(volunteer=account).exists()


def test_joining_says_that_earlier_answers_are_kept(workflow):
    browser = Client()
    for item in asked(browser)[:2]:
        answered(browser, item)
    join(browser)
    assert "Your 2 earlier answers are now on your account." in browser.get("/").content.decode()


def test_joining_without_earlier_answers_speaks_of_none(workflow):
    browser = Client()
    join(browser)
    assert "earlier answer" not in browser.get("/").content.decode()


def test_the_pages_say_join_and_sign_in_as_the_site_does(client):
    joining, signing_in = (client.get(f"/accounts/{page}/").content.decode() for page in ("signup", "login"))
    assert "<h1>Join</h1>" in joining
    assert "<h1>Sign in</h1>" in signing_in
    assert "Sign Up" not in joining
    assert "Sign In" not in signing_in


def test_the_subject_on_the_page_is_kept_by_somebody_who_has_answered_nothing(workflow):
    browser = Client()
    on_page = asked(browser)[0]["subject"]["id"]
    join(browser)
    assert asked(browser)[0]["subject"]["id"] == on_page


def test_a_lease_of_a_subject_that_the_account_has_answered_ends(workflow, django_user_model):
    browser, other = Client(), Client()
    user = django_user_model.objects.create_user("vera", password=PASSWORD)
    other.force_login(user)
    items = asked(browser)
    theirs = {item["subject"]["id"]: item for item in asked(other)}
    shared = next(item for item in items if item["subject"]["id"] in theirs)
    answered(other, theirs[shared["subject"]["id"]])
    browser.post("/accounts/login/", {"login": "vera", "password": PASSWORD})
    assert shared["subject"]["id"] not in {item["subject"]["id"] for item in asked(browser)}


def test_the_classify_bar_leads_to_joining_and_back(workflow, client):
    page = client.get("/classify/night/").content.decode()
    assert 'href="/accounts/signup/?next=/classify/night/"' in page
    assert 'href="/accounts/login/?next=/classify/night/"' in page


def test_a_visitor_finds_their_heart_again(workflow):
    browser = Client()
    item = asked(browser)[0]
    reply = answered(browser, item)
    browser.put(f"/api/favourites/{item['subject']['id']}/")
    again = browser.post(
        "/api/classifications/",
        {"id": reply["id"], "workflow": "night", "subject": reply["subject"], "lease": item["lease"], "answer": "yes"},
        content_type="application/json",
    ).json()
    assert (reply["is_favourite"], again["is_favourite"]) == (False, True)
    assert item["subject"]["external_id"] in browser.get("/you/favourites/").content.decode()


def test_no_mail_is_promised_where_none_is_sent(workflow, settings):
    settings.EMAIL_BACKEND = CONSOLE
    browser = Client()
    join(browser, email="vera@example.org")
    pages = [browser.get(path).content.decode() for path in ("/classify/night/", "/", "/accounts/email/")]
    assert not any("vera@example.org" in page or "Re-send" in page for page in pages)
    assert "doesn't send email" in pages[2].replace("&#x27;", "'")


def test_an_address_is_asked_for_only_where_mail_is_sent(db, settings):
    field = 'name="email"'
    assert field in Client().get("/accounts/signup/").content.decode()
    settings.EMAIL_BACKEND = CONSOLE
    assert field not in Client().get("/accounts/signup/").content.decode()
    assert join(Client(), email="vera@example.org").status_code == 302
    assert get_user_model().objects.get(username="vera").email == ""


def test_mail_is_promised_and_sent_where_there_is_a_server(workflow):
    browser = Client()
    join(browser, email="vera@example.org")
    assert [message.to for message in mail.outbox] == [["vera@example.org"]]


def test_ones_own_vote_is_not_among_the_others(workflow):
    browser, other = Client(), Client()
    mine = asked(browser)[0]
    theirs = next((item for item in asked(other) if item["subject"]["id"] == mine["subject"]["id"]), None)
    first = answered(browser, mine, "yes")
    assert sum(first["others"].values()) == 0
    if theirs is None:
        pytest.fail("Both newcomers get the same first subjects.")
    second = answered(other, theirs, "no")
    assert second["others"] == {"yes": 1, "no": 0, "unsure": 0}
    replay = browser.post(
        "/api/classifications/",
        {"id": first["id"], "workflow": "night", "subject": first["subject"], "lease": mine["lease"], "answer": "yes"},
        content_type="application/json",
    ).json()
    assert replay["others"] == {"yes": 0, "no": 1, "unsure": 0}


@pytest.mark.parametrize(
    "name",
    [
        "\u0430nn",  # Cyrillic a, then Latin
        "\u0430\u0440\u0435",  # all Cyrillic, and looks like "ape"
        "\uff41\uff4e\uff4e",  # full width
        "\ufb01n",  # a ligature
        "a\u0131",  # without a dot
        "\U0001d41ann",  # bold by another letter
        "ann\u202e",  # turns the line round
        "an\u200dn",
    ],
)
def test_no_name_passes_for_another(name):
    get_user_model().objects.bulk_create([get_user_model()(username=each) for each in ("ann", "ape", "fin", "ai")])
    assert join(Client(), username=name).status_code == 200
    assert get_user_model().objects.count() == 4


@pytest.mark.parametrize(
    "name", ["J\u00fcrgen", "\u0410\u043d\u043d\u0430", "\u0391\u03bd\u03bd\u03b1", "\u5c71\u7530", "I\u015f\u0131k"]
)
def test_names_of_every_alphabet_are_welcome(name):
    assert join(Client(), username=name).status_code == 302

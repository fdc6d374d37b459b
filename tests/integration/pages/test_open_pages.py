"""Public pages and their content."""

import re

import pytest
from django.test import Client

from tests.integration.learning import sky
from webapp.archive.models import Membership, Survey
from webapp.archive.pixels import pixel_store
from webapp.classifications.models import Classification
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_cached_figures")]


@pytest.fixture
def survey():
    return sky.survey("night", classes=["AST", "CR"], positive=["AST"], is_simulated=True)


def test_home_without_a_survey_says_what_will_appear(client):
    assert "There are no surveys yet" in client.get("/").content.decode()


def test_home_offers_open_workflows_only(client, survey):
    sky.workflow(survey, slug="open-one", name="Open question")
    sky.workflow(survey, slug="closed-one", name="Closed question", is_active=False)
    page = client.get("/").content.decode()
    assert "/classify/open-one/" in page
    assert "closed-one" not in page


def test_home_lists_the_surveys_that_ask_first(client, survey):
    sky.workflow(survey)
    Survey.objects.create(slug="aaa", name="A season that is over")
    page = client.get("/").content.decode()
    assert page.index(f'id="survey-{survey.slug}"') < page.index('id="survey-aaa"')


def test_home_says_that_sky_and_volunteers_are_simulated(client, survey):
    workflow = sky.workflow(survey)
    [subject] = sky.subjects(survey, [True])
    robot = Volunteer.objects.create(is_simulated=True)
    Classification.objects.create(
        id="7f1e9cf0-4c5e-4a4e-9d2b-0f6f9c1f7a11", volunteer=robot, workflow=workflow, subject=subject, answer="yes"
    )
    page = client.get("/").content.decode()
    assert "simulated sky" in page
    assert (
        page.index(">classifications<")
        < page.index("of them from simulated volunteers")
        < page.index("subjects in the archive")
    )


def test_home_names_a_survey_once(client, survey):
    sky.workflow(survey, name=survey.name, question="Is it real?")
    page = client.get("/").content.decode()
    assert page.count(f">{survey.name} <") + page.count(f">{survey.name}<") == 1
    assert "<h3>Is it real?</h3>" in page


def test_a_closed_workflow_has_no_page(client, survey):
    sky.workflow(survey, slug="closed-one", is_active=False)
    assert client.get("/classify/closed-one/").status_code == 404


def test_classify_hands_the_csrf_cookie_out(client, survey):
    sky.workflow(survey)
    response = client.get("/classify/night/")
    assert response.status_code == 200
    assert "csrftoken" in response.cookies


def test_the_archive_filters_by_name_and_kind(client, survey):
    sky.subjects(survey, [True] * 3, prefix="a")
    sky.subjects(survey, [True], kind="tracklet", frames=4, prefix="t")
    page = client.get("/surveys/night/", {"text": "a1"}).content.decode()
    assert "a1" in page
    assert ">a2<" not in page
    page = client.get("/surveys/night/", {"kind": "tracklet"}).content.decode()
    assert ">t0<" in page
    assert ">a0<" not in page
    assert "No subjects match" in client.get("/surveys/night/", {"text": "zzz"}).content.decode()


def test_the_archive_pages_on_without_gaps(client, survey):
    sky.subjects(survey, [True] * 100)
    seen, query = [], ""
    while query is not None:
        response = client.get(f"/surveys/night/?{query}")
        seen += [row.external_id for row in response.context["subjects"]]
        query = response.context["next"] or None
    assert seen == [f"s{n}" for n in range(100)]


def test_known_classes_are_shown_to_scientists_only(client, survey, django_user_model):
    [row] = sky.subjects(survey, [True], metadata={"#truth": "secret", "!filter": "o", "field": "12"})
    row.gold_label = "CR"
    row.save()
    addresses = ["/surveys/night/", f"/surveys/night/subjects/{row.pk}/"]
    for address in addresses:
        page = client.get(address).content.decode()
        assert not re.search(r"\bCR\b", page)  # a form's token may hold the two letters
        assert "!filter" not in page
    assert client.get("/surveys/night/", {"gold": "open"}).context["subjects"] == [row]
    scientist = django_user_model.objects.create_user("scientist")
    Membership.objects.create(user=scientist, survey=survey, role="scientist")
    client.force_login(scientist)
    for address in addresses:
        assert re.search(r"\bCR\b", client.get(address).content.decode())
    page = client.get(addresses[1]).content.decode()
    assert "!filter" in page
    assert "#truth" not in page
    assert client.get("/surveys/night/", {"gold": "open"}).context["subjects"] == []


def test_the_object_which_can_tell_the_class_is_shown_to_scientists_only(client, survey, django_user_model):
    [row, _other] = sky.subjects(survey, [True, False])
    row.object_group = "synthetic 7 12"
    row.save()
    address, search = f"/surveys/night/subjects/{row.pk}/", {"text": "synthetic"}
    volunteer = django_user_model.objects.create_user("volunteer")
    Membership.objects.create(user=volunteer, survey=survey, role="volunteer")
    for user in (None, volunteer):
        if user:
            client.force_login(user)
        assert "synthetic" not in client.get(address).content.decode()
        assert client.get("/surveys/night/", search).context["subjects"] == []
        assert "Name begins with" in client.get("/surveys/night/").content.decode()
    scientist = django_user_model.objects.create_user("scientist")
    Membership.objects.create(user=scientist, survey=survey, role="scientist")
    client.force_login(scientist)
    assert "synthetic 7 12" in client.get(address).content.decode()
    page = client.get("/surveys/night/", search)
    assert page.context["subjects"] == [row]
    assert "Name or object" in page.content.decode()


def test_a_subject_shows_its_strip(client, survey):
    [row] = sky.subjects(survey, [True])
    assert pixel_store().length("night", row.zarr_array) == 1
    page = client.get(f"/surveys/night/subjects/{row.pk}/").content.decode()
    assert f"/pixels/{row.pk}/{row.checksum}.png" in page
    assert client.get(f"/pixels/{row.pk}/{row.checksum}.png").headers["Content-Type"] == "image/png"


def test_an_address_with_nothing_at_it_says_so(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()
    assert 'href="/"' in response.content.decode()


def test_whoever_is_lost_is_led_to_the_surveys_and_their_archives(client, survey):
    page = client.get("/surveys/night/subjects/9999/").content.decode()
    assert '<a href="/surveys/night/project/">night</a>' in page
    assert re.search('<a href="/surveys/night/">Search the archive', page)
    assert "look a subject up by its name" in page


def test_a_form_from_before_the_sign_in_is_asked_for_again(survey):
    response = Client(enforce_csrf_checks=True).post("/surveys/night/learning/start/")
    assert response.status_code == 403
    assert "Please send the form again" in response.content.decode()


@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_account_pages_wear_the_sites_clothes(client, page):
    text = client.get(f"/accounts/{page}/").content.decode()
    assert "site/tokens.css" in text
    assert 'class="field"' in text


@pytest.mark.parametrize(("backend", "says"), [("console", "This site doesn't send email"), ("smtp", 'name="email"')])
def test_a_new_password_is_offered_only_where_mail_is_sent(client, settings, backend, says):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    text = client.get("/accounts/password/reset/").content.decode()
    assert says in text
    assert ('name="email"' in text) == (backend == "smtp")
    assert ("Ask an administrator for a link" in text) == (backend == "console")
    assert "changepassword" not in text

"""An administrator of the site creates a survey, and its admins change its settings."""

from html import unescape

import pytest
from django.core.exceptions import ValidationError

from tests.integration.learning import sky
from tests.integration.people import account, browser, member, others
from tests.integration.world import make_subject, make_workflow
from webapp.archive.models import Membership, SubjectSet, Survey
from webapp.archive.survey_settings import change_survey
from webapp.review.rulings import rule

pytestmark = pytest.mark.django_db

SAID = {
    "name": "A night",
    "description": "Four pictures of each.",
    "classes": "AST, CR , NOISE",
    "positive": "AST",
    "channels": "difference",
    "pixel_scale": "1.86",
    "seeing": "4.5",
    "position_floor": "0.1",
    "observatory": "T05",
    "is_simulated": "on",
}
NEW = {**SAID, "slug": "night"}


def test_an_administrator_of_the_site_opens_a_survey_and_is_its_admin(client):
    root = account("root", is_superuser=True)
    answer = browser(root).post("/surveys/new/", NEW)
    assert (answer.status_code, answer["Location"]) == (302, "/surveys/night/ingest/")
    survey = Survey.objects.get()
    assert (survey.slug, survey.classes, survey.positive, survey.channels) == (
        "night", ["AST", "CR", "NOISE"], ["AST"], ["difference"],
    )  # fmt: skip
    assert (survey.pixel_scale, survey.observatory, survey.is_simulated) == (1.86, "T05", True)
    assert (survey.seeing, survey.position_floor) == (4.5, 0.1)
    assert Membership.objects.get(survey=survey).role == "admin"
    assert Membership.objects.get(survey=survey).user == root


def test_nobody_else_opens_a_survey(survey, admin):
    for person in [browser(admin), *others(survey)]:
        before = Survey.objects.count()
        assert person.post("/surveys/new/", NEW).status_code == 403
        assert Survey.objects.count() == before
    assert browser(admin).get("/surveys/new/").status_code == 403
    assert browser().get("/surveys/new/")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"slug": "new"}, "Choose another"),
        ({"slug": "atlas"}, "Another survey uses this URL slug"),
        ({"slug": "a night"}, "slug"),
        ({"name": ""}, "This field is required"),
        ({"seeing": "0"}, "Enter a number above 0"),
        ({"position_floor": "0"}, "Enter a number above 0"),
        ({"classes": "AST, AST, CR"}, "List each once"),
        ({"classes": "AST, yes"}, "an answer, not a class"),
        ({"classes": "AST, " + "C" * 21}, "at most 20 characters"),
        ({"classes": ""}, "“AST” is not in the list of classes"),
        ({"positive": "AST, CR, NOISE"}, "but not all"),
        ({"positive": ""}, "but not all"),
        ({"positive": "SSO"}, "“SSO” is not in the list of classes"),
        ({"pixel_scale": "0"}, "above 0"),
        ({"pixel_scale": "nan"}, "Enter a number"),
        ({"observatory": "T-5"}, "three or four letters and digits"),
        ({"observatory": "ZZZZ"}, "The Minor Planet Center lists no observatory “ZZZZ”"),
        ({"observatory": "t05"}, "Did you mean one of these? T05 (ATLAS-HKO, Haleakala), "),
        ({"name": "\0"}, "Null characters"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(survey, said, sentence):
    answer = browser(account("root", is_superuser=True)).post("/surveys/new/", {**NEW, **said})
    assert answer.status_code == 400
    assert sentence in unescape(answer.content.decode())
    assert list(Survey.objects.all()) == [survey]


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        ({"position_floor": ""}, {"seeing": 4.5, "floor": 0.1}),
        ({"seeing": "", "position_floor": "0.3"}, {"seeing": 4.65, "floor": 0.3}),
        ({"seeing": "", "position_floor": "", "pixel_scale": ""}, {"seeing": 2.0, "floor": 0.1}),
    ],
)
def test_an_empty_seeing_or_minimum_error_is_what_its_help_says(said, errors):
    answer = browser(account("root", is_superuser=True)).post("/surveys/new/", {**NEW, **said})
    assert answer.status_code == 302
    assert Survey.objects.get(slug=NEW["slug"]).usual_errors() == errors


def test_an_admin_changes_the_settings(survey, admin):
    page = browser(admin)
    assert 'value="AST, COMET, CR"' in page.get("/surveys/atlas/settings/").content.decode()
    assert page.post("/surveys/atlas/settings/", {**SAID, "slug": "other"}).status_code == 302
    survey.refresh_from_db()
    assert (survey.slug, survey.name, survey.classes) == ("atlas", "A night", ["AST", "CR", "NOISE"])


def test_of_two_admins_who_change_the_settings_the_second_reads_what_the_first_has_changed(survey, admin):
    address, given = "/surveys/atlas/settings/", {**SAID, "language": "en"}
    first, second = browser(admin), browser(admin)
    seen = second.get(address).context["seen"]
    Survey.objects.update(leaky_columns={"rb": 0.9})  # an ingest measures this; no form has it
    for _ in range(2):  # pressed twice
        assert first.post(address, {**given, "name": "Mine", "seen": seen}).status_code == 302
    refused = second.post(address, {**given, "name": "", "seen": seen})
    assert (refused.status_code, refused.context["seen"]) == (400, seen)
    answer = second.post(address, {**given, "seen": seen})
    assert answer.status_code == 409
    assert "so nothing was saved. Yours differ in: Name. Save again to replace theirs." in answer.content.decode()
    assert Survey.objects.get().name == "Mine"
    assert second.post(address, {**given, "seen": answer.context["seen"]}).status_code == 302
    assert Survey.objects.get().name == "A night"


def test_an_admin_deletes_a_survey_that_was_opened_by_mistake(admin):
    mistake = Survey.objects.create(slug="mistake", name="A mistake")
    Membership.objects.create(user=admin, survey=mistake, role="admin")
    SubjectSet.objects.create(survey=mistake, name="none")
    sky.workflow(mistake, slug="asks")
    page = browser(admin)
    assert "Delete the survey" in page.get("/surveys/mistake/settings/").content.decode()
    answer = page.post("/surveys/mistake/settings/delete/", follow=True)
    assert "A mistake is deleted." in answer.content.decode()
    assert not Survey.objects.filter(slug="mistake").exists()


def test_a_survey_with_images_is_not_deleted(survey, admin):
    make_subject(survey, "image")
    page = browser(admin)
    assert "Delete the survey" not in page.get("/surveys/atlas/settings/").content.decode()
    answer = page.post("/surveys/atlas/settings/delete/", follow=True)
    assert "no longer empty, so it was not deleted" in answer.content.decode()
    assert Survey.objects.filter(pk=survey.pk).exists()


def test_nobody_else_deletes_a_survey(survey):
    for person in others(survey):
        assert person.post("/surveys/atlas/settings/delete/").status_code == 403
    assert Survey.objects.filter(pk=survey.pk).exists()


def test_nobody_else_changes_the_settings(survey):
    for person in others(survey):
        assert person.post("/surveys/atlas/settings/", SAID).status_code == 403
        assert person.get("/surveys/atlas/settings/").status_code in (403, 302)
    assert Survey.objects.get(pk=survey.pk).name == "ATLAS"
    assert browser(member(survey, "moderator")).get("/surveys/nowhere/settings/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"classes": "AST, COMET", "positive": "AST"}, "1 gold subject has class CR, so you can't remove it"),
        ({"classes": "AST, COMET, CR", "positive": "CR"}, "2 gold subjects have class AST, which is real"),
    ],
)
def test_a_class_that_subjects_are_known_by_stays_on_its_side(survey, admin, changes, sentence):
    for number, label in enumerate(["AST", "AST", "CR", ""]):
        make_subject(survey, f"s{number}", label)
    answer = browser(admin).post("/surveys/atlas/settings/", {**SAID, **changes})
    assert answer.status_code == 400
    assert sentence in unescape(answer.content.decode())
    assert Survey.objects.get().classes == ["AST", "COMET", "CR"]
    assert browser(admin).post("/surveys/atlas/settings/", {**SAID, "classes": "CR, AST, NEW"}).status_code == 302


def test_a_class_that_a_withdrawn_verdict_would_bring_back_stays_on_its_side(survey, admin):
    workflow = make_workflow()
    for name, verdict, label in (("s0", "no", "CR"), ("s1", "yes", "AST")):
        rule(
            subject=make_subject(survey, name, "AST"), workflow=workflow, scientist=admin, verdict=verdict, label=label
        )
    answer = browser(admin).post("/surveys/atlas/settings/", {**SAID, "classes": "CR, COMET", "positive": "COMET"})
    assert answer.status_code == 400
    assert "2 gold subjects have class AST, so you can't remove it" in unescape(answer.content.decode())


def test_a_refused_change_leaves_the_survey_as_it_was(survey):
    said = {"description": "", "is_simulated": False, "channels": [], "pixel_scale": None, "observatory": ""}
    with pytest.raises(ValidationError):
        change_survey(survey=survey, name="", classes=[], positive=[], **said)
    assert survey.name == "ATLAS"


def test_an_empty_site_says_who_can_open_a_survey(client):
    assert "administrators can create one" in client.get("/").content.decode()
    page = browser(account("root", is_superuser=True)).get("/").content.decode()
    assert 'href="/surveys/new/"' in page
    assert "/surveys/new/" not in browser(account("stranger")).get("/").content.decode()

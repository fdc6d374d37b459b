"""The profile: credit name, and the account's language."""

import pytest

from webapp.community.models import Profile

pytestmark = pytest.mark.django_db


def test_a_name_is_asked_for_where_it_shall_be_shown(ada, browser_of):
    response = browser_of(ada).post("/you/", {"credit": "own-name", "display_name": " "})
    assert response.status_code == 400
    assert Profile.objects.get().credit == "anonymous"
    browser_of(ada).post("/you/", {"credit": "own-name", "display_name": "Ada L."})
    assert Profile.objects.get().named() == "Ada L."


def test_the_profile_is_for_accounts(client):
    assert client.get("/you/").status_code == 302
    assert client.post("/you/", {"credit": "user-name"}).status_code == 403
    assert not Profile.objects.exists()


def test_the_accounts_language_comes_along_to_another_browser(ada, browser_of, client):
    browser_of(ada).post("/language/", {"language": "fr", "next": "/"})
    assert Profile.objects.get().language == "fr"
    ada.user.set_password("Ada's own")
    ada.user.save()
    client.post("/accounts/login/", {"login": "ada", "password": "Ada's own"})
    assert '<html lang="fr"' in client.get("/", headers={"Accept-Language": "de"}).content.decode()


def test_an_invented_language_changes_nothing(ada, browser_of):
    browser_of(ada).post("/language/", {"language": "tlh", "next": "/"})
    assert not Profile.objects.filter(language="tlh").exists()


NOT_ONES_OWN = ("Ben", " ben ", "\uff42en", "b\u0435n", "Ben\u200b", "Ben\u202eatS", "Ben\u2028x")


@pytest.mark.parametrize("name", NOT_ONES_OWN)
def test_nobody_is_shown_under_somebody_elses_name(ada, ben, browser_of, name):
    assert browser_of(ada).post("/you/", {"credit": "own-name", "display_name": name}).status_code == 400
    assert Profile.objects.get().display_name == ""


def test_ones_own_user_name_is_nobody_elses(ada, browser_of):
    assert browser_of(ada).post("/you/", {"credit": "own-name", "display_name": "Ada"}).status_code == 302

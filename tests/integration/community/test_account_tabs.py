"""The tabs of the account pages: they mark the page that is shown, and lead only to pages of use."""

import re

import pytest
from allauth.socialaccount.models import SocialApp

pytestmark = pytest.mark.django_db
HERE = re.compile(r'<a href="([^"]+)" aria-current="page">')


@pytest.mark.parametrize(
    ("page", "tab"),
    [
        ("/accounts/email/", "/accounts/email/"),
        ("/accounts/password/change/", "/accounts/password/change/"),
        ("/accounts/2fa/", "/accounts/2fa/"),
        ("/accounts/2fa/webauthn/", "/accounts/2fa/"),
        ("/accounts/sessions/", "/accounts/sessions/"),
        ("/you/tokens/", "/you/tokens/"),
    ],
)
def test_the_tab_of_the_page_is_marked(ada, browser_of, page, tab):
    assert HERE.findall(browser_of(ada).get(page).content.decode()) == [tab]


@pytest.mark.parametrize("page", ["/you/", "/accounts/sessions/"])
def test_linked_accounts_are_offered_where_there_is_somebody_to_link_with(ada, browser_of, page):
    assert "/accounts/3rdparty/" not in browser_of(ada).get(page).content.decode()
    SocialApp.objects.create(provider="orcid", provider_id="orcid", name="ORCID", client_id="us")
    assert "/accounts/3rdparty/" in browser_of(ada).get(page).content.decode()


@pytest.mark.parametrize("page", ["/you/collections/", "/you/groups/", "/you/safety/"])
def test_a_visitor_reads_why_a_tab_leads_to_the_sign_in(client, page):
    answer = client.get(page, follow=True)
    assert answer.redirect_chain == [(f"/accounts/login/?next={page}", 302)]
    assert "Sign in or join to open this page." in answer.content.decode()
